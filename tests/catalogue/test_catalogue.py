import json
import math
import re

import pytest

from kafka_producer_exporter.catalogue import broker, client, exporter, process
from kafka_producer_exporter.catalogue.mbean_kinds import (
    APP_INFO,
    CLIENT,
    KINDS,
    NODE,
    TLS,
    TOPIC,
    is_bootstrap,
    kind_of,
)
from kafka_producer_exporter.catalogue.selections import selections
from kafka_producer_exporter.catalogue.table import (
    IGNORED,
    METRICS,
    as_page,
    attribute_labels,
    by_attribute,
    spellings_of,
)
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.model import NO_LABELS, Attribute, Family, Fold, Kind, Profile, Unit
from tests.paths import RECORDED
from tests.recordings import recorded_broker_mbeans

RECORDINGS = {file.stem: json.loads(file.read_text()) for file in RECORDED.glob("[0-9]*.json")}
BROKER = recorded_broker_mbeans()

NOT_RECORDED = {TLS: "the recordings were made on plaintext"}
"""Kinds of MBeans that no recording has, and why."""

OF_NO_TARGET = {
    metric.name
    for metric in (
        exporter.CONFIG_VALID,
        exporter.CONFIG_LAST_RELOAD_SUCCESS,
        exporter.BUILD_INFO,
        exporter.CERTIFICATE_EXPIRY,
        *process.METRICS,
        *broker.METRICS,
    )
}
"""Metrics about the program, and about the cluster, whatever the targets."""


def mbeans(version):
    return [(ObjectName(text), attributes) for text, attributes in RECORDINGS[version]["mbeans"].items()]


def recorded_attributes(version):
    """Every attribute of a version as (kind, name) and its Java type."""
    return {
        (kind_of(name), attribute): recorded["type"]
        for name, attributes in mbeans(version)
        for attribute, recorded in attributes.items()
    }


def asked(profile, name, listed):
    (selection,) = selections(profile)
    return list(selection.choose(ObjectName(name), listed))


def test_eleven_client_versions_are_recorded():
    assert len(RECORDINGS) == 11


@pytest.mark.parametrize("version", RECORDINGS)
def test_every_mbean_is_of_a_known_kind(version):
    unknown = [name.text for name, _ in mbeans(version) if kind_of(name) is None]

    assert unknown == []


@pytest.mark.parametrize("version", RECORDINGS)
def test_every_numeric_attribute_is_served_or_ignored_with_a_reason(version):
    served = by_attribute(Profile.FULL)

    unknown = [
        f"{kind.type} {attribute}, client {version}"
        for (kind, attribute), java_type in recorded_attributes(version).items()
        if java_type != "java.lang.String"
        and (kind, attribute) not in served
        and Attribute(kind, attribute) not in IGNORED
    ]

    assert unknown == []


def test_every_spelling_of_an_entry_was_seen_in_some_client():
    seen = {key for version in RECORDINGS for key in recorded_attributes(version)}
    seen |= {(kind_of(ObjectName(name)), attribute) for name, attributes in BROKER.items() for attribute in attributes}

    unseen = [key for key in by_attribute(Profile.FULL) if key not in seen and key[0] not in NOT_RECORDED]

    assert unseen == []


def test_every_ignored_attribute_was_seen_in_some_client():
    seen = {key for version in RECORDINGS for key in recorded_attributes(version)}

    assert [key for key in IGNORED if (key.mbean, key.name) not in seen] == []


def test_a_kind_that_is_recorded_is_no_longer_an_exception():
    recorded = {kind for version in RECORDINGS for kind, _ in recorded_attributes(version)}

    assert set(KINDS) - recorded == set(NOT_RECORDED)


def test_a_page_has_one_family_per_metric_in_catalogue_order():
    up, send, open_transactions = (
        METRICS[name] for name in ("kafka_producer_up", "kafka_producer_record_send_total", "kafka_transaction_open")
    )
    scraped = [Family(up, [(NO_LABELS, 1.0)]), Family(send, [(NO_LABELS, 2.0)])]

    page = as_page([*scraped, Family(open_transactions, [(NO_LABELS, 3.0)]), *scraped])

    assert page == [
        (send, [(NO_LABELS, 2.0), (NO_LABELS, 2.0)]),
        (open_transactions, [(NO_LABELS, 3.0)]),
        (up, [(NO_LABELS, 1.0), (NO_LABELS, 1.0)]),
    ]
    assert [len(family.samples) for family in scraped] == [1, 1]


