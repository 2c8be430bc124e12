"""The error of a bad configuration.

ConfigError is the operator's fault, before the program starts. ``net.errors.TransportError`` is the fault of a peer or
the network, this time. Any other exception is a bug of ours.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer_exporter.net.printable import printable


class Problem(NamedTuple):
    """A problem of the configuration: where it is, what it is, and what to do."""

    where: str
    """File and line, flag or environment variable, then the key: ``exporter.yml:7 targets[0].jmx.port``."""
    what: str

    def __str__(self) -> str:
        """Return the problem as one line that cannot steer a terminal, whatever was given."""
        return printable(f"{self.where}: {self.what}", limit=None)


class ConfigError(Exception):
    """The configuration cannot be used. Holds every problem, not only the first. Its text never holds a secret."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        self.problems = tuple(problems)
        self._heading = printable(f"{source}: {count}", limit=None)
        super().__init__("\n".join([self._heading, *(f"  {problem}" for problem in problems)]))

    @property
    def places(self) -> str:
        """Where the problems are. What they are is left out, because it may quote values and any client may ask."""
        return "\n".join([f"{self._heading}; the log says what", *(f"  {problem.where}" for problem in self.problems)])
