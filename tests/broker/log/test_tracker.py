from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.broker.log.abort_reasons import ABORT_RULES, PENDING, Before, Evidence, Protocol
from kafka_producer_exporter.broker.log.outcomes import AbortReason, Identity
from kafka_producer_exporter.broker.log.records import Tombstone, TransactionState, Transition, decode
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from tests.broker.coordinator import (
    ACTIONS,
    CLIENT,
    COMMITTED,
    FENCED,
    INIT,
    RECREATED,
    ROLLOVER,
    STARTED,
    TAKEOVER,
    TIMEOUT,
    UNKNOWN,
    Coordinator,
    coordinated,
    counted,
    epochs,
    histories,
    protocols,
)
from tests.transaction_log import partition_for, recorded_log


def following(*partitions, counting_from=0, **options):
    events = []
    tracker = TransactionTracker(on_event=events.append, **options)
    tracker.events = events
    for partition in partitions:
        tracker.follow(partition, from_offset=0, counting_from=counting_from)
    return tracker


def take_in(tracker, records, *, partition=0, from_offset=0):
    for offset, record in enumerate(records, start=from_offset):
        tracker.apply(partition, offset, record)


def settle(tracker):
    """Let enough time pass for every pending abort to be counted."""
    tracker.settle(0)
    tracker.settle(SETTLE_AFTER_MS)


def replay(log):
    """Return a tracker that has read a whole recorded log."""
    records = recorded_log(log)
    tracker = following(*{record.partition for record in records})
    for record in records:
        tracker.apply(record.partition, record.offset, decode(record.key, record.value))
    settle(tracker)
    return tracker


def counts_of(tracker, name):
    counts = {series.name: series.counts for series in tracker.series()}[name]
    reasons = {
        reason: count
        for kind in ("aborted", "sessions", "id_changes")
        for reason, count in getattr(counts, kind).items()
    }
    return {STARTED: counts.started, COMMITTED: counts.committed} | {r: n for r, n in reasons.items() if n}


@pytest.mark.parametrize("log", ["tv0", "tv1"])
def test_recorded_logs_of_the_older_protocols_are_counted_by_reason(log):
    # One commit, one abort, one fencing by a second instance, one timeout of the second instance.
    assert counts_of(replay(log), "tx") == {
        STARTED: 4,
        COMMITTED: 1,
        CLIENT: 1,
        FENCED: 1,
        TIMEOUT: 1,
        INIT: 1,
        TAKEOVER: 1,
    }


VERSIONS = (
    *("2.1.1", "2.2.2", "2.4.1", "2.5.1", "2.8.2"),
    *("3.0.2", "3.1.2", "3.3.2", "3.9.2"),
    *("4.0.0", "4.1.2", "4.2.2", "4.3.1", "4.4.0"),
)


@pytest.mark.parametrize("version", VERSIONS)
def test_three_commits_and_an_abort_are_counted_for_every_recorded_client_version(version):
    assert counts_of(replay("tv2"), f"tx-{version}") == {STARTED: 4, COMMITTED: 3, CLIENT: 1, INIT: 1}


@pytest.mark.parametrize(
    ("transactional_id", "expected"),
    [
        # Five aborts, two fencings, a timeout after which the producer continued in the same session, a commit.
        ("txh", {STARTED: 9, COMMITTED: 1, CLIENT: 5, FENCED: 2, TIMEOUT: 1, INIT: 2, TAKEOVER: 2}),
        # A timeout and a commit after it; fenced; an abort, then a restart two seconds later; fenced.
        ("txv-4.4.0", {STARTED: 5, COMMITTED: 1, TIMEOUT: 1, FENCED: 2, CLIENT: 1, INIT: 2, TAKEOVER: 2}),
        # The same program with a protocol 1 client. The aborts that its coordinator writes state protocol 2 even so.
        ("txv-3.9.2", {STARTED: 3, COMMITTED: 0, TIMEOUT: 1, CLIENT: 1, FENCED: 1, INIT: 3, TAKEOVER: 1}),
        ("killed", {STARTED: 1, COMMITTED: 0, TIMEOUT: 1, INIT: 1}),
        ("ghost-real", {STARTED: 0, COMMITTED: 0, INIT: 1}),
    ],
)
def test_recorded_faults_under_protocol_2_are_counted_by_reason(transactional_id, expected):
    assert counts_of(replay("tv2"), transactional_id) == expected


