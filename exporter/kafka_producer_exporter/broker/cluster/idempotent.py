"""Producers without transactions: what changed on the partitions between two looks. Pure.

Their epochs rise only after records that were lost or rejected (KIP-360), and never fall; so nothing is missed between
two looks, as long as a record follows. A new producer id is a new producer, or one that was restarted.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.snapshots import ProducerState, TopicPartition

ACTIVE_MS = 600_000


class Activity(NamedTuple):
    """What goes on at one partition."""

    topic: str
    partition: int
    active: int
    idle_seconds: float


class ProducerCounts:
    """What was counted on one topic. Only grows."""

    __slots__ = ("appeared", "gone", "resets")

    def __init__(self) -> None:
        self.appeared = 0
        self.gone = 0
        self.resets = 0


class IdempotentTracker:
    """Compares each look with the one before it. Not thread-safe."""

    def __init__(self, topics: Sequence[re.Pattern[str]]) -> None:
        """``topics``: only those that one of the patterns matches as a whole; none: nothing at all."""
        self._topics = topics
        self._epochs: dict[str, dict[int, int]] = {}
        self._rows: list[ProducerState] = []
        self.counts: dict[str, ProducerCounts] = {}

    def take_in(
        self,
        producers: Iterable[ProducerState],
        *,
        transactional: Collection[int],
        asked: Collection[TopicPartition],
        refused: Collection[TopicPartition],
    ) -> None:
        """Take in one look. A topic of which any partition did not answer is left as it was."""
        silent = {topic for topic, _ in refused}
        topics = {topic for topic, _ in asked if any(pattern.fullmatch(topic) for pattern in self._topics)} - silent
        self._rows = [
            row
            for row in producers
            if row.topic in topics
            and row.producer_id not in transactional
            and row.start_offset < 0
            and row.coordinator_epoch < 0
        ]
        epochs: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for row in self._rows:
            of_topic = epochs[row.topic]
            of_topic[row.producer_id] = max(row.epoch, of_topic.get(row.producer_id, 0))
        for topic, now in epochs.items():
            self._compare(topic, now)

    def activity(self, now_ms: int) -> Iterator[Activity]:
        """Return what goes on at each partition that has producers."""
        by_partition: dict[TopicPartition, list[int]] = {}
        for row in self._rows:
            by_partition.setdefault((row.topic, row.partition), []).append(now_ms - row.last_timestamp_ms)
        for (topic, partition), ages in by_partition.items():
            active = sum(age <= ACTIVE_MS for age in ages)
            yield Activity(topic, partition, active, max(0, min(ages)) / 1000)

    def _compare(self, topic: str, now: dict[int, int]) -> None:
        before = self._epochs.get(topic)
        self._epochs[topic] = now
        counts = self.counts.setdefault(topic, ProducerCounts())
        if before is None:
            return
        counts.appeared += len(now.keys() - before.keys())
        counts.gone += len(before.keys() - now.keys())
        counts.resets += sum(max(0, epoch - before[one]) for one, epoch in now.items() if one in before)
