import logging
import math
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kafka_producer_exporter.broker.cluster.snapshots import TransactionDescription
from kafka_producer_exporter.broker.log.records import TransactionState, decode
from kafka_producer_exporter.broker.log.room import KEPT_IDS
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources import transaction_log
from kafka_producer_exporter.broker.sources.coordinators import ApproximateLog, Coordinated
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.broker.sources.state import Status
from kafka_producer_exporter.broker.sources.transaction_counts import TransactionCounts
from kafka_producer_exporter.broker.sources.transaction_log import FETCH_WAIT_SECONDS, TransactionLog, is_forbidden
from kafka_producer_exporter.logs import fields_of, logfmt_line
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Kind
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker
from tests.broker.memory_log import THREE_COMMITS_AND_AN_ABORT, Log, recorded
from tests.broker.served import DOWN, FORBIDDEN, moment, served

BROKER = Broker(bootstrap_servers=(Address("kafka-1", 9092),))


EXACT = 'kafka_producer_exporter_transaction_counts_exact{kafka_cluster="blue"}'
INEXACT_SINCE = 'kafka_producer_exporter_transaction_counts_inexact_since_timestamp_seconds{kafka_cluster="blue"}'


class Following:
    """The source on a log in memory."""

    def __init__(self, log, broker=BROKER, budget=None):
        texts = LabelTexts({"kafka_cluster": "blue"})
        self.counts = TransactionCounts(TransactionTracker(room=budget), texts, budget)
        self.source = TransactionLog(broker, self.counts, texts, open_reader=lambda _: log)
        self.session = Session(object)
        self.reports = ApproximateLog(self.counts.tracker)

    def poll(self, *, times=1):
        return [self.source.poll(self.session) for _ in range(times)][-1]

    def served(self, **at):
        return served(self.source.families(moment(**at)))


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """What the coordinators list: transactional ids, or an error."""
    found = []

    def list_transactions(_):
        for one in found:
            if isinstance(one, TransportError):
                raise one
        return found

    monkeypatch.setattr(transaction_log, "list_transactions", list_transactions)
    return found


@pytest.fixture
def log():
    return Log(p0=[])


@pytest.fixture
def following(log):
    """The source after its first poll of an empty partition."""
    following = Following(log)
    following.poll()
    return following


def test_the_log_is_polled_again_at_once_and_an_absent_log_after_a_pause():
    assert Following(Log(p0=[])).poll() == 0.0
    assert Following(Log()).poll() == FETCH_WAIT_SECONDS


def test_nothing_is_counted_before_the_state_of_the_log_is_known():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    log.chunk_size = 4
    following = Following(log)

    following.poll()
    found = following.served()

    assert not [name for name in found if name.startswith("kafka_transaction_")]
    assert found['kafka_producer_exporter_transaction_log_lag_records{kafka_cluster="blue"}'] > 0


