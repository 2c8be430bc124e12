"""The JMX of a real broker: the error codes that no client reports."""

import re
import time
import uuid
from dataclasses import replace

import pytest

from kafka_producer_exporter.commands.check import Step, StepState, check
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.settings import Jmx, Settings, Target, TargetKind
from kafka_producer_exporter.targets.reader import TargetReader
from kafka_producer_exporter.targets.transports import transport_for
from lab.broker import Broker
from lab.process import LabError, Port, wait_until
from tests.integration.serving import Serve

ERRORS = "kafka_broker_request_error_total"
JMX = "-Dcom.sun.management.jmxremote"


@pytest.fixture(scope="module")
def jmx_port():
    port = Port()
    yield port.number
    port.close()


@pytest.fixture(scope="module")
def broker(lab, jmx_port):
    """A broker with a JMX agent."""
    flags = {"port": jmx_port, "rmi.port": jmx_port, "host": "127.0.0.1", "ssl": "false", "authenticate": "false"}
    options = ["-Djava.rmi.server.hostname=127.0.0.1", *(f"{JMX}.{name}={value}" for name, value in flags.items())]
    with Broker(java_options=options) as broker:
        yield broker


@pytest.fixture
def serve(broker, jmx_port, tmp_path):
    config = tmp_path / "exporter.yml"
    config.write_text(f"targets: [{{name: kafka-1, kind: broker, jmx: {{port: {jmx_port}}}}}]\n")
    with Serve("--config", config, folder=tmp_path) as serve:
        yield serve


def scraped(target):
    reader = TargetReader(target, Settings(), transport=transport_for(target), budget=MemoryBudget(None))
    scrape = reader.read(time.monotonic() + 10)
    reader.close()
    return scrape


def of_the_advised_kind(target):
    """Return the target with the kind that the scrape and ``check`` advise."""
    advice = scraped(target).detail
    assert check(target, transport_for=transport_for).steps[-1].detail == advice
    return replace(target, kind=TargetKind(re.search(r"set kind: (\w+)", advice)[1]))


def test_a_broker_that_is_given_as_a_producer_is_read_with_the_kind_that_the_message_gives(broker, jmx_port):
    target = of_the_advised_kind(Target(name="kafka-1", jmx=Jmx(port=jmx_port)))

    scrape, step = scraped(target), check(target, transport_for=transport_for).steps[-1]

    assert scrape.detail == ""
    assert any(family.metric.name == "kafka_broker_under_min_isr_partitions" for family in scrape.families)
    assert step == Step("broker", StepState.GOOD, "1 (4.4.0)")


def test_a_producer_that_is_given_as_a_broker_is_read_with_the_kind_that_the_message_gives(broker, producer_jvm):
    jvm = producer_jvm("4.4.0")
    jvm.new("orders", broker.bootstrap)
    target = of_the_advised_kind(Target(name="orders", kind=TargetKind.BROKER, jmx=Jmx(port=jvm.jmx_port)))

    scrape, step = scraped(target), check(target, transport_for=transport_for).steps[-1]

    assert (scrape.clients, scrape.detail) == (1, "")
    assert step == Step("producers", StepState.GOOD, "1: orders (4.4.0)")


def test_an_error_that_a_producer_got_is_counted_by_its_code(broker, serve, producer_jvm):
    name = f"small-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name, max_message_bytes=500)
    too_large = {"target": "kafka-1", "request": "Produce", "error": "MESSAGE_TOO_LARGE"}
    producer = producer_jvm("4.4.0", jmx=False).new("orders", broker.bootstrap)
    before = serve.page().value(ERRORS, **too_large)

    stats = producer.send(name, count=3, size=2000)
    page = serve.page()

    assert before is None
    assert stats == {"RecordTooLargeException": 3}
    assert page.value(ERRORS, **too_large) == 3
    assert page.value("kafka_broker_under_min_isr_partitions", target="kafka-1") == 0
    assert page.value("kafka_producer_up", target="kafka-1") == 1
    assert "kafka_producer_clients" not in page.names(target="kafka-1")


def test_a_fenced_commit_is_counted_though_no_metric_of_its_client_changes(broker, serve, producer_jvm):
    name = f"orders-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name)
    jvm = producer_jvm("4.4.0", jmx=False)
    first, second = (jvm.new(client, broker.bootstrap, transactional_id=name) for client in ("first", "second"))
    first.init()
    first.begin()
    first.send(name)
    second.init()

    with pytest.raises(LabError, match="ProducerFencedException"):
        first.commit()

    wait_until(
        "it is counted",
        lambda: serve.page().value(ERRORS, target="kafka-1", request="EndTxn", error="PRODUCER_FENCED") == 1,
    )
