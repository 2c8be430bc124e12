import re

import pytest

from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction, PartitionScan
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState
from kafka_producer_exporter.broker.sources.partitions import Partitions
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker
from tests.broker.served import DOWN, UP, moment, served

NOW_MS = 1_800_000_000_000
BROKER = Broker(bootstrap_servers=(Address("kafka-1", 9092),), topics=(re.compile("orders"),))
SCAN = PartitionScan(
    hanging=[HangingTransaction("orders", 3, 987, 0, 310, NOW_MS - 5000, 10)],
    producers=[ProducerState("orders", 0, 1, 0, NOW_MS - 2000, -1)],
    transactional=frozenset(),
    described=frozenset({("orders", 0), ("orders", 3), ("private", 0)}),
    denied=frozenset({("private", 0)}),
)


@pytest.fixture
def source():
    """The source after one poll."""
    source = Partitions(BROKER, LabelTexts({}), scan=lambda _: SCAN)
    source.poll(Session(object))
    return source


def test_hanging_transactions_and_activity_are_served(source):
    found = served(source.families(moment(now_ms=NOW_MS, partitions=UP)))

    stuck = '{partition="3",producer_id="987",topic="orders"}'
    assert found[f"kafka_transaction_hanging{stuck}"] == 1
    assert found[f"kafka_transaction_hanging_seconds{stuck}"] == 5
    assert found[f"kafka_transaction_hanging_records{stuck}"] == 10
    assert found['kafka_idempotent_producer_active{partition="0",topic="orders"}'] == 1
    assert found['kafka_idempotent_producer_idle_seconds{partition="0",topic="orders"}'] == 2
    assert found["kafka_producer_exporter_partitions_described"] == 3
    assert found["kafka_producer_exporter_partitions_denied"] == 1


def test_a_hanging_transaction_is_logged_once_with_the_command_that_aborts_it(source, caplog):
    source.poll(Session(object))
    again = [message for message in caplog.messages if "is hanging" in message]
    source._last_scan = None
    source.poll(Session(object))

    assert again == []
    assert "kafka-transactions.sh --bootstrap-server kafka-1:9092 abort --topic orders" in caplog.messages[-1]


def test_while_the_source_is_down_only_its_counters_are_served(source):
    found = served(source.families(moment(partitions=DOWN)))

    assert found == {
        'kafka_idempotent_producer_id_appeared_total{topic="orders"}': 0,
        'kafka_idempotent_producer_id_expired_total{topic="orders"}': 0,
        'kafka_idempotent_producer_epoch_bump_total{topic="orders"}': 0,
    }
