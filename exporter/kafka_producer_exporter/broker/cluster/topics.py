"""How durable topics are, from what the brokers report about them.

A setting that the user may not see is unknown; it is never replaced by Kafka's default.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.snapshots import TopicLayout, TopicPartition

MIN_ISR, UNCLEAN = "min.insync.replicas", "unclean.leader.election.enable"
MAX_TIMEOUT = "transaction.max.timeout.ms"
TOPIC_SETTINGS = (MIN_ISR, UNCLEAN)
BROKER_SETTINGS = (MAX_TIMEOUT,)


class TopicDurability(NamedTuple):
    """How durable one topic is."""

    topic: str
    replication: int
    """The number of replicas of the partition that has the fewest."""
    min_in_sync: int | None
    """The effective ``min.insync.replicas``, which is at most *replication*. None if the user may not see it."""
    under_min_in_sync: int
    """The number of partitions with fewer replicas in sync than that; 0 if it is unknown."""
    offline: int
    """The number of partitions without a leader."""
    unclean: bool | None
    """Whether unclean leader election is enabled. None if the user may not see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """What the brokers reported about topics in one poll."""

    layouts: Sequence[TopicLayout]
    settings: Mapping[str, Mapping[str, str]]
    broker_settings: Mapping[str, str]
    ends: Mapping[TopicPartition, int]
    """End offsets of the partitions that answered."""
    dead_letter_topics: Mapping[str, int]
    """The number of partitions of each dead letter topic."""

    @property
    def max_timeout_ms(self) -> int | None:
        """The longest transaction timeout that a producer may request. None if the user may not see it."""
        return _number(self.broker_settings.get(MAX_TIMEOUT))

    def durability(self) -> Iterator[TopicDurability]:
        """Return how durable each topic is."""
        for topic, partitions in self.layouts:
            settings = self.settings.get(topic, {})
            replication = min((partition.replicas for partition in partitions), default=0)
            wanted = _number(settings.get(MIN_ISR))
            unclean = settings.get(UNCLEAN)
            yield TopicDurability(
                topic,
                replication,
                None if wanted is None else min(wanted, replication),
                # A partition is capped at its own number of replicas.
                sum(p.in_sync < min(wanted, p.replicas) for p in partitions) if wanted is not None else 0,
                sum(p.leader < 0 for p in partitions),
                None if unclean is None else unclean == "true",
            )

    def shown_ends(self) -> dict[TopicPartition, int]:
        """Return the end offsets of the partitions of the configured topics."""
        shown = {layout.topic for layout in self.layouts}
        return {place: end for place, end in sorted(self.ends.items()) if place[0] in shown}


class DeadLetterCounts:
    """How far the end offsets of dead letter topics have advanced, added up over polls. The counts never fall.

    An end offset falls when an unclean election loses records, and when a topic is deleted and recreated. That is no
    new dead letter, so the count continues from the lower offset.
    """

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, int] = {}
        self.totals: dict[str, int] = {}
        """By topic. It begins at the sum of the end offsets, once every partition of the topic has answered."""

    def take_in(self, facts: TopicFacts) -> None:
        """Add what was written since the last poll. A partition that does not answer is caught up with later."""
        now: dict[str, dict[TopicPartition, int]] = {topic: {} for topic in facts.dead_letter_topics}
        for place, end in facts.ends.items():
            if place[0] in now:
                now[place[0]][place] = end
        for topic, ends in now.items():
            if topic in self.totals:
                self.totals[topic] += sum(max(0, end - self._ends.get(place, 0)) for place, end in ends.items())
            elif len(ends) == facts.dead_letter_topics[topic]:
                self.totals[topic] = sum(ends.values())
            else:
                continue
            self._ends |= ends


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,19}", text) else None


NO_FACTS = TopicFacts(layouts=(), settings={}, broker_settings={}, ends={}, dead_letter_topics={})
"""Before the first poll."""
