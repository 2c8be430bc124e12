"""Decodes the record batches of a Fetch response into records.

Pure: bytes in, values out. The formats are Kafka's DefaultRecordBatch and DefaultRecord ("magic 2", written since
0.11). The timestamps of single records, headers and sequence numbers are skipped, because nothing here needs them.

The checksum of a batch does not cover its base offset. So an answer is believed only if its offsets are plausible:
batches follow each other from the requested offset to at most the high watermark.
"""

import zlib
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

from kafka_producer_exporter.broker.log.varint import read_uvarint

UNKNOWN_EPOCH = -1

Record = tuple[int, bytes | None, bytes | None, int | None]
"""Offset, key, value, and when its batch was written: in milliseconds since 1970, or None if that is not known."""

MAX_INFLATED_BYTES = 4 << 20
"""The default size limit of an inflated batch. A few compressed bytes can inflate to any size."""

ANY_HIGH_WATERMARK = 1 << 63

# Base offset, length, leader epoch, magic, CRC, attributes, last offset delta and the largest timestamp. The first
# timestamp, the producer id, its epoch and the base sequence are skipped. The last field is the number of records.
_HEADER = Struct(">qiibIhi8xq8x2x4xi")
_AFTER_LENGTH = 12
_AFTER_CRC = 21
_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
_COMPRESSION_MASK = 0x07
_GZIP = 1
_CONTROL = 0x20


class UnreadableBatch(NamedTuple):
    """A batch that is damaged or in a format that is not supported.

    The damage may have happened in transit, so fetching the batch again can help.
    """

    reason: str
    end_offset: int
    """The offset after the batch: where to continue if fetching it again does not help."""


class Hole(NamedTuple):
    """Offsets of which the fetched bytes have no record: those from *start* to the one before *end*.

    The holes of a batch that has lost records itself are as many, at its end.
    """

    start: int
    end: int


class Chunk(NamedTuple):
    """The records of the fetched bytes of one partition, up to their end or to the first unreadable batch."""

    records: list[Record]
    next_offset: int
    """Next offset to fetch. Equals the requested offset if the bytes held no complete batch."""
    unreadable: UnreadableBatch | None = None
    """The batch at next_offset, if it cannot be read."""
    holes: tuple[Hole, ...] = ()
    """Compaction leaves holes; a damaged base offset looks like one."""
    implausible: str | None = None
    """What is wrong with the offsets of the batches; the chunk then has no records, and must be fetched again."""
    inflated_bytes: int = 0
    """The size of the batches that were compressed, after inflating them."""
    leader_epoch: int = UNKNOWN_EPOCH
    """The leader epoch of the last batch before next_offset."""


class Fetched(NamedTuple):
    """What one fetch returned for one partition."""

    partition: int
    chunk: Chunk
    high_watermark: int
    """The end of the partition: records before this offset can be read."""


def read_records(
    data: bytes,
    from_offset: int,
    checksum: Callable[[bytes], int],
    *,
    high_watermark: int = ANY_HIGH_WATERMARK,
    max_inflated_bytes: int = MAX_INFLATED_BYTES,
    inflated_before: int = 0,
) -> Chunk:
    """Return the records of *data* from *from_offset* on. *checksum* computes a CRC-32C.

    Control batches are skipped, and so are records before *from_offset*: a fetch returns the whole batch that contains
    it. A truncated last batch is left for the next fetch. No error is raised for bad data: reading stops at the first
    batch that is damaged or not supported, and the chunk names it as ``unreadable``.

    A batch that inflates to more than *max_inflated_bytes* is unreadable. Once that many bytes have been inflated, with
    *inflated_before* that other chunks of the same response took, the next compressed batch is left for another fetch.
    """
    records: list[Record] = []
    holes: list[Hole] = []
    at, next_offset, size, inflated, leader_epoch = 0, from_offset, len(data), inflated_before, UNKNOWN_EPOCH
    while size - at >= _HEADER.size:
        base_offset, length, epoch, magic, crc, attributes, last_delta, written_ms, count = _HEADER.unpack_from(
            data, at
        )
        end = at + _AFTER_LENGTH + length
        end_offset = base_offset + last_delta + 1
        if magic != 2 or length < _HEADER.size - _AFTER_LENGTH or last_delta < 0:
            reason = f"there is no record batch in format 2 at offset {next_offset}"
            return _stop(records, holes, next_offset, reason, 0)
        if end > size:
            break
        if checksum(data[at + _AFTER_CRC : end]) != crc:
            reason = f"the record batch at offset {base_offset} is damaged: its checksum is wrong"
            is_plausible = base_offset >= next_offset and end_offset <= high_watermark and count <= last_delta + 1
            return _stop(records, holes, next_offset, reason, end_offset if is_plausible else 0)
        codec = attributes & _COMPRESSION_MASK
        if codec and inflated >= max_inflated_bytes:
            break
        if base_offset != next_offset or end_offset > high_watermark or count <= last_delta:
            if wrong := _misplaced(base_offset, end_offset, next_offset, high_watermark, is_first=at == 0):
                return Chunk([], from_offset, implausible=wrong)
            holes += _holes(base_offset, end_offset, count, next_offset)
        if not attributes & _CONTROL:
            before = len(records)
            try:
                if codec:
                    body = _inflate(data[at + _HEADER.size : end], codec, max_inflated_bytes)
                    inflated += len(body)
                    _add_records(records, body, 0, len(body), count, base_offset, from_offset, written_ms)
                else:
                    _add_records(records, data, at + _HEADER.size, end, count, base_offset, from_offset, written_ms)
            except (IndexError, ValueError, zlib.error) as broken:
                del records[before:]
                reason = f"the record batch at offset {base_offset} cannot be read: {broken}"
                return _stop(records, holes, next_offset, reason, end_offset)
        next_offset, leader_epoch = end_offset, epoch
        at = end
    return Chunk(
        records,
        next_offset,
        holes=tuple(holes),
        inflated_bytes=inflated - inflated_before,
        leader_epoch=leader_epoch,
    )


