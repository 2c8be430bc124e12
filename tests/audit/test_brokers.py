"""What the brokers report about topics and the transaction log."""

from kafka_producer_exporter.audit.brokers import (
    LOG_MIN_ISR,
    LOG_REPLICATION,
    MIN_ISR,
    ClusterState,
    TopicState,
    audit_cluster,
)
from kafka_producer_exporter.audit.findings import Verdict

GOOD_LOG = TopicState(topic="__transaction_state", replicas=3, min_in_sync=2)


def verdicts(**state):
    items = audit_cluster(ClusterState(**{"server": "b:1", "topics": (), "transaction_log": GOOD_LOG, **state}))
    return [(item.option, item.where, item.verdict) for item in items]


def test_a_durable_cluster_has_no_findings():
    topic = TopicState(topic="orders", replicas=3, min_in_sync=2)

    found = verdicts(topics=[topic], settings={MIN_ISR: "2"})

    assert {verdict for _, _, verdict in found} == {Verdict.GOOD}


def test_a_topic_with_one_replica_in_sync_or_too_few_replicas_is_found():
    topics = [
        TopicState(topic="orders", replicas=3, min_in_sync=1),
        TopicState(topic="bills", replicas=1, min_in_sync=1),
        TopicState(topic="late", replicas=3, min_in_sync=2, under_min_in_sync=4),
    ]

    found = [(option, where) for option, where, verdict in verdicts(topics=topics) if verdict is Verdict.FINDING]

    assert found == [
        (MIN_ISR, "orders"),
        ("replication factor", "bills"),
        (MIN_ISR, "bills"),
        (MIN_ISR, "late"),
    ]


def test_the_transaction_log_itself_counts_and_not_the_setting():
    log = TopicState(topic="__transaction_state", replicas=1, min_in_sync=1)

    found = verdicts(transaction_log=log, settings={LOG_REPLICATION: "3", LOG_MIN_ISR: "2"})

    assert [(option, verdict) for option, _, verdict in found] == [
        (LOG_REPLICATION, Verdict.FINDING),
        (LOG_MIN_ISR, Verdict.FINDING),
    ]


def test_before_there_is_a_log_the_settings_count():
    found = verdicts(transaction_log=None, settings={LOG_REPLICATION: "1", LOG_MIN_ISR: "2"})

    assert [verdict for _, _, verdict in found] == [Verdict.FINDING, Verdict.GOOD]


def test_what_the_user_may_not_see_is_not_judged():
    topic = TopicState(topic="orders", replicas=3, min_in_sync=None)

    found = verdicts(topics=[topic], transaction_log=None)

    assert {verdict for _, _, verdict in found} == {Verdict.UNKNOWN}
