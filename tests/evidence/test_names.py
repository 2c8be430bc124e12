"""Pages of other exporters by our names."""

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.evidence.live import LiveJvm
from kafka_producer_exporter.evidence.metrics_page import parsed
from kafka_producer_exporter.evidence.names import MICROMETER_PREFIX, by_our_names, by_target, known_names
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Kind
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx, Settings, Target
from tests.evidence.foreign_pages import jmx_exporter_0, jmx_exporter_1, micrometer, page
from tests.recordings import Recorded

KEYS = ("client_id", "topic", "node_id")


def values_of(page):
    """Every value of a page by its metric and what it is about."""
    return {
        (name, *(labels.get(key) for key in KEYS)): pytest.approx(value)
        for name, series in page.items()
        for labels, value in series
    }


def ours(version):
    target = Target(name="checkout", jmx=Jmx(port=9999))
    source = LiveJvm(target, Settings(), transport_for=lambda _: Recorded(version), budget=MemoryBudget(None))
    (reading,) = source.read().values()
    return {key: value for key, value in values_of(reading.page).items() if _is_theirs(key[0])}


def _is_theirs(name):
    attribute = METRICS[name].attribute
    return attribute is not None and attribute.mbean in MICROMETER_PREFIX and METRICS[name].kind is not Kind.INFO


@pytest.mark.parametrize("exporter", [jmx_exporter_0, jmx_exporter_1, micrometer])
@pytest.mark.parametrize("version", ["2.8.2", "4.4.0"])
def test_a_page_of_another_exporter_has_the_same_values_as_live_jmx(exporter, version):
    live = ours(version)

    theirs = values_of(parsed(page(version, exporter), "the page").page)

    assert len(live) > 100
    assert {key: theirs.get(key) for key in live} == live


def test_the_quotes_that_jmx_exporter_keeps_around_a_client_id_are_removed():
    shown = by_our_names([("kafka_producer_producer_metrics_request", {"client_id": '"svc:a\\*\\"1"'}, 5.0)])

    assert shown.page["kafka_producer_request_total"] == [({"client_id": 'svc:a*"1'}, 5.0)]


def test_a_name_without_a_value_is_provided_all_the_same():
    shown = parsed(page("4.4.0", micrometer) + 'kafka_producer_request_latency_avg{client_id="new"} NaN\n', "the page")

    assert "kafka_producer_request_latency_avg_seconds" in shown.provides
    assert "new" not in {labels["client_id"] for labels, _ in shown.page["kafka_producer_record_send_total"]}


def test_metadata_that_was_never_fetched_has_no_age():
    name = "kafka_producer_producer_metrics_metadata_age"

    assert by_our_names([(name, {"client_id": "a"}, 1e12)]).page == {}


def test_each_of_our_own_names_stands_for_itself():
    names = known_names()

    assert all(names[name] == (name, 1.0) for name in METRICS)


def test_other_metrics_are_left_out():
    assert by_our_names([("go_goroutines", {}, 5.0)]) == ({}, frozenset())


def test_targets_are_told_apart_and_the_broker_view_has_no_name():
    producers = {
        "kafka_producer_record_send_total": [({"client_id": "a", "target": "x"}, 1.0), ({"client_id": "a"}, 2.0)]
    }
    view = {"kafka_topic_offline_partitions": [({"topic": "orders"}, 0.0)]}

    parts = by_target({**producers, **view}, "the page")

    assert {name: list(part) for name, part in parts.items()} == {
        "x": ["kafka_producer_record_send_total"],
        "the page": ["kafka_producer_record_send_total"],
        "": ["kafka_topic_offline_partitions"],
    }


@pytest.mark.parametrize("text", ["<html>", "up 1\n", "", "kafka_producer_x{ 1\n"])
def test_a_page_without_producers_is_refused(text):
    with pytest.raises(TransportError) as caught:
        parsed(text, "http://h/metrics")

    assert caught.value.reason is Reason.PROTOCOL
    assert "http://h/metrics" in str(caught.value)
