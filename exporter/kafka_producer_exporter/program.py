"""The program behind the listeners: the configuration in force, its collector, and how both are replaced."""

import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.model import Family, Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.process import own_families
from kafka_producer_exporter.server.application import ProbeRefused, TargetStatus
from kafka_producer_exporter.settings import Jmx, Settings, Target
from kafka_producer_exporter.targets.collector import Collector, Source, TransportFor, page
from kafka_producer_exporter.targets.memory import MemoryGuard

log = logging.getLogger(__name__)


class BrokerView(Protocol):
    """What is known of one cluster; it looks by itself, and a scrape never waits for a broker."""

    def families(self) -> list[Family]:
        """Return what is known now."""

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End it; waits that long for the calls under way."""


BrokerViewFor = Callable[[Settings], BrokerView]
"""Makes the view of the cluster of these settings, and has it begin to look."""

PROBED_KEPT = 200
"""Addresses of /probe whose sessions are kept between requests; the one that was asked for longest ago goes first."""


class Program:
    """Serves by the configuration that was loaded last and was good. Thread-safe, as the listeners ask."""

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        transport_for: TransportFor,
        broker_view_for: BrokerViewFor,
        guard: MemoryGuard,
    ) -> None:
        """``load`` reads the configuration and raises ConfigError; it is called by ``reload`` and not before."""
        self._load = load
        self._transport_for = transport_for
        self._broker_view_for = broker_view_for
        self._broker_view: BrokerView | None = None
        self._guard = guard
        self._lock = threading.Lock()
        self._reload_lock = threading.Lock()
        self._running = _Running(Collector(Settings(), transport_for=transport_for, guard=guard), Settings())
        self._loaded: float | None = None
        self._error: ConfigError | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force; the defaults while there are none."""
        return self._running.settings

    def reload(self) -> None:
        """Read the configuration again; raises ConfigError, and then the one in force stays so."""
        with self._reload_lock:
            try:
                settings = self._load()
            except ConfigError as error:
                self._error = error
                if self._loaded is not None:
                    log.error("the last good configuration stays in force", extra={"problems": str(error)})
                raise
            collector = Collector(settings, transport_for=self._transport_for, guard=self._guard)
            self._look_at(settings)
            with self._lock:
                replaced, self._running = self._running, _Running(collector, settings)
                again, self._loaded, self._error = self._loaded is not None, time.time(), None
            replaced.leave()
            if again:
                log.info("configuration loaded again", extra={"targets": len(settings.targets)})

    def collect(self, *, deadline: float) -> list[Family]:
        """Read every target and return the page. Never raises."""
        with self._in_use() as running:
            scrapes = running.collector.scrape(deadline=deadline)
        view = self._broker_view
        brokers = view.families() if view is not None else []
        own = own_families(config_valid=self._error is None, config_loaded=self._loaded)
        return [*page(scrapes), *brokers, *own]

    def probe(self, target: str, *, deadline: float) -> list[Family]:
        """Read one target, by its name or an allowed address; raises ProbeRefused."""
        with self._in_use() as running:
            if any(known.name == target for known in running.settings.targets):
                scrapes = running.collector.scrape(deadline=deadline, names=[target])
            else:
                scrapes = [running.probe(_allowed(target, running.settings), deadline=deadline)]
        return page(scrapes)

    def statuses(self, *, max_age_seconds: float, deadline: float) -> list[TargetStatus]:
        """Return what the last read of each target knew, after reading those again that are older than that."""
        with self._in_use() as running:
            oldest = time.time() - max_age_seconds
            stale = [t.name for t, last in running.collector.last() if last is None or last.started < oldest]
            fresh = {scrape.target: scrape for scrape in running.collector.scrape(deadline=deadline, names=stale)}
            return [_status(t, fresh.get(t.name, last)) for t, last in running.collector.last()]

    def config_error(self) -> str | None:
        """Return why no configuration is in force, all problems of it; None where one is."""
        return str(self._error) if self._error is not None and self._loaded is None else None

    def close(self) -> None:
        """End all sessions; waits a moment for the reads under way."""
        self._running.collector.close(wait_seconds=1.0)
        if self._broker_view is not None:
            self._broker_view.close(wait_seconds=1.0)

    def _look_at(self, settings: Settings) -> None:
        """Look at the cluster of these settings. One that stays is not looked at anew: its counts would begin again."""
        before = self._running.settings
        if _cluster_part(settings) == _cluster_part(before):
            return
        replaced, self._broker_view = self._broker_view, None
        if replaced is not None:
            replaced.close()
        if settings.broker is not None:
            self._broker_view = self._broker_view_for(settings)

    @contextmanager
    def _in_use(self) -> Iterator["_Running"]:
        with self._lock:
            running = self._running
            running.enter()
        try:
            yield running
        finally:
            running.leave()


class _Running:
    """A collector and its settings, ended by whoever leaves last; the program itself leaves when it has a newer one."""

    def __init__(self, collector: Collector, settings: Settings) -> None:
        self.collector = collector
        self.settings = settings
        self._users = 1
        self._lock = threading.Lock()
        self._probed: dict[str, Source] = {}

    def enter(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self.collector.close()
                for source in self._probed.values():
                    source.close()

    def probe(self, target: Target, *, deadline: float) -> Scrape:
        """Read an address, and keep its session for the next request."""
        with self._lock:
            source = self._probed.pop(target.name, None) or self.collector.source(target)
            self._probed[target.name] = source
            if len(self._probed) > PROBED_KEPT:
                self._probed.pop(next(iter(self._probed))).close()
            ticket = source.begin(deadline=deadline)
        return source.wait(ticket, deadline=deadline)


def _cluster_part(settings: Settings) -> object:
    """Return what a broker view is made of."""
    return settings.broker, settings.broker and (settings.limits.transactional_ids, settings.id_groups)


def _allowed(text: str, settings: Settings) -> Target:
    """Return the target at an address that the operator has allowed."""
    try:
        address = Address.parse(text)
        ip = ipaddress.ip_address(address.host)
    except ValueError:
        names = ", ".join(target.name for target in settings.targets) or "none"
        raise ProbeRefused(f"{text!r} is no configured target, and no IP:PORT; the targets are: {names}") from None
    for allowed in settings.probe:
        if address.port in allowed.ports and ip in allowed.network:
            return Target(name=str(address), jmx=Jmx(host=address.host, port=address.port))
    raise ProbeRefused(f"{address} is in no network and port of probe.allow; add it there, or name a target")


def _status(target: Target, scrape: Scrape | None) -> TargetStatus:
    address = str(Address(target.jmx.host, target.jmx.port))
    if scrape is None:
        return TargetStatus(name=target.name, address=address, up=None)
    up = scrape.reason is None
    return TargetStatus(
        name=target.name,
        address=address,
        up=up,
        reason=scrape.reason.value if scrape.reason else "",
        advice=scrape.detail,
        clients=scrape.clients if up else None,
        series=sum(len(family.samples) for family in scrape.families),
        last_scrape=scrape.started,
        duration_seconds=scrape.duration_seconds,
    )
