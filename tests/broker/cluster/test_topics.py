import pytest

from kafka_producer_exporter.broker.cluster.snapshots import PartitionLayout, TopicLayout
from kafka_producer_exporter.broker.cluster.topics import DeadLetterCounts, TopicFacts


def facts(*partitions, settings=None, ends=None, dead=None):
    """What is known of the topic ``orders``; a partition is (leader, replicas, in sync)."""
    layout = TopicLayout("orders", tuple(PartitionLayout(number, *p) for number, p in enumerate(partitions)))
    return TopicFacts(
        layouts=[layout],
        settings={} if settings is None else {"orders": settings},
        broker_settings={"transaction.max.timeout.ms": "900000"},
        ends=ends or {},
        dead_letter_topics=dead or {},
    )


def durability(*partitions, min_in_sync):
    (found,) = facts(*partitions, settings={"min.insync.replicas": str(min_in_sync)}).durability()
    return found


@pytest.mark.parametrize(
    ("partitions", "min_in_sync", "effective", "under"),
    [
        ([(1, 3, 3), (2, 3, 3)], 2, 2, 0),
        ([(1, 3, 1), (2, 3, 3)], 2, 2, 1),
        ([(1, 1, 1)], 2, 1, 0),  # one replica with min.insync.replicas=2 takes records all the same
        ([(1, 3, 2), (2, 1, 1)], 3, 1, 1),
    ],
)
def test_min_insync_replicas_is_capped_at_the_number_of_replicas(partitions, min_in_sync, effective, under):
    found = durability(*partitions, min_in_sync=min_in_sync)

    assert (found.min_in_sync, found.under_min_in_sync) == (effective, under)


def test_the_fewest_replicas_and_the_partitions_without_a_leader_are_reported():
    found = durability((1, 3, 3), (-1, 2, 1), min_in_sync=1)

    assert (found.replication, found.offline) == (2, 1)


def test_a_setting_that_the_user_may_not_see_is_unknown_rather_than_a_default():
    (found,) = facts((1, 3, 3)).durability()

    assert (found.min_in_sync, found.under_min_in_sync, found.unclean) == (None, 0, None)


def dead_letters(*polls, partitions=2):
    """The count of ``orders-dlq`` after each poll, which is the end offsets of the partitions that answered."""
    counts, found = DeadLetterCounts(), []
    for ends in polls:
        counts.take_in(facts(ends={("orders-dlq", p): end for p, end in ends.items()}, dead={"orders-dlq": partitions}))
        found.append(counts.totals.get("orders-dlq"))
    return found


def test_dead_letters_are_a_sum_over_partitions_and_absent_until_all_of_them_have_answered():
    assert dead_letters({0: 5}, {0: 5, 1: 7}, {0: 6, 1: 7}) == [None, 12, 13]


def test_a_partition_that_does_not_answer_for_a_while_loses_no_dead_letter():
    assert dead_letters({0: 5, 1: 7}, {0: 6}, {0: 6, 1: 9}) == [12, 13, 15]


def test_an_end_offset_that_falls_is_no_dead_letter():
    assert dead_letters({0: 5, 1: 5000}, {0: 5, 1: 4990}, {0: 5, 1: 4993}) == [5005, 5005, 5008]


def test_a_topic_that_is_deleted_and_made_anew_goes_on_counting():
    assert dead_letters({0: 5, 1: 7}, {0: 0, 1: 0}, {0: 2, 1: 0}) == [12, 12, 14]


def test_the_records_of_a_new_partition_count():
    counts = DeadLetterCounts()
    counts.take_in(facts(ends={("dlq", 0): 5}, dead={"dlq": 1}))
    counts.take_in(facts(ends={("dlq", 0): 5, ("dlq", 1): 3}, dead={"dlq": 2}))

    assert counts.totals == {"dlq": 8}


def test_end_offsets_are_those_of_the_configured_topics_only():
    found = facts((1, 1, 1), ends={("orders", 0): 9, ("dlq", 0): 1}).shown_ends()

    assert found == {("orders", 0): 9}


@pytest.mark.parametrize("text", ["", "-1", "²", "٣", "1.5", "9" * 5000])
def test_a_setting_that_is_no_number_is_unknown(text):
    assert durability((1, 3, 3), min_in_sync=text).min_in_sync is None
