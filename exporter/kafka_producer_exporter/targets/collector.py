"""Every target at once, within the deadline of each request."""

import time
from collections.abc import Callable, Iterable, Sequence

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.errors import Reason
from kafka_producer_exporter.jmx.readings import Transport
from kafka_producer_exporter.model import Family, Labels, Metric, Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.shared_call import SharedCall
from kafka_producer_exporter.settings import Settings, Target
from kafka_producer_exporter.targets.memory import MemoryGuard
from kafka_producer_exporter.targets.reader import TargetReader, failed_scrape

TransportFor = Callable[[Target], Transport]


class Source:
    """A target, and the one read of it that all callers share."""

    def __init__(self, reader: TargetReader) -> None:
        self.reader = reader
        self.target = reader.target
        self._shared = SharedCall(f"read-{self.target.name}", reader.read, end=reader.close)

    def begin(self, *, deadline: float) -> int:
        """Start a read, or join the one under way; returns its ticket."""
        return self._shared.begin(deadline=deadline)

    def wait(self, ticket: int, *, deadline: float) -> Scrape:
        """Return what the read brought; where it is not there by the deadline, that the target did not answer."""
        started = time.time()
        try:
            scrape = self._shared.wait(ticket, deadline=deadline)
            if scrape.reason is Reason.TIMEOUT and time.monotonic() < deadline - 0.1:
                # The read that we joined gave up at the earlier deadline of the caller that began it.
                scrape = self._shared.wait(self.begin(deadline=deadline), deadline=deadline)
        except TimeoutError:
            where = Address(self.target.jmx.host, self.target.jmx.port)
            detail = f"no answer from {where} in time; is the JVM frozen, or the scrape timeout too short?"
            return failed_scrape(self.target, Reason.TIMEOUT, detail, started=started)
        return scrape

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End the session once the read under way has ended; waits for that so long."""
        self._shared.close(wait_seconds=wait_seconds)


class Collector:
    """Reads all targets of a configuration at once; one that is silent makes no other wait.

    A target that fails has ``kafka_producer_up 0``, a reason, and no other series: its last values are not served
    again, since a dead producer must not look calm.
    """

    def __init__(self, settings: Settings, *, transport_for: TransportFor, guard: MemoryGuard) -> None:
        self._settings = settings
        self._transport_for = transport_for
        self._guard = guard
        self._sources = {target.name: self.source(target) for target in settings.targets}

    def source(self, target: Target) -> Source:
        """Return a target that is ready to be read, by this configuration's profile and limits."""
        transport = self._transport_for(target)
        return Source(TargetReader(target, self._settings, transport=transport, guard=self._guard))

    def scrape(self, *, deadline: float, names: Sequence[str] | None = None) -> list[Scrape]:
        """Read every target, or those of these names, at once."""
        sources = list(self._sources.values()) if names is None else [self._sources[name] for name in names]
        tickets = [(source, source.begin(deadline=deadline)) for source in sources]
        return [source.wait(ticket, deadline=deadline) for source, ticket in tickets]

    def last(self) -> list[tuple[Target, Scrape | None]]:
        """Return each target with what its last read brought; None: it was not read yet."""
        return [(source.target, source.reader.last) for source in self._sources.values()]

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End all sessions once their reads have ended; waits for that so long, all in all."""
        until = time.monotonic() + wait_seconds
        for source in self._sources.values():
            source.close()
        for source in self._sources.values():
            source.close(wait_seconds=max(0.0, until - time.monotonic()))


def page(scrapes: Iterable[Scrape]) -> list[Family]:
    """Return the families of all scrapes as one page, in the order of the catalogue."""
    merged: dict[Metric, list[tuple[Labels, float]]] = {}
    ours: set[Metric] = set()
    for scrape in scrapes:
        for metric, samples in scrape.families:
            if metric not in merged:
                merged[metric] = samples
            elif metric in ours:
                merged[metric].extend(samples)
            else:  # a list of our own: another page may hold the scrape's
                merged[metric] = [*merged[metric], *samples]
                ours.add(metric)
    return [Family(metric, merged[metric]) for metric in METRICS.values() if metric in merged]
