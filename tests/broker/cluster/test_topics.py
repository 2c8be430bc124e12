import pytest

from kafka_producer_exporter.broker.cluster.snapshots import PartitionLayout, TopicLayout
from kafka_producer_exporter.broker.cluster.topics import TopicFacts


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


def test_dead_letters_are_a_sum_over_partitions_and_absent_if_one_of_them_does_not_answer():
    ends = {("orders-dlq", 0): 5, ("orders-dlq", 1): 7, ("other-dlq", 0): 3}

    assert facts(ends=ends, dead={"orders-dlq": 2, "other-dlq": 2}).dead_letters() == {"orders-dlq": 12}


def test_end_offsets_are_those_of_the_configured_topics_only():
    found = facts((1, 1, 1), ends={("orders", 0): 9, ("dlq", 0): 1}).shown_ends()

    assert found == {("orders", 0): 9}
