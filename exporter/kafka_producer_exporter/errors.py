"""Whose fault: ConfigError is the operator's, before start; TransportError the world's, this time; the rest is ours."""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer_exporter.net.errors import Reason, TransportError

__all__ = ["ConfigError", "Problem", "Reason", "TransportError"]


class Problem(NamedTuple):
    """One thing wrong with the configuration: where it stands, what it is, and what to do now."""

    where: str
    """File and line, flag or environment variable, then the key: ``exporter.yml:7 targets[0].jmx.port``."""
    what: str

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.where}: {self.what}"


class ConfigError(Exception):
    """The configuration cannot be used; holds every problem found, not only the first. No text of it holds a secret."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{source}: {count}", *(f"  {problem}" for problem in problems)]))
        self.problems = tuple(problems)
