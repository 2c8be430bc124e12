"""Fuzzes what a broker sends of the transaction log: batches, records, and the way from a response to the counts."""

import gzip
import random
import struct
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from crc32c import crc32c

from kafka_producer_exporter.broker.client.fetch import LogReader, OutOfRangeError
from kafka_producer_exporter.broker.log import records
from kafka_producer_exporter.broker.log.follower import LogFollower, Shard
from kafka_producer_exporter.broker.log.record_batches import read_records
from kafka_producer_exporter.broker.log.records import TOPIC, TransactionState
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.net.errors import TransportError
from tests.fuzz.broker_responses import FuzzedClient
from tests.fuzz.mutations import mutated
from tests.transaction_log import recorded_log

_CRC_AT, _AFTER_CRC = 17, 21
_ERROR_CODES = (0,) * 30 + (1, 6)
KeyAndValue = tuple[bytes | None, bytes | None]


@cache
def _histories() -> list[list[KeyAndValue]]:
    """Return the recorded records of each transactional id, in their order."""
    histories: dict[tuple[str, str], list[KeyAndValue]] = {}
    for name in ("tv0", "tv1", "tv2", "rollover"):
        for record in recorded_log(name):
            histories.setdefault((name, record.transactional_id), []).append((record.key, record.value))
    return list(histories.values())


def log_records(chance: random.Random) -> str:
    """Decode a record of the transaction log, most of them damaged. An undamaged one decodes to what was written."""
    if chance.randrange(3) == 0:
        history = chance.choice(_histories())
        key, value = chance.choice(history[:40])
        expected = None
    else:
        expected = _transition(chance)
        key, value = _written(expected, chance)
    damage = chance.randrange(5)
    if damage == 0:
        key = bytes(mutated(key or b"\0", chance))
    elif damage < 4 and value:
        value = bytes(mutated(value, chance))
    try:
        found = records.decode(key or b"", value)
    except records.DamagedRecordError:
        return "rejected"
    if damage == 4 and expected is not None and found != expected:
        raise AssertionError(f"{value!r}: {found} is not {expected}")
    return type(found).__name__


def _transition(chance: random.Random) -> records.Transition:
    version = chance.randrange(2)
    partitions: records.Partitions | None = tuple(
        (
            chance.choice(("pay", "ä", "t" * chance.choice((1, 126, 127, 128, 249)))),
            tuple(chance.randrange(-1, 1 << 31) for _ in range(chance.choice((0, 1, 2, 130)))),
        )
        for _ in range(chance.choice((0, 1, 2)))
    )
    return records.Transition(
        transactional_id=chance.choice(("orders", "ü-1", "")),
        version=version,
        producer_id=chance.randrange(-1, 1 << 63),
        epoch=chance.randrange(-1, 1 << 15),
        timeout_ms=chance.randrange(1 << 31),
        state=chance.choice(list(TransactionState)),
        partitions=chance.choice((None, partitions)),
        last_update_ms=chance.randrange(1 << 62),
        start_ms=chance.randrange(-1, 1 << 62),
        previous_producer_id=chance.choice((-1, chance.randrange(1 << 62))) if version else -1,
        client_transaction_version=chance.choice((0, 2)) if version else 0,
    )


def _written(record: records.Transition, chance: random.Random) -> tuple[bytes, bytes]:
    """Return key and value of a record as a coordinator writes it (TransactionLogValue.json)."""
    name = record.transactional_id.encode()
    key = struct.pack(">hh", 0, len(name)) + name
    value = struct.pack(
        ">hqhib", record.version, record.producer_id, record.epoch, record.timeout_ms, record.state.value
    )
    if record.version == 0:
        value += struct.pack(">i", -1 if record.partitions is None else len(record.partitions))
        for topic, ids in record.partitions or ():
            value += struct.pack(">h", len(topic.encode())) + topic.encode()
            value += struct.pack(f">i{len(ids)}i", len(ids), *ids)
        return key, value + struct.pack(">qq", record.last_update_ms, record.start_ms)
    value += _uvarint(0 if record.partitions is None else len(record.partitions) + 1)
    for topic, ids in record.partitions or ():
        value += _uvarint(len(topic.encode()) + 1) + topic.encode()
        value += _uvarint(len(ids) + 1) + struct.pack(f">{len(ids)}i", *ids) + _tagged({}, chance)
    value += struct.pack(">qq", record.last_update_ms, record.start_ms)
    fields = {0: struct.pack(">q", record.previous_producer_id)}
    if chance.randrange(2):
        fields |= {1: bytes(8), 3: bytes(2)}
    if record.client_transaction_version:
        fields[2] = struct.pack(">h", record.client_transaction_version)
    return key, value + _tagged(fields, chance)