def _stop(records: list[Record], holes: list[Hole], next_offset: int, reason: str, end_offset: int) -> Chunk:
    return Chunk(records, next_offset, UnreadableBatch(reason, max(end_offset, next_offset + 1)), tuple(holes))


def _holes(base_offset: int, end_offset: int, count: int, expected: int) -> Iterator[Hole]:
    """Return the holes before a batch, where the offset *expected* is wanted, and in it."""
    if base_offset > expected:
        yield Hole(expected, base_offset)
    first = max(base_offset, expected)
    if first + count < end_offset:
        yield Hole(first + count, end_offset)


def _misplaced(base_offset: int, end_offset: int, expected: int, high_watermark: int, *, is_first: bool) -> str | None:
    """Return what is wrong if a batch cannot be at this place, where the offset *expected* is wanted."""
    sent = f"the broker sent a batch with the offsets {base_offset} to {end_offset - 1}"
    if end_offset > high_watermark:
        return f"{sent}, beyond the high watermark {high_watermark}"
    # The first batch may begin earlier: a fetch returns the whole batch that contains the offset.
    if end_offset <= expected or (base_offset < expected and not is_first):
        return f"{sent} where offset {expected} was expected"
    return None


# Written out like the decoders in ``records``: no helper is called for an ordinary record.
def _add_records(
    records: list[Record],
    data: bytes,
    at: int,
    end: int,
    count: int,
    base_offset: int,
    from_offset: int,
    written_ms: int,
) -> None:
    """Add the records of one batch that are not before *from_offset* to *records*.

    Raises IndexError or ValueError if the records do not match the batch's header; some may have been added by then.
    """
    for _ in range(count):
        while data[at] > 127:  # the record's length, which follows from its fields
            at += 1
        at += 2  # the last byte of the length, and the attributes, which are unused
        while data[at] > 127:  # the timestamp
            at += 1
        delta, at = data[at + 1], at + 2
        if delta > 127:
            delta, at = read_uvarint(data, at - 1)
        length, at = data[at], at + 1
        if length > 127:
            length, at = read_uvarint(data, at - 1)
        key = value = None
        if not length & 1:  # zigzag encoding: an odd number is negative, and the only negative length is -1, for null
            key, at = data[at : at + (length >> 1)], at + (length >> 1)
        length, at = data[at], at + 1
        if length > 127:
            length, at = read_uvarint(data, at - 1)
        if not length & 1:
            value, at = data[at : at + (length >> 1)], at + (length >> 1)
        at = _after_headers(data, at) if data[at] else at + 1
        offset = base_offset + (delta >> 1)
        if offset >= from_offset:
            records.append((offset, key, value, written_ms))
    if at != end:
        raise ValueError(f"its records end {abs(end - at)} bytes too {'early' if at < end else 'late'}")


def _after_headers(data: bytes, at: int) -> int:
    count, at = read_uvarint(data, at)
    for _ in range(count >> 1):
        length, at = read_uvarint(data, at)
        at += length >> 1
        length, at = read_uvarint(data, at)
        at += 0 if length & 1 else length >> 1
    return at


def _inflate(data: bytes, codec: int, max_bytes: int) -> bytes:
    if codec != _GZIP:
        name = _CODECS[codec] if codec < len(_CODECS) else f"codec {codec}"
        raise ValueError(f"it is compressed with {name}; set compression.type=uncompressed on the topic")
    inflater = zlib.decompressobj(wbits=31)
    inflated = inflater.decompress(data, max_bytes)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError(f"it is truncated, or inflates to more than {max_bytes} bytes")
    return inflated
