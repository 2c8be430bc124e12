"""Each metric of the guide moves by its real cause, on a real broker, and a user sees it: through ``scrape``."""

import json
import subprocess
import sys
import time
import uuid

import pytest

from lab.broker import Broker, Listener
from lab.proxy import Proxy

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def troubled(lab):
    """A proxy, and the broker behind it: trouble for those who come by ``broker.address("VIA")``."""
    with Proxy() as proxy, Broker(listeners=[Listener(name="VIA", proxy=proxy)]) as broker:
        yield proxy, broker


@pytest.fixture
def jvm(producer_jvm):
    return producer_jvm()


def topic(broker):
    name = f"topic-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name)
    return name


def served(producer):
    """What ``scrape`` serves of one producer: metric → value."""
    command = [sys.executable, "-m", "kafka_producer_exporter", "scrape", f"127.0.0.1:{producer.jvm.jmx_port}"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, timeout=30, check=True)
    return {
        sample["name"]: sample["value"]
        for sample in json.loads(done.stdout)["samples"]
        if sample["labels"].keys() == {"client_id", "target"} and sample["labels"]["client_id"] == producer.name
    }


def served_once(producer, condition, timeout_seconds=15):
    """What is served as soon as the condition holds of it, or at the end of the time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition(page := served(producer)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return page


def test_record_send_rate_rises_with_sending(broker, jvm):
    orders = topic(broker)
    producer = jvm.new("orders", broker.bootstrap)
    before = served(producer)

    producer.send(orders, count=50)

    after = served(producer)
    assert before["kafka_producer_record_send_rate"] == before["kafka_producer_record_send_total"] == 0
    assert after["kafka_producer_record_send_rate"] > 1
    assert after["kafka_producer_record_send_total"] == 50


def test_request_latency_avg_rises_with_a_slow_network(troubled, jvm):
    proxy, broker = troubled
    orders = topic(broker)
    near, far = jvm.new("near", broker.bootstrap), jvm.new("far", broker.address("VIA"))
    proxy.delay_seconds = 0.3
    try:
        near.send(orders, count=5)
        far.send(orders, count=5)
    finally:
        proxy.delay_seconds = 0

    assert served(far)["kafka_producer_request_latency_avg_seconds"] >= 0.3
    assert served(near)["kafka_producer_request_latency_avg_seconds"] < 0.3


def test_record_error_rate_rises_with_records_that_are_too_large(broker, jvm):
    orders = topic(broker)
    producer = jvm.new("orders", broker.bootstrap, max_request_size=10_000)
    producer.send(orders)
    before = served(producer)

    stats = producer.send(orders, count=5, size=20_000)

    after = served(producer)
    assert stats == {"ok": 1, "RecordTooLargeException": 5}
    assert before["kafka_producer_record_error_rate"] == before["kafka_producer_record_error_total"] == 0
    assert after["kafka_producer_record_error_rate"] > 0
    assert after["kafka_producer_record_error_total"] == 5


def test_record_retry_rate_rises_with_a_connection_that_is_lost(troubled, jvm):
    proxy, broker = troubled
    orders = topic(broker)
    producer = jvm.new("orders", broker.address("VIA"))
    producer.send(orders)
    before = served(producer)

    proxy.silent = True
    try:
        producer.send(orders, wait=False)
        in_flight = served_once(producer, lambda page: page["kafka_producer_requests_in_flight"] > 0)
        proxy.cut()
    finally:
        proxy.silent = False

    after = served_once(producer, lambda page: page["kafka_producer_record_retry_total"] > 0)
    producer.flush()
    assert in_flight["kafka_producer_requests_in_flight"] > 0
    assert before["kafka_producer_record_retry_rate"] == before["kafka_producer_record_retry_total"] == 0
    assert after["kafka_producer_record_retry_rate"] > 0
    assert producer.stats() == {"ok": 2}


def test_record_size_avg_follows_the_size_of_the_records(broker, jvm):
    orders = topic(broker)
    small, large = jvm.new("small", broker.bootstrap), jvm.new("large", broker.bootstrap)

    small.send(orders, count=3, size=100)
    large.send(orders, count=3, size=5000)

    assert 100 < served(small)["kafka_producer_record_size_avg_bytes"] < 300
    assert 5000 < served(large)["kafka_producer_record_size_avg_bytes"] < 5200


def test_batch_size_avg_rises_with_lingering(broker, jvm):
    orders = topic(broker)
    hasty, patient = jvm.new("hasty", broker.bootstrap), jvm.new("patient", broker.bootstrap, linger_ms=500)

    hasty.send(orders, count=10, size=1000)  # each waited for, so each a batch
    patient.send(orders, count=10, size=1000, wait=False)
    patient.flush()

    assert 1000 < served(hasty)["kafka_producer_batch_size_avg_bytes"] < 2000
    assert served(patient)["kafka_producer_batch_size_avg_bytes"] > 5000


def test_compression_rate_avg_falls_with_what_compresses_well(broker, jvm):
    orders = topic(broker)
    noise, text = (jvm.new(name, broker.bootstrap, compression_type="gzip") for name in ("noise", "text"))

    noise.send(orders, count=5, size=5000)
    text.send(orders, count=5, size=5000, compressible=True)

    assert served(noise)["kafka_producer_compression_rate_avg"] > 0.9
    assert served(text)["kafka_producer_compression_rate_avg"] < 0.2


def test_buffer_wait_and_exhaustion_rise_when_the_broker_takes_nothing(troubled, jvm):
    proxy, broker = troubled
    orders = topic(broker)
    producer = jvm.new("orders", broker.address("VIA"), buffer_memory=100_000, max_block_ms=1000)
    producer.send(orders)
    before = served(producer)

    proxy.silent = True
    try:
        stats = producer.send(orders, count=8, size=10_000, wait=False)
    finally:
        proxy.silent = False

    after = served(producer)
    assert "BufferExhaustedException" in stats
    assert (
        before["kafka_producer_buffer_exhausted_rate"]
        == before["kafka_producer_bufferpool_wait_time_seconds_total"]
        == 0
    )
    assert after["kafka_producer_buffer_exhausted_rate"] > 0
    assert after["kafka_producer_buffer_exhausted_total"] == stats["BufferExhaustedException"]
    assert after["kafka_producer_bufferpool_wait_time_seconds_total"] >= 0.9
