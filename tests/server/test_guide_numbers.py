"""The guide's numbers on the status page."""

import pytest

from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.server.guide_numbers import OF_PRODUCER, OF_TRANSACTIONAL_ID, numbers_table, values_of
from tests.paths import ROOT
from tests.server.asking import family
from tests.server.reading import read

NUMBERS = (*OF_PRODUCER, *OF_TRANSACTIONAL_ID)


def test_the_page_shows_every_number_that_the_guide_names():
    assert sorted(number.name for number in NUMBERS) == sorted(entry.name for entry in GUIDE)


@pytest.mark.parametrize(("numbers", "label"), [(OF_PRODUCER, "client_id"), (OF_TRANSACTIONAL_ID, "transactional_id")])
def test_each_number_comes_from_one_metric_that_has_the_label(numbers, label):
    for number in numbers:
        (metric,) = (metric for metric in METRICS.values() if metric.guide == number.name)
        assert label in metric.labels


def test_each_runbook_that_is_linked_exists():
    named = {number.runbook for number in NUMBERS} - {""}

    assert named <= {file.stem for file in (ROOT / "alerts" / "runbooks" / "en").glob("*.md")}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("kafka_producer_record_send_rate", 49.93, "49.9 per second"),
        ("kafka_producer_request_latency_avg_seconds", 0.0123, "12.3 ms"),
        ("kafka_producer_batch_size_avg_bytes", 16_384.0, "16.4 kB"),
        ("kafka_producer_compression_rate_avg", 0.254, "25.4 %"),
        ("kafka_producer_bufferpool_wait_time_seconds_total", 0.0, "0 s in total"),
        ("kafka_producer_record_error_rate", 0.0, "0 per second"),
    ],
)
def test_a_number_is_said_with_its_unit(name, value, shown):
    values = values_of([family(METRICS[name], ({"target": "a", "client_id": "b"}, value))], "client_id")

    table = read(numbers_table("b", values["b"], OF_PRODUCER, "en"))

    assert [row[1] for row in table.rows() if row[1] != "no value"] == [shown]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0123, "12.3 ms"), (12.0, "12초"), (900.0, "15분"), (9000.0, "2시간 30분"), (2e5, "2일 7시간")],
)
def test_a_duration_is_said_in_korean(seconds, shown):
    table = read(numbers_table("b", {"request-latency-avg": seconds}, OF_PRODUCER, "ko"))

    assert table.rows()[1][1] == shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_that_should_be_zero_leads_to_its_runbook(language):
    table = read(numbers_table("b", {"record-error-rate": 0.5}, OF_PRODUCER, language))

    link = table.only("a")
    assert link.attributes["href"] == f"runbooks/KafkaProducerRecordErrors?lang={language}"
    assert link.attributes["aria-label"] == f"{link.text} KafkaProducerRecordErrors"
    assert table.only("span", class_="trouble").text in ("0.5 per second", "초당 0.5건")


def test_series_of_topics_are_not_taken_for_their_producer():
    labels = {"target": "a", "client_id": "b", "topic": "c"}

    assert values_of([family(METRICS["kafka_producer_topic_record_send_total"], (labels, 1.0))], "client_id") == {}
