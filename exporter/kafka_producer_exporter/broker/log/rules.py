"""What the tracker counts at each record: the rules that it implements, and that its tests check one by one.

The tracker does not read this table, because it runs for every record. ``abort_reasons`` has the rules for the reason
of an abort. Both hold for a log from which no record of the id is missing, and for one with holes.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.broker.log.records import TransactionState

_EMPTY, _ONGOING = TransactionState.EMPTY, TransactionState.ONGOING
_PREPARE_COMMIT, _PREPARE_ABORT = TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT
_COMPLETE_COMMIT, _COMPLETE_ABORT = TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT
_DEAD = TransactionState.DEAD
_UNFINISHED = {_ONGOING, _PREPARE_COMMIT, _PREPARE_ABORT}

TOMBSTONE = None
"""Stands for the record with which the coordinator forgets an id."""


class Counted(StrEnum):
    """What one record makes the tracker count."""

    START = "start"
    COMMIT = "commit"
    ABORT = "abort"
    SESSION = "session"
    END_UNSEEN = "end unseen"


class SameRule(NamedTuple):
    """What a record counts that is about the transaction, or the session, that the id's last record was about."""

    before: Collection[TransactionState]
    """The state of the id, which its last record has set."""
    record: TransactionState
    counts: tuple[Counted, ...]
    why: str


SAME_TRANSACTION = (
    SameRule({_ONGOING}, _ONGOING, (), "the transaction has more partitions"),
    SameRule({_PREPARE_COMMIT, _PREPARE_ABORT}, _ONGOING, (), "the coordinator has withdrawn its decision"),
    SameRule(_UNFINISHED, _PREPARE_COMMIT, (), "only the last decision counts, once the transaction is complete"),
    SameRule(_UNFINISHED, _PREPARE_ABORT, (), "only the last decision counts, once the transaction is complete"),
    SameRule(_UNFINISHED, _COMPLETE_COMMIT, (Counted.COMMIT,), "the markers are written"),
    SameRule(_UNFINISHED, _COMPLETE_ABORT, (Counted.ABORT,), "the markers are written"),
    SameRule({_COMPLETE_COMMIT}, _COMPLETE_COMMIT, (), "a retry, or a new coordinator, writes a record again"),
    SameRule({_COMPLETE_ABORT}, _COMPLETE_ABORT, (), "a retry, or a new coordinator, writes a record again"),
    SameRule({_EMPTY}, _EMPTY, (), "a retry of InitProducerId writes a record again"),
)
"""A record has the same start time as the id's last one or, without a transaction, the same producer id and epoch."""

ENDS: Mapping[TransactionState, tuple[Counted, ...]] = {
    _DEAD: (),
    _EMPTY: (),
    _ONGOING: (Counted.END_UNSEEN,),
    _PREPARE_COMMIT: (Counted.COMMIT,),
    _PREPARE_ABORT: (Counted.ABORT,),
    _COMPLETE_COMMIT: (),
    _COMPLETE_ABORT: (),
}
"""All other records begin something new. First they end what the id's last record was about, by the id's state."""

BEGINS: Mapping[TransactionState | None, tuple[Counted, ...]] = {
    _EMPTY: (Counted.SESSION,),
    _ONGOING: (Counted.START,),
    _PREPARE_COMMIT: (Counted.START,),
    _PREPARE_ABORT: (Counted.START,),
    _COMPLETE_COMMIT: (Counted.START, Counted.COMMIT),
    _COMPLETE_ABORT: (Counted.START, Counted.ABORT),
    TOMBSTONE: (),
}
"""Then they count what they begin: a transaction counts as started at the first of its records that is read."""

WITHDRAWN_START = SameRule(
    {_ONGOING}, _ONGOING, (), "the coordinator has withdrawn a start that it could not replicate"
)
"""The exception, unless records may be missing: an Ongoing record after another one, with another start time."""


def counted_at(
    before: TransactionState, record: TransactionState | None, *, is_same: bool, may_be_missing: bool
) -> list[Counted]:
    """Return what a *record* counts after the state *before*.

    *is_same* is whether it is about the same transaction or session, and *may_be_missing* whether records between the
    two may be missing.
    """
    if is_same:
        for rule in SAME_TRANSACTION:
            if before in rule.before and record is rule.record:
                return list(rule.counts)
    if before in WITHDRAWN_START.before and record is WITHDRAWN_START.record and not may_be_missing:
        return list(WITHDRAWN_START.counts)
    return [*ENDS[before], *BEGINS[record]]
