"""The names that other exporters give to a producer's metrics, and ours for them. Pure.

- jmx_exporter (and Strimzi's reporter): ``kafka_producer_producer_metrics_record_error_total``; since 1.0 without
  ``_total``. Per topic and broker ``kafka_producer_producer_topic_metrics_…`` and ``…_node_metrics_…``.
- Micrometer: ``kafka_producer_record_error_total``, ``kafka_producer_topic_…`` and ``kafka_producer_node_…``.

Both keep the client's own units, and jmx_exporter keeps the quotes that Kafka puts around some client ids.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from kafka_producer_exporter.catalogue.mbean_kinds import APP_INFO, CLIENT, NODE, TOPIC
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.diagnosis.evidence import Down, Page, Reading, Series, provided_by
from kafka_producer_exporter.model import Kind

Sample = tuple[str, Mapping[str, str], float]
"""A sample of a page: its name, its labels, and its value."""

MICROMETER_PREFIX = {
    CLIENT: "kafka_producer_",
    TOPIC: "kafka_producer_topic_",
    NODE: "kafka_producer_node_",
    APP_INFO: "kafka_app_info_",
}
OURS = "kafka_producer_up"
"""A metric that no other exporter has."""
LABELS = {"client-id": "client_id", "clientId": "client_id", "node-id": "node_id", "nodeId": "node_id"}
NODE_PREFIX, BOOTSTRAP_NODE = "node-", "node--"
_ESCAPED = re.compile(r'\\(["\\*?])')


class Named(NamedTuple):
    """What a name stands for: our metric, and what its value is divided by."""

    name: str
    divisor: float


@cache
def known_names() -> Mapping[str, Named]:
    """Return every known name: ours, and those of other exporters."""
    names = {name: Named(name, 1.0) for name in METRICS}
    for metric in METRICS.values():
        attribute = metric.attribute
        if attribute is None or attribute.mbean not in MICROMETER_PREFIX or metric.kind is Kind.INFO:
            continue
        for spelling in (attribute.name, *attribute.older):
            ours = Named(metric.name, metric.unit.divisor)
            theirs = spelling.replace("-", "_")
            jmx = f"kafka_producer_{attribute.mbean.type.replace('-', '_')}_{theirs}"
            for name in (jmx, jmx.removesuffix("_total"), MICROMETER_PREFIX[attribute.mbean] + theirs):
                names.setdefault(name, ours)
    return names


class Shown(NamedTuple):
    """A page by our names."""

    page: Page
    provides: frozenset[str]
    """Every name that the page's exporter has, also those of which no series has a value."""


def by_our_names(samples: Iterable[Sample]) -> Shown:
    """Return samples by our names. What has another name, or no value, is left out."""
    names = known_names()
    page: dict[str, list[Series]] = {}
    provides = set()
    for name, labels, value in samples:
        known = names.get(name)
        if known is None:
            continue
        provides.add(known.name)
        metric = METRICS[known.name]
        if labels.get("node_id", labels.get("node-id", "")).startswith(BOOTSTRAP_NODE):
            continue  # no broker, but a bootstrap address
        if math.isfinite(value) and value <= metric.absent_above:
            page.setdefault(known.name, []).append((dict(_labels(labels)), value / known.divisor))
    if OURS in page:  # which leaves out what has no value
        provides |= provided_by(page)
    return Shown(page, frozenset(provides))


def by_target(page: Page, otherwise: str, *, by_instance: bool = False) -> dict[str, dict[str, list[Series]]]:
    """Return the part of each target, by the label ``target``; what is a producer's and has none is *otherwise*'s.

    With *by_instance*, the replicas of a target are told apart by the labels ``pod`` or ``instance``, which are shown
    in brackets. What is no producer's, such as the broker view, has the empty name.
    """
    parts: dict[str, dict[str, list[Series]]] = {}
    for name, series in page.items():
        for labels, value in series:
            target = labels.get("target") or (otherwise if "client_id" in labels else "")
            instance = labels.get("pod") or labels.get("instance") if by_instance and target else None
            subject = f"{target} ({instance})" if instance else target
            parts.setdefault(subject, {}).setdefault(name, []).append((labels, value))
    return parts


def readings(parts: Mapping[str, Page], at_seconds: float, source: str) -> dict[str, Reading]:
    """Return the parts as readings. A target whose exporter could not read it is down; *source* is where it says so."""
    return {target: _reading(page, at_seconds, source) for target, page in parts.items()}


def _reading(page: Page, at_seconds: float, source: str) -> Reading:
    reasons = [labels.get("reason", "") for labels, _ in page.get("kafka_producer_exporter_target_error", ())]
    return Reading(at_seconds, {}, Down(reasons[0], f"see {source}")) if reasons else Reading(at_seconds, page)


def _labels(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in labels.items():
        ours = LABELS.get(name, name)
        if ours == "node_id":
            yield ours, value.removeprefix(NODE_PREFIX)
            continue
        is_quoted = ours in ("client_id", "topic") and len(value) > 1 and value[0] == value[-1] == '"'
        yield ours, _ESCAPED.sub(r"\1", value[1:-1]) if is_quoted else value
