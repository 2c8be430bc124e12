import pytest

from kafka_producer_exporter.broker.cluster.sightings import Sightings, settled_leaders
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader

LEADERS = {0: LogLeader(1, 5), 1: LogLeader(2, 3)}
LATER = LEADERS | {1: LogLeader(2, 4)}
LEADERLESS = LEADERS | {1: LogLeader(-1, 4)}


def test_a_look_is_settled_if_all_brokers_name_the_same_leaders_before_and_after():
    assert settled_leaders([LEADERS, LEADERS], [LEADERS, LEADERS], asked={1, 2}) == (LEADERS, None)


@pytest.mark.parametrize(
    ("before", "after", "obstacle"),
    [
        pytest.param([LEADERLESS] * 2, [LEADERLESS] * 2, "has no leader", id="a partition has no leader"),
        pytest.param([LEADERLESS, LEADERS], [LEADERS] * 2, "has no leader", id="it has none as one broker knows it"),
        pytest.param([LEADERS] * 2, [LATER] * 2, "are moving", id="it got a new leader meanwhile"),
        pytest.param([LATER, LEADERS], [LATER] * 2, "are moving", id="the brokers do not agree"),
        pytest.param([{}, LEADERS], [LEADERS] * 2, "are moving", id="a broker does not know the log yet"),
        pytest.param([], [], "may not describe", id="nobody may be asked"),
    ],
)
def test_otherwise_it_proves_nothing(before, after, obstacle):
    found = settled_leaders(before, after, asked={1, 2})

    assert found.leaders is None
    assert obstacle in found.obstacle


def test_a_leader_that_did_not_list_its_transactions_counts_as_none():
    assert settled_leaders([LEADERS], [LEADERS], asked={1}).leaders is None


def test_a_cluster_without_a_log_is_settled():
    assert settled_leaders([{}, {}], [{}, {}], asked={1, 2}) == ({}, None)


def test_what_was_seen_before_keeps_the_note_of_its_first_sighting():
    sightings = Sightings()

    assert sightings.take_in({"a": 1}, LEADERS) == {}
    assert sightings.take_in({"a": 2, "b": 2}, LEADERS) == {"a": 1}
    assert sightings.take_in({"a": 3, "b": 3}, LEADERS) == {"a": 1, "b": 2}


@pytest.mark.parametrize("between", [None, LATER])
def test_a_look_without_leaders_or_with_others_begins_again(between):
    sightings = Sightings()
    sightings.take_in({"a": 1}, LEADERS)

    assert sightings.take_in({"a": 2}, between) == {}
    assert sightings.take_in({"a": 3}, LEADERS) == {}
    assert sightings.take_in({"a": 4}, LEADERS) == {"a": 3}


def test_what_was_not_seen_in_between_begins_again():
    sightings = Sightings()
    sightings.take_in({"a": 1}, LEADERS)
    sightings.take_in({}, LEADERS)

    assert sightings.take_in({"a": 3}, LEADERS) == {}
