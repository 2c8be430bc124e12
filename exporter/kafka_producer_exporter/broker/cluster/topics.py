"""How safely topics are kept, from what the brokers say of them. Pure.

A setting that we may not see is unknown, never a default.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.snapshots import TopicLayout, TopicPartition

MIN_ISR, UNCLEAN = "min.insync.replicas", "unclean.leader.election.enable"
MAX_TIMEOUT = "transaction.max.timeout.ms"
TOPIC_SETTINGS = (MIN_ISR, UNCLEAN)
BROKER_SETTINGS = (MAX_TIMEOUT,)


class TopicDurability(NamedTuple):
    """How safely one topic is kept."""

    topic: str
    replication: int
    """Of the partition that has the fewest replicas."""
    min_in_sync: int | None
    """As it takes effect: no more than there are replicas. None: we may not see it."""
    under_min_in_sync: int
    offline: int
    unclean: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """What the brokers said of topics, at one time."""

    layouts: Sequence[TopicLayout]
    settings: Mapping[str, Mapping[str, str]]
    broker_settings: Mapping[str, str]
    ends: Mapping[TopicPartition, int]
    dead_letter_topics: Mapping[str, int]
    """Each with how many partitions it has."""

    @property
    def max_timeout_ms(self) -> int | None:
        """The longest time-out that a transaction may have; None: we may not see it."""
        return _number(self.broker_settings.get(MAX_TIMEOUT))

    def durability(self) -> Iterator[TopicDurability]:
        """Return how safely each topic is kept."""
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

    def dead_letters(self) -> dict[str, int]:
        """Return how many records each dead letter topic has ever held.

        One of which a partition did not answer is left out: its sum would fall, and look like a new beginning.
        """
        ends = {
            topic: [end for (name, _), end in self.ends.items() if name == topic] for topic in self.dead_letter_topics
        }
        return {topic: sum(found) for topic, found in ends.items() if len(found) == self.dead_letter_topics[topic]}

    def shown_ends(self) -> dict[TopicPartition, int]:
        """Return where the partitions end of the topics that are shown one by one."""
        shown = {layout.topic for layout in self.layouts}
        return {place: end for place, end in sorted(self.ends.items()) if place[0] in shown}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


NOTHING = TopicFacts(layouts=(), settings={}, broker_settings={}, ends={}, dead_letter_topics={})
"""Nobody was asked yet."""
