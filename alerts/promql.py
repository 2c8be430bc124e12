"""Checks a query: that it parses, and that it names only metrics and labels that exist."""

from collections.abc import Collection, Iterator

import promql_parser

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Profile

SCRAPE_LABELS = frozenset(
    {"job", "instance", "namespace", "pod", "container", "service", "endpoint", "node", "target", "kafka_cluster"}
)
"""Labels that Prometheus, its Operator or the exporter's configuration may add to any of our series."""
CATALOGUE_LABELS = frozenset(label for metric in METRICS.values() for label in metric.labels)
ALERT_LABELS = frozenset({"alertname", "alertstate", "severity", "component", "theme"})
PROMETHEUS_METRICS = frozenset(
    {
        *("up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped"),
        *("scrape_samples_post_metric_relabeling", "scrape_series_added", "scrape_timeout_seconds"),
    }
)
"""What Prometheus adds of its own."""


def findings(query: str, *, recordings: Collection[str]) -> list[str]:
    """Return what is wrong with a query. *recordings* are the names of the recording rules."""
    try:
        tree = promql_parser.parse(query)
    except ValueError as error:
        return [f"the query does not parse: {error}"]
    found: list[str] = []
    allowed: set[str] = set()
    used: set[str] = set()

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            name, labels = _selected(node)
            found.extend(_of_metric(name, recordings))
            known = _labels_of(name, recordings)
            allowed.update(known)
            found.extend(f"{name} has no label {label}" for label in sorted(labels - known))
        else:
            used.update(_grouped_by(node))
            allowed.update(_made_labels(node))
        return True

    promql_parser.walk(tree, visit)
    return [
        *dict.fromkeys(found),
        *(f"no metric of the query has the label {label}" for label in sorted(used - allowed)),
    ]


def _selected(selector: promql_parser.VectorSelector) -> tuple[str, set[str]]:
    """Return the metric and the labels that a selector names."""
    matchers = [*selector.matchers.matchers, *(m for group in selector.matchers.or_matchers for m in group)]
    name = next((m.value for m in matchers if m.name == "__name__"), selector.name or "")
    return name, {m.name for m in matchers} - {"__name__"}


def _of_metric(name: str, recordings: Collection[str]) -> Iterator[str]:
    if metric := METRICS.get(name):
        if metric.profile is Profile.FULL:
            yield f"{name} is only in the profile full, which few exporters have"
    elif name not in recordings and name not in PROMETHEUS_METRICS:
        yield f"there is no metric {name or 'without a name'}"


def _labels_of(name: str, recordings: Collection[str]) -> frozenset[str]:
    if metric := METRICS.get(name):
        return SCRAPE_LABELS.union(metric.labels)
    if name in recordings:
        return SCRAPE_LABELS | CATALOGUE_LABELS
    if name.startswith("ALERTS"):
        return SCRAPE_LABELS | CATALOGUE_LABELS | ALERT_LABELS
    return SCRAPE_LABELS


def _grouped_by(node: promql_parser.Expr) -> Iterator[str]:
    """Yield the labels that a node groups or joins by."""
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
        yield from node.modifier.labels
    elif isinstance(node, promql_parser.BinaryExpr) and node.modifier:
        yield from node.modifier.matching.labels if node.modifier.matching else ()
        yield from node.modifier.group_labels or ()


def _made_labels(node: promql_parser.Expr) -> Iterator[str]:
    """Yield the label that a function adds."""
    if isinstance(node, promql_parser.Call) and node.func.name in ("label_replace", "label_join"):
        yield node.args[1].val
