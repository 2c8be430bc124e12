"""The names in the operating guide's monitoring section, and how each is to be read here."""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Metric


class GuideName(NamedTuple):
    """A name of the guide, as it stands there."""

    name: str
    heading: str
    """What the guide lists it under."""
    answer: str
    """How to read it; or why no Java client has it, and where it comes from."""

    def metrics(self) -> Sequence[Metric]:
        """Return the metrics that carry it; none where the brokers are not asked for it."""
        return [metric for metric in METRICS.values() if metric.guide == self.name]


GUIDE = (
    GuideName(
        "record-send-rate",
        "Send latency",
        "The client's own, over its last 30 to 60 s, retries included. "
        "In rules and panels take rate(kafka_producer_record_send_total[5m]), which misses nothing between scrapes.",
    ),
    GuideName(
        "request-latency-avg",
        "Send latency",
        "Produce requests that were answered; one that timed out leaves no sample, so look at "
        "kafka_producer_record_retry_total and kafka_producer_connection_close_total beside it. "
        "For each broker: kafka_producer_node_request_latency_avg_seconds.",
    ),
    GuideName(
        "record-error-rate",
        "Error rate",
        "The client's own, over its last 30 to 60 s. In rules take kafka_producer_record_error_total; "
        "for each topic: kafka_producer_topic_record_error_total, which lacks what failed before it reached a batch.",
    ),
    GuideName(
        "record-retry-rate",
        "Error rate",
        "The client's own, over its last 30 to 60 s. In rules take kafka_producer_record_retry_total; "
        "for each topic: kafka_producer_topic_record_retry_total.",
    ),
    GuideName(
        "record-size-avg",
        "Error rate",
        "Not the average record: the average over batches of the largest record in each, before compression.",
    ),
    GuideName(
        "batch-size-avg",
        "Batch size",
        "Bytes as sent, so after compression: far below batch.size is normal where records compress well.",
    ),
    GuideName(
        "compression-rate-avg",
        "Batch size",
        "Compressed by uncompressed size: less is better, 1 is no gain. "
        "For each topic: kafka_producer_topic_compression_rate.",
    ),
    GuideName(
        "producer-id",
        "Idempotence",
        "No Java client of any version has it in its JMX. It is on the brokers, in the transaction log and in what "
        "DescribeTransactions and DescribeProducers answer: the broker collector asks there.",
    ),
    GuideName(
        "epoch",
        "Idempotence",
        "No Java client of any version has it in its JMX. It is on the brokers, beside the producer id. "
        "With transaction protocol 2 it rises at every commit: a change by itself is no incident.",
    ),
    GuideName(
        "bufferpool-wait-time-total",
        "Buffer use",
        "Renamed: bufferpool-wait-time-ns-total since client 3.1, and the old name is gone since 4.0. "
        "One metric from either, in seconds; rate() of it is the number of threads that were blocked.",
    ),
    GuideName(
        "buffer-exhausted-rate",
        "Buffer use",
        "The client's own, over its last 30 to 60 s, and always 0 before client 2.6. "
        "In rules take kafka_producer_buffer_exhausted_total, and kafka_producer_waiting_threads to see it coming.",
    ),
    GuideName(
        "transaction-start-rate",
        "Transactions",
        "No Java client of any version counts transactions. The brokers' transaction log has each start: the broker "
        "collector counts there. The client's own hint: kafka_producer_txn_begin_time_seconds_total grows while "
        "transactions begin, but does not say how many.",
    ),
    GuideName(
        "transaction-abort-rate",
        "Transactions",
        "No Java client of any version counts transactions. The brokers' transaction log has each abort and tells why: "
        "the broker collector counts there. The client's own hint: kafka_producer_txn_abort_time_seconds_total grows "
        "when the application aborts, and stands still when the broker does.",
    ),
)
