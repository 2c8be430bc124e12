"""The demo's table: the guide's numbers of each producer, out of a page as Prometheus sees it. Pure."""

from collections.abc import Mapping, Sequence

from prometheus_client.parser import text_string_to_metric_families

from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.commands.text import human_value, table
from kafka_producer_exporter.model import Kind

Page = Mapping[tuple[str, str], float]
"""Metric and target to value: in the demo each target has one producer."""


def read_page(text: str) -> Page:
    """Return the samples of a page that say something of a target as a whole, or of its producer."""
    return {
        (sample.name, sample.labels["target"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "target" in sample.labels and not {"topic", "node_id"} & sample.labels.keys()
    }


def guide_table(page: Page, before: Page, seconds: float, targets: Sequence[str]) -> str:
    """Return a line for each name of the guide that a client has, and the targets side by side.

    A total is shown as its rise in a second since the page before.
    """
    width = max(len(name) for name in METRICS)
    rows: list[Sequence[str]] = [["THE GUIDE'S NAME", *targets, ""]]
    for entry in GUIDE:
        for metric in entry.metrics():
            cells = []
            for target in targets:
                value = page.get((metric.name, target))
                if value is not None and metric.kind is Kind.COUNTER and seconds > 0:
                    rise = max(0.0, value - before.get((metric.name, target), value)) / seconds
                    cells.append(f"{human_value(rise, metric)}/s")
                else:
                    cells.append("-" if value is None else human_value(value, metric))
            rows.append([entry.name, *cells, f"  {metric.name:{width}}"])
    up = METRICS["kafka_producer_up"]
    rows.append(
        ["up", *(human_value(page.get((up.name, target), 0), up) for target in targets), f"  {up.name:{width}}"]
    )
    return table(rows)


def missing(page: Page, targets: Sequence[str]) -> list[str]:
    """Return what a working demo has and this page has not: each of the guide's names that a client has, by target."""
    return [
        f"{metric.name} of {target}"
        for entry in GUIDE
        for metric in entry.metrics()
        for target in targets
        if metric.labels[:2] == ("target", "client_id") and (metric.name, target) not in page
    ]
