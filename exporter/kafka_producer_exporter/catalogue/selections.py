"""What to ask a JVM for: the MBeans and attributes that a profile serves, and no others."""

from collections.abc import Sequence
from functools import cache, lru_cache, partial

from kafka_producer_exporter.catalogue import broker_jmx
from kafka_producer_exporter.catalogue.mbean_kinds import (
    PATTERN,
    concerns_producers,
    is_bootstrap,
    kind_of,
    pattern_of,
)
from kafka_producer_exporter.catalogue.table import METRICS, spellings_of
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.model import MBeanKind, Profile
from kafka_producer_exporter.settings import TargetKind

LEFT_OUT_FIRST = ("type=producer-topic-metrics", "type=producer-node-metrics")
"""What the names of the MBeans contain that are left out first where a JVM has too many."""

PRODUCER_NAMES = Selection(PATTERN, None, LEFT_OUT_FIRST)
"""Lists the MBeans of all producers in a JVM, and reads nothing."""

BROKER_NAMES = Selection("kafka.server:type=app-info,id=*", None)
"""Lists the brokers in a JVM, and reads nothing. Each registers this MBean itself, as a producer does its own."""


def wrong_kind(kind: TargetKind, listed: Sequence[str]) -> str:
    """Return what to change if the JVM with these MBeans is not of this *kind*, for a person; nothing if it is.

    *listed* are the names for the target's selections and, unless they have any, for BROKER_NAMES.
    """
    if kind is TargetKind.BROKER:
        return "" if listed else "this JVM is not a broker; set kind: producer, or correct jmx.host and jmx.port"
    if not listed or any(name.startswith("kafka.producer:") for name in listed):
        return ""
    return "this JVM is a broker and has no producer; set kind: broker, or correct jmx.host and jmx.port"


@cache
def selections(profile: Profile, target: TargetKind = TargetKind.PRODUCER) -> Sequence[Selection]:
    """Return the selections that a target of this kind is read with.

    A broker has more than a thousand MBeans, so each kind is selected by its own pattern. Connections to bootstrap
    addresses are read in the full profile only, because they do not say which broker they are to.
    """
    if target is TargetKind.PRODUCER:
        return (Selection(PATTERN, partial(_attributes_to_read, profile), LEFT_OUT_FIRST),)
    attributes = (metric.attribute for metric in broker_jmx.METRICS if profile.includes(metric.profile))
    patterns = dict.fromkeys(pattern_of(attribute.mbean) for attribute in attributes if attribute is not None)
    return tuple(Selection(pattern, partial(_attributes_to_read, profile)) for pattern in patterns)


def _attributes_to_read(profile: Profile, name: ObjectName, listed: Sequence[str]) -> Sequence[str]:
    kind = kind_of(name)
    if kind is None or (profile is not Profile.FULL and is_bootstrap(kind, name)) or not concerns_producers(kind, name):
        return ()
    served = _spellings(profile, kind)
    return _served_attributes(profile, kind, tuple(attribute for attribute in listed if attribute in served))


@cache
def _spellings(profile: Profile, kind: MBeanKind) -> frozenset[str]:
    """Return all spellings of the attributes that the profile serves."""
    return frozenset(
        spelling
        for metric in METRICS.values()
        if profile.includes(metric.profile)
        for source, spellings in spellings_of(metric)
        if source is kind
        for spelling in spellings
    )


# A JVM has a handful of kinds with one attribute list each, and every client version adds a few lists.
@lru_cache(maxsize=256)
def _served_attributes(profile: Profile, kind: MBeanKind, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listed attributes that the profile serves, in catalogue order, each in its newest spelling."""
    available = frozenset(listed)
    wanted = (
        next((spelling for spelling in spellings if spelling in available), None)
        for metric in METRICS.values()
        if profile.includes(metric.profile)
        for source, spellings in spellings_of(metric)
        if source is kind
    )
    return tuple(attribute for attribute in wanted if attribute is not None)
