"""The composition root: the configuration in force, the collectors made from it, and how both are replaced."""

import ipaddress
import logging
import platform
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from kafka_producer_exporter import __version__
from kafka_producer_exporter.catalogue import exporter
from kafka_producer_exporter.catalogue.table import as_page
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import NO_LABELS, Family, Labels, Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.x509 import file_expiry
from kafka_producer_exporter.process import max_descriptors, process_families
from kafka_producer_exporter.server.application import Collected, ProbeRefusedError, TargetStatus
from kafka_producer_exporter.settings import Settings, Target
from kafka_producer_exporter.targets import probed
from kafka_producer_exporter.targets.collector import Collector, TransportFor
from kafka_producer_exporter.targets.probed import ProbedReaders
from kafka_producer_exporter.targets.transports import transport_for

log = logging.getLogger(__name__)

BUILD_LABELS = Labels({"version": __version__, "python_version": platform.python_version()})


class BrokerView(Protocol):
    """What is known of one cluster. It polls the brokers in threads of its own, so a scrape never waits for them."""

    def families(self) -> list[Family]:
        """Return what is known now."""

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """Stop polling. Wait up to *wait_seconds* for the polls in progress."""


BrokerViewFor = Callable[[Settings], BrokerView]
"""Returns a started view of the cluster that is configured in the settings."""


def program_from(load: Callable[[], Settings], budget: MemoryBudget) -> "Program":
    """Return a program that reads real JVMs and brokers, within the memory budget of this process."""
    return Program(
        load,
        transport_for=partial(transport_for, memory=budget.short_lived),
        broker_view_for=lambda settings: _started_broker_view(settings, budget),
        budget=budget,
    )


def _started_broker_view(settings: Settings, budget: MemoryBudget) -> BrokerView:
    # A sidecar that asks no broker does not import kafka-python, which costs 8 MB.
    from kafka_producer_exporter.broker.collector import BrokerCollector  # noqa: PLC0415

    if settings.broker is None:
        raise AssertionError("a broker view needs a configured cluster")
    view = BrokerCollector(settings.broker, settings.limits, settings.id_groups, budget=budget)
    view.start()
    return view


class Program:
    """Serves the last valid configuration. Thread-safe, as the server requires."""

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        transport_for: TransportFor,
        broker_view_for: BrokerViewFor,
        budget: MemoryBudget,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to serve; ``reload`` calls *load*, which raises ConfigError if the configuration is invalid.

        By *clock*, sessions of probed addresses end after a while.
        """
        self._load = load
        self._transport_for = transport_for
        self._broker_view_for = broker_view_for
        self._broker_view: BrokerView | None = None
        self._budget = budget
        self._lock = threading.Lock()
        self._reload_lock = threading.Lock()
        most = probed.at_most(memory_limit=budget.limit_bytes, max_descriptors=max_descriptors())
        self._new_probed = partial(ProbedReaders, at_most=most, clock=clock)
        collector = Collector(Settings(), transport_for=transport_for, budget=budget)
        self._running = _Running(collector, Settings(), self._new_probed())
        self._loaded: float | None = None
        self._error: ConfigError | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force; the defaults until a valid configuration has been loaded."""
        return self._running.settings

    def reload(self) -> None:
        """Load the configuration again. If it is invalid, raise ConfigError and keep the current one.

        What did not change keeps its sessions and its counts.
        """
        with self._reload_lock:
            try:
                settings = self._load()
            except ConfigError as error:
                self._error = error
                if self._loaded is not None:
                    log.error(
                        "the new configuration is invalid; the current one stays in force",
                        extra={"problems": str(error)},
                    )
                raise
            previous = self._running.collector
            collector = Collector(settings, transport_for=self._transport_for, budget=self._budget, previous=previous)
            self._replace_broker_view(settings)
            with self._lock:
                previous.leave_to(collector)
                replaced, self._running = (
                    self._running,
                    self._running.successor(collector, settings, self._new_probed()),
                )
                is_reload, self._loaded, self._error = self._loaded is not None, time.time(), None
            replaced.release()
            if is_reload:
                log.info("configuration reloaded", extra={"targets": len(settings.targets)})

    def collect(self, *, deadline: float) -> Collected:
        """Read every target for the metrics page. Never raise."""
        with self._in_use() as running:
            running.probed.end_idle()
            scrapes = running.collector.scrape(deadline=deadline)
        return Collected(_moment_of(scrapes), partial(self._page_of, scrapes))

    def _page_of(self, scrapes: Sequence[Scrape]) -> list[Family]:
        return as_page(
            [*_families_of(scrapes), *(self.broker_families() or ()), *self._own_families(), *process_families()]
        )

    def probe(self, target: str, *, deadline: float) -> Collected:
        """Read one target, given by its name or an allowed address. Raise ProbeRefusedError and nothing else."""
        with self._in_use() as running:
            if any(known.name == target for known in running.settings.targets):
                scrapes = running.collector.scrape(deadline=deadline, names=[target])
            else:
                scrapes = [running.probe(_allowed(target, running.settings), deadline=deadline)]
        return Collected(_moment_of(scrapes), lambda: as_page(_families_of(scrapes)))

    def statuses(self, *, max_age_seconds: float, deadline: float) -> list[TargetStatus]:
        """Return the status of every target, after reading those whose last scrape is older than *max_age_seconds*."""
        with self._in_use() as running:
            oldest = time.monotonic() - max_age_seconds
            stale = [t.name for t, last in running.collector.last() if last is None or last.started < oldest]
            fresh = {scrape.target: scrape for scrape in running.collector.scrape(deadline=deadline, names=stale)}
            return [
                TargetStatus(t.name, Address(t.jmx.host, t.jmx.port), fresh.get(t.name, last))
                for t, last in running.collector.last()
            ]

    def broker_families(self) -> list[Family] | None:
        """Return what is known of the brokers, without asking them; None if no cluster is configured."""
        view = self._broker_view
        return view.families() if view is not None else None

    def config_error(self) -> str | None:
        """Return where the problems of the configuration are if none has ever been valid, otherwise None."""
        return self._error.places if self._error is not None and self._loaded is None else None

    def close(self) -> None:
        """End all sessions. Wait up to a second each for the reads and the polls in progress."""
        self._running.close(wait_seconds=1.0)
        if self._broker_view is not None:
            self._broker_view.close(wait_seconds=1.0)

    def _own_families(self) -> list[Family]:
        families = [
            Family(exporter.BUILD_INFO, [(BUILD_LABELS, 1.0)]),
            Family(exporter.CONFIG_VALID, [(NO_LABELS, float(self._error is None))]),
        ]
        if self._loaded is not None:
            families.append(Family(exporter.CONFIG_LAST_RELOAD_SUCCESS, [(NO_LABELS, self._loaded)]))
        if expiries := list(_certificate_expiries(self.settings)):
            families.append(Family(exporter.CERTIFICATE_EXPIRY, expiries))
        return families

    def _replace_broker_view(self, settings: Settings) -> None:
        """Replace the broker view if its settings have changed. Otherwise keep it, since a new one counts from zero."""
        if _broker_settings(settings) == _broker_settings(self._running.settings):
            return
        view = self._broker_view_for(settings) if settings.broker is not None else None
        replaced, self._broker_view = self._broker_view, view
        if replaced is not None:
            replaced.close()

    @contextmanager
    def _in_use(self) -> Iterator["_Running"]:
        with self._lock:
            running = self._running
            running.acquire()
        try:
            yield running
        finally:
            running.release()


