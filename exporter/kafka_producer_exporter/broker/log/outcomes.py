"""The results of reading the transaction log: reasons, counts, events and open transactions. Values only."""

from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.broker.log.records import Partitions, TransactionState


class AbortReason(StrEnum):
    """Why a transaction was aborted."""

    CLIENT = "client"
    """The producer aborted it."""
    TIMEOUT = "timeout"
    """The coordinator aborted it after ``transaction.timeout.ms``."""
    FENCED = "fenced"
    """The coordinator aborted it because a new instance opened a session with the same transactional id."""
    UNKNOWN = "unknown"
    """The records that would show the reason are missing."""


class SessionReason(StrEnum):
    """Why a producer opened a session."""

    INIT = "init"
    """It started, as far as the log can show."""
    TAKEOVER = "takeover"
    """It took the transactional id over from an instance with an open transaction."""
    RECOVERY = "recovery"
    """It asked for a new epoch after an error (KIP-360)."""


class IdChangeReason(StrEnum):
    """Why a transactional id got another producer id."""

    ROLLOVER = "rollover"
    """The epochs of the old producer id were used up."""
    RECREATED = "recreated"
    """The coordinator had forgotten the transactional id."""


class EventKind(StrEnum):
    """What happened to a transactional id."""

    ABORT = "abort"
    SESSION = "session"
    PRODUCER_ID_CHANGE = "new producer id"


_KINDS = {
    AbortReason: EventKind.ABORT,
    SessionReason: EventKind.SESSION,
    IdChangeReason: EventKind.PRODUCER_ID_CHANGE,
}


class Event(NamedTuple):
    """An abort, a new session or a new producer id: what a person on call wants to see."""

    at_ms: int
    transactional_id: str
    reason: AbortReason | SessionReason | IdChangeReason
    producer_id: int
    epoch: int

    @property
    def kind(self) -> EventKind:
        """What happened. The reason says why."""
        return _KINDS[type(self.reason)]


class Counts:
    """The counts under one name. They never fall."""

    __slots__ = ("aborted", "committed", "id_changes", "sessions", "started")

    def __init__(self) -> None:
        self.started = 0
        self.committed = 0
        self.aborted = dict.fromkeys(AbortReason, 0)
        self.sessions = dict.fromkeys(SessionReason, 0)
        self.id_changes = dict.fromkeys(IdChangeReason, 0)

    def add(self, other: "Counts") -> None:
        """Add the counts of *other*."""
        self.started += other.started
        self.committed += other.committed
        for reason, count in other.aborted.items():
            self.aborted[reason] += count
        for why, times in other.sessions.items():
            self.sessions[why] += times
        for cause, number in other.id_changes.items():
            self.id_changes[cause] += number


class Identity(NamedTuple):
    """The current producer id and epoch of a transactional id."""

    producer_id: int
    epoch: int


class Series(NamedTuple):
    """The counts under one name.

    The identity is None if the name stands for several transactional ids, or if the coordinator has forgotten the id.
    """

    name: str
    counts: Counts
    identity: Identity | None


class OpenTransaction(NamedTuple):
    """A transaction that the coordinator has and that is not complete."""

    transactional_id: str
    name: str
    """The name that it counts under: the id itself, its group or ``other``."""
    producer_id: int
    epoch: int
    state: TransactionState
    start_ms: int
    age_seconds: float
    """Never negative. The start is by the coordinator's clock and may differ from ours."""
    timeout_seconds: float
    protocol: int | None
    """The transaction protocol: 0, 1 or 2. None until a record shows it."""
    partitions: Partitions
