"""Series that several MBeans share: what they add up to, so that nothing is lost when one of them ends."""

from collections.abc import Iterator

from kafka_producer_exporter.model import Fold, Labels, Metric

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

    def add(self, metric: Metric, labels: Labels, member: str, value: float) -> None:
        """Add a sample. *member* identifies the MBean that it comes from among those that share the series."""
        key = (metric, labels)
        if metric.fold is Fold.MAX:
            self._gauges[key] = max(value, self._gauges.get(key, value))
        elif metric.name.endswith("_total"):
            self._counters.setdefault(key, FoldedCounter()).add(member, value, self._scrape)
        elif metric.fold is Fold.SUM:
            self._gauges[key] = self._gauges.get(key, 0.0) + value

    def finish(self) -> Iterator[tuple[Metric, Labels, float]]:
        """Yield the folded samples of this scrape, then prepare for the next scrape."""
        for (metric, labels), value in self._gauges.items():
            yield metric, labels, value
        self._gauges.clear()
        for (metric, labels), counter in self._counters.items():
            yield metric, labels, counter.total
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