def test_no_attribute_is_both_served_and_ignored_nor_served_twice():
    keys = [
        (kind, spelling) for metric in METRICS.values() for kind, names in spellings_of(metric) for spelling in names
    ]

    assert sorted(key[1] for key in keys if keys.count(key) > 1) == []
    assert [key for key in keys if Attribute(*key) in IGNORED] == []


def test_a_reason_to_ignore_names_only_metrics_that_are_served():
    named = {name for reason in IGNORED.values() for name in re.findall(r"kafka_producer_\w+", reason)}

    assert named - METRICS.keys() == set()
    assert len(named) > 20


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_names_and_labels_are_legal_and_ours(metric):
    assert re.fullmatch(r"kafka(_[a-z0-9]+)+", metric.name)
    assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in metric.labels)
    assert not {"type", "name", "host", "cluster", "env", "job", "instance"} & set(metric.labels)
    assert ("target" in metric.labels) == (metric.name not in OF_NO_TARGET)
    assert metric.help not in {other.help for other in METRICS.values() if other is not metric}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_unit_in_the_name_is_the_unit_of_the_entry(metric):
    ending = metric.name.removesuffix("_total").rsplit("_", 1)[-1]

    assert (ending in {"seconds", "bytes"}) == (metric.unit is not Unit.NONE)


@pytest.mark.parametrize(
    ("attribute", "unit"),
    [
        ("-ns-total", Unit.NANOSECONDS),
        ("-ns-avg", Unit.NANOSECONDS),
        ("latency-avg", Unit.MILLISECONDS),
        ("latency-max", Unit.MILLISECONDS),
        ("time-avg", Unit.MILLISECONDS),
        ("time-max", Unit.MILLISECONDS),
        ("-ms", Unit.MILLISECONDS),
        ("byte-total", Unit.BYTES),
        ("-bytes", Unit.BYTES),
        ("size-avg", Unit.BYTES),
        ("size-max", Unit.BYTES),
    ],
)
def test_the_unit_is_that_of_the_attribute(attribute, unit):
    units = {
        metric.unit
        for metric in METRICS.values()
        if metric.attribute is not None and metric.attribute.name.endswith(attribute)
    }

    assert units == {unit}


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [(Unit.MILLISECONDS, 9.0, 0.009), (Unit.NANOSECONDS, 38071696.0, 0.038071696), (Unit.BYTES, 61.0, 61.0)],
)
def test_a_value_of_the_source_is_divided_into_its_base_unit(unit, value, expected):
    assert value / unit.divisor == expected


def test_totals_are_counters_and_nothing_else_is():
    for metric in METRICS.values():
        if metric.attribute is not None:
            is_total = metric.attribute.name.endswith(
                ("-total", "Count")
            )  # as Kafka's own metrics and Yammer's call it
            assert (metric.kind is Kind.COUNTER) == is_total, metric.name


def test_only_the_windowed_rates_of_the_guide_are_served():
    rates = {
        metric.guide for metric in METRICS.values() if metric.name.endswith("_rate") and metric.source.mbean is CLIENT
    }

    assert rates == {"record-send-rate", "record-error-rate", "record-retry-rate", "buffer-exhausted-rate"}


def test_every_name_of_the_guide_is_in_every_profile():
    assert {metric.profile for metric in METRICS.values() if metric.guide} == {Profile.MINIMAL}


def test_gauges_that_add_up_over_clients_are_summed_and_averages_are_not():
    summed = {metric.name for metric in METRICS.values() if metric.fold is Fold.SUM and metric.kind is Kind.GAUGE}

    assert {"kafka_producer_waiting_threads", "kafka_producer_connections"} <= summed
    assert not any("_avg" in name or "_max" in name for name in summed)


def test_a_group_has_every_gauge_of_its_members():
    left_out = [metric.name for metric in client.METRICS if metric.kind is not Kind.INFO and metric.fold is Fold.DROP]

    assert left_out == []


