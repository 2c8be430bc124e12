import shlex

import pytest

from kafka_producer_exporter.broker.cluster.hanging import (
    HangingTracker,
    HangingTransaction,
    LogAnswer,
    Look,
    OpenInLog,
    still_open,
    unknown_to_coordinators,
)
from kafka_producer_exporter.broker.cluster.sightings import Settled
from kafka_producer_exporter.broker.cluster.snapshots import (
    LogLeader,
    PartitionEnd,
    ProducerState,
    TransactionDescription,
)
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


@pytest.mark.parametrize(
    "now",
    [
        pytest.param([STUCK._replace(start_offset=-1)], id="it has ended"),
        pytest.param([STUCK._replace(start_offset=400)], id="it is another one"),
        pytest.param([STUCK._replace(epoch=1)], id="the epoch is another one"),
        pytest.param([], id="the producer id has expired"),
    ],
)
def test_a_suspect_that_was_about_to_end_is_none(now):
    assert still_open([STUCK], now) == []


def test_a_suspect_that_is_still_open_has_its_newest_timestamp():
    now = STUCK._replace(last_timestamp_ms=STUCK.last_timestamp_ms + 5)

    assert still_open([STUCK], [now, HEALTHY]) == [now]


# The rules of two looks

LEADERS, MOVED = {0: LogLeader(1, 5)}, {0: LogLeader(2, 6)}
PLACE = ("orders", 3)
READ = LogAnswer({}, read_at=1000.0)


def look(*suspects, at=0.0, leaders=LEADERS, log=READ, answered=(PLACE,)):
    obstacle = "a partition has no leader" if leaders is None else None
    ends = {PLACE: PartitionEnd(320, 310)}
    return Look(at, Settled(leaders, obstacle), suspects, log, answered, ends, 900_000)


def opened(*partitions, start_ms=50):
    """The log, in which the stuck producer's id has a transaction open on these partitions."""
    return LogAnswer({STUCK.producer_id: OpenInLog(start_ms, frozenset(partitions))}, read_at=1000.0)


def verdict(*looks):
    tracker = HangingTracker()
    return [tracker.take_in(one) for one in looks][-1]


def test_a_suspect_of_two_looks_hangs():
    found = verdict(look(STUCK), look(STUCK, at=1.0))

    assert found == (
        [HangingTransaction("orders", 3, 987, 0, 310, 1_700_000_000_000, 10)],
        None,
        False,
        900_000,
    )


DENIED = "grant Read"

RULES = [
    # The looks → whether it hangs, whether an obstacle is reported, and whether another look may find it.
    ("one look only", [look(STUCK)], False, False, True),
    ("a partition of the log has no leader", [look(STUCK), look(STUCK, leaders=None)], False, True, True),
    ("it had none at the first look", [look(STUCK, leaders=None), look(STUCK)], False, False, True),
    ("it has none at all looks", [look(STUCK, leaders=None)] * 3, False, True, True),
    ("the leader moved between the looks", [look(STUCK), look(STUCK, leaders=MOVED)], False, False, True),
    ("the leader moved and came back", [look(STUCK), look(STUCK, leaders=MOVED), look(STUCK)], False, False, True),
    ("two looks after it moved", [look(STUCK), *[look(STUCK, leaders=MOVED)] * 2], True, False, False),
    ("it was no suspect in between", [look(STUCK), look(), look(STUCK)], False, False, True),
    ("its epoch is another one", [look(STUCK), look(STUCK._replace(epoch=1))], False, False, True),
    ("its start is another one", [look(STUCK), look(STUCK._replace(start_offset=400))], False, False, True),
    ("open in our log", [look(STUCK, log=opened(PLACE))] * 2, False, False, False),
    ("opened in our log after the first look", [look(STUCK), look(STUCK, log=opened(PLACE))], False, False, False),
    ("its id has one transaction elsewhere", [look(STUCK, log=opened(("b", 0)))] * 2, False, False, False),
    (
        "its id has another transaction elsewhere by now",
        [look(STUCK, log=opened(("b", 0))), look(STUCK, log=opened(("b", 0), start_ms=60))],
        True,
        False,
        False,
    ),
    (
        "our log is not read as far as the first look",
        [look(STUCK, at=5.0), look(STUCK, at=6.0, log=LogAnswer({}, read_at=4.9))],
        False,
        True,
        True,
    ),
    ("our log is not read at all", [look(STUCK, log=LogAnswer({}))] * 2, False, True, True),
    (
        "our log is read as far as the first look by the third",
        [*[look(STUCK, at=5.0, log=LogAnswer({}, read_at=4.9))] * 2, look(STUCK, log=LogAnswer({}, read_at=5.0))],
        True,
        False,
        False,
    ),
    ("we may not read the log", [look(STUCK, log=LogAnswer({}, None, DENIED))] * 2, True, False, False),
    (
        "we may not read the log and its partition has no leader",
        [look(STUCK, leaders=None, log=LogAnswer({}, None, DENIED))] * 2,
        False,
        True,
        True,
    ),
    (
        "we may not read the log, but the coordinators had it open",
        [look(STUCK, log=opened(PLACE)._replace(weaker=DENIED))] * 2,
        False,
        False,
        False,
    ),
]


