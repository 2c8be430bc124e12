"""Counts what happened to each transactional id, from the records of the transaction log.

Rule 1: all state of transactional ids that is kept between polls is kept here.
Rule 2: this module imports no Kafka client and reads no clock, so each test is a list of records and expected counts.
Rule 3: records before a partition's counting position change the state but are not counted. A record whose offset was
        already applied is ignored.
Rule 4: only what a record says is counted. A transaction counts as started as soon as any of its records is read.

What is counted
---------------

``rules`` has what each record counts, as a table that the tests check row by row. In words:

Started. A transaction starts with its first record, usually Ongoing, and is identified by its start time. An Ongoing
record after a Complete record starts a new transaction even if both were written in the same millisecond. An Ongoing
record with another start time after an Ongoing record does not: the coordinator has withdrawn the first one, because
its append took too long.

Committed, aborted. A transaction is counted when it is complete: at its Complete record, as its last Prepare record
decided. An earlier Prepare record does not count. The coordinator withdraws a decision whose append takes longer than
the transaction's timeout, and treats the transaction as open, although the record stays in the log. If the Complete
record is missing, the last Prepare record counts as soon as something else begins. An abort has one of four reasons
(``abort_reasons`` has the table that decides):

  client    The producer aborted it.
  timeout   The coordinator aborted it after ``transaction.timeout.ms``.
  fenced    The coordinator aborted it because a new instance with the same transactional id opened a session.
  unknown   The records that would show the reason are missing.

Under protocol 2, brokers write exactly the same record for the producer's own abort and for a fencing (since
KAFKA-19367). They differ in what follows: after a fencing, the Empty record of the new instance comes at once. Such an
abort is pending, and not counted, until the next record of its id shows the reason or until ``settle`` decides on
``client`` because no record followed. So no counter ever has to fall.

Sessions. An Empty record opens a session: only InitProducerId, the request behind ``initTransactions()``, writes it.

  takeover  A new instance fenced an open transaction.
  recovery  The same instance asked for a new epoch after an error (KIP-360): the session begins right after the
            producer's own abort, under protocol 0 or 1.
  init      All others. A deployment and a zombie that comes back look the same in the log.

Id changes. A transactional id gets a new producer id.

  rollover  The epochs of the old producer id are used up. Under protocol 2 this happens every 32,766 transactions.
  recreated The coordinator had forgotten the transactional id, unused for ``transactional.id.expiration.ms``.

A higher epoch is not counted: under protocol 2 every commit and every abort raises it. A record that only repeats the
last one is not counted either: retries and new coordinators write such records.

Holes in the log
----------------

A log that was compacted before it was read has holes. If the records that end a transaction are missing, the
transaction is counted in ``ends_unseen``. After the log has lost records in any way, its partition is read again, which
sets the state of the ids that it still has; the others are dropped. Over any range of the log:

  open before + started = committed + aborted + pending + ends unseen + open after

Names and limits
----------------

Counts are kept by name: by transactional id, or by the id's group. At most *limit* names get series of their own, first
come, first served. For one more, the id that was idle longest, for ten minutes at least, gives up its series: they end,
and what happens to it later counts under ``other``. If no id was idle that long, the new one counts under ``other``. An
id under ``other`` stays there, since a counter that moves to another series looks like a reset. The counts of a group
include those of its expired ids. The limit bounds the series only: the state of every id is kept. The totals include
every name that ever had series.

When the coordinator forgets an id, its series stays, in case the id comes back. Up to *limit* expired ids are
remembered. Beyond that, the one that expired first is forgotten, with its series.

If the room in memory is used up, the state of the ids that were idle for the longest time is dropped, except for ids
with series of their own; a name that has no room counts under ``other``. What happens to a dropped id later is still
counted, but without what was known before: the reason of an abort, a takeover and a new producer id may be missed.

Reports in place of the log
---------------------------

While the log may not be read, what the coordinators report is applied to ``STAND_IN``, as if it were another partition.
Its ids have a state of their own, so the partitions keep theirs, and their positions. Once the log is read again, from
these positions on, it shows what the reports showed, and more. What the reports have counted is then not counted again:
each name has a credit for it, which the same events of the log use up (an abort without a reason stands for one with a
reason). So after that the counts are what they would be if the log had been read all the time.

What the log cannot show
------------------------

- A producer may abort its transaction, or be fenced, after the timeout but before the coordinator's next check (every
  10 s by default). Under protocol 2 this counts as ``timeout``, and so does a fencing under the older ones.
- An application that aborts under protocol 2 and opens a new session within ``FOLLOWS_MS`` looks like a fencing. A
  fencing counts as ``client`` if the new instance opens its session later than that, measured from when the markers of
  the abort were written, which is the timestamp of the batch of the Complete record. So does one whose Empty record can
  be read only after ``SETTLE_AFTER_MS``, because a replica of the log hangs.
- An operator who terminates a transaction (forceTerminateTransaction, fenceProducers) looks like a new instance that
  fences: ``fenced``.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from kafka_producer_exporter.broker.log.abort_reasons import PENDING, Before, Evidence, Protocol, abort_reason
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
from kafka_producer_exporter.broker.log.records import UNFINISHED, Partitions, Tombstone, TransactionState, Transition
from kafka_producer_exporter.broker.log.room import KEPT_IDS, Room, Unlimited, id_bytes
from kafka_producer_exporter.broker.log.series import NamedSeries, SeriesTable

FOLLOWS_MS = 1500
"""An Empty record belongs to the abort before it if it follows the abort's Complete record within this time. A new
instance that fences another retries every 100 ms (older clients) to every second (newer ones); restarting an
application takes longer."""

SETTLE_AFTER_MS = 5000
"""A pending abort is counted as the client's own if no record of its id follows within this time."""

