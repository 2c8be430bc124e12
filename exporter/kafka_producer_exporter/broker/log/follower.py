"""Following the transaction log: which offsets to fetch next, when counting begins, and what is skipped.

Pure: the caller asks the brokers and hands over what they returned.

Rule 1: records that were in the log when following began only set the state; later records are counted. A partition
        that appears later is counted from its beginning, because nothing in it is older. One that had no leader when
        following began is counted from that time on, as soon as it can be read.
Rule 2: positions survive failures. After a failure nothing is missing and nothing is counted twice, unless the log
        has lost records. Offsets are contiguous, so this is noticed and counted, and the counts are then not complete.
Rule 3: an unreadable batch is fetched again through a new connection. It is skipped, and counted as skipped, only if
        that does not help.
Rule 4: an answer with implausible offsets is fetched again, as often as it takes, and never moves a position. In the
        part of the log that is counted, a hole is believed only if two answers agree about it: the checksum of a batch
        does not cover its base offset. Before that part, holes are what compaction leaves.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.log.record_batches import UNKNOWN_EPOCH, Chunk, Fetched, Hole
from kafka_producer_exporter.broker.log.records import DamagedRecordError, Transition, UnknownRecord, decode
from kafka_producer_exporter.broker.log.tracker import TransactionTracker


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of the log that this collector follows: number *number* of *total* parts."""

    number: int = 0
    total: int = 1

    def has(self, partition: int) -> bool:
        """Return whether *partition* belongs to this part."""
        return partition % self.total == self.number

    def has_id(self, transactional_id: str, partitions: int) -> bool:
        """Return whether a log of *partitions* has this id in a partition of this part.

        The partition is Java's ``Utils.abs(transactionalId.hashCode()) % partitions``.
        """
        hashed = 0
        for unit in memoryview(transactional_id.encode("utf-16-le", "surrogatepass")).cast("H"):
            hashed = (31 * hashed + unit) & 0xFFFFFFFF
        if hashed >= 1 << 31:  # a negative int; the absolute value of the lowest one is 0
            hashed = -hashed & 0x7FFFFFFF
        return self.has(hashed % partitions)


class SkipKind(StrEnum):
    """Why a part of the log was skipped."""

    UNKNOWN_VERSION = "unknown_version"
    """A record of a version or state that is newer than this exporter."""
    DAMAGED_RECORD = "damaged_record"
    DAMAGED_BATCH = "damaged_batch"


class Skipped(NamedTuple):
    """A record or batch that could not be read and was skipped."""

    kind: SkipKind
    partition: int
    offset: int
    next_offset: int
    """Where reading continues."""
    reason: str
    """What is wrong with it, for a person."""


class LossKind(StrEnum):
    """How the log lost records that should have been counted."""

    COMPACTED = "compacted"
    """They were compacted before they could be read."""
    DELETED = "deleted"
    """The beginning of the log was deleted before it was read."""
    TRUNCATED = "truncated"
    """The end of the log was cut off, after it had been read."""
    RECREATED = "recreated"
    """The topic was deleted and created again."""


class Loss(NamedTuple):
    """Records that a partition of the log has lost."""

    kind: LossKind
    partition: int
    records: int
    """How many, at least."""
    offset: int
    """Where counting continues."""


class Intake(NamedTuple):
    """What could not be read of the chunks that were taken in."""

    skipped: list[Skipped]
    """The first ones of each chunk."""
    unreadable: list[tuple[int, str]]
    """Partition and reason of each batch that must be fetched again, through a new connection."""
    contradicted: list[tuple[int, str]]
    """Partition and reason of each answer that a later answer has shown to be wrong. Nothing of it was applied."""
    losses: list[Loss]
    """What was compacted. The caller then calls ``read_again``."""


NEW_MS = 5000
"""A record is new if its partition had been read to its end at most this long ago."""
MAX_LISTED = 100
"""How many skipped records of a chunk are listed. All are counted."""


