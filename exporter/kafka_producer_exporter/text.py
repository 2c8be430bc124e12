"""Numbers and tables for people, in a terminal or on a page. Pure."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from kafka_producer_exporter.model import Metric
from kafka_producer_exporter.net.printable import printable


def human_value(value: float, metric: Metric) -> str:
    """Return a value with its unit: ``35 ms``, ``2.7 kB``, ``1.2 M``."""
    if metric.unit.base == "seconds":
        return human_seconds(value)
    if metric.unit.base == "bytes":
        return _scaled(value, ("B", "kB", "MB", "GB", "TB"))
    return _scaled(value, ("", "k", "M", "G", "T")) if abs(value) >= 100_000 else _short(value)


def human_seconds(value: float) -> str:
    """Return a duration in the unit that suits it: ``35 ms``, ``12 min``, ``2 h 30 min``, ``3 d 4 h``."""
    minutes = int(value // 60)
    if minutes >= 48 * 60:
        return f"{minutes // 1440} d {minutes // 60 % 24} h"
    if minutes >= 120:
        return f"{minutes // 60} h {minutes % 60} min"
    if minutes >= 10:
        return f"{minutes} min"
    if value >= 1 or value == 0:
        return f"{_short(value)} s"
    return f"{_short(value * 1e3)} ms" if value >= 1e-3 else f"{_short(value * 1e6)} µs"


def human_ago(seconds: float) -> str:
    """Return how long ago something happened. A negative time, after a clock was set back, is ``just now``."""
    return "just now" if seconds < 1 else f"{human_seconds(round(seconds))} ago"


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ", numbers: bool = True) -> str:
    """Return rows as aligned columns. With *numbers* all columns but the first are right-aligned.

    Cells are made printable, because names and ids come from JVMs and brokers.
    """
    rows = [[printable(cell, limit=None) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        aligned = [
            cell.rjust(width) if numbers else cell.ljust(width) for cell, width in zip(others, widths[1:], strict=True)
        ]
        lines.append((indent + "  ".join([first.ljust(widths[0]), *aligned])).rstrip() + "\n")
    return "".join(lines)


def encodable(text: str, stream: TextIO) -> bool:
    """Return whether *stream* can show *text*; a terminal need not be UTF-8."""
    try:
        text.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; a ``|`` within a cell is escaped."""
    return "".join(_markdown_row(row) for row in (head, ["---"] * len(head), *rows))


def _markdown_row(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |\n"


def _short(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def _scaled(value: float, units: Sequence[str]) -> str:
    power = 0
    while abs(value) >= 1000 and power < len(units) - 1:
        value, power = value / 1000, power + 1
    return f"{_short(value)} {units[power]}".rstrip()
