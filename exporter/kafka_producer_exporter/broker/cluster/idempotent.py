"""Producers without transactions: what changed on the partitions between two scans.

The epoch of such a producer rises only after records were lost or rejected (KIP-360), and never falls. So no epoch bump
is missed between two scans, as long as the producer writes another record. A new producer id is a new producer, or one
that was restarted.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.hanging import PartitionScan
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState, TopicPartition

ACTIVE_MS = 600_000
"""A producer is active if it has written within this time."""


class Activity(NamedTuple):
    """How many producers write to one partition, and how recently."""

    topic: str
    partition: int
    active: int
    idle_seconds: float


class ProducerCounts:
    """What was counted on one topic. Counts only grow."""

    __slots__ = ("appeared", "epoch_bumps", "expired")

    def __init__(self) -> None:
        self.appeared = 0
        self.expired = 0
        self.epoch_bumps = 0


class IdempotentTracker:
    """Compares each scan with the scan before it. Not thread-safe."""

    def __init__(self, topics: Sequence[re.Pattern[str]]) -> None:
        """Track the topics whose whole name matches one of the patterns in *topics*."""
        self._topics = topics
        self._epochs: dict[str, dict[int, int]] = {}
        self._known_topics: set[str] | None = None
        """Every topic of the scans so far; None before the first."""
        self._producers: list[ProducerState] = []
        self.counts: dict[str, ProducerCounts] = {}
        """By topic."""

    def take_in(self, scan: PartitionScan) -> None:
        """Compare *scan* with the one before it. A topic with a denied partition is left as it was."""
        incomplete = {topic for topic, _ in scan.denied}
        described = {topic for topic, _ in scan.described} - incomplete
        topics = {topic for topic in described if any(pattern.fullmatch(topic) for pattern in self._topics)}
        self._producers = [
            producer
            for producer in scan.producers
            if producer.topic in topics and not _is_transactional(producer, scan.transactional)
        ]
        epochs: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for producer in self._producers:
            of_topic = epochs[producer.topic]
            of_topic[producer.producer_id] = max(producer.epoch, of_topic.get(producer.producer_id, 0))
        if self._known_topics is not None:
            for new_topic in topics - self._known_topics:
                self._epochs[new_topic] = {}  # nobody wrote to it before
        self._known_topics = (self._known_topics or set()) | described | incomplete
        for topic, now in epochs.items():
            self._compare(topic, now)

    def activity(self, now_ms: int) -> Iterator[Activity]:
        """Return the activity on each partition that has producers."""
        ages_ms: dict[TopicPartition, list[int]] = {}
        for producer in self._producers:
            age_ms = now_ms - producer.last_timestamp_ms
            ages_ms.setdefault((producer.topic, producer.partition), []).append(age_ms)
        for (topic, partition), ages in ages_ms.items():
            active = sum(age <= ACTIVE_MS for age in ages)
            yield Activity(topic, partition, active, max(0, min(ages)) / 1000)

    def _compare(self, topic: str, now: dict[int, int]) -> None:
        before = self._epochs.get(topic)
        self._epochs[topic] = now
        counts = self.counts.setdefault(topic, ProducerCounts())
        if before is None:
            return
        counts.appeared += len(now.keys() - before.keys())
        counts.expired += len(before.keys() - now.keys())
        counts.epoch_bumps += sum(max(0, epoch - before[one]) for one, epoch in now.items() if one in before)


def _is_transactional(producer: ProducerState, transactional: Collection[int]) -> bool:
    return producer.producer_id in transactional or producer.start_offset >= 0 or producer.coordinator_epoch >= 0
