"""What the transaction log says has happened: transitions in, counts and events out.

Rule 1: everything of the log that needs memory between polls lives in this file.
Rule 2: this file imports no Kafka client and reads no clock, so each test is a list of transitions and expected counts.
Rule 3: records before a partition's counting position set the state and count nothing; a record that was taken in
        before (its offset says so) does nothing at all.
Rule 4: only what a record says is counted. Of a log with holes (compacted before we read it) a transaction counts as
        started if any record of it was seen; one whose end is missing is in ``ends_unseen``. So over any stretch:
        open before + started = committed + aborted + held + ends unseen + open after.

What is counted, for each transactional id:

started    The first record of a transaction. It is known by its start time; Ongoing after Complete is a new one even in
           the same millisecond.
committed, aborted
           When the decision is durable, which is at Prepare; at Complete only where Prepare was not seen. The reasons:
  client   The epoch did not rise (protocols 0 and 1), or the id was idle (protocol 2: nothing had been sent).
  timeout  The epoch rose, and the transaction was older than its time-out: the coordinator's own doing. A producer of
           protocol 2 that aborts between its time-out and the coordinator's next look (10 s) cannot be told from it.
  fenced   The epoch rose before the time-out by two (4.0 brokers), or by one under protocols 0 and 1, where only the
           coordinator raises it: a new instance has taken the id over.
  unknown  The records before the abort were not seen.
  held     Under protocol 2 the producer's own abort and a fencing are the same to the byte (since KAFKA-19367). Only
           after a fencing the new instance's Empty record follows at once. So such an abort has no reason until the
           next record of its id tells, or ``settle`` says ``client`` since none came; no counter ever has to fall.
sessions   An Empty record, which only InitProducerId writes. ``takeover``: of an open transaction, after a fencing.
           ``recovery``: right after the producer's own abort under protocols 0 and 1 (KIP-360: a new epoch after an
           error). ``init``: the rest; a deployment and a zombie look the same in the log.
id changes ``rollover``: the epoch was used up, under protocol 2 every 32 766 transactions. ``recreated``: the
           coordinator had forgotten the id (``transactional.id.expiration.ms``).

That the epoch rises is no event: under protocol 2 it does at every commit.

Series are bounded, state is not: ids over the limit are counted under ``other``; first come, first kept, and what was
folded stays folded. Ids of a group are counted under its name, and nothing of that is lost when one of them expires.
"""

import math
from collections import deque
from collections.abc import Callable, Collection, Iterator
from enum import StrEnum

from kafka_producer_exporter.broker.log.outcomes import (
    AbortReason,
    Counts,
    Event,
    IdChangeReason,
    Identity,
    OpenTransaction,
    Series,
    SessionReason,
)
from kafka_producer_exporter.broker.log.records import Partitions, Tombstone, TransactionState, Transition

OTHER = "other"
"""The name that takes in all ids over the limit."""

FOLLOWS_MS = 1500
"""An Empty record that comes so soon after an abort belongs to it: after a fencing the new instance asks again every
100 ms (older clients) up to every second (newer ones), while an application that is restarted needs longer."""

SETTLE_AFTER_MS = 5000
"""A held abort is settled when so much time has gone by since its last record was looked at."""

SETTLE_INCOMPLETE_AFTER_MS = 60_000
"""The same while its markers are not written (a broker is down): until then the new instance cannot go on."""

LAST_EPOCH = 32766
"""From here on InitProducerId hands out a new producer id (``isEpochExhausted``)."""

RECENT_EVENTS = 1000


class _Protocol(StrEnum):
    """What the log has told of the client. Its Ongoing records say it outright, but not those of 4.0 brokers."""

    UNKNOWN = "unknown"
    OLD = "old"
    TWO = "two"


class _Slot:
    """A name that is counted under, and the producer that has it to itself."""

    __slots__ = ("counts", "name", "owner")

    def __init__(self, name: str, owner: "_Producer | None") -> None:
        self.name = name
        self.owner = owner
        self.counts = Counts()


class _Producer:
    """The last that the log said of one transactional id: there may be hundreds of thousands of these."""

    __slots__ = (
        "abort",
        "epoch",
        "last_update_ms",
        "partitions",
        "producer_id",
        "protocol",
        "slot",
        "start_ms",
        "state",
        "timeout_ms",
        "version",
    )

    def __init__(self) -> None:
        self.state = TransactionState.DEAD
        self.producer_id = -1
        self.epoch = -1
        self.timeout_ms = -1
        self.last_update_ms = -1
        self.start_ms = -1
        self.version = -1
        self.partitions: Partitions | None = None
        self.protocol = _Protocol.UNKNOWN
        self.abort: AbortReason | None = None
        """The reason of the transaction's end; None: it was no abort, or one that is held."""
        self.slot: _Slot | None = None


