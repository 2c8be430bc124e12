"""Decides why a transaction was aborted.

No record of the log states the reason. It follows from what was read before the abort, from the producer epoch, from
the client's protocol and from the transaction's age. ``ABORT_RULES`` is the whole decision.
"""

from collections.abc import Collection
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from kafka_producer_exporter.broker.log.outcomes import AbortReason


class Protocol(StrEnum):
    """What the log has shown so far of the transaction protocol that a client uses."""

    UNKNOWN = "unknown"
    OLD = "old"
    """Protocol 0 or 1: only the coordinator raises the epoch."""
    TWO = "two"
    """Protocol 2: the client's own commits and aborts raise the epoch by one."""


class Before(StrEnum):
    """What was read of a transaction before the record that aborts it."""

    ONGOING = "ongoing"
    """Its Ongoing record; this record is PrepareAbort."""
    PREPARE_MISSING = "prepare missing"
    """Its Ongoing record; this record is CompleteAbort, so it is not known when the abort was decided."""
    NOTHING_SENT = "nothing sent"
    """Nothing, and nothing is missing: the id was idle, and the transaction starts with this record."""
    NOTHING = "nothing"
    """Nothing, although there were records: they are missing from the log."""


class Evidence(NamedTuple):
    """Everything that the reason depends on."""

    before: Before
    epoch_rise: int | None
    """How far the abort raised the epoch: 0, 1 or 2. None means any other change, or a new producer id."""
    protocol: Protocol
    overdue: bool
    """True if the transaction was older than its timeout."""


class AbortRule(NamedTuple):
    """A row of the table: the evidence that it applies to, and the reason that it gives."""

    before: Collection[Before]
    epoch_rise: Collection[int | None]
    protocol: Collection[Protocol]
    overdue: Collection[bool]
    reason: AbortReason | None

    def applies_to(self, evidence: Evidence) -> bool:
        """Return True if the rule covers this evidence."""
        return (
            evidence.before in self.before
            and evidence.epoch_rise in self.epoch_rise
            and evidence.protocol in self.protocol
            and evidence.overdue in self.overdue
        )


PENDING = None
"""The reason is not known yet: only the next record of the transactional id can show it."""

_ANY_RECORDS = set(Before)
_ANY_RISE = {0, 1, 2, None}
_ANY_PROTOCOL = set(Protocol)
_ANY_AGE = {False, True}
_IN_TIME, _OVERDUE = {False}, {True}

ABORT_RULES = (
    # Under protocols 0 and 1 the client's own abort leaves the epoch as it is.
    AbortRule({Before.ONGOING, Before.PREPARE_MISSING}, {0}, _ANY_PROTOCOL, _ANY_AGE, AbortReason.CLIENT),
    # Under protocol 2 a client raises the epoch even if it aborts before it has sent anything.
    AbortRule({Before.NOTHING_SENT}, {1}, _ANY_PROTOCOL, _ANY_AGE, AbortReason.CLIENT),
    # The coordinator raises the epoch when it aborts a transaction that has exceeded its timeout.
    AbortRule({Before.ONGOING}, {1, 2}, _ANY_PROTOCOL, _OVERDUE, AbortReason.TIMEOUT),
    # Within the timeout, the coordinator aborts a transaction only to fence its producer. Under protocol 2, brokers
    # without KAFKA-19367 (4.0) then raise the epoch by two, which nothing else does.
    AbortRule({Before.ONGOING}, {2}, _ANY_PROTOCOL, _IN_TIME, AbortReason.FENCED),
    AbortRule({Before.ONGOING}, {1}, {Protocol.OLD}, _IN_TIME, AbortReason.FENCED),
    # Since KAFKA-19367, a fencing and the client's own abort under protocol 2 are the same to the byte. A client of
    # unknown protocol may be one of protocol 2.
    AbortRule({Before.ONGOING}, {1}, {Protocol.TWO, Protocol.UNKNOWN}, _IN_TIME, PENDING),
    # In all other cases the records that would show the reason are missing.
    AbortRule(_ANY_RECORDS, _ANY_RISE, _ANY_PROTOCOL, _ANY_AGE, AbortReason.UNKNOWN),
)
"""The first rule that applies gives the reason. The rules do not overlap, except with the last one."""


@cache  # at most one entry for each of the 96 kinds of evidence
def abort_reason(evidence: Evidence) -> AbortReason | None:
    """Return why a transaction was aborted, or PENDING."""
    return next(rule.reason for rule in ABORT_RULES if rule.applies_to(evidence))
