import re

import pytest

from kafka_producer_exporter.broker.cluster.idempotent import Activity, IdempotentTracker
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState
from kafka_producer_exporter.broker.families import LabelTexts, idempotent_families

NOW_MS = 1_800_000_000_000


def row(producer_id, epoch=0, *, partition=0, age_ms=0, start_offset=-1, coordinator_epoch=-1, topic="orders"):
    return ProducerState(topic, partition, producer_id, epoch, NOW_MS - age_ms, start_offset, coordinator_epoch)


def looked(*looks, topics=("orders",), refused=()):
    """A tracker after these looks; in the last one these partitions did not answer."""
    tracker = IdempotentTracker([re.compile(topic) for topic in topics])
    for number, producers in enumerate(looks, start=1):
        silent = refused if number == len(looks) else ()
        asked = {("orders", 0), ("orders", 1), ("other", 0)}
        tracker.take_in(producers, transactional={99}, asked=asked, refused=silent)
    return tracker


def counts(tracker):
    found = tracker.counts["orders"]
    return found.appeared, found.gone, found.resets


def test_who_was_there_at_the_first_look_is_not_new():
    assert counts(looked([row(1), row(2)])) == (0, 0, 0)


def test_producer_ids_that_come_and_go_are_counted_once_however_many_partitions_they_write_to():
    tracker = looked([row(1), row(1, partition=1)], [row(2), row(2, partition=1)], [row(2)])

    assert counts(tracker) == (1, 1, 0)


def test_each_epoch_is_a_reset_even_if_several_came_between_two_looks():
    tracker = looked([row(1, 0)], [row(1, 2), row(1, 0, partition=1)], [row(1, 2), row(1, 2, partition=1)], [row(1, 3)])

    assert counts(tracker) == (0, 0, 3)


@pytest.mark.parametrize("transactional", [row(99, 1), row(1, 1, start_offset=5), row(1, 1, coordinator_epoch=0)])
def test_producers_with_transactions_are_left_out(transactional):
    assert counts(looked([], [transactional])) == (0, 0, 0)


def test_a_topic_that_does_not_answer_in_full_is_left_as_it_was():
    assert counts(looked([row(1)], [], refused={("orders", 1)})) == (0, 0, 0)


def test_topics_that_no_pattern_names_are_left_out():
    assert looked([row(1)], topics=()).counts == {}


def test_activity_is_by_partition():
    tracker = looked([row(1, age_ms=5000), row(2, age_ms=700_000), row(3, partition=1, age_ms=-100)])

    assert sorted(tracker.activity(NOW_MS)) == [Activity("orders", 0, 1, 5.0), Activity("orders", 1, 1, 0.0)]


def test_without_the_brokers_only_the_counters_are_left():
    tracker = looked([row(1)])

    names = {family.metric.name for family in idempotent_families(tracker, LabelTexts({}), now_ms=None)}

    assert all(name.endswith("_total") for name in names)
    assert len(names) == 3
