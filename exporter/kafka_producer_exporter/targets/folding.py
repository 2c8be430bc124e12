"""Series that several MBeans share: what they add up to, so that nothing is lost when one of them ends."""

import math
from collections.abc import Iterator, Sequence

from kafka_producer_exporter.model import Fold, Labels, MBeanKind, Metric

MEMBER_SCRAPES = 20
"""A member that was missing for this many scrapes has ended. Kafka registers an MBean again whenever it adds a metric
to it, so a member that is missing once comes back with the same counts."""

SERIES_SCRAPES = 1000
"""A series is served for this many scrapes after its last member has ended."""


class FoldedCounter:
    """The sum of all members' counters, and of everything that former members had counted. It never falls."""

    __slots__ = ("members", "seen", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self.members: dict[str, tuple[float, int]] = {}
        self.seen = 0

    def add(self, member: str, value: float, scrape: int) -> None:
        """Add what the member has counted since it was last seen. A counter that fell has restarted at zero."""
        before = self.members.get(member, (0.0, 0))[0]
        self.total += value - before if value >= before else value
        self.members[member] = (value, scrape)
        self.seen = scrape


class Folder:
    """Folds the samples of one target, scrape by scrape. Pure."""

    def __init__(self) -> None:
        self._scrape = 0
        self._counters: dict[tuple[Metric, Labels], FoldedCounter] = {}
        self._gauges: dict[tuple[Metric, Labels], float] = {}
        self._averages: dict[tuple[Metric, Labels], list[tuple[float, float]]] = {}

    def add(self, metric: Metric, labels: Labels, member: str, value: float, *, request_rate: float = 0.0) -> None:
        """Add a sample. *member* identifies the MBean that it comes from among those that share the series.

        *request_rate* is the member's produce requests per second, 0 if unknown.
        """
        key = (metric, labels)
        if metric.fold is Fold.MAX:
            self._gauges[key] = max(value, self._gauges.get(key, value))
        elif metric.fold is Fold.MEAN or metric.fold is Fold.REQUEST_MEAN:
            weight = request_rate if metric.fold is Fold.REQUEST_MEAN else 1.0
            self._averages.setdefault(key, []).append((value, weight))
        elif metric.name.endswith("_total"):
            self._counters.setdefault(key, FoldedCounter()).add(member, value, self._scrape)
        elif metric.fold is Fold.SUM:
            self._gauges[key] = self._gauges.get(key, 0.0) + value

    def series(self) -> Iterator[tuple[MBeanKind, Labels]]:
        """Yield each kind of MBean and labels that have folded counters, also of members that have ended."""
        for metric, labels in self._counters:
            if metric.attribute is not None:
                yield metric.attribute.mbean, labels

    def finish(self) -> Iterator[tuple[Metric, Labels, float]]:
        """Yield the folded samples of this scrape, then prepare for the next scrape."""
        folded = dict(self._gauges)
        folded |= {key: mean(members) for key, members in self._averages.items()}
        folded |= {key: counter.total for key, counter in self._counters.items()}
        for (metric, labels), value in folded.items():
            if math.isfinite(value):  # finite values may add up to infinity
                yield metric, labels, value
        self._gauges.clear()
        self._averages.clear()
        if self._scrape % MEMBER_SCRAPES == 0:
            self._forget_ended()
        self._scrape += 1

    def _forget_ended(self) -> None:
        for key, counter in list(self._counters.items()):
            if counter.seen < self._scrape - SERIES_SCRAPES:
                del self._counters[key]
                continue
            ended = [name for name, (_, seen) in counter.members.items() if seen < self._scrape - MEMBER_SCRAPES]
            for name in ended:
                del counter.members[name]


def mean(members: Sequence[tuple[float, float]]) -> float:
    """Return the mean of values with weights: of one value exactly that one, and without any weight the plain mean."""
    if len(members) == 1:
        return members[0][0]
    total = sum(weight for _, weight in members)
    if total <= 0:
        return sum(value for value, _ in members) / len(members)
    return sum(value * weight for value, weight in members) / total