def take_in(
    tracker: TransactionTracker, partition: int, chunk: Chunk, counts: Counter[SkipKind] | None = None
) -> list[Skipped]:
    """Apply the records of *chunk* to *tracker*, and advance its position past them.

    Return the first records that were skipped, and add all of them to *counts*. What to do about an unreadable batch at
    the end of the chunk is up to the caller.
    """
    skipped: list[Skipped] = []
    apply = tracker.apply
    for offset, key, value, written_ms in chunk.records:
        try:
            record = decode(key or b"", value)
        except DamagedRecordError as damage:
            kind, reason = SkipKind.DAMAGED_RECORD, str(damage)
        else:
            if not isinstance(record, UnknownRecord):
                apply(partition, offset, record, written_ms)
                continue
            kind, reason = SkipKind.UNKNOWN_VERSION, record.kind
        if counts is not None:
            counts[kind] += 1
        if len(skipped) < MAX_LISTED:
            skipped.append(Skipped(kind, partition, offset, offset + 1, reason))
    tracker.advance(partition, chunk.next_offset)
    return skipped


class LogFollower:
    """Keeps a tracker up to date with one shard of the log. Not thread-safe."""

    def __init__(
        self,
        tracker: TransactionTracker,
        *,
        shard: Shard,
        lookback_records: int,
        clock: BrokerClock | None = None,
    ) -> None:
        """Read up to *lookback_records* of each partition to learn the state of its ids before counting begins.

        *clock* learns the brokers' time from new records.
        """
        self.tracker = tracker
        self._clock = clock or BrokerClock()
        self.counting_since_ms: int | None = None
        """None until every record from before the start has been read."""
        self.records_read = 0
        self.skipped: Counter[SkipKind] = Counter(dict.fromkeys(SkipKind, 0))
        self.refetched = 0
        """The number of answers whose offsets were implausible, or contradicted by a later answer."""
        self.is_read_to_end = False
        """Whether the last answers had everything that was in the log then."""
        self.has_gaps = False
        """Whether records were left out that may still say which transactions are open."""
        self._shard = shard
        self._lookback_records = lookback_records
        self._began_ms: int | None = None
        self._followed: list[int] = []
        self._late: set[int] = set()
        """The partitions that were unavailable when following began, and still are."""
        self._baseline: dict[int, int] = {}
        self._end_offsets: dict[int, int] = {}
        self._unreadable: dict[int, tuple[int, int]] = {}
        self._doubtful: dict[int, set[Hole]] = {}
        self.missing: Counter[LossKind] = Counter(dict.fromkeys(LossKind, 0))
        """How many records the log has lost that should have been counted, at least."""
        self.is_complete = True
        """False once a record that should have been counted is missing, or was skipped."""
        self.epochs: dict[int, int] = {}
        """The leader epoch of the last record before the position of each partition, if it is known."""
        self._complete_ms: dict[int, int] = {}
        """When a partition was asked for everything that it had, and sent it."""
        self._written_ms: dict[int, int] = {}
        """The brokers' time of the last record that was read of a partition, while there are more to read."""

    @property
    def positions(self) -> dict[int, int]:
        """The next offset to fetch of each followed partition."""
        return {partition: self.tracker.position(partition) for partition in self._followed}

    @property
    def has_begun(self) -> bool:
        """Whether ``follow`` was called, so that what is new from then on counts."""
        return self._began_ms is not None

    @property
    def lag_records(self) -> int:
        """The number of records in the log that have not been read yet."""
        return sum(max(0, end - self.tracker.position(partition)) for partition, end in self._end_offsets.items())

    def delay_ms(self, now_ms: int, brokers_ms: int) -> int | None:
        """Return how old the counts are, of the partition that is furthest behind; None before anything was read.

        *now_ms* is of the clock of ``take_in``, and *brokers_ms* the brokers' time.
        """
        delays = []
        for partition in self._followed:
            complete_ms, written_ms = self._complete_ms.get(partition), self._written_ms.get(partition)
            ages = [] if complete_ms is None else [now_ms - complete_ms]
            ages += [] if written_ms is None else [brokers_ms - written_ms]  # the counts are no older than it
            delays += [max(0, min(ages))] if ages else []
        return max(delays, default=None)

    def own_partitions(self, partitions: Iterable[int]) -> list[int]:
        """Return the partitions of this shard."""
        return [partition for partition in partitions if self._shard.has(partition)]

    def known_partitions(self, partitions: Iterable[int]) -> list[int]:
        """Return the partitions of this shard that are followed, or were before the log disappeared."""
        return [p for p in partitions if self._shard.has(p) and p in self._end_offsets]

    def new_partitions(self, partitions: Iterable[int]) -> list[int]:
        """Return the partitions of this shard that were never followed; ``follow`` needs their offsets."""
        return [p for p in partitions if self._shard.has(p) and p not in self._end_offsets]

    def late_partitions(self, partitions: Iterable[int]) -> list[int]:
        """Return those of the new partitions that were unavailable when following began."""
        return [partition for partition in partitions if partition in self._late]

    def follow(
        self,
        partitions: Iterable[int],
        *,
        earliest: Mapping[int, int],
        latest: Mapping[int, int],
        now_ms: int,
        unavailable: Collection[int] = (),
        since: Mapping[int, int] | None = None,
    ) -> None:
        """Follow the partitions of this shard from now on.

        *partitions* are all partitions of the log; *earliest* and *latest* are the offsets of the new ones, except the
        *unavailable* ones, which are followed later. *since* are the offsets of late partitions at the time when
        following began.
        """
        own = self.own_partitions(partitions)
        self._followed = [p for p in own if p not in unavailable or p in self._end_offsets]
        for partition in self.new_partitions(self._followed):
            if partition in self._late:
                first = max(earliest[partition], latest[partition] - self._lookback_records)
                counted_from = (since or {}).get(partition, latest[partition])
                self.has_gaps |= first > earliest[partition]
                self._baseline[partition] = counted_from
                self._late.discard(partition)
                self.tracker.follow(partition, from_offset=min(first, counted_from), counting_from=counted_from)
            elif self._began_ms is None:
                first = max(earliest[partition], latest[partition] - self._lookback_records)
                self.has_gaps |= first > earliest[partition]
                self._baseline[partition] = latest[partition]
                self.tracker.follow(partition, from_offset=first, counting_from=latest[partition])
            else:
                self.tracker.follow(partition, from_offset=earliest[partition], counting_from=earliest[partition])
            self._end_offsets[partition] = latest[partition]
        if self._began_ms is None:
            self._began_ms = now_ms
            self._late = set(own).intersection(unavailable)
        self._begin_counting()

    def begin_again(self) -> None:
        """Forget every position: the next ``follow`` counts from the end of each partition on."""
        self.counting_since_ms = self._began_ms = None
        self._followed = []
        self._baseline.clear()
        self._end_offsets.clear()
        self._doubtful.clear()
        self.epochs.clear()
        self._complete_ms.clear()
        self._written_ms.clear()

    def take_in(self, fetched: Iterable[Fetched], *, now_ms: int, asked_ms: int | None = None) -> Intake:
        """Apply what was fetched from ``positions``. The brokers were asked at *asked_ms*; None means *now_ms*.

        Both times are of any clock that is never set (see ``settle``).
        """
        asked_ms = now_ms if asked_ms is None else asked_ms
        skipped: list[Skipped] = []
        unreadable: list[tuple[int, str]] = []
        contradicted: list[tuple[int, str]] = []
        losses: list[Loss] = []
        read_to_end = set()
        for partition, chunk, high_watermark in fetched:
            if chunk.implausible is not None:
                self.refetched += 1
                unreadable.append((partition, chunk.implausible))
                continue
            if (chunk.holes or partition in self._doubtful) and not self._believes(partition, chunk, contradicted):
                continue
            if missing := self._missing(partition, chunk):
                losses.append(self._note_loss(Loss(LossKind.COMPACTED, partition, missing, chunk.next_offset)))
            skipped += take_in(self.tracker, partition, chunk, self.skipped)
            if chunk.leader_epoch != UNKNOWN_EPOCH:
                self.epochs[partition] = chunk.leader_epoch
            self.records_read += len(chunk.records)
            self._end_offsets[partition] = high_watermark
            self._note_times(partition, chunk, now_ms)
            if self.tracker.position(partition) >= high_watermark:
                read_to_end.add(partition)
                self._complete_ms[partition] = asked_ms
                self._written_ms.pop(partition, None)
            if chunk.unreadable is None:
                continue
            offset, reason, end_offset = chunk.next_offset, chunk.unreadable.reason, chunk.unreadable.end_offset
            if self._unreadable.get(partition) == (offset, end_offset):
                self.tracker.advance(partition, end_offset)
                self.epochs.pop(partition, None)
                self.skipped[SkipKind.DAMAGED_BATCH] += 1
                skipped.append(Skipped(SkipKind.DAMAGED_BATCH, partition, offset, end_offset, reason))
            else:
                self._unreadable[partition] = (offset, end_offset)
                unreadable.append((partition, reason))
        for one in skipped:
            self.has_gaps = True
            self.tracker.note_missing(one.partition)
            self.is_complete &= one.next_offset <= self._counted_from(one.partition)
        self.is_read_to_end = read_to_end.issuperset(self._followed) and not self._late
        self._begin_counting()
        self.tracker.settle(now_ms, lagging=[p for p in self._end_offsets if p not in read_to_end])
        return Intake(skipped, unreadable, contradicted, losses)

    def _note_times(self, partition: int, chunk: Chunk, now_ms: int) -> None:
        written_ms = _last_written_ms(chunk)
        if written_ms is None:
            return
        complete_ms = self._complete_ms.get(partition)
        if complete_ms is not None and partition not in self._written_ms and now_ms - complete_ms <= NEW_MS:
            self._clock.note(partition, written_ms=written_ms, now_ms=now_ms)
        self._written_ms[partition] = written_ms

    def _believes(self, partition: int, chunk: Chunk, contradicted: list[tuple[int, str]]) -> bool:
        """Return whether the holes of *chunk* may be believed. If not, it must be fetched again.

        Add to *contradicted* if the chunk shows that an earlier answer was wrong.
        """
        counted_from = self._counted_from(partition)
        holes = {hole for hole in chunk.holes if hole.end > counted_from}
        before = self._doubtful.pop(partition, set())
        for hole in before - holes:
            if hole.start < chunk.next_offset:
                self.refetched += 1
                reason = f"a fetch returned nothing of the offsets {hole.start} to {hole.end - 1}, and another one did"
                contradicted.append((partition, reason))
        if holes <= before:
            return True
        self._doubtful[partition] = holes
        return False

    def lose(
        self,
        partition: int,
        *,
        earliest: int,
        latest: int,
        diverged_at: int | None = None,
        is_recreated: bool = False,
    ) -> Loss:
        """Continue in a partition that no longer has our position, and return what it has lost.

        It has the offsets from *earliest* to *latest*, and other records than those that were read from *diverged_at*
        on. If that is not known, what it has now is not counted.
        """
        position = self.tracker.position(partition)
        if is_recreated:
            unread = self._end_offsets.get(partition, 0) - position
            loss = Loss(LossKind.RECREATED, partition, max(1, unread), earliest)
        elif position < earliest:
            first = max(position, self._counted_from(partition))
            loss = Loss(LossKind.DELETED, partition, max(0, earliest - first), earliest)
        else:
            counted_again = latest if diverged_at is None else min(position, diverged_at)
            loss = Loss(LossKind.TRUNCATED, partition, max(1, position - counted_again), counted_again)
        self._note_loss(loss)
        self.read_again(partition, earliest=earliest, latest=latest, counting_from=loss.offset)
        return loss

    def read_again(self, partition: int, *, earliest: int, latest: int, counting_from: int | None = None) -> None:
        """Read a partition that has lost records from its beginning, without counting before *counting_from*.

        The default is its position. This sets the state of its ids, and drops the ids that it does not have any more.
        """
        begin = self.tracker.position(partition) if counting_from is None else counting_from
        self.tracker.read_again(partition, from_offset=earliest, counting_from=begin, end_offset=max(latest, begin))
        self._baseline[partition] = begin
        self._doubtful.pop(partition, None)
        self.epochs.pop(partition, None)
        self._end_offsets[partition] = latest

    def _counted_from(self, partition: int) -> int:
        return self._baseline.get(partition, 0)

    def _missing(self, partition: int, chunk: Chunk) -> int:
        """Return how many records of the counted part of the log the holes of *chunk* are."""
        counted_from = self._counted_from(partition)
        return sum(max(0, hole.end - max(hole.start, counted_from)) for hole in chunk.holes)

    def _note_loss(self, loss: Loss) -> Loss:
        if loss.records:
            self.missing[loss.kind] += loss.records
            self.is_complete = False
            self.tracker.note_missing(loss.partition)
        return loss

    def _begin_counting(self) -> None:
        if self.counting_since_ms is not None or self._began_ms is None:
            return
        if all(self.tracker.position(partition) >= offset for partition, offset in self._baseline.items()):
            self.tracker.begin_counting()
            self.counting_since_ms = self._began_ms


def _last_written_ms(chunk: Chunk) -> int | None:
    """Return when the last record of *chunk* was written, by the coordinator's clock; None if it does not say."""
    if not chunk.records:
        return None
    _, key, value, written_ms = chunk.records[-1]
    if written_ms is not None and written_ms >= 0:
        return written_ms
    try:
        record = decode(key or b"", value)
    except DamagedRecordError:
        return None
    return record.last_update_ms if isinstance(record, Transition) else None
