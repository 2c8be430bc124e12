"""Configured values with the place where each was found: what file, environment and flags all become."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

from kafka_producer_exporter.errors import Problem

ALTERNATIVES = ("password_file", "password_env")
"""Two ways to say one thing: where a higher layer uses one of them, the lower layer's other one no longer holds."""


class Found(NamedTuple):
    """A value and where it was found. Mappings and lists hold further ones."""

    value: object
    """A scalar, ``dict[str, Found]`` or ``list[Found]``."""
    where: str
    """As in a Problem: ``exporter.yml:7 targets[0].jmx.port``, ``--listen``."""
    directory: Path = Path()
    """Relative paths start here."""

    @property
    def keys(self) -> dict[str, "Found"]:
        """What a mapping holds; empty for anything else, which is told elsewhere."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list["Found"]:
        """What a list holds; empty for anything else, which is told elsewhere."""
        return self.value if isinstance(self.value, list) else []


class Unusable(Exception):  # noqa: N818 - control flow inside config, never seen outside
    """A value cannot be used; the problem is on record."""


class Findings:
    """The environment that a configuration may refer to, and the problems found in the configuration so far."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._problems: dict[Problem, None] = {}

    def add(self, where: str, what: str) -> None:
        """Record a problem; one that many targets inherit from ``defaults`` is told once."""
        self._problems[Problem(where, what)] = None

    def refuse(self, found: Found, what: str) -> NoReturn:
        """Record a problem that leaves no value to go on with."""
        self.add(found.where, what)
        raise Unusable

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them: those of the environment and of flags, then those of the file by line."""
        return tuple(sorted(self._problems, key=_line))


def _line(problem: Problem) -> int:
    numbered = re.search(r":(\d+)(?: |$)", problem.where)
    return int(numbered[1]) if numbered else 0


def overlay(low: Found, high: Found) -> Found:
    """Return *low* with all that *high* says; mappings are merged key by key, anything else is replaced."""
    if not isinstance(low.value, dict) or not isinstance(high.value, dict):
        return high
    merged = dict(low.value)
    if any(name in high.value for name in ALTERNATIVES):
        merged = {name: found for name, found in merged.items() if name not in ALTERNATIVES}
    for name, found in high.value.items():
        merged[name] = overlay(merged[name], found) if name in merged else found
    return high._replace(value=merged)


def within(path: tuple[str, ...], found: Found) -> Found:
    """Return a root mapping that holds *found* at the path."""
    for name in reversed(path):
        found = Found({name: found}, found.where, found.directory)
    return found