def test_a_recorded_rollover_of_the_epoch_counts_as_a_rollover_and_nothing_else():
    tracker = replay("rollover")

    assert counts_of(tracker, "roll") == {STARTED: 6, COMMITTED: 5, ROLLOVER: 1}
    assert [event.reason for event in tracker.events] == [ROLLOVER]
    assert next(tracker.series()).identity == Identity(2004, 1)


def test_ten_thousand_commits_under_protocol_2_count_no_session_and_no_id_change():
    coordinator = Coordinator()
    coordinator.init()
    for _ in range(10_000):
        coordinator.commit()
    tracker = following(0)

    take_in(tracker, coordinator.records)

    assert counted(tracker) == {STARTED: 10_000, COMMITTED: 10_000, INIT: 1}


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_is_counted_as_what_it_is(action, protocol):
    coordinator = Coordinator(protocol=protocol)
    coordinator.init()
    coordinator.commit()
    getattr(coordinator, action)()
    coordinator.commit()
    tracker = following(0)

    take_in(tracker, coordinator.records)

    assert counted(tracker) == coordinator.expected


@settings(max_examples=150, deadline=None)
@given(history=histories, protocol=protocols, epoch=epochs)
def test_any_history_is_counted_as_what_it_is(history, protocol, epoch):
    coordinator = coordinated(history, protocol=protocol, epoch=epoch)
    tracker = following(0)

    take_in(tracker, coordinator.records)
    settle(tracker)

    assert counted(tracker) == +coordinator.expected
    assert (tracker.ends_unseen, tracker.open_transactions(0)) == (0, [])


@settings(max_examples=100, deadline=None)
@given(history=histories, protocol=protocols, epoch=epochs, data=st.data())
def test_records_that_are_read_again_change_nothing(history, protocol, epoch, data):
    records = coordinated(history, protocol=protocol, epoch=epoch).records
    once, again = following(0), following(0)
    take_in(once, records)

    for offset, record in enumerate(records):
        again.apply(0, offset, record)
        back = data.draw(st.integers(0, offset))
        take_in(again, records[back : offset + 1], from_offset=back)

    assert counted(again) == counted(once)
    assert list(again.events) == list(once.events)


@settings(max_examples=100, deadline=None)
@given(history=histories, protocol=protocols, epoch=epochs, data=st.data())
def test_a_record_that_the_coordinator_wrote_twice_counts_once(history, protocol, epoch, data):
    coordinator = coordinated(history, protocol=protocol, epoch=epoch)
    twice = data.draw(st.sets(st.integers(0, len(coordinator.records) - 1)))
    records = [r for at, record in enumerate(coordinator.records) for r in [record] * (2 if at in twice else 1)]
    tracker = following(0)

    take_in(tracker, records)
    settle(tracker)

    assert counted(tracker) == +coordinator.expected


@settings(max_examples=100, deadline=None)
@given(history=histories, protocol=protocols, epoch=epochs, data=st.data())
def test_after_a_restart_only_records_after_the_counting_position_count(history, protocol, epoch, data):
    records = coordinated(history, protocol=protocol, epoch=epoch).records
    position = data.draw(st.integers(0, len(records)))
    steady, restarted = following(0), following(0, counting_from=position)
    take_in(steady, records[:position])
    before = counted(steady)
    take_in(steady, records[position:], from_offset=position)
    stopped = following(0)
    take_in(stopped, records[:position])
    settle(stopped)
    was_pending = counted(stopped) != before

    take_in(restarted, records)
    restarted.begin_counting()

    settle(steady), settle(restarted)
    since = counted(steady) - before
    if was_pending:  # that abort is before the position, whatever its reason turned out to be
        since -= Counter({CLIENT: 1}) if since[CLIENT] > counted(restarted)[CLIENT] else Counter({FENCED: 1})
    assert counted(restarted) == since