class _Held:
    """An abort whose reason the next record will tell; until then it passes for the client's own."""

    __slots__ = ("event", "partition", "since_ms", "slot")

    def __init__(self, event: Event, partition: int, slot: _Slot) -> None:
        self.event = event
        self.partition = partition
        self.slot = slot
        self.since_ms: int | None = None
        """None: not looked at since its last record."""


_EMPTY, _ONGOING, _DEAD = TransactionState.EMPTY, TransactionState.ONGOING, TransactionState.DEAD
_COMMITS = (TransactionState.PREPARE_COMMIT, TransactionState.COMPLETE_COMMIT)
_COMPLETES = (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)
_PREPARE_OF = {
    TransactionState.COMPLETE_COMMIT: TransactionState.PREPARE_COMMIT,
    TransactionState.COMPLETE_ABORT: TransactionState.PREPARE_ABORT,
}


class TransactionTracker:
    """Counts what happens to every transactional id in the partitions that it follows. Not thread-safe."""

    def __init__(self, *, limit: int = 1000, group_of: Callable[[str], str] = str) -> None:
        self._limit = limit
        self._group_of = group_of
        self._next_offset: dict[int, int] = {}
        self._counting_from: dict[int, float] = {}
        self._producers: dict[str, _Producer] = {}
        self._expired: dict[str, _Producer] = {}
        self._open: dict[str, _Producer] = {}
        self._held: dict[str, _Held] = {}
        self._slots: dict[str, _Slot] = {}
        self._uncounted = _Slot("", None)
        self.events: deque[Event] = deque(maxlen=RECENT_EVENTS)
        """The last that were counted, oldest first."""
        self.ends_unseen = 0
        """Transactions that began in the log and whose end is missing in it."""
        self.folded = 0
        """Transactional ids that are counted under ``other``."""

    # The log

    def follow(self, partition: int, *, from_offset: int, counting_from: int | None) -> None:
        """Begin to follow a partition, or begin anew elsewhere in it; what is known of its ids is kept.

        ``counting_from`` None: nothing is counted until the partition is followed again.
        """
        self._next_offset[partition] = from_offset
        self._counting_from[partition] = math.inf if counting_from is None else counting_from

    def position(self, partition: int) -> int:
        """Return the offset of the next record that is news."""
        return self._next_offset[partition]

    def advance(self, partition: int, next_offset: int) -> None:
        """Go on to an offset: what lies before it is nothing to count (control batches, records of newer versions)."""
        self._next_offset[partition] = max(next_offset, self._next_offset[partition])

    def begin_counting(self) -> None:
        """Give the ids that are known by now series of their own, those used last first.

        Prometheus cannot see an increase from nothing: so a counter is there, at zero, before anything happens.
        """
        for transactional_id, producer in sorted(self._producers.items(), key=lambda item: -item[1].last_update_ms):
            if producer.slot is None and len(self._slots) < self._limit:
                self._seat(transactional_id, producer)

    def apply(self, partition: int, offset: int, record: Transition | Tombstone) -> None:
        """Take in the next record of a followed partition; one that was taken in before does nothing."""
        if offset < self._next_offset[partition]:
            return
        self._next_offset[partition] = offset + 1
        transactional_id = record[0]
        producer = self._producers.get(transactional_id)
        if producer is None:
            if isinstance(record, Tombstone):
                return
            producer = self._expired.pop(transactional_id, None) or _Producer()
            self._producers[transactional_id] = producer
        if offset < self._counting_from[partition]:
            slot = self._uncounted
        else:
            slot = producer.slot or self._seat(transactional_id, producer)
        if isinstance(record, Tombstone):
            self._expire(transactional_id, producer, slot)
        else:
            self._move(record, producer, slot, partition)

    def settle(self, now_ms: int, *, lagging: Collection[int] = ()) -> None:
        """Count as the client's own the held aborts that no session followed; to be called after every poll.

        ``lagging`` are the partitions that were not read to their end: there the session may still be to come.
        """
        for transactional_id, held in list(self._held.items()):
            if held.since_ms is None or held.partition in lagging:
                held.since_ms = now_ms
                continue
            patience_ms = SETTLE_INCOMPLETE_AFTER_MS if transactional_id in self._open else SETTLE_AFTER_MS
            if now_ms - held.since_ms >= patience_ms:
                self._resolve(transactional_id, self._producers[transactional_id], AbortReason.CLIENT)

    # What came of it

    def series(self) -> Iterator[Series]:
        """Return the counts of each name."""
        for slot in self._slots.values():
            owner = slot.owner
            alive = owner is not None and owner.state is not _DEAD
            yield Series(slot.name, slot.counts, Identity(owner.producer_id, owner.epoch) if owner and alive else None)

    def open_transactions(self, now_ms: int) -> list[OpenTransaction]:
        """Return what is open at this time, the oldest first."""
        transactions = [
            OpenTransaction(
                transactional_id=transactional_id,
                name=producer.slot.name if producer.slot else transactional_id,
                producer_id=producer.producer_id,
                epoch=producer.epoch,
                state=producer.state,
                start_ms=producer.start_ms,
                age_seconds=max(0, now_ms - producer.start_ms) / 1000,
                timeout_seconds=producer.timeout_ms / 1000,
                protocol=_protocol_number(producer),
                partitions=producer.partitions or (),
            )
            for transactional_id, producer in self._open.items()
        ]
        return sorted(transactions, key=lambda transaction: (transaction.start_ms, transaction.transactional_id))

    @property
    def held(self) -> int:
        """How many aborts that count still have no reason."""
        return sum(held.slot is not self._uncounted for held in self._held.values())

    @property
    def known_ids(self) -> int:
        """How many transactional ids the coordinator has, in the partitions that are followed."""
        return len(self._producers)

    # One transition

    def _move(self, record: Transition, producer: _Producer, slot: _Slot, partition: int) -> None:
        transactional_id, version, producer_id, epoch, timeout_ms, state, partitions, update_ms, start_ms = record[:9]
        before = producer.state
        if state is _ONGOING:
            if before is not _ONGOING or start_ms != producer.start_ms:
                self._finish(transactional_id, producer, slot)
                slot.counts.started += 1
                self._open[transactional_id] = producer
                producer.abort = None
            if record.client_transaction_version >= 2:
                producer.protocol = _Protocol.TWO
            producer.partitions = partitions
        elif (
            state is before
            and start_ms == producer.start_ms
            and (producer_id, epoch)
            == (
                producer.producer_id,
                producer.epoch,
            )
        ):
            pass  # written again, by a retry or by a new coordinator
        elif state is _EMPTY:
            self._begin_session(record, producer, slot)
        elif start_ms == producer.start_ms and before is _PREPARE_OF.get(state):
            if producer_id != producer.producer_id:
                self._count_id_change(record, IdChangeReason.ROLLOVER, slot)
            if transactional_id in self._held:
                self._held[transactional_id].since_ms = None
            self._close(transactional_id, producer)
        else:
            self._decide(record, producer, slot, partition)

        producer.state = state
        producer.producer_id = producer_id
        producer.epoch = epoch
        producer.timeout_ms = timeout_ms
        producer.last_update_ms = update_ms
        producer.start_ms = start_ms
        producer.version = version

    def _decide(self, record: Transition, producer: _Producer, slot: _Slot, partition: int) -> None:
        """Take in a commit or an abort that is new to us: Prepare, or Complete where that is all there is."""
        transactional_id = record.transactional_id
        continues = producer.state is _ONGOING and record.start_ms == producer.start_ms
        risen = record.epoch - producer.epoch if record.producer_id == producer.producer_id else None
        reason = None if record.state in _COMMITS else _abort_reason(record, producer, continues=continues, risen=risen)
        if continues and risen == 0:
            producer.protocol = _Protocol.OLD
        elif continues and risen == 1 and record.state is TransactionState.PREPARE_COMMIT:
            producer.protocol = _Protocol.TWO
        if not continues:
            self._finish(transactional_id, producer, slot)
            slot.counts.started += 1
        producer.abort = reason
        if record.state in _COMMITS:
            slot.counts.committed += 1
        else:
            event = _event(record, reason or AbortReason.CLIENT)
            if reason:
                self._count_abort(event, slot)
            else:
                self._held[transactional_id] = _Held(event, partition, slot)
        if record.state in _COMPLETES:
            rolled_over = record.previous_producer_id not in (-1, record.producer_id)
            if rolled_over and record.producer_id != producer.producer_id:
                self._count_id_change(record, IdChangeReason.ROLLOVER, slot)
            self._close(transactional_id, producer)
        else:
            self._open[transactional_id] = producer
            producer.partitions = record.partitions

    def _begin_session(self, record: Transition, producer: _Producer, slot: _Slot) -> None:
        at_once = record.last_update_ms - producer.last_update_ms <= FOLLOWS_MS
        self._finish(record.transactional_id, producer, slot, AbortReason.FENCED if at_once else AbortReason.CLIENT)
        reason = SessionReason.INIT
        if producer.abort is AbortReason.FENCED:
            reason = SessionReason.TAKEOVER
        elif producer.abort is AbortReason.CLIENT and at_once:
            # Under protocol 2 an error needs no InitProducerId: it was a fencing, settled before this record came.
            reason = SessionReason.RECOVERY if producer.protocol is _Protocol.OLD else SessionReason.TAKEOVER
        slot.counts.sessions[reason] += 1
        self._report(_event(record, reason), slot)
        if producer.producer_id not in (-1, record.producer_id):
            used_up = producer.epoch >= LAST_EPOCH and producer.state is not _DEAD
            self._count_id_change(record, IdChangeReason.ROLLOVER if used_up else IdChangeReason.RECREATED, slot)
        self._close(record.transactional_id, producer)
        producer.abort = None
        producer.protocol = _Protocol.UNKNOWN  # the new instance may be of another version

    def _finish(
        self, transactional_id: str, producer: _Producer, slot: _Slot, reason: AbortReason = AbortReason.CLIENT
    ) -> None:
        """Note that what was before is over, since something else begins; a held abort gets this reason."""
        if producer.state is _ONGOING and slot is not self._uncounted:
            self.ends_unseen += 1
        if transactional_id in self._held:
            self._resolve(transactional_id, producer, reason)

    def _resolve(self, transactional_id: str, producer: _Producer, reason: AbortReason) -> None:
        held = self._held.pop(transactional_id)
        producer.abort = reason
        self._count_abort(held.event._replace(reason=reason), held.slot)

    def _close(self, transactional_id: str, producer: _Producer) -> None:
        self._open.pop(transactional_id, None)
        producer.partitions = None

    def _expire(self, transactional_id: str, producer: _Producer, slot: _Slot) -> None:
        """Keep an id that the coordinator has forgotten for a while, to know it again if it comes back."""
        self._finish(transactional_id, producer, slot)
        self._close(transactional_id, producer)
        producer.state = _DEAD
        self._expired[transactional_id] = self._producers.pop(transactional_id)
        if len(self._expired) > self._limit:
            oldest = self._expired.pop(next(iter(self._expired)))
            if oldest.slot and oldest.slot.owner is oldest:
                del self._slots[oldest.slot.name]

    # Counts and names

    def _count_abort(self, event: Event, slot: _Slot) -> None:
        slot.counts.aborted[AbortReason(event.reason)] += 1
        self._report(event, slot)

    def _count_id_change(self, record: Transition, reason: IdChangeReason, slot: _Slot) -> None:
        slot.counts.id_changes[reason] += 1
        self._report(_event(record, reason), slot)

    def _report(self, event: Event, slot: _Slot) -> None:
        if slot is not self._uncounted:
            self.events.append(event)

    def _seat(self, transactional_id: str, producer: _Producer) -> _Slot:
        name = self._group_of(transactional_id)
        slot = self._slots.get(name)
        if slot is None and len(self._slots) - (OTHER in self._slots) < self._limit:
            slot = self._slots[name] = _Slot(name, producer if name == transactional_id else None)
        elif slot is None:
            slot = self._slots.setdefault(OTHER, _Slot(OTHER, None))
            self.folded += 1
        else:
            slot.owner = None
        producer.slot = slot
        return slot


def _abort_reason(record: Transition, producer: _Producer, *, continues: bool, risen: int | None) -> AbortReason | None:
    """Return who ended the transaction; None: the next record will tell."""
    if not continues:
        idle = producer.state in (_EMPTY, *_COMPLETES)
        nothing_sent = record.start_ms == record.last_update_ms and risen == 1
        return AbortReason.CLIENT if idle and nothing_sent else AbortReason.UNKNOWN
    if risen == 0:
        return AbortReason.CLIENT
    if record.state is TransactionState.COMPLETE_ABORT or risen not in (1, 2):
        return AbortReason.UNKNOWN
    if record.last_update_ms - record.start_ms > record.timeout_ms:
        return AbortReason.TIMEOUT
    if risen == 2 or record.version == 0 or producer.protocol is _Protocol.OLD:
        return AbortReason.FENCED
    return None


def _event(record: Transition, reason: AbortReason | SessionReason | IdChangeReason) -> Event:
    return Event(record.last_update_ms, record.transactional_id, reason, record.producer_id, record.epoch)


def _protocol_number(producer: _Producer) -> int | None:
    if producer.protocol is _Protocol.TWO:
        return 2
    if producer.version == 0 or producer.protocol is _Protocol.OLD:
        return producer.version
    return None
