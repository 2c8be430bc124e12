"""Producers that are alive although they have no metrics: how their MBeans show it, why, and what to change."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from kafka_producer_exporter.catalogue.mbean_kinds import APP_INFO, APP_INFO_ID, CLIENT, kind_of
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.net.printable import printable

NAMED_PRODUCERS = 5
"""How many producers are listed by name; the rest are counted."""


class HiddenReason(StrEnum):
    """Why a producer has no metrics, as the label ``reason``."""

    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    """Another producer with the same client.id was closed, and Kafka unregistered the MBeans of both."""
    REPORTER = "reporter"
    """Its JmxReporter is off, or filters everything."""
    FILTER = "filter"
    """``metrics.jmx.include`` or ``metrics.jmx.exclude`` leaves out ``producer-metrics``, but not everything."""
    UNREADABLE = "unreadable"
    """Its MBean is there, but its values cannot be read."""


def hidden_producers(listed: Iterable[str], read: Collection[str]) -> dict[str, HiddenReason]:
    """Return the producers that have no metrics, by client id.

    *listed* are the ObjectNames of a JVM, and *read* those whose values were read.

    The client registers ``app-info,id=`` itself, so it is there without a reporter and for as long as the producer
    lives. When one of two producers with the same client.id closes, that MBean and those of the reporter end, and only
    ``app-info,client-id=`` is left (see AppInfoParser and JmxReporter). A producer that is just closing may look hidden
    for a moment.
    """
    listed = tuple(listed)
    ids: dict[object, set[str]] = {CLIENT: set(), APP_INFO: set(), APP_INFO_ID: set()}
    visible = set()
    for text in listed:
        if "type=producer-metrics" not in text and "type=app-info" not in text:
            continue
        name = _parsed(text)
        kind = kind_of(name) if name is not None else None
        if name is None or kind not in ids:
            continue
        client = _client_id(name)
        ids[kind].add(client)
        if kind is CLIENT and text in read:
            visible.add(client)
    hidden = {}
    others: set[str] | None = None
    for client in (ids[CLIENT] | ids[APP_INFO] | ids[APP_INFO_ID]) - visible:
        if client in ids[CLIENT]:
            hidden[client] = HiddenReason.UNREADABLE
        elif client not in ids[APP_INFO_ID]:
            hidden[client] = HiddenReason.DUPLICATE_CLIENT_ID
        else:
            if others is None:
                others = {
                    name.properties["client-id"]
                    for name in map(_parsed, listed)
                    if name and "client-id" in name.properties
                }
            hidden[client] = HiddenReason.FILTER if client in others else HiddenReason.REPORTER
    return hidden


def explain_hidden(hidden: Mapping[str, HiddenReason], versions: Mapping[str, str] | None = None) -> str:
    """Return what hidden producers lack, why, and what to do, for a person; nothing if there are none.

    *versions* are those of the client library, by client id, as far as they are known.
    """
    by_cause: dict[str, list[str]] = {}
    for client, reason in sorted(hidden.items()):
        by_cause.setdefault(_cause(reason, (versions or {}).get(client, "")), []).append(client)
    return "; ".join(
        f"{listed_producers(clients)}: alive, but without metrics {why}" for why, clients in by_cause.items()
    )


def listed_producers(names: Collection[str]) -> str:
    """Return the first names, and the number of the rest."""
    shown = [printable(name) for name in list(names)[:NAMED_PRODUCERS]]
    more = f" and {len(names) - NAMED_PRODUCERS} more" if len(names) > NAMED_PRODUCERS else ""
    return ", ".join(shown) + more


def _cause(reason: HiddenReason, version: str) -> str:
    if reason is HiddenReason.DUPLICATE_CLIENT_ID:
        return "because another producer with the same client.id was closed; give each producer its own client.id"
    if reason is HiddenReason.FILTER:
        return (
            "because metrics.jmx.include or metrics.jmx.exclude leaves out its producer-metrics; "
            "include kafka.producer:type=producer-metrics,.* and do not exclude it"
        )
    if reason is HiddenReason.UNREADABLE:
        return "because the values of its MBean cannot be read; the log of kafka-producer-exporter serve says why"
    filtered = "metrics.jmx.include and metrics.jmx.exclude leave out all of its MBeans"
    if not version:
        off = "metric.reporters without JmxReporter since 4.0, auto.include.jmx.reporter=false in 3.4 to 3.9"
        return f"because its JmxReporter is off ({off}), or {filtered}"
    if _number(version) >= (4, 0):
        reporter = "org.apache.kafka.common.metrics.JmxReporter"
        return f"because metric.reporters does not contain {reporter}, or {filtered}"
    if _number(version) >= (3, 4):
        return f"because auto.include.jmx.reporter is false and metric.reporters has no JmxReporter, or {filtered}"
    return f"because {filtered}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")[:2])


def _parsed(text: str) -> ObjectName | None:
    try:
        return ObjectName(text)
    except ValueError:  # no real JVM has such an MBean
        return None


def _client_id(name: ObjectName) -> str:
    return name.properties.get("client-id", name.properties.get("id", ""))