@settings(max_examples=100, deadline=None)
@given(by_id=st.lists(st.tuples(histories, protocols, epochs), min_size=1, max_size=5))
def test_two_shards_together_count_what_one_tracker_counts(by_id):
    logs = {0: [], 1: []}
    for number, (history, protocol, epoch) in enumerate(by_id):
        name = f"orders-{number}"
        logs[partition_for(name, 2)] += coordinated(
            history, transactional_id=name, protocol=protocol, epoch=epoch
        ).records
    whole, shards = following(0, 1), [following(0), following(1)]

    for partition, records in logs.items():
        take_in(whole, records, partition=partition)
        take_in(shards[partition], records, partition=partition)

    assert counted(whole) == counted(shards[0]) + counted(shards[1])


anything = st.one_of(
    st.builds(Tombstone, st.sampled_from("ab")),
    st.builds(
        Transition,
        transactional_id=st.sampled_from("ab"),
        version=st.integers(0, 1),
        producer_id=st.integers(1, 2),
        epoch=st.sampled_from([0, 1, 2, 32766, 32767]),
        timeout_ms=st.just(2),
        state=st.sampled_from([state for state in TransactionState if state < TransactionState.DEAD]),
        partitions=st.just(()),
        last_update_ms=st.integers(0, 5),
        start_ms=st.integers(-1, 2),
        previous_producer_id=st.integers(-1, 2),
        client_transaction_version=st.sampled_from([0, 2]),
    ),
)


@settings(max_examples=400, deadline=None)
@given(records=st.lists(anything, max_size=30), position=st.integers(0, 30))
def test_in_any_log_with_holes_the_counts_add_up(records, position):
    tracker = following(0, counting_from=position)
    take_in(tracker, records[:position])
    open_before = len(tracker.open_transactions(0))

    take_in(tracker, records[position:], from_offset=position)
    settle(tracker)

    total = counted(tracker)
    ended = total[COMMITTED] + sum(total[reason] for reason in AbortReason) + tracker.ends_unseen
    assert open_before + total[STARTED] == ended + len(tracker.open_transactions(0))


def log_with(evidence):
    """Return records of one id whose last one completes an abort with this evidence."""
    producer_id, epoch, now_ms = 100, 5, 1_000_000

    def record(state, start_ms, timeout_ms=10_000):
        return Transition("orders", 1, producer_id, epoch, timeout_ms, state, None, now_ms, start_ms)

    records = [record(TransactionState.EMPTY, -1)]
    if evidence.protocol is not Protocol.UNKNOWN:  # a commit shows it
        records.append(record(TransactionState.ONGOING, now_ms))
        epoch += evidence.protocol is Protocol.TWO
        records.append(record(TransactionState.PREPARE_COMMIT, now_ms))
        records.append(record(TransactionState.COMPLETE_COMMIT, now_ms))
    now_ms += 100_000
    start_ms, timeout_ms = now_ms, 10_000
    if evidence.before in (Before.ONGOING, Before.PREPARE_MISSING):
        records.append(record(TransactionState.ONGOING, start_ms))
    if evidence.before is Before.NOTHING_SENT:
        timeout_ms = -1 if evidence.overdue else 0  # a transaction that has just started is overdue only like this
    else:
        now_ms += timeout_ms + evidence.overdue
    producer_id += evidence.epoch_rise is None
    epoch += evidence.epoch_rise or 0
    if evidence.before is not Before.PREPARE_MISSING:
        records.append(record(TransactionState.PREPARE_ABORT, start_ms, timeout_ms))
    return [*records, record(TransactionState.COMPLETE_ABORT, start_ms, timeout_ms)]


