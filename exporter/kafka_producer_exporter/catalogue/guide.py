"""The metric names in the monitoring section of the operating guide, and how to read each of them here."""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Metric


class GuideName(NamedTuple):
    """A name as it stands in the guide."""

    name: str
    heading: str
    """The heading that the guide lists it under."""
    answer: str
    """How to read it; for a name that no Java client has, where its values come from."""

    def metrics(self) -> Sequence[Metric]:
        """Return the metrics that carry this name."""
        return [metric for metric in METRICS.values() if metric.guide == self.name]


GUIDE = (
    GuideName(
        "record-send-rate",
        "Send latency",
        "The client's own rate in the last 30 to 60 s, retries included. "
        "In rules and panels use rate(kafka_producer_record_send_total[5m]), which misses nothing between scrapes.",
    ),
    GuideName(
        "request-latency-avg",
        "Send latency",
        "Only produce requests that got a response. A request that timed out leaves no sample, so also look at "
        "kafka_producer_record_retry_total and kafka_producer_connection_close_total. "
        "Per broker: kafka_producer_node_request_latency_avg_seconds.",
    ),
    GuideName(
        "record-error-rate",
        "Error rate",
        "The client's own rate in the last 30 to 60 s. In rules use kafka_producer_record_error_total. Per topic: "
        "kafka_producer_topic_record_error_total, which does not include records that failed before they were in a "
        "batch.",
    ),
    GuideName(
        "record-retry-rate",
        "Error rate",
        "The client's own rate in the last 30 to 60 s. In rules use kafka_producer_record_retry_total. "
        "Per topic: kafka_producer_topic_record_retry_total.",
    ),
    GuideName(
        "record-size-avg",
        "Error rate",
        "Not the average record: the average over batches of the largest record in each, before compression.",
    ),
    GuideName(
        "batch-size-avg",
        "Batch size",
        "Bytes as sent, that is, after compression. A value far below batch.size is normal if records compress well.",
    ),
    GuideName(
        "compression-rate-avg",
        "Batch size",
        "Compressed size divided by uncompressed size: lower is better, 1 means no gain. "
        "Per topic: kafka_producer_topic_compression_rate.",
    ),
    GuideName(
        "producer-id",
        "Idempotence",
        "No version of the Java client has it in JMX. The brokers have it, in the transaction log and in their "
        "responses to DescribeTransactions and DescribeProducers; the broker view reads it there.",
    ),
    GuideName(
        "epoch",
        "Idempotence",
        "No version of the Java client has it in JMX. The brokers have it, together with the producer id. "
        "With transaction protocol 2 it rises at every commit, so a change by itself is not an incident.",
    ),
    GuideName(
        "bufferpool-wait-time-total",
        "Buffer use",
        "Renamed to bufferpool-wait-time-ns-total in client 3.1; the old name was removed in 4.0. "
        "Both become one metric, in seconds; its rate() is the average number of blocked threads.",
    ),
    GuideName(
        "buffer-exhausted-rate",
        "Buffer use",
        "The client's own rate in the last 30 to 60 s, always 0 before client 2.6. In rules use "
        "kafka_producer_buffer_exhausted_total; kafka_producer_waiting_threads shows the problem before it happens.",
    ),
    GuideName(
        "transaction-start-rate",
        "Transactions",
        "No version of the Java client counts transactions. The brokers' transaction log records each start, and the "
        "broker view counts there. The client has only a hint: kafka_producer_txn_begin_time_seconds_total grows "
        "while transactions begin, but does not say how many.",
    ),
    GuideName(
        "transaction-abort-rate",
        "Transactions",
        "No version of the Java client counts transactions. The brokers' transaction log records each abort. "
        "The broker view counts them there, and derives the reasons. The client has only a hint: "
        "kafka_producer_txn_abort_time_seconds_total grows when the application aborts, and does not move when the "
        "broker does.",
    ),
)
