import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from kafka_producer_exporter.catalogue.hidden import HiddenReason
from kafka_producer_exporter.catalogue.table import as_page
from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import render
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.settings import IdGroup, Limits
from kafka_producer_exporter.targets.families import MAX_PLANS, FamilyBuilder
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

    assert producers == ([], 0, {}, {})


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
        'kafka_producer_request_latency_avg_seconds{client_id="other",target="checkout"}': 0.001,
        'kafka_producer_exporter_series_folded{kind="client",target="checkout"}': 2,
        'kafka_producer_group_clients{client_id="other",target="checkout"}': 2,
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


JOBS = IdGroup(pattern=re.compile("job-.*"), group="jobs")


def test_a_group_of_one_has_the_averages_of_its_member():
    found = series(builder(JOBS).build(recorded_readings("4.4.0", Profile.FULL)))
    renamed = [
        Reading(ObjectName(reading.name.text.replace("client-id=orders", "client-id=job-1")), *reading[1:])
        for reading in recorded_readings("4.4.0", Profile.FULL)
    ]
    grouped = series(builder(JOBS).build(renamed))

    own = {name: value for name, value in found.items() if 'client_id="orders"' in name and "_info" not in name}
    assert own == {
        name.replace('"jobs"', '"orders"'): value
        for name, value in grouped.items()
        if 'client_id="jobs"' in name and "group_clients" not in name
    }
    assert grouped['kafka_producer_group_clients{client_id="jobs",target="checkout"}'] == 1


def test_the_average_of_a_group_is_weighted_by_the_requests_of_its_members():
    busy = client("job-1", request_latency_avg=10.0, record_send_rate=90.0, records_per_request_avg=10.0)
    calm = client("job-2", request_latency_avg=20.0, record_send_rate=5.0, records_per_request_avg=5.0)
    idle = client("job-3", request_latency_avg=math.nan, record_send_rate=0.0, records_per_request_avg=math.nan)

    found = series(builder(JOBS).build([busy, calm, idle]))

    assert found['kafka_producer_request_latency_avg_seconds{client_id="jobs",target="checkout"}'] == 0.011
    assert found['kafka_producer_records_per_request_avg{client_id="jobs",target="checkout"}'] == 9.5
    assert found['kafka_producer_group_clients{client_id="jobs",target="checkout"}'] == 3


def sent(name, value=1.0):
    return reading(f"type=producer-metrics{name}", record_send_total=value)


def of_topic(name):
    return reading(f"type=producer-topic-metrics,{name}", record_send_total=1.0)


@pytest.mark.parametrize(
    ("readings", "labels"),
    [
        ([sent(",client-id=job-1"), sent(",client-id=jobs")], 'client_id="jobs"'),
        ([sent(",client-id=jobs"), sent(",client-id=job-1")], 'client_id="jobs"'),
        ([sent(",client-id=a"), sent(',client-id="a"')], 'client_id="a"'),
        ([sent(""), sent(',client-id=""')], 'client_id=""'),
        ([sent(",client-id=a"), reading("client-id=a,type=producer-metrics", record_send_total=1.0)], 'client_id="a"'),
        ([sent(",client-id=\ud800"), sent(",client-id=\udfff")], 'client_id="?"'),
        ([of_topic("client-id=a,topic=t"), of_topic("topic=t,client-id=a")], 'topic="t"'),
    ],
)
def test_mbeans_with_the_same_labels_are_one_series_with_their_sum(readings, labels):
    name = "kafka_producer_topic_record_send_total" if "topic" in labels else "kafka_producer_record_send_total"
    subject = builder(JOBS)

    for _ in range(2):
        found = [
            (labels.text, value)
            for metric, samples in subject.build(readings).families
            for labels, value in samples
            if metric.name == name
        ]

        assert [value for _, value in found] == [2.0]
        assert labels in found[0][0]


