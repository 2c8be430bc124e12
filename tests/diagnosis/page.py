"""The page docs/diagnosis.md, made from what the runs recorded."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kafka_producer_exporter.diagnosis.table import CAUSES
from kafka_producer_exporter.text import markdown_table
from lab.faults.table import Row, Table, read_table
from tests.diagnosis.lab_run import PAGES, PROMETHEUS, SECOND_SET, Named, Result, folder_of, is_good, load
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

Each fault of [`lab/faults.yaml`](../lab/faults.yaml) was begun in a world of real brokers and producers, and
`diagnose` was run beside it, with JMX alone and with the brokers, from eight seconds after the beginning until it named
the cause. *Or* joins causes that it says the sources cannot tell apart; *needs brokers* means that JMX alone does not
show the cause. The producers' own times are divided by 20, as in [fault-matrix.md](fault-matrix.md).

"""
PAGE_RUNS = """
### From metrics pages of other exporters, and from Prometheus

In the same runs, `--metrics-url` read the same producer from jmx_exporter, with its default rule, and from the page
that its own JVM serves with Micrometer's `KafkaClientMetrics`. The line at the end of the alerts' descriptions asked
the Prometheus that scrapes the sidecar and a broker view. *Cannot know* means that the report says so of the cause.

"""
SECOND_RUNS = """
### With other clients, rates and sizes

These runs came after the rules were written, with older clients, and with other loads than usual:
{loads}.
A cell has what was named with JMX alone and, where that differs, with the brokers. The first of these runs had shown
that `application-aborts` and `transaction-timeout` need how transactions ended, from the log, with a client that does
not time its aborts; these two rules were extended, and their rows run again. A client before 4.0 always has a
JmxReporter, so `reporter-off` has no row, and with less than half the rate the callbacks of `slow-callback` do no harm.

"""


def text_of(results: Mapping[str, Result], second: Mapping[str, Mapping[str, Result]], table: Table) -> str:
    """Return the page: *results* by fault, and *second* by client and fault."""
    causes = markdown_table(
        ("Cause", "Meaning", "Runbook"),
        [(f"`{cause.id}`", cause.title.en, cause.runbook) for cause in CAUSES],
    )
    versions = next((result.versions for result in results.values()), {})
    line = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    loads = "; ".join(
        f"client {client}, rate × {load.rate:g}, size × {load.size:g}" for client, load in SECOND_SET.items()
    )
    return (
        HEADER
        + causes
        + RUNS
        + markdown_table(HEAD, _rows(results, table))
        + (f"\nVersions: {line}.\n" if line else "")
        + PAGE_RUNS
        + markdown_table(("Fault", "Finding", *PAGES, PROMETHEUS), _page_rows(results, table))
        + SECOND_RUNS.format(loads=loads)
        + markdown_table(("Fault", "Finding", *(f"Client {one}" for one in SECOND_SET)), _second_rows(second, table))
    )


HEAD = ("Fault", "What it does", "Finding", "JMX alone", "JMX and brokers", "Named after", "Verdict")


def _rows(results: Mapping[str, Result], table: Table) -> Iterator[tuple[str, ...]]:
    for row in table.rows.values():
        if not row.finding:
            yield row.name, row.what, "none", "-", "-", "-", row.no_finding
            continue
        result = _result(results, row)
        if result is None:
            yield row.name, row.what, f"`{row.finding}`", "-", "-", "-", "not run yet"
            continue
        alone = "-" if result.jmx is None else _named(result.jmx)
        if row.finding_by == "brokers" and result.jmx is not None and row.finding not in result.jmx.first:
            alone += " (needs brokers)"
        verdict = "as expected" if is_good(result, row) else "**not named**"
        last = result.brokers or result.jmx
        after = f"{last.after_seconds:.0f} s" if last is not None else "-"
        with_brokers = "-" if result.brokers is None else _named(result.brokers)
        yield row.name, row.what, f"`{row.finding}`", alone, with_brokers, after, verdict


def _page_rows(results: Mapping[str, Result], table: Table) -> Iterator[tuple[str, ...]]:
    for row in table.rows.values():
        result = _result(results, row)
        if result is not None and result.pages:
            yield row.name, f"`{row.finding}`", *(_cell(result.pages.get(name), row) for name in (*PAGES, PROMETHEUS))


def _second_rows(second: Mapping[str, Mapping[str, Result]], table: Table) -> Iterator[tuple[str, ...]]:
    for row in table.rows.values():
        found = [_result(second.get(client, {}), row) for client in SECOND_SET]
        if any(found):
            yield row.name, f"`{row.finding}`", *(_both(result, row) for result in found)


def _result(results: Mapping[str, Result], row: Row) -> Result | None:
    """Return the result of a row, unless it was of another finding."""
    result = results.get(row.name)
    return result if result is not None and row.finding and result.finding == row.finding else None


def _both(result: Result | None, row: Row) -> str:
    if result is None:
        return "-"
    cells = [] if result.jmx is None else [_cell(result.jmx, row)]
    if result.brokers is not None:
        right = row.finding in result.brokers.first
        cells.append(_named(result.brokers) if right else f"**{_named(result.brokers)}**")
    return "; with brokers: ".join(dict.fromkeys(cells))


def _cell(one: Named | None, row: Row) -> str:
    """Return what was named, emphasised where it is wrong."""
    if one is None:
        return "-"
    if row.finding in one.first:
        return _named(one)
    if row.finding in one.cannot_know:
        return f"{_named(one)} (cannot know)"
    return f"{_named(one)} (needs brokers)" if row.finding_by == "brokers" else f"**{_named(one)}**"


def _named(one: Named) -> str:
    words = " or ".join(one.first)
    return f"{words}, {one.certainty}" if one.certainty else words


def write_page(page: Path = PAGE) -> None:
    """Write the page from what was recorded."""
    page.write_text(recorded_page())


def recorded_page() -> str:
    """Return the page of what was recorded."""
    second = {client: load(folder_of(client)) for client in SECOND_SET}
    return text_of(load(folder_of(None)), second, read_table())
