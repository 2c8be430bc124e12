"""Metrics about producers from a broker's own JVM: a target of ``kind: broker``.

Only the broker's JMX has error codes. Managed clusters do not expose it, so no alert that pages may depend on it.

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
        # RequestMetrics.markErrorMeter gets the error counts of a response, and registers a meter at the first error.
        help="Errors in the broker's responses to requests of producers, counted once per partition where a request "
        "has several; a series begins at 1, with the first error of its code.",
        section=SECTION,
        source=Attribute(ERRORS, "Count"),
        profile=Profile.MINIMAL,
    ),
    Metric(
        name="kafka_broker_request_total",
        kind=Kind.COUNTER,
        help="Produce and transaction requests that the broker received, by request version; a commit and an abort are "
        "both an EndTxn.",
        section=SECTION,
        source=Attribute(REQUESTS, "Count"),
    ),
    Metric(
        name="kafka_broker_failed_produce_request_total",
        kind=Kind.COUNTER,
        # ReplicaManager.appendToLocalLog does not count what it calls known exceptions.
        help="Appends to a partition that failed for lack of in-sync replicas or with an unexpected error; records "
        "that are too large or corrupt, or sent to a broker that is not the leader, do not count.",
        section=SECTION,
        source=Attribute(FAILED_PRODUCE, "Count"),
    ),
    Metric(
        name="kafka_broker_under_min_isr_partitions",
        kind=Kind.GAUGE,
        help="Partitions led by this broker with fewer in-sync replicas than min.insync.replicas; they reject records "
        "sent with acks=all.",
        section=SECTION,
        source=Attribute(UNDER_MIN_ISR, "Value"),
    ),
    Metric(
        name="kafka_broker_late_transaction_partitions",
        kind=Kind.GAUGE,
        help="Partitions with a transaction that has been open for five minutes longer than transaction.max.timeout.ms "
        "allows.",
        section=SECTION,
        source=Attribute(LATE_TRANSACTIONS, "Value"),
    ),
    Metric(
        name="kafka_broker_producer_ids",
        kind=Kind.GAUGE,
        help="Producer ids that the broker keeps in memory, counted once for each partition that it has a replica of.",
        section=SECTION,
        source=Attribute(PRODUCER_IDS, "Value"),
    ),
    Metric(
        name="kafka_broker_transaction_partition_load_time_max_seconds",
        kind=Kind.GAUGE,
        unit=Unit.MILLISECONDS,
        help="Longest time that the broker took to load a partition of the transaction log in the last 30 to 60 s; "
        "producers whose coordinator it is wait for that.",
        section=SECTION,
        source=Attribute(COORDINATOR, "partition-load-time-max"),
    ),
    Metric(
        name="kafka_broker_transaction_marker_unknown_destination_queue_size",
        kind=Kind.GAUGE,
        help="Transaction markers that are waiting because their partition has no leader.",
        section=SECTION,
        source=Attribute(UNKNOWN_DESTINATION, "Value"),
    ),
    Metric(
        name="kafka_broker_transaction_marker_log_append_retry_queue_size",
        kind=Kind.GAUGE,
        help="Transactions whose markers are all written, but whose completion the coordinator has not yet been able "
        "to append to its log.",
        section=SECTION,
        source=Attribute(APPEND_RETRY, "Value"),
    ),
)
