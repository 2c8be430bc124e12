"""The demo's table: the guide's metrics for each producer, taken from a metrics page. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from prometheus_client.parser import text_string_to_metric_families

from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Kind
from kafka_producer_exporter.text import human_value, table

Page = Mapping[tuple[str, str], float]
"""(Metric name, target) → value. In the demo each target has one producer."""


def read_page(text: str, transactional_ids: Mapping[str, str]) -> Page:
    """Return the samples of a metrics page that describe a target or its producer as a whole.

    *transactional_ids* maps a transactional id to its target. Samples that brokers report for the id count for that
    target, summed over reasons.
    """
    page: dict[tuple[str, str], float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            target = labels.get("target") or transactional_ids.get(labels.get("transactional_id", ""))
            if target and not {"topic", "node_id"} & labels.keys():
                # An info metric carries its number in a label.
                page[sample.name, target] += float(labels.get("producer_id", sample.value))
    return dict(page)


def guide_table(page: Page, before: Page, seconds: float, targets: Sequence[str]) -> str:
    """Return a table with a row for each name in the guide and a column for each target.

    A counter is shown as its increase per second since *before*, the page of *seconds* ago.
    """
    width = max(len(name) for name in METRICS)
    rows: list[Sequence[str]] = [["THE GUIDE'S NAME", *targets, ""]]
    for entry in GUIDE:
        for metric in entry.metrics():
            cells = []
            for target in targets:
                value = page.get((metric.name, target))
                if value is not None and metric.kind is Kind.COUNTER and seconds > 0:
                    increase = max(0.0, value - before.get((metric.name, target), value)) / seconds
                    cells.append(f"{human_value(increase, metric)}/s")
                else:
                    cells.append("-" if value is None else human_value(value, metric))
            rows.append([entry.name, *cells, f"  {metric.name:{width}}"])
    up = METRICS["kafka_producer_up"]
    rows.append(
        ["up", *(human_value(page.get((up.name, target), 0), up) for target in targets), f"  {up.name:{width}}"]
    )
    return table(rows)


def missing(page: Page, targets: Sequence[str]) -> list[str]:
    """Return the guide's metrics that a working demo shows and this page lacks.

    A client's own metrics are required for every target, those from the brokers for at least one.
    """
    lacking = []
    for metric in (metric for entry in GUIDE for metric in entry.metrics()):
        without = [target for target in targets if (metric.name, target) not in page]
        if "target" in metric.labels:
            lacking += [f"{metric.name} of {target}" for target in without]
        elif len(without) == len(targets):
            lacking.append(metric.name)
    return lacking
