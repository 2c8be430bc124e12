"""The kinds of MBeans that a Java producer registers, and how their names are told apart."""

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.model import MBeanKind

PATTERN = "kafka.producer:*"
"""Takes in every kind below."""

_CLIENT_ID = ("client-id", "client_id")

CLIENT = MBeanKind("kafka.producer", "producer-metrics", (_CLIENT_ID,))
TLS = MBeanKind("kafka.producer", "producer-metrics", (_CLIENT_ID, ("cipher", "cipher"), ("protocol", "protocol")))
NODE = MBeanKind("kafka.producer", "producer-node-metrics", (_CLIENT_ID, ("node-id", "node_id")))
TOPIC = MBeanKind("kafka.producer", "producer-topic-metrics", (_CLIENT_ID, ("topic", "topic")))
APP_INFO = MBeanKind("kafka.producer", "app-info", (_CLIENT_ID,))
APP_INFO_ID = MBeanKind("kafka.producer", "app-info", (("id", "client_id"),))
METRICS_COUNT = MBeanKind("kafka.producer", "kafka-metrics-count", (_CLIENT_ID,))

KINDS = (CLIENT, TLS, NODE, TOPIC, APP_INFO, APP_INFO_ID, METRICS_COUNT)

# Kafka leaves a tag out of the name where its value is empty (see its JmxReporter.getMBeanName), and client.id=""
# is allowed: `kafka.producer:type=producer-metrics` is a producer too, whose client id is the empty string.
_BY_SHAPE = {
    (kind.domain, kind.type, frozenset(key for key, _ in kind.labels) - left_out): kind
    for left_out in (frozenset[str](), frozenset({"client-id"}))
    for kind in KINDS
}


def kind_of(name: ObjectName) -> MBeanKind | None:
    """Return the kind that the name's domain, type and further key properties say, all of them, or None."""
    properties = name.properties
    return _BY_SHAPE.get((name.domain, properties.get("type", ""), frozenset(properties) - {"type"}))


def is_bootstrap(kind: MBeanKind, name: ObjectName) -> bool:
    """Whether it is a connection to an address of ``bootstrap.servers``: ``node--1``, a broker's id not yet known."""
    return kind is NODE and name.properties["node-id"].startswith("node--")
