"""The report of a run, as Markdown."""

import os
import re
from collections.abc import Iterator, Sequence

from tests.torture.hostile_http import BEHAVIOURS
from tests.torture.hostile_jmx import MODES
from tests.torture.run import DESCRIPTORS, HONEST, TASKS, Result
from tests.torture.scraper import Scraper

HEADER = f"""\
# Torture

`make torture` writes this report. It runs the real `serve` with the limits of a small container: little memory, a user
other than root, a read-only file system, {DESCRIPTORS} descriptors, {TASKS} threads. Its targets are a real producer
(`{HONEST[0]}`), a synthetic JVM (`{HONEST[1]}`) and {len(MODES)} hostile JMX servers. Its broker is behind a proxy that
damages what passes. Hostile HTTP clients ask it for pages. Its configuration is replaced every few seconds, often by an
invalid one. All of this happens at the same time (`tests/torture/`).

{Scraper.SERVERS} scrapers, like Prometheus, take turns each second; their timeout is {Scraper.TIMEOUT_SECONDS:g} s. The
run fails if a scrape does not show both honest targets as up, if the process ends, if it keeps threads or descriptors
after the hostile peers are gone, if its view of the brokers does not recover, or if an honest number is wrong.
`make test` runs a short form.
"""


def document(result: Result) -> str:
    """Return the whole report."""
    return "\n".join([HEADER, *_summary(result), "", *_minutes(result), "", *_peers(result), ""])


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    yield from (f"| {' | '.join(map(str, row))} |" for row in rows)


def _summary(result: Result) -> Iterator[str]:
    limits = "all were set" if not result.missing else "; ".join(f"not set: {text}" for text in result.missing)
    before, after = result.before, result.after
    rows = [
        ("command", f"`{_command(result)}`"),
        ("hostile JMX servers that did not take part", ", ".join(_left_out(result)) or "none"),
        ("load of the machine at the end, and its processors", f"{os.getloadavg()[1]:.0f}, {os.cpu_count()}"),
        ("memory limit", f"{result.memory_mb} MB"),
        ("limits", limits),
        ("outcome", "; ".join(result.problems) or "every demand was met"),
        ("honest scrapes", result.scrapes),
        ("of these, both honest targets up", result.up),
        ("longest scrape", f"{result.worst_seconds:.2f} s"),
        ("configurations loaded, half of them invalid or with other targets", result.configurations),
        ("peak memory of the process", f"{result.peak_mb:.0f} MB"),
        ("peak memory of the control group", f"{result.group_peak_mb:.0f} MB, with page cache"),
    ]
    if before and after:
        rows += [
            ("threads before and after the hostile peers", f"{before.threads}, {after.threads}"),
            ("descriptors before and after", f"{before.descriptors}, {after.descriptors}"),
            ("memory before and after", f"{before.resident_mb:.0f} MB, {after.resident_mb:.0f} MB"),
        ]
    rows += [(f"commits counted {name}", f"{number:g}") for name, number in result.committed.items() if number]
    yield from ("## Outcome", "")
    yield from _table(("", ""), rows)


def _command(result: Result) -> str:
    words = [f"make torture DURATION={result.seconds:g} SEED={result.seed}"]
    words += ["PRIORITY=1"] if result.priority else []
    words += [f"ONLY='{result.only}'"] if result.only else []
    return " ".join(words).replace("|", "\\|")


def _left_out(result: Result) -> list[str]:
    return [mode for mode in MODES if not re.search(result.only, mode)]


def _minutes(result: Result) -> Iterator[str]:
    yield from ("## Minute by minute", "")
    yield from _table(
        ("minute", "scrapes", "up", "longest scrape", "memory", "threads", "descriptors"),
        [
            (
                *(number + 1, minute.scrapes, minute.up, f"{minute.worst_seconds:.2f} s"),
                *(f"{minute.resident_mb:.0f} MB", minute.threads, minute.descriptors),
            )
            for number, minute in sorted(result.minutes.items())
            if minute.scrapes
        ],
    )


def _peers(result: Result) -> Iterator[str]:
    yield from ("## Hostile peers", "", "How the page showed each JMX server, and in how many scrapes:", "")
    yield from _table(
        ("JMX server", "connections", "shown as"),
        [
            (mode, result.attempts.get(mode, 0), ", ".join(f"{k} {n}" for k, n in result.seen_as[mode].most_common()))
            for mode in MODES
            if mode not in _left_out(result)
        ],
    )
    yield ""
    yield from _table(("HTTP client", "attempts"), [(name, result.attempts.get(name, 0)) for name in BEHAVIOURS])
    yield ""
    yield from _table(("bytes to and from the broker", "times"), sorted(result.wire.items()))
