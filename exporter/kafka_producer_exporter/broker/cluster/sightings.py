"""Whether what the coordinators do not report is gone, or only on its way from one coordinator to another.

The coordinators' lists are no snapshot. While a partition of the transaction log moves, its old leader no longer lists
the partition's transactions, and its new leader does not list them yet. So what is missing counts only if it was
missing in two looks, and if every partition of the log had the same leader all the time.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from kafka_producer_exporter.broker.cluster.snapshots import LogLeaders

Key = TypeVar("Key")
First = TypeVar("First")


class Settled(NamedTuple):
    """The leaders of the transaction log during one look."""

    leaders: LogLeaders | None
    """None if the look proves nothing."""
    obstacle: str | None
    """Why it proves nothing, for a person; None if it proves something."""


def settled_leaders(before: Sequence[LogLeaders], after: Sequence[LogLeaders], *, asked: Collection[int]) -> Settled:
    """Return the leaders that all brokers named *before* and *after* a look in which the brokers *asked* were asked."""
    answers = [*before, *after]
    if not answers:
        return Settled(None, "the user may not describe __transaction_state")
    if any(leader.node not in asked for answer in answers for leader in answer.values()):
        return Settled(None, "a partition of __transaction_state has no leader")
    if any(answer != answers[0] for answer in answers):
        return Settled(None, "the leaders of __transaction_state are moving")
    return Settled(answers[0], None)


class Sightings(Generic[Key, First]):
    """What was seen in one look after another, as long as the leaders of the log stay the same."""

    def __init__(self) -> None:
        self._leaders: LogLeaders | None = None
        self._first: dict[Key, First] = {}

    def take_in(self, seen: Mapping[Key, First], leaders: LogLeaders | None) -> dict[Key, First]:
        """Take in one look. Return what an earlier look has seen, too, with what was noted when it was first seen.

        Looks count as long as each of them has the same *leaders*. None, or other leaders, begin again.
        """
        before = self._first if leaders is not None and leaders == self._leaders else {}
        self._leaders = leaders
        self._first = {} if leaders is None else {key: before.get(key, noted) for key, noted in seen.items()}
        return {key: before[key] for key in seen if key in before}
