from collections import Counter
from itertools import product

import pytest

from kafka_producer_exporter.broker.log.outcomes import AbortReason, SessionReason
from kafka_producer_exporter.broker.log.records import Tombstone, TransactionState, Transition
from kafka_producer_exporter.broker.log.rules import (
    BEGINS,
    ENDS,
    SAME_TRANSACTION,
    TOMBSTONE,
    Counted,
    counted_at,
)
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from tests.broker.coordinator import COMMITTED, STARTED, counted

DEAD, EMPTY, ONGOING = TransactionState.DEAD, TransactionState.EMPTY, TransactionState.ONGOING
PREPARE_COMMIT, PREPARE_ABORT = TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT
COMPLETE_COMMIT, COMPLETE_ABORT = TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT
LEADING_TO = {
    DEAD: [],
    EMPTY: [EMPTY],
    ONGOING: [EMPTY, ONGOING],
    PREPARE_COMMIT: [EMPTY, ONGOING, PREPARE_COMMIT],
    PREPARE_ABORT: [EMPTY, ONGOING, PREPARE_ABORT],
    COMPLETE_COMMIT: [EMPTY, ONGOING, PREPARE_COMMIT, COMPLETE_COMMIT],
    COMPLETE_ABORT: [EMPTY, ONGOING, PREPARE_ABORT, COMPLETE_ABORT],
}
CASES = [
    (before, record, is_same, may_be_missing)
    for before, record, is_same, may_be_missing in product(ENDS, BEGINS, (True, False), (True, False))
    # Nothing is the same as nothing; a transaction is never the same as a session.
    if not (is_same and (before is DEAD or record is TOMBSTONE or (before is EMPTY) != (record is EMPTY)))
]


def written(state, *, is_new):
    """Return a record of the first or of another transaction; without one, of the first or of another session."""
    if state is TOMBSTONE:
        return Tombstone("orders")
    start_ms = -1 if state is EMPTY else 1000 + 500 * is_new
    return Transition("orders", 0, 100, 5 + is_new * (state is EMPTY), 60_000, state, (), 9000, start_ms)


def kinds(tracker):
    """Return what was counted, without the reasons."""
    found = Counter({Counted.END_UNSEEN: tracker.ends_unseen})
    for what, count in counted(tracker).items():
        if isinstance(what, AbortReason):
            found[Counted.ABORT] += count
        elif isinstance(what, SessionReason):
            found[Counted.SESSION] += count
        elif what in (STARTED, COMMITTED):
            found[Counted.START if what == STARTED else Counted.COMMIT] += count
    return +found


@pytest.mark.parametrize(
    ("before", "record", "is_same", "may_be_missing"),
    CASES,
    ids=lambda value: value.name.lower() if isinstance(value, TransactionState) else str(value).lower(),
)
def test_each_record_counts_what_the_rules_say_after_each_state(before, record, is_same, may_be_missing):
    leading = [written(state, is_new=False) for state in LEADING_TO[before]]
    tracker = TransactionTracker()
    tracker.follow(0, from_offset=0, counting_from=len(leading))
    for offset, one in enumerate(leading):
        tracker.apply(0, offset, one)
    if may_be_missing:
        tracker.note_missing(0)

    tracker.apply(0, len(leading), written(record, is_new=not is_same))
    for now_ms in (0, SETTLE_AFTER_MS):
        tracker.settle(now_ms)

    assert kinds(tracker) == Counter(counted_at(before, record, is_same=is_same, may_be_missing=may_be_missing))


def test_every_rule_is_checked():
    checked = {(before, record) for before, record, is_same, _ in CASES if is_same}

    assert {(before, rule.record) for rule in SAME_TRANSACTION for before in rule.before} <= checked
