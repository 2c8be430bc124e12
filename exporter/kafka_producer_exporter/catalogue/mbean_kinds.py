"""The kinds of MBeans that are read of a Java producer and of a broker, and how to tell them apart."""

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.model import MBeanKind

PATTERN = "kafka.producer:*"
"""Matches every MBean of a producer."""

_CLIENT_ID = ("client-id", "client_id")

CLIENT = MBeanKind("kafka.producer", "producer-metrics", (_CLIENT_ID,))
TLS = MBeanKind("kafka.producer", "producer-metrics", (_CLIENT_ID, ("cipher", "cipher"), ("protocol", "protocol")))
NODE = MBeanKind("kafka.producer", "producer-node-metrics", (_CLIENT_ID, ("node-id", "node_id")))
TOPIC = MBeanKind("kafka.producer", "producer-topic-metrics", (_CLIENT_ID, ("topic", "topic")))
APP_INFO = MBeanKind("kafka.producer", "app-info", (_CLIENT_ID,))
APP_INFO_ID = MBeanKind("kafka.producer", "app-info", (("id", "client_id"),))
METRICS_COUNT = MBeanKind("kafka.producer", "kafka-metrics-count", (_CLIENT_ID,))

KINDS = (CLIENT, TLS, NODE, TOPIC, APP_INFO, APP_INFO_ID, METRICS_COUNT)

_REQUEST = ("request", "request")

ERRORS = MBeanKind("kafka.network", "RequestMetrics", (_REQUEST, ("error", "error")), "ErrorsPerSec")
REQUESTS = MBeanKind("kafka.network", "RequestMetrics", (_REQUEST, ("version", "version")), "RequestsPerSec")
FAILED_PRODUCE = MBeanKind("kafka.server", "BrokerTopicMetrics", (), "FailedProduceRequestsPerSec")
UNDER_MIN_ISR = MBeanKind("kafka.server", "ReplicaManager", (), "UnderMinIsrPartitionCount")
LATE_TRANSACTIONS = MBeanKind("kafka.server", "ReplicaManager", (), "PartitionsWithLateTransactionsCount")
PRODUCER_IDS = MBeanKind("kafka.server", "ReplicaManager", (), "ProducerIdCount")
COORDINATOR = MBeanKind("kafka.server", "transaction-coordinator-metrics", ())
UNKNOWN_DESTINATION = MBeanKind(
    "kafka.coordinator.transaction", "TransactionMarkerChannelManager", (), "UnknownDestinationQueueSize"
)
APPEND_RETRY = MBeanKind(
    "kafka.coordinator.transaction", "TransactionMarkerChannelManager", (), "LogAppendRetryQueueSize"
)

BROKER_KINDS = (
    ERRORS,
    REQUESTS,
    FAILED_PRODUCE,
    UNDER_MIN_ISR,
    LATE_TRANSACTIONS,
    PRODUCER_IDS,
    COORDINATOR,
    UNKNOWN_DESTINATION,
    APPEND_RETRY,
)

_TRANSACTION_REQUESTS = frozenset(
    {"InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn", "WriteTxnMarkers"}
)

PRODUCERS_REQUESTS = {
    ERRORS: _TRANSACTION_REQUESTS | {"Produce", "FindCoordinator", "Metadata"},
    REQUESTS: _TRANSACTION_REQUESTS | {"Produce"},
}
"""The requests that producers make, or that are made for them. A broker knows dozens more."""

# Kafka omits a tag with an empty value from the name (see its JmxReporter.getMBeanName), and client.id="" is legal. So
# `kafka.producer:type=producer-metrics` is a producer too: the one whose client id is the empty string.
_BY_SHAPE = {
    (kind.domain, kind.type, kind.name, frozenset(key for key, _ in kind.labels) - left_out): kind
    for left_out in (frozenset[str](), frozenset({"client-id"}))
    for kind in (*KINDS, *BROKER_KINDS)
}


def kind_of(name: ObjectName) -> MBeanKind | None:
    """Return the kind that has exactly this domain, type, name and set of key properties; None if there is none."""
    properties = name.properties
    keys = frozenset(properties) - {"type", "name"}
    return _BY_SHAPE.get((name.domain, properties.get("type", ""), properties.get("name", ""), keys))


def pattern_of(kind: MBeanKind) -> str:
    """Return the pattern that matches the ObjectNames of this kind and no others."""
    name = [f"name={kind.name}"] if kind.name else []
    return f"{kind.domain}:" + ",".join([f"type={kind.type}", *name, *(f"{key}=*" for key, _ in kind.labels)])


def is_bootstrap(kind: MBeanKind, name: ObjectName) -> bool:
    """Return whether this is a connection to a bootstrap address, ``node--1``: the broker's id is not known yet."""
    return kind is NODE and name.properties["node-id"].startswith("node--")


def concerns_producers(kind: MBeanKind, name: ObjectName) -> bool:
    """Return whether an MBean concerns producers.

    An MBean about requests must be about one that producers make. ``error=NONE`` counts successes, so it is excluded.
    """
    requests = PRODUCERS_REQUESTS.get(kind)
    return requests is None or (name.properties["request"] in requests and name.properties.get("error") != "NONE")
