"""The whole table: every metric by its name, by its attribute, and what to ask a JVM for."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from types import MappingProxyType

from kafka_producer_exporter.catalogue import broker, broker_jmx, client, exporter, process
from kafka_producer_exporter.catalogue.mbeans import PATTERN, concerns_producers, is_bootstrap, kind_of, pattern_of
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.model import Attribute, Kind, MBeanKind, Metric, Profile
from kafka_producer_exporter.settings import TargetKind


def _by_name(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    table: dict[str, Metric] = {}
    for metric in metrics:
        if table.setdefault(metric.name, metric) is not metric:
            raise ValueError(f"{metric.name}: the catalogue has this name twice")
    return MappingProxyType(table)


METRICS = _by_name([*client.METRICS, *broker.METRICS, *broker_jmx.METRICS, *exporter.METRICS, *process.METRICS])
"""Every metric of the page by its name, in the order of the page and of the documentation."""

IGNORED: Mapping[Attribute, str] = MappingProxyType(client.IGNORED)
"""Numeric attributes that are in no profile, and why."""


def attribute_labels(metric: Metric) -> Mapping[str, str]:
    """Return the attributes whose text an info metric has as labels: ``{"commit-id": "commit_id"}``; else nothing."""
    if metric.kind is not Kind.INFO or not isinstance(metric.source, Attribute):
        return {}
    given = {"target", *(label for _, label in metric.source.mbean.labels)}
    return {label.replace("_", "-"): label for label in metric.labels if label not in given}


@cache
def by_attribute(profile: Profile) -> Mapping[tuple[MBeanKind, str], Metric]:
    """Return the metric that each attribute of a profile becomes, under each of its spellings.

    An info metric stands under each of the attributes that its labels come from.
    """
    return MappingProxyType(
        {
            (kind, attribute): metric
            for metric in METRICS.values()
            if profile.includes(metric.profile)
            for kind, spellings in _sources(metric)
            for attribute in spellings
        }
    )


@cache
def selections(profile: Profile, target: TargetKind = TargetKind.PRODUCER) -> Sequence[Selection]:
    """Return what to ask a JVM for, so that it is asked for nothing that the profile does not serve.

    Connections to bootstrap addresses are read only in the full profile: they say nothing of any one broker. A broker
    has a thousand MBeans and more, so it is asked for those of each kind by a pattern of their own.
    """
    if target is TargetKind.PRODUCER:
        return (Selection(PATTERN, partial(_choose, profile)),)
    sources = (metric.source for metric in broker_jmx.METRICS if profile.includes(metric.profile))
    patterns = dict.fromkeys(pattern_of(source.mbean) for source in sources if isinstance(source, Attribute))
    return tuple(Selection(pattern, partial(_choose, profile)) for pattern in patterns)


def _choose(profile: Profile, name: ObjectName, listed: Sequence[str]) -> Sequence[str]:
    kind = kind_of(name)
    if kind is None or (profile is not Profile.FULL and is_bootstrap(kind, name)) or not concerns_producers(kind, name):
        return ()
    return _wanted(profile, kind, tuple(listed))


# A JVM has a handful of shapes, and each client version a few more: the MBeans of one shape share one answer.
@lru_cache(maxsize=256)
def _wanted(profile: Profile, kind: MBeanKind, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes to ask for, in the table's order: of each the newest spelling that is listed."""
    there = frozenset(listed)
    wanted = (
        next((spelling for spelling in spellings if spelling in there), None)
        for metric in METRICS.values()
        if profile.includes(metric.profile)
        for source, spellings in _sources(metric)
        if source is kind
    )
    return tuple(attribute for attribute in wanted if attribute is not None)


def _sources(metric: Metric) -> list[tuple[MBeanKind, tuple[str, ...]]]:
    """Return the attributes that a metric is made of, each with its spellings, newest first."""
    if not isinstance(metric.source, Attribute):
        return []
    kind, name, older = metric.source
    if metric.kind is Kind.INFO:
        return [(kind, (attribute,)) for attribute in attribute_labels(metric)]
    return [(kind, (name, *older))]
