"""The source ``topics``: replication, settings and end offsets of topics, as far as they matter to producers."""

import re
from collections.abc import Sequence

from kafka_producer_exporter.broker.client.admin import broker_config, partition_ends, topic_configs, topic_layouts
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.topics import (
    BROKER_SETTINGS,
    NO_FACTS,
    TOPIC_SETTINGS,
    DeadLetterCounts,
    TopicFacts,
)
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import Broker


class Topics(Source):
    """Reports how durable the configured topics are, and how many records their dead letter topics have received."""

    name = "topics"

    def __init__(self, broker: Broker, texts: LabelTexts) -> None:
        # Besides probing and connecting: metadata, topic settings, broker settings, end offsets.
        self.silent_seconds = 8 * broker.request_timeout_seconds + broker.poll_seconds
        self._poll_seconds = broker.poll_seconds
        self._topics = broker.topics
        self._dead_letter_topics = broker.dlq_topics
        self._texts = texts
        self._facts = NO_FACTS
        self._dead_letters = DeadLetterCounts()

    def poll(self, session: Session) -> float:
        """Describe the topics."""
        facts = describe_topics(session.client(), self._topics, self._dead_letter_topics)
        self._dead_letters.take_in(facts)
        self._facts = facts
        return self._poll_seconds

    def families(self, moment: Moment) -> list[Family]:
        """Return what the last successful poll learned."""
        facts = self._facts  # one poll's facts, even if the next poll ends meanwhile
        samples = Samples(self._texts)
        for topic in facts.dead_letter_topics:  # one that is gone, or may not be seen any more, has no series
            records = self._dead_letters.totals.get(topic)
            if records is not None:
                samples.add(catalogue.DEAD_LETTERS, records, topic=topic)
        if moment.fresh_ms(self.name) is not None:
            _add_gauges(samples, facts)
        return samples.families()


def _add_gauges(samples: Samples, facts: TopicFacts) -> None:
    for one in facts.durability():
        samples.add(catalogue.TOPIC_REPLICATION, one.replication, topic=one.topic)
        samples.add(catalogue.TOPIC_OFFLINE, one.offline, topic=one.topic)
        if one.min_in_sync is not None:
            samples.add(catalogue.TOPIC_MIN_ISR, one.min_in_sync, topic=one.topic)
            samples.add(catalogue.TOPIC_UNDER_MIN_ISR, one.under_min_in_sync, topic=one.topic)
        if one.unclean is not None:
            samples.add(catalogue.TOPIC_UNCLEAN, one.unclean, topic=one.topic)
    for (topic, partition), end in facts.shown_ends().items():
        samples.add(catalogue.TOPIC_END_OFFSET, end, topic=topic, partition=str(partition))
    if facts.max_timeout_ms is not None:
        samples.add(catalogue.MAX_TIMEOUT_SECONDS, facts.max_timeout_ms / 1000)


def describe_topics(
    client: Client, topics: Sequence[re.Pattern[str]], dead_letter_topics: Sequence[re.Pattern[str]]
) -> TopicFacts:
    """Return the facts of every topic whose whole name matches a pattern, and of the transaction log.

    Raise TransportError.
    """
    layouts = {layout.topic: layout for layout in topic_layouts(client)}
    shown = {name for name in layouts if name == TOPIC or any(pattern.fullmatch(name) for pattern in topics)}
    dead = {name for name in layouts if any(pattern.fullmatch(name) for pattern in dead_letter_topics)}
    leaders = {
        (name, partition.partition): partition.leader
        for name in (shown | dead) - {TOPIC}
        for partition in layouts[name].partitions
        if partition.leader >= 0
    }
    return TopicFacts(
        layouts=[layouts[name] for name in sorted(shown)],
        settings=topic_configs(client, sorted(shown), TOPIC_SETTINGS) if shown else {},
        broker_settings=broker_config(client, client.brokers[0], BROKER_SETTINGS) if client.brokers else {},
        ends={place: end.end_offset for place, end in partition_ends(client, leaders).items()},
        dead_letter_topics={name: len(layouts[name].partitions) for name in sorted(dead)},
    )
