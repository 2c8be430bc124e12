import math
import re

import pytest

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.settings import IdGroup, Limits
from kafka_producer_exporter.targets.families import FamilyBuilder
from tests.families import series_of
from tests.recordings import VERSIONS, recorded_readings


def builder(*groups, profile=Profile.FULL, **limits):
    return FamilyBuilder({"target": "checkout"}, profile=profile, limits=Limits(**limits), groups=groups)


def client(client_id, **attributes):
    return reading(f"type=producer-metrics,client-id={client_id}", **attributes)


def reading(name, **attributes):
    names = tuple(attribute.replace("_", "-") for attribute in attributes)
    return Reading(ObjectName(f"kafka.producer:{name}"), names, list(attributes.values()))


def series(producers):
    return series_of(producers.families)


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf, None, "text"])
def test_a_value_that_is_not_a_finite_number_is_absent_rather_than_zero(nothing):
    producers = builder().build([client("a", record_send_total=1.0, request_latency_avg=nothing)])

    assert series(producers) == {'kafka_producer_record_send_total{client_id="a",target="checkout"}': 1}
    assert producers.clients == 1


def test_values_come_in_base_units():
    found = series(builder().build([client("a", request_latency_avg=9.0, bufferpool_wait_time_ns_total=5e9)]))

    assert found['kafka_producer_request_latency_avg_seconds{client_id="a",target="checkout"}'] == 0.009
    assert found['kafka_producer_bufferpool_wait_time_seconds_total{client_id="a",target="checkout"}'] == 5


def test_metadata_that_was_never_fetched_has_no_age():
    assert "metadata_age" not in str(series(builder().build([client("a", metadata_age=1.795e9)])))
    assert "metadata_age" in str(series(builder().build([client("a", metadata_age=299.0)])))


@pytest.mark.parametrize("spelling", ["bufferpool_wait_time_ns_total", "bufferpool_wait_time_total"])
def test_a_renamed_attribute_is_one_metric(spelling):
    found = series(builder().build([client("a", **{spelling: 1e9})]))

    assert found == {'kafka_producer_bufferpool_wait_time_seconds_total{client_id="a",target="checkout"}': 1}


def test_an_attribute_that_is_read_in_both_spellings_has_one_sample():
    found = builder().build([client("a", bufferpool_wait_time_ns_total=2e9, bufferpool_wait_time_total=1e9)])

    (family,) = found.families
    assert [value for _, value in family.samples] == [2]


def test_a_quoted_client_id_is_served_without_its_quotes():
    assert '{client_id="orders,eu",' in str(series(builder().build([client('"orders,eu"', record_send_total=1.0)])))


def test_mbeans_of_other_kinds_are_skipped():
    producers = builder().build([reading("type=something-else,client-id=a", count=1.0)])

    assert producers == ([], 0)


def test_version_and_commit_are_labels_of_the_info():
    found = series(builder().build([reading("type=app-info,client-id=a", version="4.4.0", commit_id="abc")]))

    assert found == {'kafka_producer_info{client_id="a",commit_id="abc",target="checkout",version="4.4.0"}': 1}


def test_clients_over_the_limit_are_summed_as_other_and_counted():
    readings = [client(name, record_send_total=10.0, request_latency_avg=1.0) for name in "abc"]
    found = series(builder(clients=1).build(readings))

    assert found == {
        'kafka_producer_record_send_total{client_id="a",target="checkout"}': 10,
        'kafka_producer_record_send_total{client_id="other",target="checkout"}': 20,
        'kafka_producer_request_latency_avg_seconds{client_id="a",target="checkout"}': 0.001,
        'kafka_producer_exporter_series_folded{kind="client",target="checkout"}': 2,
    }


def test_a_group_keeps_counting_when_its_members_are_replaced_again_and_again():
    subject = builder(IdGroup(pattern=re.compile("job-.*"), group="jobs"))
    totals = [
        series(subject.build([client(f"job-{number}", record_send_total=10.0)]))[
            'kafka_producer_record_send_total{client_id="jobs",target="checkout"}'
        ]
        for number in range(100)
    ]

    assert totals == [10.0 * number for number in range(1, 101)]
    assert len(subject._placed) == 1


def test_a_topic_that_is_gone_makes_room_for_another():
    subject = builder(topics=1)

    def topic(name):
        return reading(f"type=producer-topic-metrics,client-id=a,topic={name}", record_send_total=1.0)

    subject.build([topic("one"), topic("two")])
    subject.build([topic("two")])

    assert 'topic="three"' in str(series(subject.build([topic("two"), topic("three")])))


def test_a_hidden_producer_is_reported_from_the_second_scrape_on():
    app_info = reading("type=app-info,client-id=a", version="4.4.0", commit_id="abc")
    subject = builder()
    hidden = 'kafka_producer_hidden{client_id="a",target="checkout"}'

    assert hidden not in series(subject.build([app_info, client("a", record_send_total=1.0)]))
    assert hidden not in series(subject.build([app_info]))
    assert series(subject.build([app_info]))[hidden] == 1
    assert hidden not in series(subject.build([app_info, client("a", record_send_total=1.0)]))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_scrape_of_the_same_values_gives_the_same_page(version):
    subject = builder()
    readings = recorded_readings(version, Profile.FULL)

    assert series(subject.build(readings)) == series(subject.build(readings))
