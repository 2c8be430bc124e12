"""Numbers and tables as a person reads them in a terminal. Pure."""

from collections.abc import Sequence

from kafka_producer_exporter.model import Metric


def human_value(value: float, metric: Metric) -> str:
    """Return a value with its unit: ``35 ms``, ``2.7 kB``, ``1.2 M``."""
    if metric.unit.base == "seconds":
        return human_seconds(value)
    if metric.unit.base == "bytes":
        return _scaled(value, ("B", "kB", "MB", "GB", "TB"))
    return _scaled(value, ("", "k", "M", "G", "T")) if abs(value) >= 100_000 else _short(value)


def human_seconds(value: float) -> str:
    """Return a time in the unit that suits it."""
    if value >= 600:
        minutes = int(value // 60)
        return f"{minutes // 60} h {minutes % 60} min" if minutes >= 120 else f"{minutes} min"
    if value >= 1 or value == 0:
        return f"{_short(value)} s"
    return f"{_short(value * 1e3)} ms" if value >= 1e-3 else f"{_short(value * 1e6)} µs"


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> str:
    """Return rows as columns: the first is text, the others are numbers and stand at the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append((indent + "  ".join(cells)).rstrip() + "\n")
    return "".join(lines)


def _short(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def _scaled(value: float, units: Sequence[str]) -> str:
    power = 0
    while abs(value) >= 1000 and power < len(units) - 1:
        value, power = value / 1000, power + 1
    return f"{_short(value)} {units[power]}".rstrip()