LAST_EPOCH = 32766
"""At this epoch InitProducerId hands out a new producer id (Kafka's ``isEpochExhausted``)."""

STAND_IN = -1
"""The number of the partition that stands in for the log."""

_STARTED, _COMMITTED = "started", "committed"
_REPORTED_AS: dict[str, str] = {
    **dict.fromkeys(AbortReason, AbortReason.UNKNOWN),
    **dict.fromkeys(SessionReason, SessionReason.INIT),
    IdChangeReason.ROLLOVER: IdChangeReason.RECREATED,
    IdChangeReason.RECREATED: IdChangeReason.ROLLOVER,
}
"""As what a report may have counted an event of which the log shows the reason."""


class _Producer:
    """What the log last said about one transactional id. There may be hundreds of thousands of these."""

    __slots__ = (
        "abort_reason",
        "epoch",
        "partitions",
        "producer_id",
        "protocol",
        "series",
        "start_ms",
        "state",
        "timeout_ms",
        "version",
        "written_ms",
    )

    def __init__(self) -> None:
        self.state = TransactionState.DEAD
        self.producer_id = -1
        self.epoch = -1
        self.timeout_ms = -1
        self.written_ms = -1
        self.start_ms = -1
        self.version = -1
        self.partitions: Partitions | None = None
        self.protocol = Protocol.UNKNOWN
        self.abort_reason: AbortReason | None = None
        """Why the last transaction was aborted. None if it was not aborted, or if its abort is pending."""
        self.series: NamedSeries | None = None


class _PendingAbort:
    """An abort whose reason only the next record can show. It is not counted yet."""

    __slots__ = ("event", "quiet_since_ms", "series")

    def __init__(self, event: Event, series: NamedSeries) -> None:
        self.event = event
        self.series: NamedSeries | None = series
        """None if the abort has been counted already, from a report."""
        self.quiet_since_ms: int | None = None
        """The time of the first ``settle`` after the last record of the id; None until then."""


