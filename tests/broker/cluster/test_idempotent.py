import re

import pytest

from kafka_producer_exporter.broker.cluster.hanging import LogAnswer, Look, PartitionScan
from kafka_producer_exporter.broker.cluster.idempotent import Activity, IdempotentTracker
from kafka_producer_exporter.broker.cluster.sightings import Settled
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState

NOW_MS = 1_800_000_000_000


def row(producer_id, epoch=0, *, partition=0, age_ms=0, start_offset=-1, coordinator_epoch=-1, topic="orders"):
    return ProducerState(topic, partition, producer_id, epoch, NOW_MS - age_ms, start_offset, coordinator_epoch)


def scanned(*scans, topics=("orders",), denied=()):
    """A tracker after these scans; in the last one the partitions in *denied* did not answer."""
    tracker = IdempotentTracker([re.compile(topic) for topic in topics])
    for number, producers in enumerate(scans, start=1):
        tracker.take_in(scan_of(producers, denied=denied if number == len(scans) else ()))
    return tracker


def scan_of(producers, *, denied=()):
    return PartitionScan(
        look=Look(0.0, Settled(None, None), [], LogAnswer({}), (), {}, None),
        producers=list(producers),
        transactional=frozenset({99}),
        described=frozenset({("orders", 0), ("orders", 1), ("other", 0), *((one.topic, 0) for one in producers)}),
        denied=frozenset(denied),
    )


def counts(tracker):
    found = tracker.counts["orders"]
    return found.appeared, found.expired, found.epoch_bumps


def test_a_producer_of_the_first_scan_is_not_new():
    assert counts(scanned([row(1), row(2)])) == (0, 0, 0)


def test_producer_ids_that_come_and_go_are_counted_once_however_many_partitions_they_write_to():
    tracker = scanned([row(1), row(1, partition=1)], [row(2), row(2, partition=1)], [row(2)])

    assert counts(tracker) == (1, 1, 0)


def test_each_epoch_is_a_bump_even_if_several_happened_between_two_scans():
    tracker = scanned(
        [row(1, 0)], [row(1, 2), row(1, 0, partition=1)], [row(1, 2), row(1, 2, partition=1)], [row(1, 3)]
    )

    assert counts(tracker) == (0, 0, 3)


@pytest.mark.parametrize("transactional", [row(99, 1), row(1, 1, start_offset=5), row(1, 1, coordinator_epoch=0)])
def test_producers_with_transactions_are_ignored(transactional):
    assert counts(scanned([], [transactional])) == (0, 0, 0)


def test_a_topic_with_a_denied_partition_is_left_as_it_was():
    assert counts(scanned([row(1)], [], denied={("orders", 1)})) == (0, 0, 0)


def test_the_first_producers_of_a_new_topic_appear():
    tracker = scanned([row(1)], [row(1), row(2, topic="new"), row(3, topic="new")], topics=("orders", "new"))

    assert tracker.counts["new"].appeared == 2


def test_producers_of_a_topic_that_was_denied_until_now_do_not_appear():
    tracker = scanned([], denied={("orders", 1)})
    tracker.take_in(scan_of([row(1)]))

    assert counts(tracker) == (0, 0, 0)


def test_topics_that_match_no_pattern_are_ignored():
    assert scanned([row(1)], topics=()).counts == {}


def test_activity_is_reported_for_each_partition():
    tracker = scanned([row(1, age_ms=5000), row(2, age_ms=700_000), row(3, partition=1, age_ms=-100)])

    assert sorted(tracker.activity(NOW_MS)) == [Activity("orders", 0, 1, 5.0), Activity("orders", 1, 1, 0.0)]