def test_a_client_and_a_topic_that_are_called_other_share_the_series_of_everything_over_the_limit():
    subject = builder(clients=1, topics=1)
    first = [sent(",client-id=other"), sent(",client-id=a"), of_topic("client-id=a,topic=other")]
    over = [sent(",client-id=b"), of_topic("client-id=a,topic=t1"), of_topic("client-id=a,topic=t2")]

    subject.build(first)
    found = subject.build([*first, *over])

    assert_no_series_is_twice(found)
    found = series(found)
    assert found['kafka_producer_record_send_total{client_id="other",target="checkout"}'] == 2
    assert found['kafka_producer_topic_record_send_total{client_id="a",target="checkout",topic="other"}'] == 2
    assert found['kafka_producer_exporter_series_folded{kind="client",target="checkout"}'] == 2


def test_a_client_named_like_a_group_whose_members_ended_continues_their_series():
    subject = builder(JOBS)
    subject.build([sent(",client-id=job-1", 10.0)])
    subject.build([])

    found = subject.build([sent(",client-id=jobs", 5.0)])

    assert_no_series_is_twice(found)
    assert series(found)['kafka_producer_record_send_total{client_id="jobs",target="checkout"}'] == 15


def assert_no_series_is_twice(producers):
    found = [family.metric.name + labels.text for family in producers.families for labels, _ in family.samples]
    assert sorted(found) == sorted(set(found))


ODD = [
    "a",
    '"a"',
    "other",
    '"other"',
    "jobs",
    "job-1",
    "job-2",
    "",
    '""',
    "\ud800",
    "?",
    '"\\n"',
    '"\\""',
    '"\\\\"',
    "é",
    "\r",
    "node-1",
    "1",
    "node--1",
]
odd_names = st.one_of(
    st.builds("type=producer-metrics,client-id={}".format, st.sampled_from(ODD)),
    st.builds("client-id={},type=producer-metrics".format, st.sampled_from(ODD)),
    st.just("type=producer-metrics"),
    st.builds("type=app-info,client-id={}".format, st.sampled_from(ODD)),
    st.builds("topic={1},type=producer-topic-metrics,client-id={0}".format, *[st.sampled_from(ODD)] * 2),
    st.builds("type=producer-topic-metrics,topic={}".format, st.sampled_from(ODD)),
    st.builds("type=producer-node-metrics,client-id={},node-id={}".format, *[st.sampled_from(ODD)] * 2),
    st.builds("type=producer-metrics,client-id={},cipher={},protocol={}".format, *[st.sampled_from(ODD)] * 3),
)
odd_values = st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.0, -1e300, 5, 10**400, True, math.nan, math.inf, "x", None])
ATTRIBUTES = {
    "producer-metrics": ("record-send-total", "request-latency-avg", "record-send-rate", "records-per-request-avg"),
    "app-info": ("version", "commit-id", "start-time-ms"),
    "producer-topic-metrics": ("record-send-total", "compression-rate"),
    "producer-node-metrics": ("request-total", "request-latency-avg"),
}


@st.composite
def odd_readings(draw):
    readings = []
    for text in draw(st.lists(odd_names, unique=True, max_size=12)):
        name = ObjectName(f"kafka.producer:{text}")
        attributes = ("connections",) if "cipher" in name.properties else ATTRIBUTES[name.properties["type"]]
        readings.append(Reading(name, attributes, [draw(odd_values) for _ in attributes]))
    return readings


@settings(max_examples=200, deadline=None)
@given(scrapes=st.lists(odd_readings(), min_size=1, max_size=4), limit=st.integers(1, 20))
def test_whatever_the_names_a_page_has_no_duplicate_and_a_strict_parser_takes_it(scrapes, limit):
    subject = builder(JOBS, clients=limit, topics=limit, nodes=limit)

    for number, readings in enumerate(scrapes):
        producers = subject.build(readings)

        page = render(as_page(producers.families), Format.OPENMETRICS).decode()
        series_names = [line.rpartition(" ")[0] for line in page.split("\n") if line[:1] not in ("#", "")]
        assert sorted(series_names) == sorted(set(series_names))
        families = {family.name: family for family in text_string_to_metric_families(page)}
        counted = sum(
            value
            for name, attributes, values in readings
            if "producer-metrics" in name.text
            for attribute, value in zip(attributes, values, strict=True)
            if attribute == "record-send-total"
            and isinstance(value, int | float)
            and 0 <= value < math.inf
            and value < 1e308
        )
        if number == 0 and counted:
            assert sum(sample.value for sample in families["kafka_producer_record_send"].samples) == counted