class _Partition:
    """A partition of the log: how far it was read, and the state of its ids."""

    __slots__ = (
        "counting_from",
        "expired",
        "found_by",
        "is_whole",
        "next_offset",
        "open",
        "pending",
        "producers",
        "unfound",
    )

    def __init__(self, expired: dict[str, _Producer], *, is_whole: bool) -> None:
        self.next_offset = 0
        self.counting_from = math.inf
        self.is_whole = is_whole
        """True if no record is missing after those that have set the state of the ids."""
        self.producers: dict[str, _Producer] = {}
        self.open: dict[str, _Producer] = {}
        self.pending: dict[str, _PendingAbort] = {}
        self.expired = expired
        """The ids that the coordinator has forgotten, in case they come back."""
        self.unfound: set[str] = set()
        """While the partition is read again: the ids of which no record was found yet."""
        self.found_by: float = math.inf
        """The offset before which they must be found; infinite if the partition is not read again."""


_EMPTY, _ONGOING, _DEAD = TransactionState.EMPTY, TransactionState.ONGOING, TransactionState.DEAD
_COMMITS = (TransactionState.PREPARE_COMMIT, TransactionState.COMPLETE_COMMIT)
_COMPLETES = (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)
_IDLE = (_EMPTY, *_COMPLETES)
_PREPARES = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
_PREPARE_OF = {
    TransactionState.COMPLETE_COMMIT: TransactionState.PREPARE_COMMIT,
    TransactionState.COMPLETE_ABORT: TransactionState.PREPARE_ABORT,
}


