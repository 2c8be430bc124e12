"""The source of live JMX: a producer's own JVM, read without a JVM of ours."""

import time
from collections.abc import Mapping
from dataclasses import replace

from kafka_producer_exporter.diagnosis.evidence import Down, Reading, page_of
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Settings, Target
from kafka_producer_exporter.targets.collector import TransportFor
from kafka_producer_exporter.targets.reader import TargetReader

DEADLINE_SECONDS = 10.0


class LiveJvm:
    """Reads one target, with every metric that a rule may need, and each producer by its own client.id."""

    is_live = True
    provides: frozenset[str] | None = None

    def __init__(
        self, target: Target, settings: Settings, *, transport_for: TransportFor, budget: MemoryBudget
    ) -> None:
        """Prepare to read. The profile and the groups that are configured for the metrics page do not apply."""
        address = str(Address(target.jmx.host, target.jmx.port))
        self.name = address if target.name == address else f"{target.name} ({address})"
        whole = replace(settings, profile=Profile.DEFAULT, id_groups=())
        self._reader = TargetReader(target, whole, transport=transport_for(target), budget=budget)

    def read(self) -> Mapping[str, Reading]:
        """Read the JVM within ``DEADLINE_SECONDS``."""
        scrape = self._reader.read(time.monotonic() + DEADLINE_SECONDS)
        if scrape.reason is not None:
            return {self.name: Reading(scrape.started, {}, Down(scrape.reason.value, scrape.detail))}
        return {self.name: Reading(scrape.started, page_of(scrape.families))}

    def close(self) -> None:
        """End the session with the JVM."""
        self._reader.close()
