"""The table of docs/fuzzing.md: what was run, and how the executions ended."""

import fcntl
import re
import subprocess

from tests.fuzz.decoders import DECODERS
from tests.fuzz.run import Report
from tests.paths import DOCS, ROOT

FILE = DOCS / "fuzzing.md"
_HEAD = (
    "| Decoder | Executions | Seed | How they ended | Slowest, ms | Memory added, MB | CPU time, s | Commit |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
)
_TABLE = re.compile(re.escape(_HEAD) + r"((?:\|.*\n)*)")
_SHOWN_OUTCOMES = 6


def figures(report: Report) -> str:
    """Return the figures of a run as one line for people."""
    costs = f"slowest {report.slowest_seconds * 1e3:.0f} ms, {report.growth_bytes >> 20} MB added"
    return f"{report.outcomes.total():,} executions in {report.cpu_seconds:.0f} s ({_outcomes(report)}; {costs})"


def record(name: str, *, seed: int, report: Report) -> None:
    """Write the figures of a run into the table. Several processes may do so at once."""
    cells = (
        f"`{name}`",
        f"{report.outcomes.total():,}",
        str(seed),
        _outcomes(report),
        f"{report.slowest_seconds * 1e3:.0f}",
        str(report.growth_bytes >> 20),
        f"{report.cpu_seconds:,.0f}",
        _commit(),
    )
    with FILE.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        rows = recorded_rows(text) | {name: f"| {' | '.join(cells)} |\n"}
        ordered = "".join(rows[each] for each in DECODERS if each in rows)
        file.seek(0)
        file.write(_TABLE.sub(lambda _: _HEAD + ordered, text))
        file.truncate()


def recorded_rows(text: str) -> dict[str, str]:
    """Return the rows of the table by decoder."""
    found = _TABLE.search(text)
    if found is None:
        raise AssertionError(f"{FILE} has no table to write into")
    return {row.split("`")[1]: row for row in found[1].splitlines(keepends=True)}


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def _outcomes(report: Report) -> str:
    """Return the most frequent outcomes, with their share."""
    total = report.outcomes.total()
    shown = report.outcomes.most_common(_SHOWN_OUTCOMES)
    rest = total - sum(count for _, count in shown)
    return ", ".join(
        f"{name} {100 * count / total:.1f} %" for name, count in [*shown, *([("other", rest)] if rest else [])]
    )
