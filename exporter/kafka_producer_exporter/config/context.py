"""State of one load: the environment that the configuration may refer to, and the problems reported so far."""

import re
from collections.abc import Mapping
from typing import NoReturn

from kafka_producer_exporter.config.located import Located
from kafka_producer_exporter.errors import Problem

MAX_PROBLEMS = 200
"""More than anyone reads at once. Each one costs memory, and a hostile file could have one in each of its values."""


class Rejected(Exception):  # noqa: N818 - control flow inside config, never seen outside
    """A value cannot be used; its problem has been reported."""


class LoadContext:
    """The environment variables of one load, and the problems that it found."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._problems: dict[Problem, None] = {}
        self._not_kept = 0

    def report(self, where: str, what: str) -> None:
        """Report a problem. The same problem, inherited from ``defaults`` by many targets, counts once."""
        problem = Problem(where, what)
        if len(self._problems) < MAX_PROBLEMS or problem in self._problems:
            self._problems[problem] = None
        else:
            self._not_kept += 1

    def reject(self, located: Located, what: str) -> NoReturn:
        """Report a problem that leaves no usable value. Raises Rejected."""
        self.report(located.where, what)
        raise Rejected

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems: first those of environment and flags, then those of the file by line."""
        problems = sorted(self._problems, key=_line)
        if self._not_kept:
            problems.append(Problem("more", f"{self._not_kept} other problems are not shown; correct these first"))
        return tuple(problems)


def _line(problem: Problem) -> int:
    numbered = re.search(r":(\d+)(?: |$)", problem.where)
    return int(numbered[1]) if numbered else 0
