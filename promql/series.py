"""What the series of an expression look like: their labels and the unit of their values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kafka_producer_exporter.model import Kind, Metric
from promql.expressions import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Negative,
    Node,
    Number,
    Parentheses,
    Range,
    Selector,
    String,
    Subquery,
    without_parentheses,
)

SERVICE_LABELS = frozenset({"namespace", "target"})
CLUSTER_LABELS = frozenset({"kafka_cluster"})
INSTANCE_LABELS = frozenset({"job", "instance"})
SCRAPE_LABELS = INSTANCE_LABELS | {"namespace"}
"""The labels that Prometheus and a PodMonitor add to every series that the pack may use."""


class Unit(StrEnum):
    """What a value counts, as far as its format depends on it."""

    RATIO = "ratio"
    SECONDS = "seconds"
    TIMESTAMP = "timestamp"
    BYTES = "bytes"
    RATE = "rate"
    COUNT = "count"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a metric or a recording rule. ``labels`` is None if it can have any label."""

    kind: Kind
    labels: frozenset[str] | None
    unit: Unit
    is_recorded: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The series of an expression.

    ``labels`` are those that a series can have, ``certain`` those that each series has; both None if unknown.
    """

    labels: frozenset[str] | None
    certain: frozenset[str] | None
    is_scalar: bool = False


SCALAR = Series(frozenset(), frozenset(), is_scalar=True)
UNKNOWN = Series(None, None)
PROMETHEUS_METRICS: Mapping[str, Known] = {
    "up": Known(Kind.GAUGE, SCRAPE_LABELS, Unit.COUNT),
    "scrape_duration_seconds": Known(Kind.GAUGE, SCRAPE_LABELS, Unit.SECONDS),
    "scrape_samples_scraped": Known(Kind.GAUGE, SCRAPE_LABELS, Unit.COUNT),
    "scrape_samples_post_metric_relabeling": Known(Kind.GAUGE, SCRAPE_LABELS, Unit.COUNT),
    "scrape_series_added": Known(Kind.GAUGE, SCRAPE_LABELS, Unit.COUNT),
    "ALERTS": Known(Kind.GAUGE, None, Unit.COUNT),
    "ALERTS_FOR_STATE": Known(Kind.GAUGE, None, Unit.TIMESTAMP),
}
"""What Prometheus itself serves about each scrape and each alert."""


def known_metrics(metrics: Iterable[Metric], *, of_the_exporter: Iterable[Metric]) -> dict[str, Known]:
    """Return what is known about the metrics of the catalogue, and about Prometheus' own.

    *of_the_exporter* are metrics of the exporter itself: unless they are about a target they belong to no cluster.
    """
    own = {metric.name for metric in of_the_exporter if "target" not in metric.labels}
    table = dict(PROMETHEUS_METRICS)
    for metric in metrics:
        added = SCRAPE_LABELS if metric.name in own else SCRAPE_LABELS | CLUSTER_LABELS
        table[metric.name] = Known(metric.kind, frozenset(metric.labels) | added, _unit_of_name(metric.name))
    return table


def series_of(node: Node, known: Mapping[str, Known]) -> Series:
    """Return what the series of an expression look like."""
    match node:
        case Number() | String():
            return SCALAR
        case Selector(name, matchers):
            metric = known.get(name)
            if metric is None or metric.labels is None:
                return UNKNOWN
            labels = metric.labels - {m.name for m in matchers if m.op == "=" and not m.value}
            return Series(labels, labels)
        case Range(inner) | Subquery(inner) | Negative(inner) | Parentheses(inner):
            return series_of(inner, known)
        case Call():
            return _series_of_call(node, known)
        case Aggregate():
            return _series_of_aggregate(node, known)
        case Binary():
            return _series_of_binary(node, known)
    raise TypeError(f"no series for {node!r}")


def _series_of_call(node: Call, known: Mapping[str, Known]) -> Series:
    if node.function in {"time", "scalar", "pi"}:
        return SCALAR
    if node.function in {"absent", "absent_over_time"}:
        inner = without_parentheses(node.arguments[0])
        selector = inner.selector if isinstance(inner, Range) else inner
        matchers = selector.matchers if isinstance(selector, Selector) else ()
        equal = frozenset(m.name for m in matchers if m.op == "=" and m.value)
        return Series(equal, equal)
    vectors = [s for s in (series_of(argument, known) for argument in node.arguments) if not s.is_scalar]
    if not vectors or node.function == "vector":
        return Series(frozenset(), frozenset())
    labels, certain = vectors[0].labels, vectors[0].certain
    if node.function in {"label_replace", "label_join"} and labels is not None:
        target = node.arguments[1]
        return Series(labels | {target.value}, certain) if isinstance(target, String) else UNKNOWN
    if node.function == "histogram_quantile" and labels is not None and certain is not None:
        return Series(labels - {"le"}, certain - {"le"})
    return vectors[0]


def _series_of_aggregate(node: Aggregate, known: Mapping[str, Known]) -> Series:
    inner = series_of(node.expression, known)
    if node.op in {"topk", "bottomk", "limitk", "limit_ratio"}:
        return inner
    labels = frozenset(node.labels)
    if node.op == "count_values" and isinstance(node.parameter, String):
        labels |= {node.parameter.value}
    if node.keyword == "without":
        if inner.labels is None or inner.certain is None:
            return UNKNOWN
        return Series(inner.labels - labels, inner.certain - labels)
    return Series(labels, labels if inner.certain is None else labels & inner.certain)


def _series_of_binary(node: Binary, known: Mapping[str, Known]) -> Series:
    left, right = series_of(node.left, known), series_of(node.right, known)
    if left.is_scalar and right.is_scalar:
        return SCALAR
    if left.is_scalar or right.is_scalar:
        return right if left.is_scalar else left
    if node.op in {"and", "unless"}:
        return left
    if left.labels is None or right.labels is None or left.certain is None or right.certain is None:
        return UNKNOWN
    if node.op == "or":
        return Series(left.labels | right.labels, left.certain & right.certain)
    if node.group:
        many = left if node.group == "group_left" else right
        included = frozenset(node.included)
        return Series((many.labels or frozenset()) | included, (many.certain or frozenset()) | included)
    matched = frozenset(node.labels)
    if node.matching == "on":
        return Series(matched & left.labels, matched & left.certain)
    return Series(left.labels - matched, left.certain - matched)


def unit_of(node: Node, known: Mapping[str, Known]) -> Unit:
    """Return the unit of the values of an expression."""
    match node:
        case Selector(name):
            return known[name].unit if name in known else Unit.UNKNOWN
        case Range(inner) | Subquery(inner) | Negative(inner) | Parentheses(inner):
            return unit_of(inner, known)
        case Call():
            return _unit_of_call(node, known)
        case Aggregate(op, inner):
            return Unit.COUNT if op in {"count", "group", "count_values"} else unit_of(inner, known)
        case Binary():
            return _unit_of_binary(node, known)
    return Unit.UNKNOWN


def _unit_of_call(node: Call, known: Mapping[str, Known]) -> Unit:
    if node.function in {"time", "timestamp"}:
        return Unit.TIMESTAMP
    if node.function in {"resets", "changes", "count_over_time", "absent", "present_over_time"}:
        return Unit.COUNT
    if not node.arguments:
        return Unit.UNKNOWN
    inner = unit_of(node.arguments[0], known)
    if node.function in {"rate", "irate", "deriv"}:
        return Unit.RATIO if inner is Unit.SECONDS else Unit.RATE
    return inner


def _unit_of_binary(node: Binary, known: Mapping[str, Known]) -> Unit:
    left, right = unit_of(node.left, known), unit_of(node.right, known)
    numbers = _is_number(node.left), _is_number(node.right)
    if node.op in COMPARISONS:
        return Unit.COUNT if node.returns_bool else right if numbers[0] else left
    if node.op in SET_OPERATORS:
        return left
    unit = Unit.UNKNOWN
    if node.op == "/":
        if left is right and left is not Unit.UNKNOWN:
            unit = Unit.RATIO
        elif numbers[1]:
            unit = left
    elif node.op in {"+", "-"}:
        if node.op == "-" and left is right is Unit.TIMESTAMP:
            unit = Unit.SECONDS
        elif left is right or numbers[1]:
            unit = left
        elif numbers[0]:
            unit = right
    return unit


def _is_number(node: Node) -> bool:
    inner = without_parentheses(node)
    if isinstance(inner, Binary):
        return _is_number(inner.left) and _is_number(inner.right)
    return isinstance(inner, Number)


def unit_of_recording(name: str) -> Unit:
    """Return the unit of a recording rule, which its name shows."""
    *_, metric, operations = f":{name}".split(":")
    if "ratio" in operations:
        return Unit.RATIO
    if operations.startswith("rate"):
        return Unit.RATIO if metric.endswith("_seconds") else Unit.RATE
    return _unit_of_name(metric)


def _unit_of_name(name: str) -> Unit:
    stem = name.removesuffix("_total")
    for ending, unit in (
        ("_timestamp_seconds", Unit.TIMESTAMP),
        ("_start_time_seconds", Unit.TIMESTAMP),
        ("_seconds", Unit.SECONDS),
        ("_bytes", Unit.BYTES),
        ("_ratio", Unit.RATIO),
    ):
        if stem.endswith(ending):
            return unit
    return Unit.RATIO if "compression_rate" in stem else Unit.RATE if stem.endswith("_rate") else Unit.COUNT