def test_one_line_says_when_counting_began(log, following, caplog):
    caplog.set_level(logging.INFO)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    fresh = Following(log)

    fresh.poll(times=3)

    lines = [logfmt_line(fields_of(record)) for record in caplog.records]
    assert len(lines) == 1
    since = datetime.fromtimestamp(fresh.counts.since_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert lines[0].endswith(f' source=transaction_log since={since} message="counting transactions"')


def test_a_step_of_the_clock_settles_no_abort_whose_reason_may_still_follow(log, following, monkeypatch):
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    following.poll()
    monkeypatch.setattr(time, "time_ns", lambda: int((time.time() + 86_400) * 1e9))

    following.poll(times=3)

    (series,) = following.counts.tracker.series()
    assert series.counts.committed == 3
    assert not any(series.counts.aborted.values())


def test_an_offset_that_the_log_no_longer_has_is_replaced_and_logged(log, following, caplog):
    log.first, log.held[0] = 50, THREE_COMMITS_AND_AN_ABORT

    following.poll(times=3)

    assert following.counts.tracker.position(0) == 50 + len(THREE_COMMITS_AND_AN_ABORT)
    assert "the log was deleted; it has offsets 50 to 63, the next one to read was 0; counting goes on at 50" in (
        caplog.text
    )
    found = following.served()
    assert (
        found['kafka_producer_exporter_transaction_log_missing_records_total{cause="deleted",kafka_cluster="blue"}']
        == 50
    )
    assert found[EXACT] == 0
    assert found[INEXACT_SINCE] == pytest.approx(time.time(), abs=60)


def test_one_answer_alone_does_not_move_the_position(log, following):
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    following.poll()
    log.first = 50
    following.poll()
    log.first = 0

    following.poll()

    assert following.counts.tracker.position(0) == len(THREE_COMMITS_AND_AN_ABORT)
    assert following.served()[EXACT] == 1


def test_a_topic_that_was_made_anew_is_read_from_its_beginning_even_if_it_has_grown(log, following, caplog):
    log.topic_id, log.held[0] = "one", THREE_COMMITS_AND_AN_ABORT[:4]
    following.session = Session(object)  # its reader looks the topic up
    following.poll()
    log.topic_id, log.held[0] = "other", THREE_COMMITS_AND_AN_ABORT
    following.session = Session(object)

    following.poll()

    assert "the log was recreated" in caplog.text
    assert started(following) == 1 + 4
    assert following.served()[EXACT] == 0


def test_a_loss_is_not_forgotten_when_the_brokers_fail_at_that_moment(log, following, caplog):
    log.topic_id, log.held[0] = "one", THREE_COMMITS_AND_AN_ABORT[:8]
    following.session = Session(object)
    following.poll()
    log.topic_id, log.held[0] = "other", []
    following.session, log.offsets_fail = Session(object), True
    denied_poll(following)
    log.offsets_fail = False

    following.poll()

    assert "the log was recreated" in caplog.text
    assert following.counts.tracker.open_transactions(0) == []


def test_what_was_compacted_before_it_was_read_is_logged_and_the_rest_is_counted(log, following, caplog):
    assert following.served()[EXACT] == 1
    assert INEXACT_SINCE not in following.served()
    log.held[0] = [None] * 9 + THREE_COMMITS_AND_AN_ABORT[9:]

    following.poll(times=4)

    assert "9 records before offset 13 were compacted before they were read" in caplog.text
    assert started(following) == 2
    assert following.served()[EXACT] == 0
    assert following.counts.tracker.position(0) == 13


def test_an_unreadable_batch_fails_the_poll_once_and_is_then_skipped(log, following, caplog):
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.unreadable_at = (0, 0)

    with pytest.raises(TransportError, match="it is damaged") as caught:
        following.poll()
    following.poll()

    assert caught.value.reason is Reason.DAMAGED
    assert "__transaction_state-0: it is damaged; skipped up to offset 2" in caplog.messages


def test_only_the_first_skipped_record_of_a_kind_is_logged(log, following, caplog):
    caplog.set_level(logging.WARNING)
    log.held[0] = [(None, b""), (None, b"")]

    following.poll()

    assert len([message for message in caplog.messages if "is skipped" in message]) == 1


def test_a_new_client_gets_a_new_reader_that_looks_up_the_partitions(log, following):
    log.held[1] = []
    following.session = Session(object)

    following.poll()

    assert following.source._follower.positions == {0: 0, 1: 0}


@pytest.fixture
def with_open_transaction(log, following):
    """A source that has counted five commits and an open transaction of the id ``roll``."""
    log.held[0] = recorded("rollover", "roll")
    following.poll()
    return following


def test_counts_and_open_transactions_are_served(with_open_transaction):
    (transaction,) = with_open_transaction.counts.tracker.open_transactions(0)

    found = with_open_transaction.served(now_ms=transaction.start_ms + 1500)

    name = '{kafka_cluster="blue",transactional_id="roll"}'
    assert found[f"kafka_transaction_started_total{name}"] == 6
    assert found[f"kafka_transaction_committed_total{name}"] == 5
    assert found[f"kafka_transaction_open{name}"] == 1
    assert found[f"kafka_transaction_open_seconds{name}"] == 1.5
    assert found[f"kafka_transaction_timeout_seconds{name}"] == 60
    assert found[f"kafka_transaction_protocol_version{name}"] == 2
    assert found[f"kafka_transactional_producer_epoch{name}"] == 1
    info = '{kafka_cluster="blue",producer_id="2004",transactional_id="roll"}'
    assert found[f"kafka_transactional_producer_info{info}"] == 1
    rollover = '{kafka_cluster="blue",reason="rollover",transactional_id="roll"}'
    assert found[f"kafka_transactional_producer_id_change_total{rollover}"] == 1
    fenced = '{kafka_cluster="blue",reason="fenced",transactional_id="roll"}'
    assert found[f"kafka_transaction_aborted_total{fenced}"] == 0


def test_while_the_source_is_down_only_its_counters_are_served(with_open_transaction):
    families = with_open_transaction.counts.families(now_ms=None)

    assert {family.metric.kind for family in families if family.metric.name.startswith("kafka_transaction")} == {
        Kind.COUNTER
    }
    found = with_open_transaction.served(transaction_log=DOWN)
    assert not [name for name in found if name.startswith("kafka_transaction_open")]
    assert found['kafka_producer_exporter_transaction_counts_exact{kafka_cluster="blue"}'] == 1


def denied_poll(following):
    with pytest.raises(TransportError):
        following.poll()


def report(following, *, started, now_ms):
    """Let the coordinators report an id that has committed and aborted this many transactions."""
    one = TransactionDescription(
        "tx-4.4.0", 7, started, TransactionState.COMPLETE_COMMIT, 60_000, 1000 + started, frozenset()
    )
    following.reports.take_in(Coordinated(frozenset({"tx-4.4.0"}), [one]), now_ms)
    following.counts.begin(now_ms, source="coordinators", from_log=False)


def started(following):
    (series,) = following.counts.tracker.series()
    return series.counts.started


def test_what_the_coordinators_reported_while_the_log_was_denied_is_not_counted_again(log, following):
    log.is_denied = True
    denied_poll(following)
    assert following.served()[EXACT] == 0
    for number in range(3):
        report(following, started=number, now_ms=30_000 * number)
    assert started(following) == 2
    log.is_denied, log.held[0] = False, THREE_COMMITS_AND_AN_ABORT

    following.poll()

    assert started(following) == 4
    assert following.served()[EXACT] == 1


def test_a_log_that_may_be_read_only_later_is_counted_exactly_from_then_on():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT[:7])
    following = Following(log)
    log.is_hidden = True
    denied_poll(following)
    for number in range(3):
        report(following, started=number, now_ms=30_000 * number)
    assert (following.counts.since_ms, following.served()[EXACT]) == (0, 0)
    log.is_hidden = False

    following.poll(times=3)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    following.poll()

    assert started(following) == 2 + 2
    assert following.served()[EXACT] == 1
    assert following.counts.since_ms > 60_000


