"""Reads every target at once, within the deadline of each request."""

import logging
import time
from collections.abc import Callable, Sequence

from kafka_producer_exporter.jmx.readings import Transport
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason
from kafka_producer_exporter.net.shared_call import SharedCall
from kafka_producer_exporter.settings import Settings, Target
from kafka_producer_exporter.targets.reader import TargetReader, failed_scrape

log = logging.getLogger(__name__)

TransportFor = Callable[[Target], Transport]

READ_FLOOR_SECONDS = 10.0
"""How long a read may take if its callers have less time. Ending it earlier would cost the session, so that a scrape
with a very short timeout, repeated often enough, would keep the target down for everybody."""


class SharedReader:
    """A target whose reads are shared: all callers that come during a read wait for the same one."""

    def __init__(self, reader: TargetReader) -> None:
        self.reader = reader
        self.target = reader.target
        self._shared = SharedCall(
            f"read-{self.target.name}", reader.read, end=reader.close, floor_seconds=READ_FLOOR_SECONDS
        )

    def begin(self, *, deadline: float) -> int | None:
        """Start a read, or join the one in progress. Return its ticket for ``wait``; None if no thread can run."""
        try:
            return self._shared.begin(deadline=deadline)
        except RuntimeError as error:  # no thread can be started now; the next scrape tries again
            log.warning("the target cannot be read: %s", error, extra={"target": self.target.name})
            return None

    def wait(self, ticket: int | None, *, deadline: float) -> Scrape:
        """Return the result of the read. If it has not ended by *deadline*, return a scrape that timed out."""
        started = time.monotonic()
        try:
            while ticket is not None:
                scrape = self._shared.wait(ticket, deadline=deadline)
                if scrape.reason is not Reason.TIMEOUT or time.monotonic() > deadline - 0.1:
                    return scrape
                # The read that we joined began long before us, and gave up earlier than we have to.
                ticket = self.begin(deadline=deadline)
        except TimeoutError:
            where = Address(self.target.jmx.host, self.target.jmx.port)
            detail = f"no answer from {where} in time; is the JVM frozen, or the scrape timeout too short?"
            return failed_scrape(self.target, Reason.TIMEOUT, detail, started=started)
        except RuntimeError:  # the thread of the read has died; the next scrape starts another
            log.exception("the read has died", extra={"target": self.target.name})
        detail = "this process cannot run another thread; raise its limits of threads (pids) and memory"
        return failed_scrape(self.target, Reason.LIMIT, detail, started=started)

    def interrupt(self) -> None:
        """Let a read in progress fail soon."""
        self.reader.interrupt()

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End the session after the read in progress. Wait up to *wait_seconds* for that."""
        self._shared.close(wait_seconds=wait_seconds)


class Collector:
    """Reads all targets of a configuration at once. A silent target never makes another wait.

    A target that fails has ``kafka_producer_up 0``, a reason, and no other series. Its last values are not served
    again, because a dead producer must not look calm.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport_for: TransportFor,
        budget: MemoryBudget,
        previous: "Collector | None" = None,
    ) -> None:
        """Prepare to read the targets. Share the readers of *previous* whose settings did not change.

        A new reader has no session, and counts what it folds from zero.
        """
        self._settings = settings
        self._transport_for = transport_for
        self._budget = budget
        known: dict[str, SharedReader] = {}
        if previous is not None and previous.reads_like(settings):
            known = previous._readers  # noqa: SLF001 - our own class
        self._readers: dict[str, SharedReader] = {
            target.name: known[target.name]
            if target.name in known and known[target.name].target == target
            else self.reader_of(target)
            for target in settings.targets
        }
        self._given_up: set[SharedReader] = set()

    def reader_of(self, target: Target) -> SharedReader:
        """Return a reader of any target, with the profile and the limits of this configuration."""
        transport = self._transport_for(target)
        return SharedReader(TargetReader(target, self._settings, transport=transport, budget=self._budget))

    def reads_like(self, settings: Settings) -> bool:
        """Return whether a reader made with *settings* would read and fold like ours."""
        ours = self._settings
        return (ours.profile, ours.limits, ours.id_groups) == (settings.profile, settings.limits, settings.id_groups)

    def leave_to(self, successor: "Collector") -> None:
        """Leave it to *successor* to end the readers that it shares."""
        self._given_up.update(successor._readers.values())  # noqa: SLF001 - our own class

    def scrape(self, *, deadline: float, names: Sequence[str] | None = None) -> list[Scrape]:
        """Read all targets at once, or those with these *names*."""
        readers = list(self._readers.values()) if names is None else [self._readers[name] for name in names]
        tickets = [(reader, reader.begin(deadline=deadline)) for reader in readers]
        return [reader.wait(ticket, deadline=deadline) for reader, ticket in tickets]

    def last(self) -> list[tuple[Target, Scrape | None]]:
        """Return each target with the result of its last read; None means it has not been read yet."""
        return [(reader.target, reader.reader.last) for reader in self._readers.values()]

    def close(self, *, wait_seconds: float = 0.0, others: Sequence[SharedReader] = ()) -> None:
        """End all sessions, and those of *others*, after their reads in progress. Wait up to *wait_seconds* in total.

        If it waits, the reads that take longer than a quarter of that time fail, so that their sessions end as well.
        """
        began = time.monotonic()
        readers = [reader for reader in (*self._readers.values(), *others) if reader not in self._given_up]
        for share in (0.0, wait_seconds / 4):
            for reader in readers:
                reader.close(wait_seconds=max(0.0, began + share - time.monotonic()))
        if wait_seconds > 0:
            for reader in readers:
                reader.interrupt()
            for reader in readers:
                reader.close(wait_seconds=max(0.0, began + wait_seconds - time.monotonic()))