ALL_EVIDENCE = [Evidence(*each) for each in product(Before, (0, 1, 2, None), Protocol, (False, True))]


@pytest.mark.parametrize("rule", ABORT_RULES, ids=range(len(ABORT_RULES)))
def test_each_rule_gives_its_reason_to_every_abort_that_it_applies_to(rule):
    earlier = ABORT_RULES[: ABORT_RULES.index(rule)]
    covered = [e for e in ALL_EVIDENCE if rule.applies_to(e) and not any(r.applies_to(e) for r in earlier)]

    for evidence in covered:
        tracker = following(0)
        take_in(tracker, log_with(evidence))

        aborted = {reason: count for reason, count in counted(tracker).items() if isinstance(reason, AbortReason)}
        assert aborted == ({} if rule.reason is PENDING else {rule.reason: 1}), evidence
    assert covered


def test_an_epoch_that_rises_by_more_than_two_has_no_known_reason():
    *before, prepare, complete = log_with(Evidence(Before.ONGOING, 2, Protocol.TWO, overdue=False))
    tracker = following(0)

    take_in(tracker, [*before, *(abort._replace(epoch=abort.epoch + 1) for abort in (prepare, complete))])

    assert counted(tracker)[UNKNOWN] == 1


def test_the_rules_do_not_overlap_except_with_the_last_one():
    for evidence in ALL_EVIDENCE:
        assert sum(rule.applies_to(evidence) for rule in ABORT_RULES[:-1]) <= 1, evidence


def test_a_fencing_by_a_4_0_broker_is_counted_at_once():
    coordinator = Coordinator()
    coordinator.init()
    coordinator.begin()
    coordinator.end(TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT, bump=2)
    tracker = following(0)

    take_in(tracker, coordinator.records)

    assert counts_of(tracker, "orders") == {STARTED: 1, COMMITTED: 0, FENCED: 1, INIT: 1}


def test_a_fencing_of_a_protocol_1_client_is_counted_at_once():
    coordinator = Coordinator(protocol=1)
    coordinator.init()
    coordinator.commit()
    coordinator.begin()
    coordinator.end(TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT, bump=1)
    tracker = following(0)

    take_in(tracker, coordinator.records)

    assert counts_of(tracker, "orders")[FENCED] == 1


def aborted_under_protocol_2():
    coordinator = Coordinator()
    coordinator.init()
    coordinator.abort()
    tracker = following(0)
    take_in(tracker, coordinator.records)
    return tracker, coordinator


def test_an_abort_under_protocol_2_is_counted_once_nothing_has_followed_for_some_seconds():
    tracker, _ = aborted_under_protocol_2()

    tracker.settle(50_000)
    tracker.settle(50_000 + SETTLE_AFTER_MS - 1)
    assert counted(tracker)[CLIENT] == 0
    tracker.settle(50_000 + SETTLE_AFTER_MS)

    assert counted(tracker)[CLIENT] == 1


def test_an_abort_is_pending_while_its_partition_is_not_read_to_the_end():
    tracker, _ = aborted_under_protocol_2()

    for now_ms in range(0, 10 * SETTLE_AFTER_MS, SETTLE_AFTER_MS):
        tracker.settle(now_ms, lagging={0})

    assert counted(tracker)[CLIENT] == 0


@pytest.mark.parametrize("action", ["commit", "abort", "time_out"])
def test_a_transaction_is_counted_when_its_markers_are_written(action):
    coordinator = Coordinator()
    coordinator.init()
    getattr(coordinator, action)()
    tracker = following(0)

    take_in(tracker, coordinator.records[:-1])
    settle(tracker)
    assert counted(tracker) == {STARTED: 1, INIT: 1}
    take_in(tracker, coordinator.records)
    settle(tracker)

    assert counted(tracker) == coordinator.expected