def test_where_the_log_may_not_be_read_the_counts_are_left_to_the_coordinators(with_open_transaction):
    found = with_open_transaction.served(transaction_log=FORBIDDEN)

    assert found['kafka_producer_exporter_transaction_counts_exact{kafka_cluster="blue"}'] == 0
    assert not [name for name in found if name.startswith("kafka_transaction")]


# What the source tells about open transactions

OPENED = THREE_COMMITS_AND_AN_ABORT[:2]
"""A session, and the first record of its first transaction."""


def opened_in(log, *, polls=1, broker=BROKER):
    following = Following(log, broker)
    following.poll(times=polls)
    return following.source.open_transactions({record_of(OPENED[1]).producer_id})


def record_of(pair):
    return decode(*pair)


def test_an_open_transaction_of_the_log_is_told_with_its_partitions():
    record, began = record_of(OPENED[1]), time.monotonic()

    told = opened_in(Log(p0=OPENED))

    (opened,) = told.open.values()
    assert opened == (record.start_ms, {(topic, one) for topic, numbers in record.partitions for one in numbers})
    assert told.read_at >= began
    assert told.weaker is None


def test_a_log_that_was_not_read_to_its_end_is_not_taken_for_read():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    log.chunk_size = 2

    told = opened_in(log)

    assert told.open
    assert told.read_at is None


def test_a_log_that_is_read_again_is_not_taken_for_read_meanwhile():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    following = Following(log)
    following.poll()
    before = following.source.open_transactions(()).read_at

    following.source._follower.read_again(0, earliest=0, latest=len(THREE_COMMITS_AND_AN_ABORT))
    log.chunk_size = 2
    following.poll()
    meanwhile = following.source.open_transactions(()).read_at
    log.chunk_size = 1000
    following.poll()

    assert before is not None
    assert meanwhile is None
    assert following.source.open_transactions(()).read_at > before


def test_before_the_first_poll_nothing_is_known_and_the_log_is_not_taken_for_absent():
    source = Following(Log(p0=[])).source

    assert source.open_transactions({1}) == ({}, None, None)