def test_a_metadata_age_since_1970_means_never():
    metric = METRICS["kafka_producer_metadata_age_seconds"]

    assert 7 * 86400 < metric.absent_above < 1.6e9
    assert METRICS["kafka_producer_start_time_seconds"].absent_above == math.inf


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kafka.producer:type=producer-metrics,client-id=orders", CLIENT),
        ("kafka.producer:client-id=orders,type=producer-metrics", CLIENT),
        ('kafka.producer:type=producer-metrics,client-id="orders,eu"', CLIENT),
        ("kafka.producer:type=producer-metrics,client-id=a,cipher=TLS_AES_128_GCM_SHA256,protocol=TLSv1.3", TLS),
        ("kafka.producer:type=producer-node-metrics,client-id=a,node-id=node-1", NODE),
        ("kafka.producer:type=producer-topic-metrics,client-id=a,topic=t", TOPIC),
        ("kafka.producer:type=app-info,client-id=a", APP_INFO),
        ("kafka.producer:type=producer-metrics", CLIENT),
        ("kafka.producer:type=producer-topic-metrics,topic=t", TOPIC),
        ("kafka.producer:type=producer-metrics,client-id=a,cipher=x", None),
        ("kafka.producer:type=producer-topic-metrics,client-id=a", None),
        ("kafka.producer:type=something-new,client-id=a", None),
        ("kafka.producer:client-id=a", None),
        ("kafka.consumer:type=app-info,client-id=a", None),
    ],
)
def test_a_name_is_of_a_kind_by_all_of_its_properties(name, kind):
    assert kind_of(ObjectName(name)) is kind


@pytest.mark.parametrize(("node", "expected"), [("node--1", True), ("node-1", False), ("node-0", False)])
def test_a_bootstrap_address_is_distinguished_from_a_broker(node, expected):
    name = ObjectName(f"kafka.producer:type=producer-node-metrics,client-id=a,node-id={node}")

    assert is_bootstrap(NODE, name) is expected


def test_only_the_attributes_of_the_profile_are_read():
    name, listed = (
        "kafka.producer:type=producer-metrics,client-id=a",
        ["batch-size-max", "record-send-total", "request-rate"],
    )

    assert asked(Profile.MINIMAL, name, listed) == ["record-send-total"]
    assert asked(Profile.DEFAULT, name, listed) == ["record-send-total", "batch-size-max"]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (["bufferpool-wait-time-total", "bufferpool-wait-time-ns-total"], ["bufferpool-wait-time-ns-total"]),
        (["bufferpool-wait-time-total"], ["bufferpool-wait-time-total"]),
        ([], []),
    ],
)
def test_the_newest_listed_spelling_is_read(listed, expected):
    assert asked(Profile.MINIMAL, "kafka.producer:type=producer-metrics,client-id=a", listed) == expected


def test_both_spellings_become_one_metric():
    served = by_attribute(Profile.DEFAULT)

    assert served[CLIENT, "iotime-total"] is served[CLIENT, "io-time-ns-total"]


@pytest.mark.parametrize("profile", Profile)
def test_bootstrap_addresses_are_read_in_the_full_profile_only(profile):
    name = "kafka.producer:type=producer-node-metrics,client-id=a,node-id=node--1"

    assert bool(asked(profile, name, ["request-total"])) == (profile is Profile.FULL)


@pytest.mark.parametrize("name", ["kafka.producer:type=kafka-metrics-count,client-id=a", "kafka.producer:type=new,x=y"])
def test_an_mbean_without_a_served_attribute_is_not_read(name):
    assert asked(Profile.FULL, name, ["count", "record-send-total"]) == []


def test_version_and_commit_are_read_and_become_labels():
    info = METRICS["kafka_producer_info"]

    assert asked(
        Profile.MINIMAL, "kafka.producer:type=app-info,client-id=a", ["commit-id", "start-time-ms", "version"]
    ) == [
        "version",
        "commit-id",
        "start-time-ms",
    ]
    assert attribute_labels(info) == {"version": "version", "commit-id": "commit_id"}
    assert by_attribute(Profile.MINIMAL)[APP_INFO, "commit-id"] is info


@pytest.mark.parametrize("version", RECORDINGS)
def test_every_attribute_that_is_read_is_served_and_no_metric_is_read_twice(version):
    (selection,) = selections(Profile.FULL)
    served = by_attribute(Profile.FULL)

    for name, attributes in mbeans(version):
        wanted = [served[kind_of(name), attribute] for attribute in selection.choose(name, list(attributes))]

        gauges_and_counters = [metric for metric in wanted if metric.kind is not Kind.INFO]
        assert len(gauges_and_counters) == len(set(gauges_and_counters))


def test_a_thousand_topics_share_one_list_of_attributes():
    (selection,) = selections(Profile.DEFAULT)
    names = [ObjectName(f"kafka.producer:type=producer-topic-metrics,client-id=a,topic=t{n}") for n in range(1000)]

    chosen = [selection.choose(name, ["record-send-total", "record-error-total"]) for name in names]

    assert chosen[0] == ("record-send-total", "record-error-total")
    assert {id(attributes) for attributes in chosen} == {id(chosen[0])}
