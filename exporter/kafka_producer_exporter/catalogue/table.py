"""The index of the catalogue: every metric by name and by attribute, and the order of the page."""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from kafka_producer_exporter.catalogue import broker, broker_jmx, client, exporter, process
from kafka_producer_exporter.model import Attribute, Family, Kind, Labels, MBeanKind, Metric, Profile


def _by_name(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    table: dict[str, Metric] = {}
    for metric in metrics:
        if table.setdefault(metric.name, metric) is not metric:
            raise ValueError(f"{metric.name}: the catalogue has this name twice")
    return MappingProxyType(table)


METRICS = _by_name([*client.METRICS, *broker.METRICS, *broker_jmx.METRICS, *exporter.METRICS, *process.METRICS])
"""Every metric by name, in the order of the page and of the documentation."""

IGNORED: Mapping[Attribute, str] = MappingProxyType(client.IGNORED)
"""Numeric attributes that no profile serves, and why."""


def as_page(families: Iterable[Family]) -> list[Family]:
    """Merge families from several sources into one page: one family per metric, in catalogue order.

    The lists of samples are copied, because another page may be made from the same families at the same time.
    """
    merged: dict[Metric, list[tuple[Labels, float]]] = {}
    for metric, samples in families:
        merged.setdefault(metric, []).extend(samples)
    return [Family(metric, merged[metric]) for metric in METRICS.values() if metric in merged]


def attribute_labels(metric: Metric) -> Mapping[str, str]:
    """Return the attributes that become labels of an info metric, as ``{"commit-id": "commit_id"}``; else nothing."""
    if metric.kind is not Kind.INFO or metric.attribute is None:
        return {}
    given = {"target", *(label for _, label in metric.attribute.mbean.labels)}
    return {label.replace("_", "-"): label for label in metric.labels if label not in given}


def spellings_of(metric: Metric) -> list[tuple[MBeanKind, tuple[str, ...]]]:
    """Return the attributes that a metric is read from, each with all of its spellings, newest first."""
    if metric.attribute is None:
        return []
    kind, name, older = metric.attribute
    if metric.kind is Kind.INFO:
        return [(kind, (attribute,)) for attribute in attribute_labels(metric)]
    return [(kind, (name, *older))]


@cache
def by_attribute(profile: Profile) -> Mapping[tuple[MBeanKind, str], Metric]:
    """Return the metrics of a profile by attribute, under every spelling.

    An info metric is listed under each attribute that becomes one of its labels.
    """
    return MappingProxyType(
        {
            (kind, spelling): metric
            for metric in METRICS.values()
            if profile.includes(metric.profile)
            for kind, spellings in spellings_of(metric)
            for spelling in spellings
        }
    )
