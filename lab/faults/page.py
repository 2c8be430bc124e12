"""The page docs/fault-matrix.md, and the results in ``recorded/faults`` that it is made of."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kafka_producer_exporter.pack import rules as pack
from lab.faults.table import Row, Table, read_table

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "recorded" / "faults"
PAGE = ROOT / "docs" / "fault-matrix.md"
HEADER = """\
# Faults and the alerts that they fire

<!-- Written by `make faults`; do not edit. -->

Each fault of [`lab/faults.yaml`](../lab/faults.yaml) was begun in a world of real parts: a cluster of three brokers,
JVMs with real producers, an exporter beside each, a collector with the broker view, a Prometheus and an Alertmanager.
Before a fault everything is quiet. Once its alerts fire, it is repaired, and all of them must resolve.
An alert that is in no column of a fault was silent; a run with any other alert fails.
Only the warnings of the error budget are not looked at: they look back hours and days, and outlive every fault here
(`alerts/tests/KafkaProducerErrorBudgetBurn.yaml` tests them).

All windows of the rules are divided by {scale:g}, and so are the clients' own times (`request.timeout.ms`,
`delivery.timeout.ms`, `metadata.max.age.ms`, `metrics.sample.window.ms` and so on); thresholds are not touched.
"Real" is the measured time multiplied by {scale:g}: about what it takes with the windows of production.

`make faults` runs all of them, `.venv/bin/python -m lab.faults FAULT …` a few; other rows stay as they are.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An alert that a fault has fired."""

    severity: str
    fires_after: float
    """Seconds from the beginning of the fault."""
    resolved_after: float | None
    """Seconds from the repair, negative if it was over before; None if it still fired when the wait ended."""
    instances: int = 1
    """How many at the same time or one after the other: alerts with different labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run of a fault has shown."""

    fault: str
    generation: int
    scale: float
    versions: Mapping[str, str]
    lasted: float
    """Seconds from the beginning to the repair."""
    fired: Mapping[str, Fired]
    pages: int
    problems: Sequence[str] = field(default_factory=list)


def save(result: Result, folder: Path = RESULTS) -> None:
    """Record a result; that of the same fault with another generation of Prometheus stays."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.fault}.json"
    content = json.loads(file.read_text()) if file.exists() else {}
    content[str(result.generation)] = asdict(result)
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def load(folder: Path = RESULTS) -> dict[tuple[str, int], Result]:
    """Return the recorded results by fault and generation."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        for content in json.loads(file.read_text()).values():
            result = _result(content)
            found[result.fault, result.generation] = result
    return found


def _result(content: Mapping[str, Any]) -> Result:
    fired = {name: Fired(**alert) for name, alert in content["fired"].items()}
    return Result(**{**content, "fired": fired})


def severities() -> dict[str, str]:
    """Return the names of the pack's alerts, each with the highest of its severities."""
    found: dict[str, str] = {}
    for severity in ("critical", "warning", "info", "none"):
        for alert in pack.alerts():
            if alert["severity"] == severity:
                found.setdefault(alert["alert"], severity)
    return found


def write_page() -> None:
    """Write the page from what is recorded."""
    PAGE.write_text(text_of(read_table(), severities(), load()))


def text_of(table: Table, alerts: Mapping[str, str], results: Mapping[tuple[str, int], Result]) -> str:
    """Return the page. *alerts* are the names of the pack's alerts with their severities."""
    scale = next((result.scale for result in results.values()), 20.0)
    parts = [HEADER.format(scale=scale)]
    for generation in sorted({generation for _, generation in results}, reverse=True):
        versions = next(r.versions for (_, found), r in results.items() if found == generation)
        parts.append("Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".\n")
    parts.append(_paragraph("Alerts", _alerts(table, alerts, results)))
    quiet = [row for row in table.rows.values() if not row.fires]
    busy = [row for row in table.rows.values() if row.fires]
    parts.append(_paragraph("Faults", _faults(busy, results)))
    parts.append(_paragraph("When nothing may fire", _faults(quiet, results)))
    if table.stand_ins:
        lines = ["| Alert | Why, and the test that stands in |", "| --- | --- |"]
        lines += [f"| {name} | {why} |" for name, why in sorted(table.stand_ins.items())]
        parts.append(_paragraph("Alerts that no fault fires", lines))
    tried = {name for row in table.rows.values() for name in row.fires} | table.stand_ins.keys()
    if untried := sorted(alerts.keys() - tried):
        parts.append(_paragraph("Alerts that have no fault yet", [", ".join(untried) + "."]))
    return "\n".join(parts)


def _paragraph(title: str, lines: Sequence[str] | Iterator[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines) + "\n"


def _alerts(table: Table, alerts: Mapping[str, str], results: Mapping[tuple[str, int], Result]) -> Iterator[str]:
    yield "| Alert | Severity | Fault | Prometheus | Fires after | Real | Resolved after | Real | Also fired |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, severity in alerts.items():
        for row in table.rows.values():
            for generation in (3, 2):
                result = results.get((row.name, generation))
                if name not in row.fires or result is None or name not in result.fired:
                    continue
                fired = result.fired[name]
                others = ", ".join(sorted(result.fired.keys() - {name})) or "-"
                times = _times(fired.fires_after, result.scale) + _times(fired.resolved_after, result.scale)
                cells = [name, severity, row.name, str(generation), *times, others]
                yield f"| {' | '.join(cells)} |"


def _times(seconds: float | None, scale: float) -> list[str]:
    if seconds is None:
        return ["not resolved", "-"]
    if seconds < 0:
        return ["before the repair", "-"]
    return [f"{seconds:.0f} s", _words(seconds * scale)]


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def _faults(rows: Sequence[Row], results: Mapping[tuple[str, int], Result]) -> Iterator[str]:
    yield "| Fault | What it does | Panel that shows it | Prometheus | Lasted | Fired | Pages | Verdict |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        found = [results[row.name, generation] for generation in (3, 2) if (row.name, generation) in results]
        for result in found:
            fired = ", ".join(sorted(result.fired)) or "nothing"
            verdict = "as expected" if not result.problems else "WRONG: " + "; ".join(result.problems)
            lasted = f"{result.lasted:.0f} s"
            cells = [row.name, row.what, row.panel, str(result.generation), lasted, fired, str(result.pages)]
            yield f"| {' | '.join(cells)} | {verdict} |"
        if not found:
            yield f"| {row.name} | {row.what} | {row.panel} | - | - | - | - | not run yet |"
