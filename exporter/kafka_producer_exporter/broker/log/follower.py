"""Following the transaction log: from which offset, how far, and what became of what could not be read.

Rule 1: what was there when following began sets the state only; what comes after is counted. A partition that appears
        later is counted from its beginning: nothing of it was there before.
Rule 2: positions are kept over failures, so that after one nothing is lost and nothing counts twice.
Rule 3: a batch that cannot be read is fetched again through a new connection, and passed over only if that does not
        help; then it is counted.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kafka_producer_exporter.broker.errors import OutOfRangeError
from kafka_producer_exporter.broker.log.record_batches import Fetched, Record
from kafka_producer_exporter.broker.log.records import TOPIC, DamagedRecordError, UnknownRecord, decode
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.net.errors import Reason, TransportError

EARLIEST, LATEST = -2, -1

log = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads the log. Each call raises TransportError and nothing else."""

    def partitions(self) -> Sequence[int]:
        """Return the log's partitions; none where there is no log yet."""

    def offsets(self, partitions: Iterable[int], at: int) -> Mapping[int, int]:
        """Return the EARLIEST or LATEST offset of each."""

    def fetch(self, positions: Mapping[int, int], *, wait_seconds: float) -> Sequence[Fetched]:
        """Return what is new from these offsets on, waiting that long for it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of the log is ours, of how many collectors that share it."""

    number: int = 0
    total: int = 1

    def has(self, partition: int) -> bool:
        """Whether a partition is ours."""
        return partition % self.total == self.number


class LogFollower:
    """Keeps a tracker up with the log. One thread polls; others may read under ``lock``."""

    def __init__(self, tracker: TransactionTracker, *, shard: Shard, lookback_records: int) -> None:
        """``lookback_records``: how much of each partition is read, at most, to learn what state its ids are in."""
        self.tracker = tracker
        self.lock = threading.Lock()
        """Held while records are taken in, never while waiting for a broker."""
        self.counting_since_ms: int | None = None
        """None: still learning what was there before."""
        self.records = 0
        self.passed_over: Counter[str] = Counter(unknown_version=0, damaged_record=0, damaged_batch=0)
        self._shard = shard
        self._lookback_records = lookback_records
        self._began_ms: int | None = None
        self._ours: list[int] = []
        self._baseline: dict[int, int] = {}
        self._end_offsets: dict[int, int] = {}
        self._unreadable: dict[int, int] = {}

    @property
    def behind_records(self) -> int:
        """How much of what the log holds is still to be read."""
        return sum(max(0, end - self.tracker.position(partition)) for partition, end in self._end_offsets.items())

    def look(self, reader: Reader, now_ms: int) -> bool:
        """Find out which partitions there are, and begin with those that are new; whether any is ours."""
        ours = [partition for partition in reader.partitions() if self._shard.has(partition)]
        new = [partition for partition in ours if partition not in self._end_offsets]
        earliest = reader.offsets(new, EARLIEST) if new else {}
        latest = reader.offsets(new, LATEST) if new else {}
        with self.lock:
            for partition in new:
                first = max(earliest[partition], latest[partition] - self._lookback_records)
                if self._began_ms is None:
                    self._baseline[partition] = latest[partition]
                    self.tracker.follow(partition, from_offset=first, counting_from=latest[partition])
                else:
                    self.tracker.follow(partition, from_offset=earliest[partition], counting_from=earliest[partition])
                self._end_offsets[partition] = latest[partition]
            self._ours = ours
            if self._began_ms is None:
                self._began_ms = now_ms
            self._begin_counting()
        return bool(ours)

    def poll(self, reader: Reader, *, wait_seconds: float, now_ms: int) -> None:
        """Take in what is new, waiting that long for it. Raises TransportError."""
        try:
            answers = reader.fetch(
                {partition: self.tracker.position(partition) for partition in self._ours}, wait_seconds=wait_seconds
            )
        except OutOfRangeError as error:
            self._find_place(reader, error.partition)
            return
        problems = []
        with self.lock:
            for partition, chunk, high_watermark in answers:
                unreadable = chunk.unreadable
                self._take_in(partition, chunk.records)
                self.tracker.advance(partition, chunk.next_offset)
                self._end_offsets[partition] = high_watermark
                if unreadable and self._unreadable.get(partition) == chunk.next_offset:
                    self.passed_over["damaged_batch"] += 1
                    self.tracker.advance(partition, unreadable.end_offset)
                    log.error("%s-%d: %s; passed over, up to offset %d",
                              TOPIC, partition, unreadable.reason, unreadable.end_offset)  # fmt: skip
                elif unreadable:
                    self._unreadable[partition] = chunk.next_offset
                    problems.append(f"{TOPIC}-{partition}: {unreadable.reason}")
            self._begin_counting()
            lagging = [p for p, end in self._end_offsets.items() if self.tracker.position(p) < end]
            self.tracker.settle(now_ms, lagging=lagging)
        if problems:
            raise TransportError(Reason.DAMAGED, problems[0])

    def _take_in(self, partition: int, records: Sequence[Record]) -> None:
        apply = self.tracker.apply
        for offset, key, value in records:
            try:
                record = decode(key or b"", value)
            except DamagedRecordError as damage:
                self._pass_over("damaged_record", partition, offset, str(damage))
                continue
            if isinstance(record, UnknownRecord):
                self._pass_over("unknown_version", partition, offset, record.kind)
            else:
                apply(partition, offset, record)
        self.records += len(records)

    def _pass_over(self, kind: str, partition: int, offset: int, what: str) -> None:
        if not self.passed_over[kind]:  # the metric counts the others
            log.warning("%s-%d: record at offset %d is passed over: %s", TOPIC, partition, offset, what)
        self.passed_over[kind] += 1

    def _begin_counting(self) -> None:
        if self.counting_since_ms is not None or self._began_ms is None:
            return
        if all(self.tracker.position(partition) >= offset for partition, offset in self._baseline.items()):
            self.tracker.begin_counting()
            self.counting_since_ms = self._began_ms

    def _find_place(self, reader: Reader, partition: int) -> None:
        """Go on in a log that has our position no more: behind what was deleted, or at the end of what was cut off."""
        earliest = reader.offsets([partition], EARLIEST)[partition]
        latest = reader.offsets([partition], LATEST)[partition]
        position = self.tracker.position(partition)
        place = latest if position > latest else earliest
        log.warning("%s-%d: the log has %d to %d, and we were at %d; going on at %d",
                    TOPIC, partition, earliest, latest, position, place)  # fmt: skip
        with self.lock:
            self.tracker.follow(partition, from_offset=place, counting_from=place)
            self._baseline.pop(partition, None)
            self._end_offsets[partition] = latest