P_COMMIT, P_ABORT = TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT
C_COMMIT, C_ABORT = TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT
ONGOING = TransactionState.ONGOING
OVERDUE_MS = 10_001

# What a coordinator writes of one transaction when the append of a Prepare record takes longer than the transaction's
# timeout: each record's state, how far its epoch is above the transaction's first one, and its age.
WITHDRAWN = {
    "the coordinator aborts it after the timeout": ([(P_COMMIT, 0, 20), (P_ABORT, 1, OVERDUE_MS)], C_ABORT, TIMEOUT),
    "the same under protocol 2": ([(P_COMMIT, 1, 20), (P_ABORT, 1, OVERDUE_MS)], C_ABORT, TIMEOUT),
    "the same on a 4.0 broker": ([(P_COMMIT, 1, 20), (P_ABORT, 2, OVERDUE_MS)], C_ABORT, TIMEOUT),
    "more partitions follow first": ([(P_COMMIT, 0, 20), (ONGOING, 0, 30), (P_ABORT, 1, OVERDUE_MS)], C_ABORT, TIMEOUT),
    "the client aborts it": ([(P_COMMIT, 0, 20), (P_ABORT, 0, OVERDUE_MS)], C_ABORT, CLIENT),
    "a new instance aborts it": ([(P_COMMIT, 0, 20), (P_ABORT, 1, 900)], C_ABORT, FENCED),
    "the client commits again": ([(P_COMMIT, 0, 20), (P_COMMIT, 0, OVERDUE_MS)], C_COMMIT, COMMITTED),
    "the same under protocol 2, twice": ([(P_COMMIT, 1, 20)] * 3, C_COMMIT, COMMITTED),
    "the client's abort fails, and the coordinator aborts it": (
        [(P_ABORT, 0, 20), (P_ABORT, 1, OVERDUE_MS)],
        C_ABORT,
        TIMEOUT,
    ),
    "the coordinator's own abort fails": ([(P_ABORT, 1, OVERDUE_MS), (P_ABORT, 1, 21_000)], C_ABORT, TIMEOUT),
}


@pytest.mark.parametrize(("decisions", "end", "counts_as"), WITHDRAWN.values(), ids=WITHDRAWN)
@pytest.mark.parametrize("position", range(5))
def test_a_decision_that_the_coordinator_withdraws_does_not_count(decisions, end, counts_as, position):
    def record(state, epoch, age_ms):
        return Transition("orders", 1, 100, 5 + epoch, 10_000, state, (), 1_000_000 + age_ms, 1_000_000)

    empty = record(TransactionState.EMPTY, 0, -20)._replace(start_ms=-1)
    _, epoch, age_ms = decisions[-1]
    records = [empty, record(ONGOING, 0, 0), *(record(*each) for each in decisions), record(end, epoch, age_ms + 5)]
    whole, restarted = following(0), following(0, counting_from=position)

    for tracker in (whole, restarted):
        take_in(tracker, records)
        settle(tracker)

    assert counted(whole) == {INIT: 1, STARTED: 1, counts_as: 1}
    before = {INIT: 1} if position else {}
    assert counted(whole) - counted(restarted) == before | ({STARTED: 1} if position > 1 else {})
    assert (whole.ends_unseen, whole.open_transactions(0)) == (0, [])


def test_a_transaction_whose_end_is_missing_counts_as_its_last_prepare_record_decided():
    tracker = following(0)
    for number, prepare in enumerate((P_COMMIT, P_ABORT)):
        coordinator = Coordinator()
        coordinator.init()
        coordinator.begin()
        coordinator.epoch += 1
        coordinator.write(prepare)
        coordinator.start_ms, coordinator.now_ms = -1, coordinator.now_ms + 60_000
        coordinator.init()
        take_in(tracker, coordinator.records, from_offset=10 * number)
        tracker.apply(0, 10 * number + 9, Tombstone("orders"))

    assert counted(tracker) == {STARTED: 2, COMMITTED: 1, CLIENT: 1, INIT: 4}
    assert (tracker.ends_unseen, tracker.open_transactions(0)) == (0, [])


