"""What ``diagnose`` asks real brokers."""

import uuid

from kafka_producer_exporter.evidence.brokers import ask_brokers
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker
from tests.integration.topics import new_topic


def test_the_log_says_how_transactions_ended(broker, producer_jvm):
    topic, name = new_topic(broker), f"id-{uuid.uuid4().hex[:8]}"
    producer = producer_jvm("4.4.0").new(name, broker.bootstrap, transactional_id=name)
    producer.init()
    for end in (producer.commit, producer.commit, producer.abort):
        producer.begin()
        producer.send(topic)
        end()

    brokers = ask_brokers(Broker(bootstrap_servers=(Address.parse(broker.bootstrap),)), {topic})

    (ended,) = [one for one in brokers.ended if one.transactional_id == name]
    assert (ended.committed, ended.aborted) == (2, 1)
    assert 0 < ended.longest_seconds < ended.timeout_seconds == 60
    assert brokers.down is None