class TransactionTracker:
    """Counts what happens to each transactional id in the partitions that it follows. Not thread-safe."""

    def __init__(
        self,
        *,
        limit: int = 1000,
        group_of: Callable[[str], str] = str,
        on_event: Callable[[Event], object] | None = None,
        room: Room | None = None,
    ) -> None:
        """Create a tracker that follows no partition yet.

        *limit* is the number of names with series of their own. *group_of* maps a transactional id to the name under
        which it is counted. *on_event* is called with each event when it is counted. *room* bounds the
        memory; None does not.
        """
        self._limit = limit
        self._room = room or Unlimited()
        self._series = SeriesTable(limit=limit, group_of=group_of, room=self._room)
        self._on_event = on_event
        self._partitions: dict[int, _Partition] = {}
        self._expired: dict[str, _Producer] = {}
        self._uncounted = NamedSeries("")
        self._credits: dict[NamedSeries, Counter[str]] | None = None
        """What was counted from reports, and the log has not shown yet. None if the log is read as usual."""
        self.ends_unseen = 0
        """The number of transactions that started in the log but whose end is missing from it."""
        self.dropped = 0
        """The number of ids whose state was dropped for lack of memory."""

    # Reading the log

    def follow(self, partition: int, *, from_offset: int, counting_from: int | None) -> None:
        """Start to follow a partition, or continue it at another offset. The state of its ids is kept.

        If *counting_from* is None, nothing is counted until the partition is followed again.
        """
        followed = self._partitions.get(partition)
        if followed is None:
            is_log = partition != STAND_IN
            followed = self._partitions[partition] = _Partition(self._expired if is_log else {}, is_whole=is_log)
        followed.next_offset = from_offset
        followed.counting_from = math.inf if counting_from is None else counting_from

    def follows(self, partition: int) -> bool:
        """Return whether *partition* is followed."""
        return partition in self._partitions

    def position(self, partition: int) -> int:
        """Return the offset of the next record to apply."""
        return self._partitions[partition].next_offset

    def advance(self, partition: int, next_offset: int) -> None:
        """Move the position forward to *next_offset*, over what cannot be applied: control batches, unknown records."""
        followed = self._partitions[partition]
        followed.next_offset = max(next_offset, followed.next_offset)
        if followed.next_offset >= followed.found_by:
            self._drop_unfound(followed)

    def note_missing(self, partition: int) -> None:
        """Take into account that records are missing at the position of *partition*."""
        self._partitions[partition].is_whole = False

    def read_again(self, partition: int, *, from_offset: int, counting_from: int, end_offset: int) -> None:
        """Read a partition again, up to *end_offset*, because it has lost records: the state of its ids may be wrong.

        Records before *counting_from* only set the state. An id of which no record is found is dropped.
        """
        self.follow(partition, from_offset=from_offset, counting_from=counting_from)
        followed = self._partitions[partition]
        followed.is_whole = False
        followed.unfound = set(followed.producers)
        followed.found_by = end_offset
        self.advance(partition, from_offset)

    def begin_counting(self) -> None:
        """Assign series to the ids that are known by now, most recently used first.

        Prometheus sees no increase when a counter first appears, so it must exist, at zero, before it first rises.
        """
        known = [item for partition in self._partitions.values() for item in partition.producers.items()]
        for transactional_id, producer in sorted(known, key=lambda item: -item[1].written_ms):
            if producer.series is None:
                self._series.assign(transactional_id, producer)

    def apply(self, partition: int, offset: int, record: Transition | Tombstone, written_ms: int | None = None) -> None:
        """Apply the next record of a followed partition. A record that was applied before is ignored.

        *written_ms* is the timestamp of its batch; that in a Complete record is from before its markers were written.
        """
        followed = self._partitions[partition]
        if offset < followed.next_offset:
            return
        followed.next_offset = offset + 1
        transactional_id = record[0]  # faster by position than by name, and this runs for every record
        producer = followed.producers.get(transactional_id)
        if followed.unfound:
            followed.unfound.discard(transactional_id)
        if producer is None:
            if isinstance(record, Tombstone):
                return
            producer = followed.expired.pop(transactional_id, None) or self._new_producer(transactional_id)
            followed.producers[transactional_id] = producer
        if offset < followed.counting_from:
            series = self._uncounted
        else:
            series = producer.series or self._assign_series(transactional_id, producer, record)
        if isinstance(record, Tombstone):
            self._expire(transactional_id, producer, series, followed)
        else:
            self._apply_transition(record, producer, series, followed, written_ms)

    def settle(self, now_ms: int, *, lagging: Collection[int] = ()) -> None:
        """Count pending aborts as the client's own if no session followed. Call this after each poll.

        *lagging* are the partitions that were not read to their end: there, the session may still follow.
        """
        for number, followed in self._partitions.items():
            for transactional_id, pending in list(followed.pending.items()):
                if pending.quiet_since_ms is None or number in lagging:
                    pending.quiet_since_ms = now_ms
                elif now_ms - pending.quiet_since_ms >= SETTLE_AFTER_MS:
                    self._count_pending_abort(transactional_id, AbortReason.CLIENT, followed)
        if not lagging and self._credits is not None and STAND_IN not in self._partitions:
            self._end_credits()

    # Reports in place of the log

    def begin_stand_in(self) -> None:
        """Follow ``STAND_IN``, in place of the log, without counting anything yet."""
        if self._partitions and self._credits is None:
            self._credits = {}
        self.follow(STAND_IN, from_offset=0, counting_from=None)

    def end_stand_in(self) -> bool:
        """Return to the log, where each partition continues at its position. What was counted stays.

        Return False if no partition was followed when the reports began. What was counted since then must not be read.
        """
        stand_in = self._partitions.pop(STAND_IN, None)
        if stand_in is None:
            return True
        for transactional_id, producer in (*stand_in.producers.items(), *stand_in.expired.items()):
            self._room.release(id_bytes(transactional_id))
            if producer.series and producer.series.owner is producer:
                known = (followed.producers.get(transactional_id) for followed in self._partitions.values())
                producer.series.owner = next(filter(None, known), self._expired.get(transactional_id))
        return self._credits is not None

    def _end_credits(self) -> None:
        """Forget what was counted from reports: by now, the log has shown all of it."""
        for followed in self._partitions.values():
            for pending in followed.pending.values():
                if pending.series and self._use_credit(pending.series, AbortReason.CLIENT):
                    pending.series = None
        self._credits = None

    def _is_counted(self, series: NamedSeries, event: str) -> bool:
        """Return True if a report has counted the event already. If this is a report, note that it counts it."""
        if self._credits is None or series is self._uncounted:
            return False
        if STAND_IN in self._partitions:
            self._credits.setdefault(series, Counter())[event] += 1
            return False
        return self._use_credit(series, event)

    def _use_credit(self, series: NamedSeries, event: str) -> bool:
        credit = (self._credits or {}).get(series, Counter())
        for counted_as in (event, _REPORTED_AS.get(event, event)):
            if credit[counted_as]:
                credit[counted_as] -= 1
                return True
        return False

    def drop_idle(self, share: float = 0.1) -> int:
        """Drop the state of this share of each partition's ids: those that were idle for the longest time.

        Ids with series of their own are kept. Ids with an open transaction go last. Return how many were dropped.
        """
        dropped = sum(self._drop_idle_of(followed, share) for followed in self._partitions.values())
        self.dropped += dropped
        return dropped

    def _drop_idle_of(self, followed: _Partition, share: float) -> int:
        producers = followed.producers
        droppable = [
            transactional_id
            for transactional_id, producer in producers.items()
            if producer.series is None or producer.series.is_shared or producer.series.owner is not producer
        ]
        wanted = math.ceil(len(droppable) * share)
        idle = [one for one in droppable if one not in followed.open and one not in followed.pending]
        if len(idle) >= wanted:
            droppable = idle
        droppable.sort(key=lambda one: producers[one].written_ms)
        del droppable[wanted:]
        for transactional_id in droppable:
            producer = producers[transactional_id]
            self._end_previous(transactional_id, producer, producer.series or self._uncounted, followed)
            _close(transactional_id, producer, followed)
            self._forget(transactional_id, producers.pop(transactional_id))
        return len(droppable)

    # Reading the results

    def series(self) -> Iterator[Series]:
        """Return the counts under each name."""
        for series in self._series.all():
            owner = None if series.is_shared else series.owner
            alive = owner is not None and owner.state is not _DEAD
            identity = Identity(owner.producer_id, owner.epoch) if owner and alive else None
            yield Series(series.name, series.counts, identity)

    def open_transactions(self, now_ms: int) -> list[OpenTransaction]:
        """Return the transactions that are open at this time, oldest first."""
        transactions = [
            OpenTransaction(
                transactional_id=transactional_id,
                name=producer.series.name if producer.series else self._series.name_of(transactional_id),
                producer_id=producer.producer_id,
                epoch=producer.epoch,
                state=producer.state,
                start_ms=producer.start_ms,
                age_seconds=max(0, now_ms - producer.start_ms) / 1000,
                timeout_seconds=producer.timeout_ms / 1000,
                protocol=_protocol_number(producer),
                partitions=producer.partitions or (),
            )
            for followed in self._current()
            for transactional_id, producer in followed.open.items()
        ]
        return sorted(transactions, key=lambda transaction: (transaction.start_ms, transaction.transactional_id))

    def totals(self) -> Counts:
        """Return the sum of everything that was counted, under whatever name. It never falls."""
        return self._series.totals()

    @property
    def folded(self) -> int:
        """The number of transactional ids that are counted under ``other``."""
        return self._series.folded

    @property
    def known_ids(self) -> int:
        """The number of transactional ids that the coordinators know in the followed partitions."""
        return sum(len(followed.producers) for followed in self._current())

    def _current(self) -> Iterable[_Partition]:
        """Return the partitions whose state is up to date: those of the log, or what stands in for them."""
        stand_in = self._partitions.get(STAND_IN)
        return [stand_in] if stand_in else self._partitions.values()

    # Transitions

    def _apply_transition(
        self,
        record: Transition,
        producer: _Producer,
        series: NamedSeries,
        followed: _Partition,
        written_ms: int | None,
    ) -> None:
        # Unpacking a tuple is faster than reading its fields by name, and this runs for every record.
        (
            transactional_id,
            version,
            producer_id,
            epoch,
            timeout_ms,
            state,
            partitions,
            last_update_ms,
            start_ms,
            _,
            client_transaction_version,
        ) = record
        if state is _ONGOING:
            if producer.state is _ONGOING and followed.is_whole:
                pass  # it has more partitions, or the coordinator has withdrawn its first start
            elif start_ms != producer.start_ms or producer.state not in UNFINISHED:
                self._begin(transactional_id, producer, series, followed)
            producer.abort_reason = None
            if client_transaction_version >= 2:
                producer.protocol = Protocol.TWO
            producer.partitions = partitions
        elif state is producer.state and _is_repeat(record, producer):
            pass
        elif state in _PREPARES:
            self._decide(record, producer, series, followed)
            producer.partitions = partitions
        elif state is _EMPTY:
            self._begin_session(record, producer, series, followed)
        elif state in _COMPLETES:
            self._complete(record, producer, series, followed)
        else:  # states of the coordinator's memory, which no broker writes: they say nothing about the transaction
            return

        producer.state = state
        producer.producer_id = producer_id
        producer.epoch = epoch
        producer.timeout_ms = timeout_ms
        producer.written_ms = last_update_ms if written_ms is None else written_ms
        producer.start_ms = start_ms
        producer.version = version

    def _begin(self, transactional_id: str, producer: _Producer, series: NamedSeries, followed: _Partition) -> None:
        """Count the start of a transaction at its first record."""
        self._end_previous(transactional_id, producer, series, followed)
        if self._credits is None or not self._is_counted(series, _STARTED):
            series.counts.started += 1
        followed.open[transactional_id] = producer

    def _decide(self, record: Transition, producer: _Producer, series: NamedSeries, followed: _Partition) -> None:
        """Note what a Prepare record decides, or a Complete record without it. A later Prepare record replaces this."""
        is_commit = record.state in _COMMITS
        is_known = producer.state in UNFINISHED and record.start_ms == producer.start_ms
        epoch = _ongoing_epoch(producer)
        epoch_rise = record.epoch - epoch if record.producer_id == producer.producer_id and epoch is not None else None
        reason = None if is_commit else abort_reason(_evidence(record, producer, is_known, epoch_rise))
        if is_known and epoch_rise == 0:
            producer.protocol = Protocol.OLD
        elif is_known and epoch_rise == 1 and record.state is TransactionState.PREPARE_COMMIT:
            producer.protocol = Protocol.TWO
        if not is_known:
            self._begin(record.transactional_id, producer, series, followed)
        producer.abort_reason = reason

    def _complete(self, record: Transition, producer: _Producer, series: NamedSeries, followed: _Partition) -> None:
        """Count the end of a transaction, as its last Prepare record decided."""
        transactional_id, state = record.transactional_id, record.state
        if record.start_ms == producer.start_ms and producer.state is state:
            # It was reported as complete when it was prepared, and its producer id has rolled over since.
            if record.producer_id != producer.producer_id:
                self._count_id_change(record, IdChangeReason.ROLLOVER, series)
            return
        if record.start_ms == producer.start_ms and producer.state is _PREPARE_OF[state]:
            has_rolled_over = record.producer_id != producer.producer_id
        else:
            self._decide(record, producer, series, followed)
            has_rolled_over = record.previous_producer_id not in (-1, record.producer_id)
        if state in _COMMITS:
            self._count_commit(series)
        elif producer.abort_reason is PENDING:
            # The event has the reason that applies if no record follows.
            event = _event(record, AbortReason.CLIENT)
            followed.pending[transactional_id] = _PendingAbort(event, series)
        else:
            self._count_abort(_event(record, producer.abort_reason), producer.abort_reason, series)
        if has_rolled_over and record.producer_id != producer.producer_id:
            self._count_id_change(record, IdChangeReason.ROLLOVER, series)
        _close(transactional_id, producer, followed)

    def _begin_session(
        self, record: Transition, producer: _Producer, series: NamedSeries, followed: _Partition
    ) -> None:
        follows = record.last_update_ms - producer.written_ms <= FOLLOWS_MS
        pending_reason = AbortReason.FENCED if follows else AbortReason.CLIENT
        self._end_previous(record.transactional_id, producer, series, followed, pending_reason)
        reason = _session_reason(producer, follows=follows)
        if not self._is_counted(series, reason):
            series.counts.sessions[reason] += 1
            self._report(_event(record, reason), series)
        if producer.producer_id not in (-1, record.producer_id):
            is_used_up = producer.epoch >= LAST_EPOCH and producer.state is not _DEAD
            self._count_id_change(record, IdChangeReason.ROLLOVER if is_used_up else IdChangeReason.RECREATED, series)
        _close(record.transactional_id, producer, followed)
        producer.abort_reason = None
        producer.protocol = Protocol.UNKNOWN  # the new instance may use another client version

    def _expire(self, transactional_id: str, producer: _Producer, series: NamedSeries, followed: _Partition) -> None:
        """Move an id that the coordinator has forgotten to the expired ones, in case it comes back."""
        self._end_previous(transactional_id, producer, series, followed)
        _close(transactional_id, producer, followed)
        producer.state = _DEAD
        expired = followed.expired
        expired[transactional_id] = followed.producers.pop(transactional_id)
        if len(expired) > self._limit:
            first = next(iter(expired))
            self._forget(first, expired.pop(first))

    def _new_producer(self, transactional_id: str) -> _Producer:
        """Return the state of an id that is not known. Drop idle ids if there is no room for it."""
        self._series.reserve()
        cost = id_bytes(transactional_id)
        while not self._room.admit(cost):
            if self.known_ids - len(self._series) < KEPT_IDS or not self.drop_idle():
                self._room.admit(cost, needed=True)
                break
        return _Producer()

    def _forget(self, transactional_id: str, producer: _Producer) -> None:
        """Release the room of an id that is not known any more, and that of its series if no other id counts there."""
        self._room.release(id_bytes(transactional_id))
        self._series.forget(producer)

    def _drop_unfound(self, followed: _Partition) -> None:
        """Drop the ids that the log does not have any more. Their transactions have no end."""
        for transactional_id in followed.unfound & followed.producers.keys():
            producer = followed.producers[transactional_id]
            self.ends_unseen += producer.state in UNFINISHED
            if producer.state in UNFINISHED:
                producer.state = _DEAD
            self._expire(transactional_id, producer, self._uncounted, followed)
        followed.unfound, followed.found_by, followed.is_whole = set(), math.inf, True

    def _end_previous(
        self,
        transactional_id: str,
        producer: _Producer,
        series: NamedSeries,
        followed: _Partition,
        pending_reason: AbortReason = AbortReason.CLIENT,
    ) -> None:
        """End the id's last transaction, because something else begins. A pending abort gets *pending_reason*.

        If its Complete record is missing, its last Prepare record counts: only a record after it can withdraw it.
        """
        if producer.state is _ONGOING:
            self.ends_unseen += series is not self._uncounted and STAND_IN not in self._partitions
        elif producer.state is TransactionState.PREPARE_COMMIT:
            self._count_commit(series)
        elif producer.state is TransactionState.PREPARE_ABORT:
            reason = pending_reason if producer.abort_reason is PENDING else producer.abort_reason
            producer.abort_reason = reason
            event = Event(producer.written_ms, transactional_id, reason, producer.producer_id, producer.epoch)
            self._count_abort(event, reason, series)
        elif transactional_id in followed.pending:
            self._count_pending_abort(transactional_id, pending_reason, followed)

    # Counts and series

    def _count_commit(self, series: NamedSeries) -> None:
        if self._credits is None or not self._is_counted(series, _COMMITTED):
            series.counts.committed += 1

    def _count_pending_abort(self, transactional_id: str, reason: AbortReason, followed: _Partition) -> None:
        pending = followed.pending.pop(transactional_id)
        followed.producers[transactional_id].abort_reason = reason
        if pending.series:
            self._count_abort(pending.event._replace(reason=reason), reason, pending.series)

    def _count_abort(self, event: Event, reason: AbortReason, series: NamedSeries) -> None:
        if not self._is_counted(series, reason):
            series.counts.aborted[reason] += 1
            self._report(event, series)

    def _count_id_change(self, record: Transition, reason: IdChangeReason, series: NamedSeries) -> None:
        if not self._is_counted(series, reason):
            series.counts.id_changes[reason] += 1
            self._report(_event(record, reason), series)

    def _report(self, event: Event, series: NamedSeries) -> None:
        if self._on_event is not None and series is not self._uncounted:
            self._on_event(event)

    def _assign_series(self, transactional_id: str, producer: _Producer, record: Transition | Tombstone) -> NamedSeries:
        """Give an id series at its first record that is counted."""
        now_ms = record.last_update_ms if isinstance(record, Transition) and self._credits is None else None
        return self._series.assign(
            transactional_id,
            producer,
            now_ms=now_ms,
            pending=lambda: {name for followed in self._partitions.values() for name in followed.pending},
            is_counted_again=self._credits is not None and STAND_IN in self._partitions,
        )


