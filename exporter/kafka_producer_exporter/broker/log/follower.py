"""Following the transaction log: which offsets to fetch next, when counting begins, and what is skipped.

Pure: the caller asks the brokers and hands over what they returned.

Rule 1: records that were in the log when following began only set the state; later records are counted. A partition
        that appears later is counted from its beginning, because nothing in it is older.
Rule 2: positions survive failures. After a failure nothing is missing and nothing is counted twice.
Rule 3: an unreadable batch is fetched again through a new connection. It is skipped, and counted as skipped, only if
        that does not help.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.broker.log.record_batches import Chunk, Fetched
from kafka_producer_exporter.broker.log.records import DamagedRecordError, UnknownRecord, decode
from kafka_producer_exporter.broker.log.tracker import TransactionTracker


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of the log that this collector follows: number *number* of *total* parts."""

    number: int = 0
    total: int = 1

    def has(self, partition: int) -> bool:
        """Return whether *partition* belongs to this part."""
        return partition % self.total == self.number


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


class Intake(NamedTuple):
    """What could not be read of the chunks that were taken in."""

    skipped: list[Skipped]
    unreadable: list[tuple[int, str]]
    """Partition and reason of each batch that must be fetched again, through a new connection."""


def take_in(tracker: TransactionTracker, partition: int, chunk: Chunk) -> list[Skipped]:
    """Apply the records of *chunk* to *tracker*, and advance its position past them. Return the skipped records.

    What to do about an unreadable batch at the end of the chunk is up to the caller.
    """
    skipped = []
    apply = tracker.apply
    for offset, key, value in chunk.records:
        try:
            record = decode(key or b"", value)
        except DamagedRecordError as damage:
            skipped.append(Skipped(SkipKind.DAMAGED_RECORD, partition, offset, offset + 1, str(damage)))
            continue
        if isinstance(record, UnknownRecord):
            skipped.append(Skipped(SkipKind.UNKNOWN_VERSION, partition, offset, offset + 1, record.kind))
        else:
            apply(partition, offset, record)
    tracker.advance(partition, chunk.next_offset)
    return skipped


class LogFollower:
    """Keeps a tracker up to date with one shard of the log. Not thread-safe."""

    def __init__(self, tracker: TransactionTracker, *, shard: Shard, lookback_records: int) -> None:
        """Read up to *lookback_records* of each partition to learn the state of its ids before counting begins."""
        self.tracker = tracker
        self.counting_since_ms: int | None = None
        """None until every record from before the start has been read."""
        self.records_read = 0
        self.skipped: Counter[SkipKind] = Counter(dict.fromkeys(SkipKind, 0))
        self._shard = shard
        self._lookback_records = lookback_records
        self._began_ms: int | None = None
        self._followed: list[int] = []
        self._baseline: dict[int, int] = {}
        self._end_offsets: dict[int, int] = {}
        self._unreadable: dict[int, int] = {}

    @property
    def positions(self) -> dict[int, int]:
        """The next offset to fetch of each followed partition."""
        return {partition: self.tracker.position(partition) for partition in self._followed}

    @property
    def lag_records(self) -> int:
        """The number of records in the log that have not been read yet."""
        return sum(max(0, end - self.tracker.position(partition)) for partition, end in self._end_offsets.items())

    def new_partitions(self, partitions: Iterable[int]) -> list[int]:
        """Return the partitions of this shard that were never followed; ``follow`` needs their offsets."""
        return [p for p in partitions if self._shard.has(p) and p not in self._end_offsets]

    def follow(
        self, partitions: Iterable[int], *, earliest: Mapping[int, int], latest: Mapping[int, int], now_ms: int
    ) -> None:
        """Follow the partitions of this shard from now on.

        *partitions* are all partitions of the log; *earliest* and *latest* are the offsets of the new ones.
        """
        self._followed = [partition for partition in partitions if self._shard.has(partition)]
        for partition in self.new_partitions(self._followed):
            if self._began_ms is None:
                first = max(earliest[partition], latest[partition] - self._lookback_records)
                self._baseline[partition] = latest[partition]
                self.tracker.follow(partition, from_offset=first, counting_from=latest[partition])
            else:
                self.tracker.follow(partition, from_offset=earliest[partition], counting_from=earliest[partition])
            self._end_offsets[partition] = latest[partition]
        if self._began_ms is None:
            self._began_ms = now_ms
        self._begin_counting()

    def take_in(self, fetched: Iterable[Fetched], *, now_ms: int) -> Intake:
        """Apply what was fetched from ``positions``. *now_ms* is of any clock that is never set (see ``settle``)."""
        skipped: list[Skipped] = []
        unreadable: list[tuple[int, str]] = []
        for partition, chunk, high_watermark in fetched:
            skipped += take_in(self.tracker, partition, chunk)
            self.records_read += len(chunk.records)
            self._end_offsets[partition] = high_watermark
            if chunk.unreadable is None:
                continue
            offset, reason, end_offset = chunk.next_offset, chunk.unreadable.reason, chunk.unreadable.end_offset
            if self._unreadable.get(partition) == offset:
                self.tracker.advance(partition, end_offset)
                skipped.append(Skipped(SkipKind.DAMAGED_BATCH, partition, offset, end_offset, reason))
            else:
                self._unreadable[partition] = offset
                unreadable.append((partition, reason))
        self.skipped.update(one.kind for one in skipped)
        self._begin_counting()
        lagging = [p for p, end in self._end_offsets.items() if self.tracker.position(p) < end]
        self.tracker.settle(now_ms, lagging=lagging)
        return Intake(skipped, unreadable)

    def reposition(self, partition: int, *, earliest: int, latest: int) -> int:
        """Continue in a partition that no longer has our position, and return the new one.

        That is the new end if the log was truncated, and the new beginning if its old records were deleted.
        """
        position = latest if self.tracker.position(partition) > latest else earliest
        self.tracker.follow(partition, from_offset=position, counting_from=position)
        self._baseline.pop(partition, None)
        self._end_offsets[partition] = latest
        return position

    def _begin_counting(self) -> None:
        if self.counting_since_ms is not None or self._began_ms is None:
            return
        if all(self.tracker.position(partition) >= offset for partition, offset in self._baseline.items()):
            self.tracker.begin_counting()
            self.counting_since_ms = self._began_ms