def _tagged(fields: Mapping[int, bytes], chance: random.Random) -> bytes:
    """Write tagged fields, and now and then one that this exporter does not know."""
    fields = dict(sorted(fields.items()))
    if chance.randrange(8) == 0:
        fields[chance.choice((9, 200))] = chance.randbytes(chance.choice((0, 3, 130)))
    return _uvarint(len(fields)) + b"".join(
        _uvarint(tag) + _uvarint(len(content)) + content for tag, content in fields.items()
    )


class _Batch(NamedTuple):
    """A record batch to write."""

    base_offset: int
    records: Sequence[KeyAndValue]


def record_batches(chance: random.Random) -> str:
    """Read record batches, most of them damaged and most with the checksum that fits.

    Undamaged ones are read to what was written.
    """
    batches, offset = [], chance.choice((0, 5, 1 << 40))
    for _ in range(chance.choice((1, 1, 2, 3))):
        content = [
            (
                chance.choice((None, b"key", chance.randbytes(chance.choice((0, 63, 64, 200))))),
                chance.choice((None, b"x" * 70)),
            )
            for _ in range(chance.choice((0, 1, 2, 5)))
        ]
        batches.append(_Batch(offset, content))
        offset += max(1, len(content))
    damage = chance.randrange(7)
    data = b"".join(_batch_bytes(batch, chance, damage=damage) for batch in batches)
    if damage == 5:
        data = bytes(mutated(data, chance))
    first = chance.choice((batches[0].base_offset, batches[0].base_offset + (len(batches[0].records) > 1)))
    high_watermark = max(first, offset - (damage == 6) * chance.randrange(3))
    chunk = read_records(
        data, first, crc32c, high_watermark=high_watermark, max_inflated_bytes=chance.choice((100, 1 << 20))
    )
    if not first <= chunk.next_offset <= high_watermark:
        raise AssertionError(f"{data.hex()}: {chunk} is not between {first} and {high_watermark}")
    if chunk.unreadable and chunk.unreadable.end_offset <= chunk.next_offset:
        raise AssertionError(f"{data.hex()}: the position does not advance: {chunk}")
    if damage == 0 and chunk.inflated_bytes == 0 and "inflates" not in str(chunk.unreadable):
        written = [
            (batch.base_offset + delta, *record)
            for batch in batches
            for delta, record in enumerate(batch.records)
            if batch.base_offset + delta >= first
        ]
        if [record[:3] for record in chunk.records] != written or chunk.unreadable:
            raise AssertionError(f"{data.hex()}: {chunk} is not {written}")
    if chunk.implausible is not None:
        return "implausible"
    if chunk.unreadable is None:
        return "read"
    return "read in part" if chunk.records or chunk.next_offset > first else _kind(chunk.unreadable.reason)


def _kind(reason: str) -> str:
    kinds = ("checksum", "format 2", "compressed", "cannot be read")
    return next((kind for kind in kinds if kind in reason), "unreadable")


def _batch_bytes(batch: _Batch, chance: random.Random, *, damage: int) -> bytes:
    """Write a batch. *damage* 1 and 2 damages its records, 3 what the checksum covers, 4 the rest; others nothing."""
    content = b"".join(_record(number, *record, chance) for number, record in enumerate(batch.records))
    if damage in (1, 2) and content:
        content = bytes(mutated(content, chance))
    codec = chance.choice((0, 0, 1)) if damage != 3 else chance.randrange(8)
    payload = gzip.compress(content, 1) if codec == 1 else content
    if damage == 2 and codec == 1:
        payload = bytes(mutated(payload, chance))
    last_delta = max(0, len(batch.records) - 1)
    covered = struct.pack(">hi", codec, last_delta) + bytes(16) + b"\xff" * 14 + struct.pack(">i", len(batch.records))
    covered += payload
    if damage == 3:
        covered = bytes(mutated(covered, chance))
    head = struct.pack(">qiibI", batch.base_offset, 9 + len(covered), 0, 2, crc32c(covered))
    return bytes(mutated(head, chance)) + covered if damage == 4 else head + covered


def _record(delta: int, key: bytes | None, value: bytes | None, chance: random.Random) -> bytes:
    body = b"\0" + _varint(chance.choice((0, 5, 1000, -1))) + _varint(delta) + _sized(key) + _sized(value)
    headers = [(b"h", None), (b"", b"v" * 70)][: chance.choice((0, 0, 0, 1, 2))]
    body += _varint(len(headers)) + b"".join(_sized(name) + _sized(content) for name, content in headers)
    return _varint(len(body)) + body


@lru_cache(maxsize=4096)
def _sized(content: bytes | None) -> bytes:
    return _varint(-1) if content is None else _varint(len(content)) + content


def _varint(number: int) -> bytes:
    return _uvarint(2 * number if number >= 0 else -2 * number - 1)


