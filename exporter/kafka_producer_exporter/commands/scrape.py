"""The verb ``scrape``: reads targets now, and prints their metrics for a person or a program."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kafka_producer_exporter.catalogue.table import as_page
from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.model import Family, Kind, Labels, Metric, Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.settings import Target
from kafka_producer_exporter.text import human_seconds, human_value, table

DEADLINE_SECONDS = 10.0
COLUMNS = 4
"""How many producers stand side by side; further producers follow below."""
CLEAR_SCREEN = "\x1b[H\x1b[2J"

Series = tuple[Metric, Labels]
Values = dict[Series, float]
Rates = Mapping[Series, float]
"""The increase of counters per second between the previous scrape and this one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    add_targets(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    parser.add_argument(
        "--watch", nargs="?", type=_interval, const=2.0, metavar="SECONDS", help="repeat every SECONDS (default: 2)"
    )
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read and print. Return 0, or 3 if a target does not answer."""
    # Imported here, so that a usage error is reported without loading the JMX client.
    from kafka_producer_exporter.memory import MemoryBudget
    from kafka_producer_exporter.targets.reader import TargetReader
    from kafka_producer_exporter.targets.transports import transport_for

    settings = settings_from(arguments)
    targets = chosen_targets(settings, arguments.targets)
    readers = [TargetReader(t, settings, transport=transport_for(t), budget=MemoryBudget(None)) for t in targets]
    show = as_json if arguments.format == "json" else Screen(clear=arguments.watch and sys.stdout.isatty()).show
    try:
        while True:
            scrapes = [reader.read(time.monotonic() + DEADLINE_SECONDS) for reader in readers]
            sys.stdout.write(show(targets, scrapes))
            sys.stdout.flush()
            if not arguments.watch:
                return 0 if all(scrape.reason is None for scrape in scrapes) else 3
            time.sleep(arguments.watch)
    except KeyboardInterrupt:
        return 0
    finally:
        for reader in readers:
            reader.close()


class Screen:
    """Shows scrapes as tables, with the rates since the previous scrape."""

    def __init__(self, *, clear: bool) -> None:
        self._clear = CLEAR_SCREEN if clear else ""
        self._before: dict[str, tuple[float, Values]] = {}

    def show(self, targets: Sequence[Target], scrapes: Sequence[Scrape]) -> str:
        """Return the text for these scrapes."""
        return self._clear + "\n".join(self._one(*pair) for pair in zip(targets, scrapes, strict=True))

    def _one(self, target: Target, scrape: Scrape) -> str:
        values: Values = {
            (family.metric, labels): value for family in scrape.families for labels, value in family.samples
        }
        began, before = self._before.get(target.name, (scrape.started, {}))
        self._before[target.name] = scrape.started, values
        seconds = scrape.started - began
        rates = {
            series: (value - before[series]) / seconds
            for series, value in values.items()
            if seconds > 0 and series[0].kind is Kind.COUNTER and value >= before.get(series, value + 1)
        }
        return "".join(target_text(target, scrape, rates))


def target_text(target: Target, scrape: Scrape, rates: Rates) -> Iterator[str]:
    """Yield the text of one scrape: a line about the target, a table of its producers, then its topics and brokers."""
    address = str(Address(target.jmx.host, target.jmx.port))
    where = address if target.name == address else f"{target.name} ({address})"
    if scrape.reason is not None:
        yield f"{where}: down, {scrape.reason}\n  {printable(scrape.detail, limit=None)}\n"
        return
    series = sum(len(family.samples) for family in scrape.families)
    yield f"{where}: up, {_seen(scrape.clients)}, {series} series in {human_seconds(scrape.duration_seconds)}\n"
    if scrape.detail:
        yield f"  {scrape.detail}\n"
    elif scrape.clients == 0:
        yield "  The JVM answers but has no producer yet; a producer appears as soon as the application creates it.\n"
    # The subject of a series: the labels that come from the name of its MBean.
    by_subject: dict[tuple[str, ...], list[Family]] = {}
    for family in as_page(scrape.families):
        attribute = family.metric.attribute
        if attribute is not None:
            by_subject.setdefault(tuple(label for _, label in attribute.mbean.labels), []).append(family)
    for subject, families in by_subject.items():
        yield from SHOWN_AS.get(subject, _parts)(subject, families, rates)


def _seen(clients: int | None) -> str:
    if clients is None:
        return "a broker"
    return "1 producer" if clients == 1 else f"{clients} producers"


def _producers(_: Sequence[str], families: Sequence[Family], rates: Rates) -> Iterator[str]:
    """Yield a table with one line per metric and the producers side by side."""
    clients = sorted({labels["client_id"] for family in families for labels, _ in family.samples})
    cells = _cells(families, rates, lambda labels: labels["client_id"])
    for start in range(0, len(clients), COLUMNS):
        shown = clients[start : start + COLUMNS]
        section = ""
        rows: list[Sequence[str]] = []
        for family in families:
            if family.metric.section != section:
                section = family.metric.section
                rows.append([section.upper(), *(shown if not rows else [""] * len(shown))])
            rows.append([f"  {family.metric.name}", *(cells.get((client, family.metric), "-") for client in shown)])
        yield "\n" + table(rows)


def _parts(subject: Sequence[str], families: Sequence[Family], rates: Rates) -> Iterator[str]:
    """Yield a table with one line per topic or broker and the metrics side by side."""

    def about(labels: Labels) -> str:
        return " / ".join(labels[label] for label in subject)

    keys = sorted({about(labels) for family in families for labels, _ in family.samples})
    cells = _cells(families, rates, about)
    prefix = os.path.commonprefix([family.metric.name for family in families]).rpartition("_")[0]  # noqa: RUF071 - no paths
    head = [
        f"{' / '.join(subject)}: {prefix}_…",
        *(family.metric.name.removeprefix(f"{prefix}_") for family in families),
    ]
    yield "\n" + table([head, *([key, *(cells.get((key, family.metric), "-") for family in families)] for key in keys)])


def _whole(_: Sequence[str], families: Sequence[Family], rates: Rates) -> Iterator[str]:
    """Yield a table with one line per metric of the whole JVM."""
    cells = _cells(families, rates, lambda _: "")
    yield "\n" + table([[family.metric.name, cells["", family.metric]] for family in families])


SHOWN_AS: Mapping[tuple[str, ...], Callable[[Sequence[str], Sequence[Family], Rates], Iterator[str]]] = {
    ("client_id",): _producers,
    (): _whole,
}
"""How to show the series of a subject; any other subject is shown with ``_parts``."""


def _cells(families: Iterable[Family], rates: Rates, about: Callable[[Labels], str]) -> dict[tuple[str, Metric], str]:
    return {
        (about(labels), family.metric): _cell(family.metric, labels, value, rates)
        for family in families
        for labels, value in family.samples
    }


def _cell(metric: Metric, labels: Labels, value: float, rates: Rates) -> str:
    if metric.kind is Kind.INFO:
        return labels["version"]
    if metric.name.endswith("_start_time_seconds"):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value))
    text = human_value(value, metric)
    rate = rates.get((metric, labels))
    return text if rate is None else f"{text} ({human_value(rate, metric)}/s)"


def as_json(targets: Sequence[Target], scrapes: Sequence[Scrape]) -> str:
    """Return one line of JSON per target."""
    return "".join(
        json.dumps(
            {
                "target": target.name,
                "up": scrape.reason is None,
                "reason": scrape.reason,
                "detail": scrape.detail,
                "clients": scrape.clients,
                "duration_seconds": scrape.duration_seconds,
                "samples": [
                    {"name": family.metric.name, "labels": dict(labels.pairs), "value": value}
                    for family in as_page(scrape.families)
                    for labels, value in family.samples
                ],
            }
        )
        + "\n"
        for target, scrape in zip(targets, scrapes, strict=True)
    )


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not an interval; use 0.1 to 3600 seconds")
    return seconds
