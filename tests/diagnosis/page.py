"""The page docs/diagnosis.md, made from what the runs recorded."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kafka_producer_exporter.diagnosis.table import CAUSES
from kafka_producer_exporter.text import markdown_table
from lab.faults.table import Table, read_table
from tests.diagnosis.lab_run import Named, Result, load
from tests.paths import DOCS

PAGE = DOCS / "diagnosis.md"
HEADER = """\
# What `diagnose` finds

<!-- Written by `make diagnose`; do not edit. -->

`kafka-producer-exporter diagnose [TARGET]` reads a producer twice, asks the brokers where they are configured, and
names the causes of what goes wrong, the most likely first, with the numbers that it rests on and what to change.

## Where the numbers come from

| Source | Flags |
| --- | --- |
| the producer's JVM, live | `TARGET`, `--target`, `--config`; without any, as the `serve` beside it |
| the brokers | `--bootstrap-server`, or `broker:` in the configuration; alone, without a target, too |
| a metrics page of this exporter, of jmx_exporter or of Micrometer | `--metrics-url URL` |
| a Prometheus that has any of these, now or at a past time | `--prometheus URL`, `--at TIME`, `--match MATCHER` |

The names of jmx_exporter before and since 1.0 (`kafka_producer_producer_metrics_record_error_total`, or without
`_total`) and of Micrometer (`kafka_producer_record_error_total`, with the client's own units) are known.
`--token-file`, `--ca-file` and `--header` apply to both kinds of URL. The report says what a source cannot tell.

## Causes

"""
RUNS = """
## Tried on real faults

Each fault of [`lab/faults.yaml`](../lab/faults.yaml) that concerns a producer was begun in a world of real brokers and
producers, and `diagnose` was run beside it, with JMX alone and with the brokers, from eight seconds after the beginning
until it named the cause. *Or* joins causes that it says the sources cannot tell apart; *needs brokers* means that JMX
alone does not show the cause. The producers' own times are divided by 20, as in [fault-matrix.md](fault-matrix.md).

"""


def text_of(results: Mapping[str, Result], table: Table) -> str:
    """Return the page."""
    causes = markdown_table(
        ("Cause", "Meaning", "Runbook"),
        [(f"`{cause.id}`", cause.title.en, cause.runbook) for cause in CAUSES],
    )
    versions = next((result.versions for result in results.values()), {})
    line = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (
        HEADER
        + causes
        + RUNS
        + markdown_table(HEAD, _rows(results, table))
        + (f"\nVersions: {line}.\n" if line else "")
    )


HEAD = ("Fault", "What it does", "Finding", "JMX alone", "JMX and brokers", "Named after", "Verdict")


def _rows(results: Mapping[str, Result], table: Table) -> Iterator[tuple[str, ...]]:
    for row in table.rows.values():
        if not row.finding:
            continue
        result = results.get(row.name)
        if result is None or result.finding != row.finding:
            yield row.name, row.what, f"`{row.finding}`", "-", "-", "-", "not run yet"
            continue
        alone = "-" if result.jmx is None else _named(result.jmx)
        if row.finding_by == "brokers" and result.jmx is not None and row.finding not in result.jmx.first:
            alone += " (needs brokers)"
        verdict = "as expected" if result.is_good else "**not named**"
        last = result.brokers or result.jmx
        after = f"{last.after_seconds:.0f} s" if last is not None else "-"
        with_brokers = "-" if result.brokers is None else _named(result.brokers)
        yield row.name, row.what, f"`{row.finding}`", alone, with_brokers, after, verdict


def _named(one: Named) -> str:
    words = " or ".join(one.first)
    return f"{words}, {one.certainty}" if one.certainty else words


def write_page(page: Path = PAGE) -> None:
    """Write the page from what was recorded."""
    page.write_text(text_of(load(), read_table()))