def _close(transactional_id: str, producer: _Producer, followed: _Partition) -> None:
    """Remove the id's transaction from the open ones."""
    followed.open.pop(transactional_id, None)
    producer.partitions = None


def _is_repeat(record: Transition, producer: _Producer) -> bool:
    """Return True if a record in the producer's own state only repeats it, as retries and new coordinators do."""
    return (record.producer_id, record.epoch, record.start_ms) == (
        producer.producer_id,
        producer.epoch,
        producer.start_ms,
    )


def _ongoing_epoch(producer: _Producer) -> int | None:
    """Return the epoch that the producer had before its transaction was decided, or None if the log does not show it.

    A commit that was withdrawn raised the epoch in the log under protocol 2, but not in the coordinator's memory.
    """
    if producer.state is not TransactionState.PREPARE_COMMIT or producer.protocol is Protocol.OLD:
        return producer.epoch
    return producer.epoch - 1 if producer.protocol is Protocol.TWO else None


def _evidence(record: Transition, producer: _Producer, is_known: bool, epoch_rise: int | None) -> Evidence:
    """Return what the log shows about the reason for an abort. *is_known*: earlier records of it were read."""
    if is_known:
        before = Before.ONGOING if record.state is TransactionState.PREPARE_ABORT else Before.PREPARE_MISSING
    elif producer.state in _IDLE and record.start_ms == record.last_update_ms:
        before = Before.NOTHING_SENT
    else:
        before = Before.NOTHING
    return Evidence(
        before=before,
        epoch_rise=epoch_rise if epoch_rise in (0, 1, 2) else None,
        protocol=Protocol.OLD if record.version == 0 else producer.protocol,
        overdue=record.last_update_ms - record.start_ms > record.timeout_ms,
    )


def _session_reason(producer: _Producer, *, follows: bool) -> SessionReason:
    """Return why a session begins; *follows* is True if its record came within ``FOLLOWS_MS``."""
    if producer.abort_reason is AbortReason.FENCED:
        return SessionReason.TAKEOVER
    if producer.abort_reason is AbortReason.CLIENT and follows:
        # Under protocol 2 an error needs no InitProducerId. So the abort was a fencing that was settled too early.
        return SessionReason.RECOVERY if producer.protocol is Protocol.OLD else SessionReason.TAKEOVER
    return SessionReason.INIT


def _event(record: Transition, reason: AbortReason | SessionReason | IdChangeReason) -> Event:
    return Event(record.last_update_ms, record.transactional_id, reason, record.producer_id, record.epoch)


def _protocol_number(producer: _Producer) -> int | None:
    if producer.protocol is Protocol.TWO:
        return 2
    if producer.version == 0 or producer.protocol is Protocol.OLD:
        return producer.version
    return None
