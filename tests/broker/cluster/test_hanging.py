import shlex

import pytest

from kafka_producer_exporter.broker.cluster.hanging import (
    HangingTransaction,
    still_open,
    unknown_to_coordinators,
)
from kafka_producer_exporter.broker.cluster.snapshots import PartitionEnd, ProducerState, TransactionDescription
from kafka_producer_exporter.broker.log.records import TransactionState

STUCK = ProducerState("orders", 3, 987, 0, 1_700_000_000_000, 310)
HEALTHY = ProducerState("orders", 3, 12, 4, 1_700_000_000_000, 311)
IDLE = ProducerState("orders", 3, 13, 0, 1_700_000_000_000, -1)


def known(producer_id, *partitions, state=TransactionState.ONGOING):
    return TransactionDescription("checkout", producer_id, 4, state, 60_000, 1_700_000_000_000, frozenset(partitions))


def test_an_open_transaction_that_its_coordinator_knows_does_not_hang():
    assert unknown_to_coordinators([HEALTHY, IDLE], [known(12, ("orders", 3))]) == []


@pytest.mark.parametrize(
    "coordinator",
    [
        pytest.param([], id="nobody knows the producer id"),
        pytest.param([known(12, ("orders", 2))], id="it is known on another partition"),
        pytest.param([known(12, state=TransactionState.COMPLETE_COMMIT)], id="it is complete"),
    ],
)
def test_an_open_transaction_that_no_coordinator_knows_on_the_partition_is_suspect(coordinator):
    assert unknown_to_coordinators([HEALTHY, IDLE], coordinator) == [HEALTHY]


def test_a_suspect_that_is_still_open_hangs():
    found = still_open([STUCK], [STUCK, HEALTHY], {("orders", 3): PartitionEnd(320, 310)})

    assert found == [HangingTransaction("orders", 3, 987, 0, 310, 1_700_000_000_000, 10)]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param([STUCK._replace(start_offset=-1)], id="it has ended"),
        pytest.param([STUCK._replace(start_offset=400)], id="it is another one"),
        pytest.param([STUCK._replace(epoch=1)], id="the epoch is another one"),
        pytest.param([], id="the producer id has expired"),
    ],
)
def test_a_suspect_that_was_about_to_end_does_not_hang(now):
    assert still_open([STUCK], now, {}) == []


def test_the_abort_command_can_be_copied():
    (found,) = still_open([STUCK], [STUCK], {})

    assert found.abort_command("broker:9092") == (
        "kafka-transactions.sh --bootstrap-server broker:9092 abort --topic orders --partition 3 --start-offset 310"
    )


def test_a_hostile_topic_name_cannot_leave_its_argument_in_the_abort_command():
    (found,) = still_open(
        [STUCK._replace(topic="a; rm -rf /\x1b[2J'$(id)")], [STUCK._replace(topic="a; rm -rf /\x1b[2J'$(id)")], {}
    )

    words = shlex.split(found.abort_command("broker:9092"))

    assert words[words.index("--topic") + 1] == "a; rm -rf /?[2J'$(id)"
    assert len(words) == 10