class _Running:
    """A collector and its settings. The last user to release it ends it; the program itself is the first user."""

    def __init__(self, collector: Collector, settings: Settings, probed: ProbedReaders) -> None:
        self.collector = collector
        self.settings = settings
        self.probed = probed
        self._users = 1
        self._lock = threading.Lock()

    def successor(self, collector: Collector, settings: Settings, probed: ProbedReaders) -> "_Running":
        """Return what replaces this one, with the probed sessions, or with *probed* if their settings changed."""
        if self.settings.probe == settings.probe and self.collector.reads_like(settings):
            probed, self.probed = self.probed, probed
        return _Running(collector, settings, probed)

    def acquire(self) -> None:
        with self._lock:
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            ended = self._users == 0
        if ended:
            self.close()

    def close(self, *, wait_seconds: float = 0.0) -> None:
        self.collector.close(wait_seconds=wait_seconds, others=self.probed.readers())

    def probe(self, target: Target, *, deadline: float) -> Scrape:
        """Read a target that is not configured, and keep its session for the next request."""
        reader, ticket = self.probed.begin(target, reader_of=self.collector.reader_of, deadline=deadline)
        return reader.wait(ticket, deadline=deadline)


def _moment_of(scrapes: Sequence[Scrape]) -> Hashable:
    """Return what two requests have in common if they got the results of the same reads."""
    return tuple((scrape.target, scrape.started) for scrape in scrapes)


def _families_of(scrapes: Sequence[Scrape]) -> Iterator[Family]:
    return (family for scrape in scrapes for family in scrape.families)


def _broker_settings(settings: Settings) -> object:
    """Return the settings that a broker view depends on."""
    return settings.broker, settings.broker and (settings.limits.transactional_ids, settings.id_groups)


def _certificate_expiries(settings: Settings) -> Iterator[tuple[Labels, float]]:
    """Yield when our client certificates expire. The files are read each time, as they are for each connection."""
    connections = [*(target.jmx for target in settings.targets), *(network.jmx for network in settings.probe)]
    files = {jmx.tls.cert_file for jmx in connections}
    if settings.broker is not None and settings.broker.tls is not None:
        files.add(settings.broker.tls.cert_file)
    for file in sorted(file for file in files if file is not None):
        with suppress(OSError, ValueError):  # the target or source that needs the file reports it
            yield Labels({"file": str(file)}), file_expiry(file)


def _allowed(text: str, settings: Settings) -> Target:
    """Return the target at an IP:PORT that the operator has allowed."""
    try:
        address = Address.parse(text)
        ip = ipaddress.ip_address(address.host)
    except ValueError:
        names = ", ".join(target.name for target in settings.targets) or "none"
        message = f"{text!r} is neither a configured target nor IP:PORT; the configured targets are: {names}"
        raise ProbeRefusedError(message) from None
    for allowed in settings.probe:
        if address.port in allowed.ports and ip in allowed.network:
            jmx = replace(allowed.jmx, host=address.host, port=address.port)
            return Target(name=str(address), jmx=jmx, labels=allowed.labels)
    raise ProbeRefusedError(f"probe.allow does not contain {address}; add its network and port, or name a target")