@pytest.mark.parametrize(("session_after_ms", "reason"), [(900, FENCED), (1501, CLIENT)])
def test_the_time_until_a_new_session_is_measured_from_when_the_markers_were_written(session_after_ms, reason):
    markers_take_ms = 8000
    coordinator = Coordinator()
    coordinator.init()
    coordinator.abort()
    complete = coordinator.records[-1]  # its own time is from before the markers were written
    written_ms = complete.last_update_ms + markers_take_ms
    coordinator.now_ms = written_ms + session_after_ms
    coordinator.init()
    tracker = following(0)

    for offset, record in enumerate(coordinator.records):
        tracker.apply(0, offset, record, written_ms if record is complete else record.last_update_ms)
    settle(tracker)

    assert counted(tracker)[reason] == 1


def test_a_fencing_whose_session_is_read_too_late_stays_a_client_abort_and_its_session_is_a_takeover():
    tracker, coordinator = aborted_under_protocol_2()
    settle(tracker)
    coordinator.now_ms -= 2900
    coordinator.init()

    take_in(tracker, coordinator.records)

    assert counts_of(tracker, "orders") == {STARTED: 1, COMMITTED: 0, CLIENT: 1, INIT: 1, TAKEOVER: 1}


def test_an_abort_whose_last_record_alone_is_left_has_no_known_reason():
    coordinator = Coordinator()
    coordinator.init()
    coordinator.abort()
    tracker = following(0)

    take_in(tracker, coordinator.records[-1:])

    assert counts_of(tracker, "orders") == {STARTED: 1, COMMITTED: 0, UNKNOWN: 1}


def test_two_transactions_in_the_same_millisecond_count_as_two():
    coordinator = Coordinator()
    coordinator.init()
    for _ in range(2):
        coordinator.now_ms = 5_000_000
        coordinator.commit()
    tracker = following(0)

    take_in(tracker, coordinator.records)

    assert counted(tracker)[STARTED] == counted(tracker)[COMMITTED] == 2


def test_a_transaction_is_open_from_its_first_record_until_its_markers_are_written():
    coordinator = Coordinator()
    coordinator.init()
    coordinator.commit()
    _, first, second, prepare, complete = coordinator.records
    tracker = following(0)

    take_in(tracker, [first, second])
    (ongoing,) = tracker.open_transactions(second.start_ms + 2500)
    tracker.apply(0, 2, prepare)
    (prepared,) = tracker.open_transactions(0)
    tracker.apply(0, 3, complete)

    assert (ongoing.age_seconds, ongoing.timeout_seconds, ongoing.protocol) == (2.5, 10.0, 2)
    assert ongoing.partitions == (("payments", (0, 1)),)
    assert (prepared.state, prepared.age_seconds) == (TransactionState.PREPARE_COMMIT, 0.0)
    assert tracker.open_transactions(0) == []


@pytest.mark.parametrize(("protocol", "before", "after"), [(0, 0, 0), (1, None, 1), (2, 2, 2)])
def test_the_protocol_of_an_open_transaction_is_reported_as_soon_as_a_record_shows_it(protocol, before, after):
    coordinator = Coordinator(protocol=protocol)
    coordinator.init()
    coordinator.commit()
    coordinator.begin()
    tracker = following(0)

    take_in(tracker, coordinator.records[:2])
    first = tracker.open_transactions(0)[0].protocol
    take_in(tracker, coordinator.records)

    assert (first, tracker.open_transactions(0)[0].protocol) == (before, after)


