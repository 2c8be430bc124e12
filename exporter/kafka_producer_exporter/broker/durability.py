"""How durable a cluster keeps records, asked once: its topics, its transaction log, and the settings behind them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.broker.client.admin import broker_config
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.topics import TopicDurability
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.broker.sources.topics import describe_topics
from kafka_producer_exporter.settings import Broker


class ClusterDurability(NamedTuple):
    """What the brokers reported."""

    topics: tuple[TopicDurability, ...]
    transaction_log: TopicDurability | None
    """None if the cluster has none yet, or if the user may not see it."""
    settings: Mapping[str, str]
    """Those of one broker; a setting that the user may not see is missing."""


def cluster_durability(broker: Broker, topics: Sequence[str], settings: Sequence[str]) -> ClusterDurability:
    """Ask for the configured topics, the named *topics*, and these *settings* of a broker. Raise TransportError."""
    patterns = [*broker.topics, *(re.compile(re.escape(topic)) for topic in topics)]
    with Client(broker) as client:
        found = {one.topic: one for one in describe_topics(client, patterns, ()).durability()}
        shown = broker_config(client, client.brokers[0], settings) if client.brokers else {}
    return ClusterDurability(tuple(one for name, one in found.items() if name != TOPIC), found.get(TOPIC), shown)
