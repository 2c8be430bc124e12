import pytest

from kafka_producer_exporter.broker.cluster.snapshots import PartitionLayout, ServerProbe, TopicLayout
from kafka_producer_exporter.broker.cluster.topics import TopicFacts
from kafka_producer_exporter.broker.families import LabelTexts, bootstrap_families, topic_families
from kafka_producer_exporter.net.errors import Reason, TransportError


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
def test_min_insync_replicas_takes_effect_only_up_to_the_replicas_that_there_are(
    partitions, min_in_sync, effective, under
):
    found = durability(*partitions, min_in_sync=min_in_sync)

    assert (found.min_in_sync, found.under_min_in_sync) == (effective, under)


def test_the_partition_with_the_fewest_replicas_and_those_without_a_leader_are_told():
    found = durability((1, 3, 3), (-1, 2, 1), min_in_sync=1)

    assert (found.replication, found.offline) == (2, 1)


def page(families):
    return {f"{family.metric.name}{labels.text}": value for family in families for labels, value in family.samples}


def test_a_setting_that_may_not_be_seen_is_absent_rather_than_a_default():
    found = page(topic_families(facts((1, 3, 3)), LabelTexts({}), fresh=True))

    assert found == {
        'kafka_topic_replication_factor{topic="orders"}': 3,
        'kafka_topic_offline_partitions{topic="orders"}': 0,
        "kafka_transaction_max_timeout_seconds": 900,
    }


def test_dead_letters_are_a_sum_over_partitions_and_absent_where_one_does_not_answer():
    ends = {("orders-dlq", 0): 5, ("orders-dlq", 1): 7, ("other-dlq", 0): 3}

    found = page(topic_families(facts(ends=ends, dead={"orders-dlq": 2, "other-dlq": 2}), LabelTexts({}), fresh=False))

    assert found == {'kafka_dead_letter_record_total{topic="orders-dlq"}': 12}


def test_end_offsets_are_shown_only_of_the_chosen_topics():
    known = facts(
        (1, 1, 1), settings={"unclean.leader.election.enable": "true"}, ends={("orders", 0): 9, ("dlq", 0): 1}
    )

    found = page(topic_families(known, LabelTexts({}), fresh=True))

    assert found['kafka_topic_partition_end_offset{partition="0",topic="orders"}'] == 9
    assert found['kafka_topic_unclean_leader_election{topic="orders"}'] == 1
    assert 'kafka_topic_partition_end_offset{partition="0",topic="dlq"}' not in found


def test_a_bootstrap_server_that_cannot_be_used_says_why():
    probes = {
        "one:9093": ServerProbe(2, 1_900_000_000.0, None),
        "two:9093": ServerProbe(1, None, TransportError(Reason.REFUSED, "nothing listens there")),
    }

    found = page(bootstrap_families(probes, LabelTexts({})))

    assert found == {
        'kafka_bootstrap_server_up{server="one:9093"}': 1,
        'kafka_bootstrap_server_up{server="two:9093"}': 0,
        'kafka_bootstrap_server_addresses{server="one:9093"}': 2,
        'kafka_bootstrap_server_addresses{server="two:9093"}': 1,
        'kafka_bootstrap_server_certificate_expiry_timestamp_seconds{server="one:9093"}': 1_900_000_000,
        'kafka_bootstrap_server_error{reason="refused",server="two:9093"}': 1,
    }
