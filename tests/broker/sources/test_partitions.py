import re
import time

import pytest

from kafka_producer_exporter.broker.cluster.hanging import (
    HangingTracker,
    LogAnswer,
    Look,
    OpenInLog,
    PartitionScan,
)
from kafka_producer_exporter.broker.cluster.sightings import Settled
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader, PartitionEnd, ProducerState
from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.broker.sources.partitions import Partitions, scan_partitions
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker
from tests.broker.client.fake_client import Cluster
from tests.broker.served import DOWN, UP, moment, served

NOW_MS = 1_800_000_000_000
BROKER = Broker(bootstrap_servers=(Address("kafka-1", 9092),), topics=(re.compile("orders"),))
STUCK = ProducerState("orders", 3, 987, 0, NOW_MS - 5000, 310)
LEADERS = {0: LogLeader(1, 5)}
LOOK = Look(
    ended_at=0.0,
    settled=Settled(LEADERS, None),
    suspects=[STUCK],
    log=LogAnswer({}, read_at=1.0),
    answered={("orders", 0), ("orders", 3)},
    ends={("orders", 3): PartitionEnd(320, 310)},
    max_timeout_ms=900_000,
)
SCAN = PartitionScan(
    look=LOOK,
    producers=[ProducerState("orders", 0, 1, 0, NOW_MS - 2000, -1)],
    transactional=frozenset(),
    described=frozenset({("orders", 0), ("orders", 3), ("private", 0)}),
    denied=frozenset({("private", 0)}),
)
OBSTRUCTED = LOOK._replace(settled=Settled(None, "a partition of __transaction_state has no leader"))


class Polled:
    """The source, polled with one scan after the other."""

    def __init__(self):
        self.source = Partitions(BROKER, LabelTexts({}), lambda _: LogAnswer({}), scan=lambda *_: self._scan)

    def poll(self, *looks):
        for look in looks:
            self._scan = SCAN._replace(look=look)
            self.source.poll(Session(object))
        return self

    def served(self):
        return served(self.source.families(moment(now_ms=NOW_MS, partitions=UP)))


@pytest.fixture
def source():
    """The source after two polls."""
    return Polled().poll(LOOK, LOOK).source


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


def test_one_poll_finds_nothing():
    found = Polled().poll(LOOK).served()

    assert not [name for name in found if name.startswith("kafka_transaction_hanging")]
    assert found["kafka_producer_exporter_hanging_judged"] == 1


def test_while_suspects_cannot_be_judged_the_metric_and_one_log_line_say_so(caplog):
    polled = Polled().poll(OBSTRUCTED, OBSTRUCTED)

    assert polled.served()["kafka_producer_exporter_hanging_judged"] == 0
    assert [message for message in caplog.messages if "cannot be judged" in message] == [
        "whether some open transactions hang cannot be judged now: a partition of __transaction_state has no leader"
    ]
    assert polled.poll(LOOK, LOOK).served()["kafka_producer_exporter_hanging_judged"] == 1


def old(look):
    """The look, at a transaction that is older than the longest timeout."""
    now_ms = time.time_ns() // 1_000_000
    return look._replace(suspects=[STUCK._replace(last_timestamp_ms=now_ms - 900_500)])


def young(look):
    now_ms = time.time_ns() // 1_000_000
    return look._replace(suspects=[STUCK._replace(last_timestamp_ms=now_ms - 600_000)])


def test_the_command_that_aborts_it_is_logged_once_and_only_when_it_is_old_enough(caplog):
    polled = Polled().poll(young(LOOK), young(LOOK), young(LOOK))
    (found,) = [message for message in caplog.messages if "is hanging" in message]
    polled.poll(old(LOOK), old(LOOK), young(LOOK), old(LOOK))
    (_, again) = [message for message in caplog.messages if "is hanging" in message]

    assert "abort --topic" not in found
    assert "it is younger than transaction.max.timeout.ms (900 s)" in found
    assert "kafka-transactions.sh --bootstrap-server kafka-1:9092 abort --topic orders --partition 3" in again
    assert again.index("check first that") < again.index("find-hanging") < again.index(" abort --topic")


