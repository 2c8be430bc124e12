"""What the server needs of the program that it serves."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kafka_producer_exporter.model import Family, Scrape
from kafka_producer_exporter.net.address import Address


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A configured target and its last scrape. It contains no secret."""

    name: str
    address: Address
    scrape: Scrape | None
    """None before the first scrape."""

    @property
    def up(self) -> bool | None:
        """Whether the target answered; None before the first scrape."""
        return None if self.scrape is None else self.scrape.reason is None

    @property
    def clients(self) -> int | None:
        """Number of producers found; None if that is unknown."""
        return self.scrape.clients if self.scrape is not None and self.up else None

    @property
    def series(self) -> int | None:
        """Number of series on the metrics page; None before the first scrape."""
        return None if self.scrape is None else sum(len(family.samples) for family in self.scrape.families)


class Collected(NamedTuple):
    """What was read for a metrics page."""

    moment: Hashable
    """Equal for two requests if their values come from the same reads."""
    families: Callable[[], list[Family]]
    """Returns the families of the page, with what is known at this moment beside the reads."""


class ProbeRefusedError(Exception):
    """``/probe`` was asked for a target that the operator did not allow; ``str()`` says what to do, for a person."""


class Application(Protocol):
    """The program behind the listeners. Every method may be called from several threads at once.

    A *deadline* is an instant of ``time.monotonic()`` by which the method has returned.
    """

    def collect(self, *, deadline: float) -> Collected:
        """Read every target for the metrics page. Never raise: a failed target is part of the page."""

    def probe(self, target: str, *, deadline: float) -> Collected:
        """Read one target, given by its name or an allowed address. Raise ProbeRefusedError and nothing else."""

    def statuses(self, *, max_age_seconds: float, deadline: float) -> list[TargetStatus]:
        """Return the status of every target, after reading those whose last scrape is older than *max_age_seconds*."""

    def broker_families(self) -> list[Family] | None:
        """Return what is known of the brokers, without asking them; None if no cluster is configured."""

    def reload(self) -> None:
        """Load the configuration again. If it is invalid, raise ConfigError and keep the current one."""

    def config_error(self) -> str | None:
        """Return where the configuration has problems if none has ever been valid (``--tolerant``), otherwise None."""
