"""Configured values with the place where each was written: the common form of file, environment and flags."""

from pathlib import Path
from typing import NamedTuple

PASSWORD_KEYS = ("password_file", "password_env")
"""Two keys for one thing. A layer that sets one of them also overrides the other one of the layers below."""


class Located(NamedTuple):
    """A value and where it was written. Mappings and lists hold further located values."""

    value: object
    """A scalar, ``dict[str, Located]`` or ``list[Located]``."""
    where: str
    """As in a Problem: ``exporter.yml:7 targets[0].jmx.port``, ``--listen``."""
    directory: Path = Path()
    """Relative paths start here."""

    @property
    def entries(self) -> dict[str, "Located"]:
        """The entries of a mapping; empty for any other value, which its shape rejects."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list["Located"]:
        """The items of a list; empty for any other value, which its shape rejects."""
        return self.value if isinstance(self.value, list) else []


def overlay(low: Located, high: Located) -> Located:
    """Return *low* overridden by *high*: mappings are merged key by key, any other value is replaced."""
    if not isinstance(low.value, dict) or not isinstance(high.value, dict):
        return high
    merged = dict(low.value)
    if any(name in high.value for name in PASSWORD_KEYS):
        merged = {name: value for name, value in merged.items() if name not in PASSWORD_KEYS}
    for name, value in high.value.items():
        merged[name] = overlay(merged[name], value) if name in merged else value
    return high._replace(value=merged)


def nest(path: tuple[str, ...], located: Located) -> Located:
    """Return a root mapping that has *located* at *path*."""
    for name in reversed(path):
        located = Located({name: located}, located.where, located.directory)
    return located
