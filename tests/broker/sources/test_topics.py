from kafka_producer_exporter.broker.cluster.snapshots import PartitionLayout, TopicLayout
from kafka_producer_exporter.broker.cluster.topics import TopicFacts
from kafka_producer_exporter.broker.sources import topics as topics_source
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.broker.sources.topics import Topics
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker
from tests.broker.served import DOWN, UP, moment, served

BROKER = Broker(bootstrap_servers=(Address("kafka-1", 9092),))


def topics(monkeypatch, *, settings=None, ends=None, dead=None, source=None):
    """A source, or *source*, after a poll that found the topic ``orders``, with one partition and three replicas."""
    source = source or Topics(BROKER, LabelTexts({}))
    facts = TopicFacts(
        layouts=[TopicLayout("orders", (PartitionLayout(0, 1, 3, 3),))],
        settings={} if settings is None else {"orders": settings},
        broker_settings={"transaction.max.timeout.ms": "900000"},
        ends=ends or {},
        dead_letter_topics=dead or {},
    )
    monkeypatch.setattr(topics_source, "describe_topics", lambda *_: facts)
    source.poll(Session(lambda: None))
    return source


def test_a_setting_that_the_user_may_not_see_is_absent_rather_than_a_default(monkeypatch):
    found = served(topics(monkeypatch).families(moment(topics=UP)))

    assert found == {
        'kafka_topic_replication_factor{topic="orders"}': 3,
        'kafka_topic_offline_partitions{topic="orders"}': 0,
        "kafka_transaction_max_timeout_seconds": 900,
    }


def test_settings_and_end_offsets_are_served(monkeypatch):
    settings = {"unclean.leader.election.enable": "true", "min.insync.replicas": "2"}

    found = served(topics(monkeypatch, settings=settings, ends={("orders", 0): 9}).families(moment(topics=UP)))

    assert found['kafka_topic_partition_end_offset{partition="0",topic="orders"}'] == 9
    assert found['kafka_topic_unclean_leader_election{topic="orders"}'] == 1
    assert found['kafka_topic_min_insync_replicas{topic="orders"}'] == 2
    assert found['kafka_topic_under_min_insync_partitions{topic="orders"}'] == 0


def test_while_the_source_is_down_only_its_counters_are_served(monkeypatch):
    source = topics(monkeypatch, ends={("orders-dlq", 0): 5}, dead={"orders-dlq": 1})

    assert served(source.families(moment(topics=DOWN))) == {'kafka_dead_letter_record_total{topic="orders-dlq"}': 5}


def test_a_dead_letter_topic_that_cannot_be_seen_has_no_series_and_its_count_goes_on_later(monkeypatch):
    ends, name = {("orders-dlq", 0): 5}, 'kafka_dead_letter_record_total{topic="orders-dlq"}'
    source = topics(monkeypatch, ends=ends, dead={"orders-dlq": 1})
    counts = []
    for end, dead in ((None, {}), (7, {"orders-dlq": 1})):
        ends = {("orders-dlq", 0): end} if end else {}
        topics(monkeypatch, ends=ends, dead=dead, source=source)
        counts.append(served(source.families(moment(topics=UP))).get(name))

    assert counts == [None, 7]