def test_without_the_right_to_see_the_longest_timeout_there_is_no_command(caplog):
    Polled().poll(*[old(LOOK)._replace(max_timeout_ms=None)] * 2)

    assert "grant DescribeConfigs on the cluster" in caplog.messages[-1]
    assert "abort --topic" not in caplog.messages[-1]


def test_a_result_without_the_log_is_logged_as_weaker(caplog):
    Polled().poll(*[LOOK._replace(log=LogAnswer({}, None, "the user may not read it"))] * 2)

    assert "weaker than usual, because the user may not read it" in caplog.messages[-1]


def test_while_the_source_is_down_only_its_counters_are_served(source):
    found = served(source.families(moment(partitions=DOWN)))

    assert found == {
        'kafka_idempotent_producer_id_appeared_total{topic="orders"}': 0,
        'kafka_idempotent_producer_id_expired_total{topic="orders"}': 0,
        'kafka_idempotent_producer_epoch_bump_total{topic="orders"}': 0,
    }


# Scanning a cluster

GHOST = ProducerState("orders", 0, 987, 0, NOW_MS, 310)
CHECKOUT = ProducerState("orders", 0, 7, 0, NOW_MS, 5)
ONGOING = (7, TransactionState.ONGOING, [("orders", 0)])


@pytest.fixture
def cluster():
    """A cluster with a healthy transaction."""
    client = Cluster()
    client.producers = [CHECKOUT]
    client.transactions["checkout"] = ONGOING
    return client


def scanned(client, *, log=None):
    return scan_partitions(client, lambda _: log or LogAnswer({}, time.monotonic()))


def found_by(client, *, looks=2, log=None):
    tracker = HangingTracker()
    return [tracker.take_in(scanned(client, log=log).look) for _ in range(looks)][-1]


def test_a_scan_without_suspects_asks_for_no_leaders_and_no_settings(cluster):
    found = scanned(cluster)

    assert found.look.suspects == []
    assert cluster.asked("MetadataRequest") == cluster.asked("DescribeConfigsRequest") == []
    assert cluster.asked("ListTransactionsRequest") == [1, 2]


def test_a_transaction_that_no_coordinator_knows_is_found_by_two_scans(cluster):
    cluster.producers.append(GHOST)

    (found,) = found_by(cluster).hanging

    assert (found.producer_id, found.records_held_back) == (987, 10)
    assert found_by(cluster, looks=1).hanging == []


def test_the_log_is_asked_after_the_coordinators_and_before_the_partitions_are_asked_again(cluster):
    cluster.producers.append(GHOST)
    asked = []
    scan_partitions(
        cluster, lambda ids: asked.extend([ids, *(type(r).__name__ for _, r in cluster.requests)]) or LogAnswer({})
    )

    ids, *before = asked
    assert ids == {987}
    assert before.count("DescribeProducersRequest") == 2  # one of each broker
    assert before.count("ListTransactionsRequest") == 4
    assert cluster.asked("DescribeProducersRequest") == [1, 2, 1]


def while_the_coordinator_moves(client, *, leaderless):
    """Each scan sees the id vanish from its old coordinator, and come back when the scan is over."""

    def list_(number):
        client.transactions.pop("checkout", None)
        if leaderless:
            client.log_leaders[0] = LogLeader(-1, 6)

    def metadata(number):
        if not leaderless:
            client.log_leaders[0] = LogLeader(1 + number % 2, 5 + number)

    client.before["ListTransactionsRequest"] = list_
    client.before["MetadataRequest"] = metadata


@pytest.mark.parametrize("leaderless", [True, False], ids=["no leader", "a new leader"])
@pytest.mark.parametrize("log", [None, LogAnswer({}, None, "denied")], ids=["the log is read", "it may not be read"])
def test_a_healthy_transaction_whose_coordinator_moves_is_not_found(cluster, leaderless, log):
    while_the_coordinator_moves(cluster, leaderless=leaderless)

    found = found_by(cluster, looks=4, log=log)

    assert found.hanging == []
    assert found.obstacle


def test_a_healthy_transaction_that_the_coordinators_hide_from_us_is_not_found(cluster):
    cluster.transactions.clear()
    log = LogAnswer({7: OpenInLog(1, frozenset({("orders", 0)}))}, time.monotonic() + 60)

    assert found_by(cluster, log=log).hanging == []
