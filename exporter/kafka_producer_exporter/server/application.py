"""What the server needs of the program that it serves."""

from dataclasses import dataclass
from typing import Protocol

from kafka_producer_exporter.model import Family


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """What the pages for people show of one target; nothing in it is a secret."""

    name: str
    address: str
    """Where it is read, such as ``checkout:9999``."""
    up: bool | None
    """None: not read yet."""
    reason: str = ""
    """A word of the fixed list of reasons; empty while the target answers."""
    advice: str = ""
    """What happened and what to do, for a person; empty while the target answers."""
    clients: int | None = None
    """Producers that were found; None where that is not known."""
    series: int | None = None
    last_scrape: float | None = None
    """When it was read last, for whomever, in seconds since the epoch."""
    duration_seconds: float | None = None


class ProbeRefused(Exception):  # noqa: N818 - an answer, and no error of anyone
    """``/probe`` asks for what the operator did not allow; ``str()`` says what and why, for a person."""


class Application(Protocol):
    """The program behind the listeners. Every method may be called from several threads at once.

    A *deadline* is an instant of ``time.monotonic()`` by which the method has returned.
    """

    def collect(self, *, deadline: float) -> list[Family]:
        """Read every target and return the page. Never raises: a target that fails is a part of the page."""

    def probe(self, target: str, *, deadline: float) -> list[Family]:
        """Read one target, by its name or an allowed address; raises ProbeRefused and nothing else."""

    def statuses(self, *, max_age_seconds: float, deadline: float) -> list[TargetStatus]:
        """Return what the last read of each target knew, after reading those again that are older than that."""

    def reload(self) -> None:
        """Read the configuration again; raises ConfigError, and then the running one stays in force."""

    def config_error(self) -> str | None:
        """Return why no configuration is in force (``--tolerant``), all problems of it; None where one is."""
