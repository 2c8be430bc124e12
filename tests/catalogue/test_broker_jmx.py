import pytest

from kafka_producer_exporter.catalogue import broker_jmx
from kafka_producer_exporter.catalogue.mbean_kinds import (
    BROKER_KINDS,
    ERRORS,
    FAILED_PRODUCE,
    REQUESTS,
    kind_of,
    pattern_of,
)
from kafka_producer_exporter.catalogue.selections import selections
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx, Settings, Target, TargetKind
from kafka_producer_exporter.targets.reader import TargetReader
from tests.recordings import RecordedBroker, recorded_broker_mbeans, recorded_broker_readings

BROKER = Target(name="kafka-1", kind=TargetKind.BROKER, jmx=Jmx(port=9999), labels={"kafka_cluster": "eu"})
OURS = {"kafka_cluster": "eu", "target": "kafka-1"}


@pytest.fixture
def jvm():
    return RecordedBroker()


@pytest.fixture
def reader(jvm):
    return TargetReader(BROKER, Settings(), transport=jvm, budget=MemoryBudget(None))


def series(scrape):
    return {
        (family.metric.name, frozenset(labels.pairs)): value
        for family in scrape.families
        for labels, value in family.samples
    }


def key(name, **labels):
    return name, frozenset({**OURS, **labels}.items())


def asked(profile):
    return recorded_broker_readings(selections(profile, TargetKind.BROKER))


def test_error_codes_are_served_by_request_and_code(reader):
    found = series(reader.read(deadline=1e12))

    assert found[key("kafka_broker_request_error_total", request="Produce", error="MESSAGE_TOO_LARGE")] == 3
    assert found[key("kafka_broker_request_error_total", request="EndTxn", error="PRODUCER_FENCED")] == 1
    assert found[key("kafka_broker_request_total", request="EndTxn", version="5")] == 2


def test_every_metric_of_a_broker_is_on_its_page_once_or_by_request(reader):
    found = series(reader.read(deadline=1e12))

    assert {name for name, _ in found if name.startswith("kafka_broker_")} == {
        metric.name for metric in broker_jmx.METRICS
    }
    assert found[key("kafka_broker_transaction_partition_load_time_max_seconds")] == 0.008
    assert found[key("kafka_broker_under_min_isr_partitions")] == 0


def test_a_broker_is_up_and_counts_no_producers(reader):
    scrape = reader.read(deadline=1e12)

    found = series(scrape)
    assert found[key("kafka_producer_up")] == 1
    assert scrape.clients is None
    assert found[key("kafka_producer_exporter_target_info", kind="broker")] == 1
    assert {name for name, _ in found if name.startswith("kafka_producer_")} == {
        "kafka_producer_up",
        "kafka_producer_exporter_target_info",
        "kafka_producer_exporter_scrape_duration_seconds",
    }
    assert not any(label == "client_id" for _, labels in found for label, _ in labels)


def test_a_broker_that_does_not_answer_is_down_and_serves_nothing_else(reader, jvm):
    reader.read(deadline=1e12)
    jvm.failure = TransportError(Reason.REFUSED, "nothing listens")

    found = series(reader.read(deadline=1e12))

    assert found[key("kafka_producer_up")] == 0
    assert not any(name.startswith("kafka_broker_") for name, _ in found)


def test_an_mbean_that_disappears_ends_its_own_series_only(reader, jvm):
    before = series(reader.read(deadline=1e12))
    readings = jvm.answer(selections(Profile.DEFAULT, TargetKind.BROKER))
    jvm.answer = lambda _: [
        reading for reading in readings if reading.name.properties.get("error") != "PRODUCER_FENCED"
    ]

    after = series(reader.read(deadline=1e12))

    assert before.keys() - after.keys() == {
        key("kafka_broker_request_error_total", request="EndTxn", error="PRODUCER_FENCED")
    }


def test_only_requests_of_producers_are_read_and_a_success_is_not_an_error():
    read = [reading.name.properties for reading in asked(Profile.FULL)]
    there = [ObjectName(text).properties for text in recorded_broker_mbeans()]

    assert {properties["request"] for properties in read if "request" in properties} == {
        "Produce",
        "InitProducerId",
        "AddPartitionsToTxn",
        "EndTxn",
        "FindCoordinator",
        "Metadata",
        "WriteTxnMarkers",
    }
    assert not any(properties.get("error") == "NONE" for properties in read)
    assert {"CreateTopics", "ApiVersions"} <= {properties.get("request") for properties in there}
    assert "NONE" in {properties.get("error") for properties in there}


def test_the_minimal_profile_reads_only_error_codes_of_a_broker():
    (selection,) = selections(Profile.MINIMAL, TargetKind.BROKER)

    assert selection.pattern == pattern_of(ERRORS)
    assert {kind_of(reading.name) for reading in asked(Profile.MINIMAL)} == {ERRORS}


def test_each_mbean_of_a_broker_is_read_once_and_only_for_its_number():
    read = asked(Profile.FULL)

    assert len({reading.name for reading in read}) == len(read)
    assert {reading.attributes for reading in read} == {("Count",), ("Value",), ("partition-load-time-max",)}
    assert {kind_of(reading.name) for reading in read} == set(BROKER_KINDS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kafka.network:type=RequestMetrics,name=ErrorsPerSec,request=Produce,error=NONE", ERRORS),
        ("kafka.network:type=RequestMetrics,name=RequestsPerSec,request=Produce,version=13", REQUESTS),
        ("kafka.network:type=RequestMetrics,name=TotalTimeMs,request=Produce", None),
        ("kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec", FAILED_PRODUCE),
        ("kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec,topic=orders", None),
        ("kafka.server:type=ReplicaManager,name=LeaderCount", None),
        ("kafka.producer:type=producer-metrics,name=x,client-id=a", None),
    ],
)
def test_the_name_property_distinguishes_mbeans_of_a_broker(name, kind):
    assert kind_of(ObjectName(name)) is kind


def test_a_pattern_has_exactly_the_keys_of_its_kind():
    assert pattern_of(ERRORS) == "kafka.network:type=RequestMetrics,name=ErrorsPerSec,request=*,error=*"
    assert pattern_of(FAILED_PRODUCE) == "kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec"
