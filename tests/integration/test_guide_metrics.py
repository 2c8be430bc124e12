"""Each metric of the guide changes with its real cause on a real broker, as the page of ``serve`` shows."""

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from lab.broker import Broker, Listener
from lab.process import wait_until
from lab.proxy import Proxy
from tests.integration.serving import Serve
from tests.integration.topics import new_topic

PREFIX = "kafka_producer_"

TROUBLE = (
    *("record_error_rate", "record_error_total", "record_retry_rate", "record_retry_total"),
    *("buffer_exhausted_rate", "buffer_exhausted_total", "bufferpool_wait_time_seconds_total"),
)
"""The metrics that stay 0 unless the test causes them."""


@pytest.fixture(scope="module")
def troubled(lab):
    """A proxy and the broker behind it: clients of ``broker.address("VIA")`` go through the proxy."""
    with Proxy() as proxy, Broker(listeners=[Listener(name="VIA", proxy=proxy)]) as broker:
        yield proxy, broker


@pytest.fixture
def jvm(producer_jvm):
    return producer_jvm()


@pytest.fixture
def serving(jvm, tmp_path):
    with Serve(f"--target=app=127.0.0.1:{jvm.jmx_port}", folder=tmp_path) as serving:
        yield serving


@pytest.fixture
def served(serving):
    """A function that scrapes and returns the values of a producer's own metrics, without their prefix."""

    def values(producer):
        page = serving.page()
        assert page.value("kafka_producer_up", target="app") == 1, serving.log()
        own = {"target": "app", "client_id": producer.name}
        return {s.name.removeprefix(PREFIX): s.value for s in page.series(**own) if s.labels == own}

    return values


def topic_errors(serving, name):
    return serving.page().value("kafka_producer_topic_record_error_total", topic=name)


def trouble(page):
    return {name for name in TROUBLE if page[name] != 0}


def test_every_name_that_the_guide_has_from_jmx_is_on_the_page(broker, jvm, served):
    producer = jvm.new("orders", broker.bootstrap)

    producer.send(new_topic(broker))

    guide = {
        metric.guide: metric.name.removeprefix(PREFIX)
        for metric in METRICS.values()
        if metric.guide and metric.attribute
    }
    assert guide.keys() >= {
        *("record-send-rate", "request-latency-avg", "record-error-rate", "record-retry-rate", "record-size-avg"),
        *("batch-size-avg", "compression-rate-avg", "bufferpool-wait-time-total", "buffer-exhausted-rate"),
    }
    assert set(guide.values()) - served(producer).keys() == set()


def test_record_send_rate_rises_with_sending(broker, jvm, served):
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.bootstrap)
    before = served(producer)

    producer.send(orders, count=50)

    after = served(producer)
    assert before["record_send_rate"] == before["record_send_total"] == 0
    assert after["record_send_rate"] > 1
    assert after["record_send_total"] == 50
    assert trouble(after) == set()


def test_request_latency_avg_rises_with_a_slow_network(troubled, jvm, served):
    proxy, broker = troubled
    orders = new_topic(broker)
    near, far = jvm.new("near", broker.bootstrap), jvm.new("far", broker.address("VIA"))
    far.send(orders, count=2)
    before = served(far)

    proxy.delay_seconds = 0.3
    try:
        far.send(orders, count=4)
    finally:
        proxy.delay_seconds = 0
    near.send(orders, count=4)

    after = served(far)
    assert after["request_latency_avg_seconds"] > before["request_latency_avg_seconds"] + 0.1
    assert after["request_latency_avg_seconds"] > served(near)["request_latency_avg_seconds"] + 0.1
    assert trouble(after) == set()