def _uvarint(number: int) -> bytes:
    encoded = b""
    while number >= 0x80:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def log_path(chance: random.Random) -> str:
    """Follow a log some of whose responses, batches or records are damaged, from the bytes of a response to the counts.

    The position never falls, and each transaction that was counted as started has one end or is still open.
    """
    tracker = TransactionTracker()
    follower = LogFollower(tracker, shard=Shard(), lookback_records=100)
    reader = LogReader(_Log(chance), checksum=crc32c)
    zero = dict.fromkeys(reader.partitions(), 0)
    follower.follow(zero, earliest=zero, latest=zero, now_ms=0)
    outcomes = set()
    for poll in range(chance.choice((1, 1, 2, 3))):
        before = follower.positions
        try:
            fetched = reader.fetch(before, wait_seconds=0)
        except OutOfRangeError as error:
            at = before[error.partition]
            follower.lose(error.partition, earliest=at, latest=at, diverged_at=error.diverged_at)
            outcomes.add("lost")
        except TransportError as error:
            outcomes.add(str(error.reason))
        else:
            intake = follower.take_in(fetched, now_ms=1000 * poll)
            outcomes |= {str(skipped.kind) for skipped in intake.skipped}
            outcomes |= {"unreadable" for _ in intake.unreadable} | {"contradicted" for _ in intake.contradicted}
        if any(position < before[partition] for partition, position in follower.positions.items()):
            raise AssertionError(f"a position fell from {before} to {follower.positions}")
    for now_ms in (10**6, 10**7, 10**8):
        tracker.settle(now_ms)
    started = _check_conservation(tracker)
    return f"counted {min(outcomes, default='')}".rstrip() if started else min(outcomes, default="nothing to count")


def _check_conservation(tracker: TransactionTracker) -> int:
    """Return how many transactions were counted. Raise AssertionError if one was counted twice, or not at all."""
    counts = [series.counts for series in tracker.series()]
    started = sum(each.started for each in counts)
    ended = sum(each.committed + sum(each.aborted.values()) for each in counts) + tracker.ends_unseen
    still_open = len(tracker.open_transactions(0))
    if started != ended + still_open:
        raise AssertionError(f"{started} transactions started, {ended} ended, and {still_open} are open")
    return started


@cache
def _metadata(partitions: int) -> list[Any]:
    return FuzzedClient.undamaged_metadata([(TOPIC, [1] * partitions)])


class _Log(FuzzedClient):
    """A client of a broker with one or two partitions of the log. It replies with bytes, some of them damaged."""

    damaged_one_in = 6

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._histories = [chance.choice(_histories()) for _ in range(2)]

    def metadata(self, topics: Sequence[str] | None) -> Any:
        return _metadata(self.chance.choice((1, 1, 2)))

    def response(self, request: Any) -> bytes:
        """Write the response by hand: with the library's classes it would cost more than all that is tested."""
        is_compact = self.version == 12
        asked = [partition for topic in request.topics for partition in topic.partitions]
        head = bytes(10) if self.version >= 7 else bytes(4)
        if is_compact:
            written = head + b"\x02" + _uvarint(len(TOPIC) + 1) + TOPIC.encode() + _uvarint(len(asked) + 1)
        else:
            written = head + struct.pack(">ih", 1, len(TOPIC)) + TOPIC.encode() + struct.pack(">i", len(asked))
        for partition in asked:
            batch = self._batch(partition.partition, partition.fetch_offset)
            error = self.chance.choice(_ERROR_CODES)
            written += struct.pack(">ihqq", partition.partition, error, partition.fetch_offset + 10, -1)
            written += b"\xff" * 8 if self.version >= 5 else b""
            written += b"\x01" if is_compact else bytes(4)  # aborted transactions
            written += b"\xff" * 4 if self.version >= 11 else b""
            written += _uvarint(len(batch) + 1) if is_compact else struct.pack(">i", len(batch))
            written += batch + (b"\0" if is_compact else b"")
        return written + (b"\0\0" if is_compact else b"")

    def _batch(self, partition: int, offset: int) -> bytes:
        chance, history = self.chance, self._histories[partition % 2]
        first = offset % len(history)
        content = history[first : first + chance.choice((1, 2, 4))]
        if chance.randrange(3) == 0:
            content = [(key, self._damaged(value)) for key, value in content]
        return _batch_bytes(_Batch(offset, content), chance, damage=chance.choice((0, 0, 0, 0, 1, 2, 3, 4)))

    def _damaged(self, value: bytes | None) -> bytes | None:
        if value and self.chance.randrange(2) == 0:
            return bytes(mutated(value, self.chance))
        return self.chance.choice((value, None))


DECODERS = (record_batches, log_records, log_path)
