"""State of one load: the environment that the configuration may refer to, and the problems reported so far."""

import re
from collections.abc import Mapping
from typing import NoReturn

from kafka_producer_exporter.config.located import Located
from kafka_producer_exporter.errors import Problem


class Rejected(Exception):  # noqa: N818 - control flow inside config, never seen outside
    """A value cannot be used; its problem has been reported."""


class LoadContext:
    """The environment variables of one load, and the problems that it found."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._problems: dict[Problem, None] = {}

    def report(self, where: str, what: str) -> None:
        """Report a problem. The same problem, inherited from ``defaults`` by many targets, counts once."""
        self._problems[Problem(where, what)] = None

    def reject(self, located: Located, what: str) -> NoReturn:
        """Report a problem that leaves no usable value. Raises Rejected."""
        self.report(located.where, what)
        raise Rejected

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem: first those of environment and flags, then those of the file by line."""
        return tuple(sorted(self._problems, key=_line))


def _line(problem: Problem) -> int:
    numbered = re.search(r":(\d+)(?: |$)", problem.where)
    return int(numbered[1]) if numbered else 0