def test_on_a_4_0_broker_the_protocol_is_known_from_the_first_commit():
    coordinator = Coordinator()
    coordinator.init()
    coordinator.commit()
    coordinator.begin()
    tracker = following(0)

    protocols_seen = []
    for offset, record in enumerate(coordinator.records):
        own = 0 if record.state is TransactionState.ONGOING else record.client_transaction_version
        tracker.apply(0, offset, record._replace(client_transaction_version=own))
        protocols_seen += [transaction.protocol for transaction in tracker.open_transactions(0)]

    assert protocols_seen == [None, None, 2, 2, 2]


def test_an_expired_id_is_recreated_and_not_rolled_over_whatever_its_epoch_was():
    used_up = Transition("orders", 1, 100, 32766, 10_000, TransactionState.COMPLETE_COMMIT, (), 1000, 900)
    new = Transition("orders", 1, 200, 0, 10_000, TransactionState.EMPTY, None, 9000, -1)
    expired, in_use = following(0), following(0)

    take_in(expired, [used_up, Tombstone("orders"), new])
    take_in(in_use, [used_up, new])

    assert (counted(expired)[RECREATED], counted(expired)[ROLLOVER]) == (1, 0)
    assert (counted(in_use)[RECREATED], counted(in_use)[ROLLOVER]) == (0, 1)


def test_an_id_from_before_the_start_has_counters_at_zero_before_anything_happens():
    coordinator = Coordinator()
    coordinator.init()
    tracker = following(0, counting_from=1)

    take_in(tracker, coordinator.records)
    assert list(tracker.series()) == []
    tracker.begin_counting()

    assert counts_of(tracker, "orders") == {STARTED: 0, COMMITTED: 0}
    assert next(tracker.series()).identity == Identity(100, 0)


def test_ids_over_the_limit_are_summed_into_other_and_the_most_recently_used_are_kept():
    coordinators = [Coordinator(name, now_ms=now_ms) for now_ms, name in enumerate("abc", start=1)]
    for coordinator in coordinators:
        coordinator.init()
    tracker = following(0, counting_from=3, limit=1)
    take_in(tracker, [coordinator.records[0] for coordinator in coordinators])
    tracker.begin_counting()
    assert [series.name for series in tracker.series()] == ["c", "other"]
    assert tracker.folded == 2

    for coordinator in coordinators:
        coordinator.commit()
    take_in(tracker, [r for coordinator in coordinators for r in coordinator.records[1:]], from_offset=3)

    assert counts_of(tracker, "c") == {STARTED: 1, COMMITTED: 1}
    assert counts_of(tracker, "other") == {STARTED: 2, COMMITTED: 2}
    assert tracker.folded == 2


MINUTE_MS = 60_000


def ids_in_turn(tracker, *names, apart_ms):
    """Each id commits once, *apart_ms* after the one before. Return how the series stand after each of them."""
    for number, name in enumerate(names):
        coordinator = Coordinator(name, now_ms=1_000_000 + number * apart_ms)
        coordinator.init()
        coordinator.commit()
        take_in(tracker, coordinator.records, from_offset=10 * number)
        yield {series.name: series.counts.committed for series in tracker.series()}


def test_a_new_id_takes_the_seat_of_the_id_that_was_idle_longest():
    tracker = following(0, limit=2)

    *_, before, after = ids_in_turn(tracker, "a", "b", "c", apart_ms=6 * MINUTE_MS)

    assert before == {"a": 1, "b": 1}
    assert after == {"b": 1, "c": 1, "other": 0}  # the transaction of a is added nowhere
    assert tracker.folded == 1
    assert (tracker.totals().started, tracker.totals().committed) == (3, 3)


def test_what_an_id_without_a_seat_does_later_counts_under_other():
    tracker = following(0, limit=1)

    *_, last = ids_in_turn(tracker, "a", "b", "a", apart_ms=11 * MINUTE_MS)

    assert last == {"b": 1, "other": 1}
    assert tracker.totals().committed == 3