def test_record_error_rate_rises_with_records_that_are_too_large(broker, jvm, served, serving):
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.bootstrap, max_request_size=10_000)
    producer.send(orders)
    before = served(producer)

    stats = producer.send(orders, count=5, size=20_000)

    after = served(producer)
    assert stats == {"ok": 1, "RecordTooLargeException": 5}
    assert trouble(before) == set()
    assert trouble(after) == {"record_error_rate", "record_error_total"}
    assert after["record_error_total"] == 5
    assert after["record_send_total"] == 1
    assert topic_errors(serving, orders) == 0  # they never got as far as a batch


def test_record_retry_rate_rises_with_a_connection_that_is_lost(troubled, jvm, served):
    proxy, broker = troubled
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.address("VIA"))
    producer.send(orders)
    before = served(producer)

    proxy.silent = True
    try:
        producer.send(orders, wait=False)
        wait_until("the record is on its way", lambda: served(producer)["requests_in_flight"] > 0, timeout_seconds=10)
        proxy.cut()
    finally:
        proxy.silent = False
    producer.flush()

    after = served(producer)
    assert producer.stats() == {"ok": 2}
    assert trouble(before) == set()
    assert trouble(after) == {"record_retry_rate", "record_retry_total"}
    assert after["record_send_total"] == 2 + after["record_retry_total"]


def test_record_size_avg_follows_the_size_of_the_records(broker, jvm, served):
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.bootstrap)
    producer.send(orders, size=100)
    before = served(producer)

    producer.send(orders, size=5000)

    after = served(producer)
    assert 100 < before["record_size_avg_bytes"] < 250
    assert 2550 < after["record_size_avg_bytes"] < 2700  # the average of one small and one large
    assert before["compression_rate_avg"] == after["compression_rate_avg"] == 1
    assert trouble(after) == set()


def test_batch_size_avg_rises_with_records_that_wait_for_each_other(broker, jvm, served):
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.bootstrap, linger_ms=300)
    producer.send(orders, size=1000)  # it lingered, and alone
    before = served(producer)

    producer.send(orders, count=10, size=1000, wait=False)
    producer.flush()

    after = served(producer)
    assert 1000 < before["batch_size_avg_bytes"] < 1200
    assert after["batch_size_avg_bytes"] > 3000
    assert after["record_size_avg_bytes"] == before["record_size_avg_bytes"]
    assert trouble(after) == set()


def test_compression_rate_avg_falls_with_what_compresses_well(broker, jvm, served):
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.bootstrap, compression_type="gzip")
    producer.send(orders, size=5000)
    before = served(producer)

    producer.send(orders, count=4, size=5000, compressible=True)

    after = served(producer)
    assert before["compression_rate_avg"] > 0.9
    assert after["compression_rate_avg"] < 0.4
    assert after["record_size_avg_bytes"] == before["record_size_avg_bytes"]  # it is the size before compression
    assert trouble(after) == set()


def test_bufferpool_wait_time_and_buffer_exhausted_rate_rise_when_the_broker_takes_nothing(
    troubled, jvm, served, serving
):
    proxy, broker = troubled
    orders = new_topic(broker)
    producer = jvm.new("orders", broker.address("VIA"), buffer_memory=100_000, max_block_ms=3000)
    producer.send(orders)
    before = served(producer)

    proxy.silent = True
    try:
        stats = producer.send(orders, count=5, size=20_000, wait=False)  # of which four have room
        during = served(producer)
    finally:
        proxy.silent = False
    producer.flush()

    after = served(producer)
    assert stats["BufferExhaustedException"] == 1
    assert trouble(before) == set()
    assert during["buffer_available_bytes"] < 21_000 < before["buffer_available_bytes"]
    assert trouble(after) == set(TROUBLE) - {"record_retry_rate", "record_retry_total"}
    assert after["buffer_exhausted_total"] == after["record_error_total"] == 1
    assert 2.9 < after["bufferpool_wait_time_seconds_total"] < 10
    assert topic_errors(serving, orders) == 0  # they never got as far as a batch
    assert producer.stats() == {"ok": 5, "BufferExhaustedException": 1}
