"""What comes out of following the transaction log: reasons, counts, events, and what is open. Values only."""

from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.broker.log.records import Partitions, TransactionState


class AbortReason(StrEnum):
    """Who ended the transaction."""

    CLIENT = "client"
    TIMEOUT = "timeout"
    FENCED = "fenced"
    UNKNOWN = "unknown"


class SessionReason(StrEnum):
    """How a producer came to open its session."""

    INIT = "init"
    TAKEOVER = "takeover"
    RECOVERY = "recovery"


class IdChangeReason(StrEnum):
    """Why a transactional id got another producer id."""

    ROLLOVER = "rollover"
    RECREATED = "recreated"


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
    """Something that a person on call wants to see: an abort, a new session, another producer id."""

    at_ms: int
    transactional_id: str
    reason: AbortReason | SessionReason | IdChangeReason
    producer_id: int
    epoch: int

    @property
    def kind(self) -> EventKind:
        """What happened, of which the reason says more."""
        return _KINDS[type(self.reason)]


class Counts:
    """What was counted under one name. Only grows."""

    __slots__ = ("aborted", "committed", "id_changes", "sessions", "started")

    def __init__(self) -> None:
        self.started = 0
        self.committed = 0
        self.aborted = dict.fromkeys(AbortReason, 0)
        self.sessions = dict.fromkeys(SessionReason, 0)
        self.id_changes = dict.fromkeys(IdChangeReason, 0)


class Identity(NamedTuple):
    """The producer id and epoch that a transactional id has now."""

    producer_id: int
    epoch: int


class Series(NamedTuple):
    """The counts of one name; the identity only where the name is one transactional id, and that one is alive."""

    name: str
    counts: Counts
    identity: Identity | None


class OpenTransaction(NamedTuple):
    """A transaction that the coordinator knows of, and that is not complete."""

    transactional_id: str
    name: str
    """What it is counted under: the id itself, its group, or ``other``."""
    producer_id: int
    epoch: int
    state: TransactionState
    start_ms: int
    age_seconds: float
    """Between the coordinator's clock and ours, which may differ; never negative."""
    timeout_seconds: float
    protocol: int | None
    """0, 1 or 2 (``transaction.version``); None: no record has told yet."""
    partitions: Partitions