@pytest.mark.parametrize(
    ("looks", "hangs", "obstructed", "awaits"), [pytest.param(*rule[1:], id=rule[0]) for rule in RULES]
)
def test_the_rules(looks, hangs, obstructed, awaits):
    found = verdict(*looks)

    assert (bool(found.hanging), found.obstacle is not None, found.awaits_look) == (hangs, obstructed, awaits)


def test_a_result_without_the_log_says_that_it_is_weaker():
    (found,) = verdict(*[look(STUCK, log=LogAnswer({}, None, DENIED))] * 2).hanging

    assert found.weaker == DENIED


@pytest.mark.parametrize(
    ("later", "hangs"),
    [
        pytest.param([look(STUCK, leaders=None)], True, id="a partition of the log has no leader"),
        pytest.param([look(STUCK, leaders=MOVED)], True, id="the leader has moved"),
        pytest.param([look(STUCK, log=opened(("b", 0)))], True, id="its id has another transaction elsewhere"),
        pytest.param([look()], False, id="it has ended"),
        pytest.param([look(), look(STUCK)], False, id="it had ended and looks open again"),
        pytest.param([look(answered=())], False, id="its partition does not answer"),
        pytest.param([look(answered=()), look(STUCK, leaders=None)], True, id="its partition answers again"),
        pytest.param([look(STUCK, log=opened(PLACE))], False, id="our log has it open by now"),
    ],
)
def test_a_transaction_that_was_found_stays_found_as_long_as_it_is_suspect(later, hangs):
    found = verdict(look(STUCK), look(STUCK), *later)

    assert bool(found.hanging) == hangs
    assert found.obstacle is None


# The abort command

FOUND = HangingTransaction("orders", 3, 987, 0, 310, 1_700_000_000_000, 10)


@pytest.mark.parametrize(
    ("age_ms", "max_timeout_ms", "is_older", "why"),
    [
        (900_001, 900_000, True, None),
        (900_000, 900_000, False, "younger than transaction.max.timeout.ms (900 s)"),
        (9_000_000, None, False, "grant DescribeConfigs on the cluster"),
    ],
)
def test_only_a_transaction_older_than_any_healthy_one_may_be_aborted(age_ms, max_timeout_ms, is_older, why):
    assert FOUND.is_older_than(max_timeout_ms, FOUND.last_timestamp_ms + age_ms) == is_older
    assert is_older or why in FOUND.why_no_command(max_timeout_ms)


def test_the_commands_can_be_copied():
    place = "--topic orders --partition 3"
    checks = FOUND.checks("broker:9092")

    assert FOUND.abort_command("broker:9092") == (
        f"kafka-transactions.sh --bootstrap-server broker:9092 abort {place} --start-offset 310"
    )
    assert checks[0] == (
        f"kafka-transactions.sh --bootstrap-server broker:9092 find-hanging {place} lists producer id 987"
    )


def test_a_hostile_topic_name_cannot_leave_its_argument_in_a_command():
    found = FOUND._replace(topic="a; rm -rf /\x1b[2J'$(id)")

    for command in (found.abort_command("broker:9092"), found.checks("broker:9092")[0]):
        words = shlex.split(command)
        assert words[words.index("--topic") + 1] == "a; rm -rf /?[2J'$(id)"
        assert words[words.index("--partition") + 1] == "3"