@pytest.mark.parametrize(
    ("log", "broker", "why"),
    [
        pytest.param(Log(), BROKER, "no topic", id="there is no log"),
        pytest.param(Log(p0=OPENED), replace(BROKER, total_shards=2), "only its shard", id="a shard"),
        pytest.param(Log(p0=OPENED), replace(BROKER, lookback_records=1), "not all of", id="not from its beginning"),
        pytest.param(Log(p0=[*OPENED, (b"?", b"?")]), BROKER, "not all of", id="with an unreadable record"),
    ],
)
def test_a_log_that_is_not_known_as_a_whole_makes_results_weaker(log, broker, why):
    assert why in opened_in(log, broker=broker).weaker


def test_a_log_that_may_not_be_read_makes_results_weaker_until_it_may(following, log, monkeypatch):
    def denied():
        raise TransportError(Reason.AUTHORIZATION, "denied")

    with monkeypatch.context() as patched:
        patched.setattr(following.source, "_next_look_up", 0.0)
        patched.setattr(log, "partitions", denied)
        with pytest.raises(TransportError):
            following.poll()
        while_denied = following.source.open_transactions(())
    following.poll()

    assert "may not read" in while_denied.weaker
    assert following.source.open_transactions(()).weaker is None


def test_what_was_read_before_the_right_was_taken_away_does_not_count_as_read_afterwards(following, log):
    following.poll()
    before = following.source.open_transactions(()).read_at
    log.is_denied = True
    denied_poll(following)
    log.is_denied = False
    log.held[0] += THREE_COMMITS_AND_AN_ABORT
    log.chunk_size = 1
    following.poll(times=2)
    while_reading = following.source.open_transactions(()).read_at
    following.poll(times=len(THREE_COMMITS_AND_AN_ABORT) + 1)

    assert while_reading is None
    assert following.source.open_transactions(()).read_at > before


MANY_IDS = [
    (b"\0\0" + len(name).to_bytes(2, "big") + name, THREE_COMMITS_AND_AN_ABORT[0][1])
    for name in (b"many-%05d" % number for number in range(KEPT_IDS + 1000))
]
EXACT = 'kafka_producer_exporter_transaction_counts_exact{kafka_cluster="blue"}'
DROPPED = 'kafka_producer_exporter_transactional_ids_dropped_total{kafka_cluster="blue"}'


def test_ids_beyond_the_memory_limit_are_dropped_which_is_logged_once_and_the_counts_are_not_exact(log, caplog):
    following = Following(log, budget=MemoryBudget(1 << 20, resident=lambda: 700_000))
    following.poll()
    assert (following.served()[EXACT], following.served()[DROPPED]) == (1, 0)
    log.held[0] = MANY_IDS

    following.poll(times=5)

    assert following.served()[EXACT] == 0
    assert following.served()[DROPPED] >= 1000
    assert len([line for line in caplog.messages if "to stay within the memory limit" in line]) == 1


def test_more_ids_than_the_limit_are_counted_as_folded_which_is_logged_once(log, caplog):
    following = Following(log)
    following.poll()
    log.held[0] = MANY_IDS

    following.poll(times=5)

    folded = 'kafka_producer_exporter_transactional_ids_folded{kafka_cluster="blue"}'
    assert following.served()[folded] == len(MANY_IDS) - 1000
    assert len([line for line in caplog.messages if "combine generated ids with id_groups" in line]) == 1


def test_the_totals_exist_at_zero_when_counting_begins(following, log):
    aborted = 'kafka_cluster_transaction_aborted_total{kafka_cluster="blue",reason="fenced"}'
    committed = 'kafka_cluster_transaction_committed_total{kafka_cluster="blue"}'
    before = following.served()
    log.held[0] = THREE_COMMITS_AND_AN_ABORT

    following.poll(times=2)

    assert (before[aborted], before[committed]) == (0, 0)
    assert following.served()[committed] == 3


def test_a_budget_that_shrinks_costs_a_third_of_the_ids(log):
    resident = [1 << 20]
    budget = MemoryBudget(100 << 20, resident=lambda: resident[0])
    following = Following(log, budget=budget)
    log.held[0] = MANY_IDS
    following.poll(times=4)
    assert following.served()[DROPPED] == 0

    resident[0] = 95 << 20
    following.poll(times=3)

    assert following.served()[DROPPED] == math.ceil((len(MANY_IDS) - 1000) / 3), (
        "a thousand ids have series of their own"
    )


