"""What a broker's own JVM says that concerns producers: a target of ``kind: broker``.

It is the only place where error codes are told; managed clusters do not open it, so nothing that pages may depend on
it.
Sources: RequestMetrics, ReplicaManager, TransactionStateManager and TransactionMarkerChannelManager of Kafka.
"""

from kafka_producer_exporter.catalogue.mbean_kinds import (
    APPEND_RETRY,
    COORDINATOR,
    ERRORS,
    FAILED_PRODUCE,
    LATE_TRANSACTIONS,
    PRODUCER_IDS,
    REQUESTS,
    UNDER_MIN_ISR,
    UNKNOWN_DESTINATION,
)
from kafka_producer_exporter.model import Attribute, Kind, Metric, Profile, Unit

SECTION = "A broker's own JVM"

METRICS = (
    Metric(
        name="kafka_broker_request_error_total",
        kind=Kind.COUNTER,
        # RequestMetrics.markErrorMeter is handed the error counts of the response, and registers a meter at its first.
        help="Errors that the broker answered to requests of producers, once for each partition where a request has "
        "several; a series begins with the first error of its code, at 1.",
        section=SECTION,
        source=Attribute(ERRORS, "Count"),
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_broker_request_total",
        kind=Kind.COUNTER,
        help="Produce requests and those of transactions that the broker received, by version of the request; a commit "
        "and an abort are both an EndTxn.",
        section=SECTION,
        source=Attribute(REQUESTS, "Count"),
    ),
    Metric(
        name="kafka_broker_failed_produce_request_total",
        kind=Kind.COUNTER,
        # ReplicaManager.appendToLocalLog leaves out what it calls known exceptions.
        help="Appends of a partition that the broker refused for want of replicas, or did not expect to fail; it does "
        "not count what is too large, corrupt, or sent to a broker that does not lead.",
        section=SECTION,
        source=Attribute(FAILED_PRODUCE, "Count"),
    ),
    Metric(
        name="kafka_broker_under_min_isr_partitions",
        kind=Kind.GAUGE,
        help="Partitions that the broker leads with fewer replicas in sync than min.insync.replicas: with acks=all "
        "they take no record.",
        section=SECTION,
        source=Attribute(UNDER_MIN_ISR, "Value"),
    ),
    Metric(
        name="kafka_broker_late_transaction_partitions",
        kind=Kind.GAUGE,
        help="Partitions with a transaction that is open five minutes longer than transaction.max.timeout.ms allows.",
        section=SECTION,
        source=Attribute(LATE_TRANSACTIONS, "Value"),
    ),
    Metric(
        name="kafka_broker_producer_ids",
        kind=Kind.GAUGE,
        help="Producer ids that the broker remembers, once for each partition of which it has a replica.",
        section=SECTION,
        source=Attribute(PRODUCER_IDS, "Value"),
    ),
    Metric(
        name="kafka_broker_transaction_partition_load_time_max_seconds",
        kind=Kind.GAUGE,
        unit=Unit.MILLISECONDS,
        help="Longest time lately to load a partition of the transaction log; its producers have to wait so long.",
        section=SECTION,
        source=Attribute(COORDINATOR, "partition-load-time-max"),
    ),
    Metric(
        name="kafka_broker_transaction_marker_unknown_destination_queue_size",
        kind=Kind.GAUGE,
        help="Markers of ended transactions that wait for a partition to have a leader.",
        section=SECTION,
        source=Attribute(UNKNOWN_DESTINATION, "Value"),
    ),
    Metric(
        name="kafka_broker_transaction_marker_log_append_retry_queue_size",
        kind=Kind.GAUGE,
        help="Transactions with all markers written whose end the coordinator could not yet append to its log.",
        section=SECTION,
        source=Attribute(APPEND_RETRY, "Value"),
    ),
)
