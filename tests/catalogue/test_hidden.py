import pytest

from kafka_producer_exporter.catalogue.hidden import HiddenReason, explain_hidden, hidden_producers
from tests.recordings import VERSIONS, recorded_mbeans

ID = "kafka.producer:type=app-info,id=orders"
APP_INFO = "kafka.producer:type=app-info,client-id=orders"
COUNT = "kafka.producer:type=kafka-metrics-count,client-id=orders"
METRICS = "kafka.producer:type=producer-metrics,client-id=orders"
TOPIC = "kafka.producer:type=producer-topic-metrics,client-id=orders,topic=t"
NAMED_LIKE_ONE = 'kafka.producer:type=producer-topic-metrics,client-id=a,topic="type=app-info,id=orders"'


@pytest.mark.parametrize(
    ("listed", "read", "expected"),
    [
        ([ID], [], HiddenReason.REPORTER),
        ([ID, NAMED_LIKE_ONE], [], HiddenReason.REPORTER),
        ([ID, "kafka.producer:nonsense"], [], HiddenReason.REPORTER),
        ([ID, APP_INFO], [APP_INFO], HiddenReason.FILTER),
        ([ID, COUNT], [], HiddenReason.FILTER),
        ([ID, TOPIC], [TOPIC], HiddenReason.FILTER),
        ([APP_INFO], [APP_INFO], HiddenReason.DUPLICATE_CLIENT_ID),
        ([APP_INFO, TOPIC], [APP_INFO, TOPIC], HiddenReason.DUPLICATE_CLIENT_ID),
        ([ID, APP_INFO, METRICS], [], HiddenReason.UNREADABLE),
        ([METRICS], [], HiddenReason.UNREADABLE),
        ([ID, APP_INFO, METRICS], [METRICS], None),
        ([METRICS], [METRICS], None),
        ([TOPIC], [TOPIC], None),
        ([], [], None),
    ],
)
def test_the_names_that_are_left_of_a_producer_show_why_it_has_no_metrics(listed, read, expected):
    assert hidden_producers(listed, read) == ({} if expected is None else {"orders": expected})


@pytest.mark.parametrize("version", VERSIONS)
def test_no_recorded_producer_is_hidden(version):
    names = list(recorded_mbeans(version))

    assert hidden_producers(names, names) == {}


def test_an_empty_and_a_quoted_client_id_are_recognized():
    listed = ["kafka.producer:type=app-info,id=", 'kafka.producer:type=app-info,id="a,b"']

    assert hidden_producers(listed, []) == {"": HiddenReason.REPORTER, "a,b": HiddenReason.REPORTER}


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        ("4.4.0", "metric.reporters does not contain org.apache.kafka.common.metrics.JmxReporter"),
        ("3.9.2", "auto.include.jmx.reporter is false"),
        ("2.8.2", "because metrics.jmx.include and metrics.jmx.exclude leave out"),
        ("", "metric.reporters without JmxReporter since 4.0"),
        ("4.x-SNAPSHOT", "metric.reporters does not contain"),
    ],
)
def test_the_cause_follows_from_the_version_of_the_client(version, advice):
    assert advice in explain_hidden({"orders": HiddenReason.REPORTER}, {"orders": version})


def test_producers_with_one_cause_are_explained_together():
    hidden = {f"c{number}": HiddenReason.FILTER for number in range(7)} | {"orders": HiddenReason.UNREADABLE}

    text = explain_hidden(hidden)

    assert text.startswith("c0, c1, c2, c3, c4 and 2 more: alive, but without metrics because metrics.jmx.include")
    assert text.count("; orders: alive, but without metrics because the values") == 1
    assert explain_hidden({}) == ""