def test_a_topic_that_is_gone_makes_room_for_another():
    subject = builder(topics=1)

    def topic(name):
        return reading(f"type=producer-topic-metrics,client-id=a,topic={name}", record_send_total=1.0)

    subject.build([topic("one"), topic("two")])
    subject.build([topic("two")])

    assert 'topic="three"' in str(series(subject.build([topic("two"), topic("three")])))


def test_a_producer_without_any_mbean_of_a_reporter_is_reported_by_its_names_alone():
    subject = builder()
    listed = ("kafka.producer:type=app-info,id=a",)

    first, second = subject.build([], listed), subject.build([], listed)

    assert (first.clients, first.suspects, first.hidden) == (0, {"a": HiddenReason.REPORTER}, {})
    assert series(second) == {'kafka_producer_hidden{client_id="a",reason="reporter",target="checkout"}': 1}
    assert series(subject.build([], ())) == {}


def test_hidden_producers_are_counted_within_the_limit_of_clients():
    subject = builder(JOBS, clients=3)
    readings = [
        reading(f"type=app-info,client-id={name}", version="4.4.0")
        for name in ["job-1", "job-2", *(f"c{number}" for number in range(100))]
    ]

    subject.build(readings)
    found = {name: value for name, value in series(subject.build(readings)).items() if "_hidden" in name}

    assert found == {
        'kafka_producer_hidden{client_id="jobs",reason="duplicate_client_id",target="checkout"}': 2,
        'kafka_producer_hidden{client_id="c0",reason="duplicate_client_id",target="checkout"}': 1,
        'kafka_producer_hidden{client_id="c1",reason="duplicate_client_id",target="checkout"}': 1,
        'kafka_producer_hidden{client_id="other",reason="duplicate_client_id",target="checkout"}': 98,
    }


@pytest.mark.parametrize("value", [-1.0, -(10**400), 10**400])
def test_a_counter_that_is_negative_or_beyond_a_float_is_absent(value):
    assert series(builder().build([client("a", record_send_total=value)])) == {}


def test_hidden_producers_whose_names_look_the_same_on_a_page_are_one_series():
    subject = builder()
    readings = [reading(f"type=app-info,client-id={name}", version="4.4.0") for name in ("?", "\ud800")]

    subject.build(readings)
    [hidden] = [family for family in subject.build(readings).families if family.metric.name == "kafka_producer_hidden"]

    assert [(labels["client_id"], number) for labels, number in hidden.samples] == [("?", 2.0)]


def test_a_hidden_producer_is_reported_from_the_second_scrape_on():
    app_info = reading("type=app-info,client-id=a", version="4.4.0", commit_id="abc")
    subject = builder()
    hidden = 'kafka_producer_hidden{client_id="a",reason="duplicate_client_id",target="checkout"}'

    assert hidden not in series(subject.build([app_info, client("a", record_send_total=1.0)]))
    assert hidden not in series(subject.build([app_info]))
    assert series(subject.build([app_info]))[hidden] == 1
    assert hidden not in series(subject.build([app_info, client("a", record_send_total=1.0)]))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_scrape_of_the_same_values_gives_the_same_page(version):
    subject = builder()
    readings = recorded_readings(version, Profile.FULL)

    assert series(subject.build(readings)) == series(subject.build(readings))


def test_ever_new_attributes_do_not_fill_the_memory_with_plans():
    subject = builder()

    for number in range(MAX_PLANS + 10):
        values = {"record_send_total": 1.0, f"unknown_{number}": 2.0}
        found = series(subject.build([reading("type=producer-metrics,client-id=a", **values)]))

    assert found['kafka_producer_record_send_total{client_id="a",target="checkout"}'] == 1.0
    assert len(subject._plans) <= MAX_PLANS
