import json

import pytest

from kafka_producer_exporter.commands.scrape import Screen, as_json
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx, Settings, Target, TargetKind
from kafka_producer_exporter.targets.reader import TargetReader
from tests.recordings import Recorded, RecordedBroker

TARGET = Target(name="checkout", jmx=Jmx(port=9999))


@pytest.fixture
def jvm():
    return Recorded()


@pytest.fixture
def read(jvm):
    reader = TargetReader(TARGET, Settings(), transport=jvm, budget=MemoryBudget(None))
    return lambda: reader.read(deadline=1e12)


def test_a_person_sees_each_producer_in_a_column_of_its_own(read):
    text = Screen(clear=False).show([TARGET], [read()])

    first, *lines = text.splitlines()
    assert first.startswith("checkout (127.0.0.1:9999): up, 2 producers, ")
    head = next(line for line in lines if "PRODUCERS" in line)
    assert head.split() == ["PRODUCERS", "orders", "producer-tx-4.4.0"]
    assert next(line for line in lines if "record_send_total" in line).split()[1:] == ["50", "20"]
    assert next(line for line in lines if "kafka_producer_info" in line).split()[1:] == ["4.4.0", "4.4.0"]
    assert next(line for line in lines if "request_latency_avg" in line).split()[1:3] == ["35", "ms"]


def test_topics_and_brokers_have_a_line_each(read):
    text = Screen(clear=False).show([TARGET], [read()])

    assert "client_id / topic: kafka_producer_topic_…" in text
    assert "client_id / node_id: kafka_producer_node_…" in text


def test_a_broker_shows_a_line_for_each_error_code_and_each_of_its_own_metrics():
    target = Target(name="kafka-1", kind=TargetKind.BROKER, jmx=Jmx(port=9999))
    scrape = TargetReader(target, Settings(), transport=RecordedBroker(), budget=MemoryBudget(None)).read(deadline=1e12)

    text = Screen(clear=False).show([target], [scrape])

    assert text.startswith("kafka-1 (127.0.0.1:9999): up, a broker, ")
    assert "no producer yet" not in text
    assert ["Produce", "/", "MESSAGE_TOO_LARGE", "3"] in [line.split() for line in text.splitlines()]
    assert ["kafka_broker_under_min_isr_partitions", "0"] in [line.split() for line in text.splitlines()]


def test_a_jvm_whose_only_producer_has_no_metrics_says_why_instead_of_that_there_is_none(read, jvm):
    jvm.answer = lambda asked: []
    jvm.unread = ("kafka.producer:type=app-info,id=orders",)

    text = Screen(clear=False).show([TARGET], [read()])

    assert text.splitlines()[1].startswith("  orders: alive, but without metrics because its JmxReporter is off")
    assert "no producer yet" not in text


def test_a_broker_that_is_given_as_a_producer_shows_the_kind_to_set_instead_of_that_there_is_no_producer(read, jvm):
    jvm.answer = lambda asked: []
    jvm.unread = ("kafka.server:type=app-info,id=1",)

    text = Screen(clear=False).show([TARGET], [read()])

    assert text.splitlines()[1].startswith("  this JVM is a broker and has no producer; set kind: broker")
    assert "no producer yet" not in text


def test_a_target_that_is_down_shows_what_to_do(read, jvm):
    jvm.failure = TransportError(Reason.REFUSED, "nothing listens on 127.0.0.1:9999; start the JVM with …")

    text = Screen(clear=False).show([TARGET], [read()])

    assert (
        text == "checkout (127.0.0.1:9999): down, refused\n  nothing listens on 127.0.0.1:9999; start the JVM with …\n"
    )


def test_counters_show_their_rate_from_the_second_scrape_on(read):
    screen = Screen(clear=True)
    first = read()
    second = first._replace(started=first.started + 2.0)

    assert "/s)" not in screen.show([TARGET], [first])
    assert "50 (0/s)" in screen.show([TARGET], [second])


def test_a_program_gets_a_line_of_json_for_each_target(read):
    (line,) = as_json([TARGET], [read()]).splitlines()

    scraped = json.loads(line)
    assert (scraped["target"], scraped["up"], scraped["reason"], scraped["clients"]) == ("checkout", True, None, 2)
    assert {
        "name": "kafka_producer_record_send_total",
        "labels": {"client_id": "orders", "target": "checkout"},
        "value": 50.0,
    } in scraped["samples"]