COMMITTED = 'kafka_cluster_transaction_committed_total{kafka_cluster="blue"}'
UNAVAILABLE = 'kafka_producer_exporter_transaction_log_partitions_unavailable{kafka_cluster="blue"}'
NO_LEADER = TransportError(Reason.UNAVAILABLE, "__transaction_state-1 has no leader")


def test_while_a_partition_has_no_leader_the_others_are_counted_and_it_is_caught_up_with_later(caplog):
    log = Log(p0=[], p1=[])
    following = Following(log)
    following.poll(times=2)
    log.unavailable = {1: NO_LEADER}
    log.held = {0: THREE_COMMITS_AND_AN_ABORT, 1: THREE_COMMITS_AND_AN_ABORT}

    following.poll(times=2)
    during = following.served()
    log.unavailable = {}
    following.poll(times=2)
    after = following.served()

    assert (during[COMMITTED], during[UNAVAILABLE], during[EXACT]) == (3, 1, 1)
    assert (after[COMMITTED], after[UNAVAILABLE], after[EXACT]) == (6, 0, 1)
    assert [line for line in caplog.messages if "cannot be read now" in line] == [
        "1 partitions of the transaction log cannot be read now; what happens there is counted later: "
        "__transaction_state-1 has no leader"
    ]


def test_a_partition_that_had_no_leader_at_the_start_is_counted_from_the_start_on():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT, p1=THREE_COMMITS_AND_AN_ABORT)
    log.unavailable = {1: NO_LEADER}
    following = Following(log)
    following.poll(times=2)
    before = following.served()

    log.unavailable = {}
    log.at = {1: 7}  # two of the three commits are from before the start
    following.source._next_look_up = 0.0
    following.poll(times=3)

    assert (before[COMMITTED], before[UNAVAILABLE]) == (0, 1)
    assert following.served()[COMMITTED] == 1
    assert following.served()[UNAVAILABLE] == 0


def test_nothing_is_counted_of_a_partition_without_records_since_the_start():
    log = Log(p0=[], p1=THREE_COMMITS_AND_AN_ABORT)
    log.unavailable = {1: NO_LEADER}
    following = Following(log)
    following.poll(times=2)

    log.unavailable = {}
    following.source._next_look_up = 0.0
    following.poll(times=3)

    assert following.served()[COMMITTED] == 0


def test_after_a_broker_did_not_answer_the_next_poll_uses_a_new_client():
    class Client:
        is_open = True

        def close(self):
            self.is_open = False

    log = Log(p0=[])
    following = Following(log)
    following.session = Session(Client)
    following.poll()
    first = following.session.client()

    log.is_broker_lost = True
    following.poll()

    assert not first.is_open
    assert following.session.client() is not first


def test_a_cluster_that_keeps_its_transactions_elsewhere_is_counted_from_reports_and_not_exactly(listed):
    listed.append("orders")
    following = Following(Log())

    for _ in range(3):
        with pytest.raises(TransportError, match="no topic __transaction_state") as caught:
            following.poll()

    assert caught.value.reason is Reason.UNSUPPORTED
    elsewhere = Status(Reason.UNSUPPORTED, fresh=False)
    assert following.served(transaction_log=elsewhere)[EXACT] == 0
    assert is_forbidden({"transaction_log": elsewhere})


def test_a_cluster_without_any_transaction_is_counted_exactly(listed):
    following = Following(Log())

    following.poll(times=3)

    assert following.served()[EXACT] == 1


def test_the_log_that_is_made_with_the_first_transaction_is_not_taken_for_missing(listed):
    log = Log()
    following = Following(log)
    following.poll()
    listed.append("orders")
    log.held = {0: []}
    following.source._next_question = 0.0

    following.poll(times=2)

    assert following.served()[EXACT] == 1


@pytest.mark.parametrize("reason", [Reason.UNSUPPORTED, Reason.TIMEOUT])
def test_brokers_that_cannot_list_transactions_say_nothing_about_where_they_are(listed, reason):
    listed.append(TransportError(reason, "broker 1 does not support ListTransactions; Kafka has it since 3.0"))

    Following(Log()).poll(times=3)


def test_once_the_topic_exists_the_log_is_read(listed):
    listed.append("orders")
    log = Log()
    following = Following(log)
    with pytest.raises(TransportError):
        following.poll()

    log.held = {0: THREE_COMMITS_AND_AN_ABORT}
    following.source._next_look_up = 0.0
    following.poll(times=2)

    assert following.served()[EXACT] == 1