def test_nobody_loses_a_seat_who_used_it_in_the_last_ten_minutes():
    tracker = following(0, limit=1)

    *_, last = ids_in_turn(tracker, "a", "b", "c", apart_ms=4 * MINUTE_MS)

    assert last == {"a": 1, "other": 2}
    assert tracker.folded == 2


def test_an_id_with_an_open_transaction_keeps_its_seat():
    tracker, waiting = following(0, limit=1), Coordinator("waiting")
    waiting.begin()
    take_in(tracker, waiting.records)

    *_, last = ids_in_turn(tracker, "b", "c", apart_ms=60 * MINUTE_MS)

    assert set(last) == {"waiting", "other"}


def test_generated_ids_never_use_up_the_seats():
    tracker = following(0, limit=10)

    for found in ids_in_turn(tracker, *(f"flink-{number}" for number in range(100)), apart_ms=2 * MINUTE_MS):
        newest = list(found)[-1]
        assert len(found) <= 11

    assert newest == "flink-99"
    assert tracker.totals().committed == 100


def test_the_open_transactions_of_ids_without_series_count_under_other():
    tracker = following(0, counting_from=100, limit=1)
    for number in range(50):
        coordinator = Coordinator(f"orders-{number}")
        coordinator.begin()
        take_in(tracker, coordinator.records, from_offset=number)
    tracker.begin_counting()

    names = {transaction.name for transaction in tracker.open_transactions(0)}

    assert len(names) == 2
    assert "other" in names


def test_ids_of_a_group_are_summed_under_its_name_and_the_sum_keeps_them_when_they_expire():
    tracker = following(0, group_of=lambda name: name.split("-")[0], limit=2)
    for number in range(5):
        coordinator = Coordinator(f"streams-{number}")
        coordinator.init()
        coordinator.commit()
        take_in(tracker, [*coordinator.records, Tombstone(f"streams-{number}")], from_offset=10 * number)

    assert counts_of(tracker, "streams") == {STARTED: 5, COMMITTED: 5, INIT: 5}
    assert [series.identity for series in tracker.series()] == [None]
    assert (tracker.known_ids, tracker.folded) == (0, 0)


def test_an_expired_id_makes_room_for_another_once_it_is_forgotten():
    tracker = following(0, limit=1)
    for number, name in enumerate(("first", "second", "third")):
        coordinator = Coordinator(name)
        coordinator.init()
        take_in(tracker, coordinator.records, from_offset=10 * number)
        last = [series.name for series in tracker.series()]
        take_in(tracker, [Tombstone(name)], from_offset=10 * number + 5)

    assert last == ["other", "third"]


def test_a_partition_can_be_followed_again_from_another_offset():
    tracker, coordinator = aborted_under_protocol_2()
    coordinator.commit()

    tracker.follow(0, from_offset=0, counting_from=len(coordinator.records))
    take_in(tracker, coordinator.records)
    tracker.advance(0, 90)

    assert counted(tracker)[COMMITTED] == 0
    assert tracker.position(0) == 90


def test_the_tombstone_of_an_unknown_id_counts_nothing():
    tracker = following(0)

    tracker.apply(0, 5, Tombstone("expired"))

    assert (counted(tracker), tracker.known_ids, tracker.position(0)) == ({}, 0, 6)


@pytest.mark.parametrize("state", [TransactionState.DEAD, TransactionState.PREPARE_EPOCH_FENCE])
def test_a_state_that_no_broker_writes_changes_nothing(state):
    def record(of, epoch=0):
        return Transition("orders", 1, 100, epoch, 10_000, of, None, 1_000, 1_000)

    tracker = following(0)
    take_in(tracker, [record(TransactionState.ONGOING)])
    before = counted(tracker), tracker.open_transactions(2_000)

    tracker.apply(0, 1, record(state, epoch=1))

    assert (counted(tracker), tracker.open_transactions(2_000)) == before
    assert tracker.position(0) == 2
