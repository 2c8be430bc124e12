"""Decodes the record batches of a Fetch response into records.

Pure: bytes in, values out. The formats are Kafka's DefaultRecordBatch and DefaultRecord ("magic 2", written since
0.11). Timestamps, headers and sequence numbers are skipped, because nothing here needs them.
"""

import zlib
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from kafka_producer_exporter.broker.log.varint import read_uvarint

Record = tuple[int, bytes | None, bytes | None]
"""Offset, key and value."""

MAX_INFLATED_BYTES = 64 << 20
"""Size limit of an inflated batch. A few compressed bytes can inflate to any size."""

# Base offset, length, leader epoch, magic, CRC, attributes and last offset delta. Two timestamps, the producer id, its
# epoch and the base sequence follow and are skipped. The last field is the number of records.
_HEADER = Struct(">qiibIhi8x8x8x2x4xi")
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


class Chunk(NamedTuple):
    """The records of the fetched bytes of one partition, up to their end or to the first unreadable batch."""

    records: list[Record]
    next_offset: int
    """Next offset to fetch. Equals the requested offset if the bytes held no complete batch."""
    unreadable: UnreadableBatch | None = None
    """The batch at next_offset, if it cannot be read."""


class Fetched(NamedTuple):
    """What one fetch returned for one partition."""

    partition: int
    chunk: Chunk
    high_watermark: int
    """The end of the partition: records before this offset can be read."""


def read_records(data: bytes, from_offset: int, checksum: Callable[[bytes], int]) -> Chunk:
    """Return the records of *data* from *from_offset* on. *checksum* computes a CRC-32C.

    Control batches are skipped, and so are records before *from_offset*: a fetch returns the whole batch that contains
    it. A truncated last batch is left for the next fetch. No error is raised for bad data: reading stops at the first
    batch that is damaged or not supported, and the chunk names it as ``unreadable``.
    """
    records: list[Record] = []
    at, next_offset, size = 0, from_offset, len(data)
    while size - at >= _HEADER.size:
        base_offset, length, _, magic, crc, attributes, last_delta, count = _HEADER.unpack_from(data, at)
        end = at + _AFTER_LENGTH + length
        end_offset = base_offset + last_delta + 1
        if magic != 2 or length < _HEADER.size - _AFTER_LENGTH or last_delta < 0:
            return _stop(records, next_offset, f"there is no record batch in format 2 at offset {next_offset}", 0)
        if end > size:
            break
        if checksum(data[at + _AFTER_CRC : end]) != crc:
            reason = f"the record batch at offset {base_offset} is damaged: its checksum is wrong"
            return _stop(records, next_offset, reason, end_offset)
        if not attributes & _CONTROL:
            try:
                if codec := attributes & _COMPRESSION_MASK:
                    body = _inflate(data[at + _HEADER.size : end], codec)
                    records += _records_of(body, 0, len(body), count, base_offset, from_offset)
                else:
                    records += _records_of(data, at + _HEADER.size, end, count, base_offset, from_offset)
            except (IndexError, ValueError, zlib.error) as broken:
                reason = f"the record batch at offset {base_offset} cannot be read: {broken}"
                return _stop(records, next_offset, reason, end_offset)
        next_offset = max(next_offset, end_offset)
        at = end
    return Chunk(records, next_offset)


def _stop(records: list[Record], next_offset: int, reason: str, end_offset: int) -> Chunk:
    return Chunk(records, next_offset, UnreadableBatch(reason, max(end_offset, next_offset + 1)))


# Written out like the decoders in ``records``: no helper is called for an ordinary record.
def _records_of(data: bytes, at: int, end: int, count: int, base_offset: int, from_offset: int) -> list[Record]:
    """Return the records of one batch that are not before *from_offset*.

    Raises IndexError or ValueError if the records do not match the batch's header.
    """
    records: list[Record] = []
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
            records.append((offset, key, value))
    if at != end:
        raise ValueError(f"its records end {abs(end - at)} bytes too {'early' if at < end else 'late'}")
    return records


def _after_headers(data: bytes, at: int) -> int:
    count, at = read_uvarint(data, at)
    for _ in range(count >> 1):
        length, at = read_uvarint(data, at)
        at += length >> 1
        length, at = read_uvarint(data, at)
        at += 0 if length & 1 else length >> 1
    return at


def _inflate(data: bytes, codec: int) -> bytes:
    if codec != _GZIP:
        name = _CODECS[codec] if codec < len(_CODECS) else f"codec {codec}"
        raise ValueError(f"it is compressed with {name}; set compression.type=uncompressed on the topic")
    inflater = zlib.decompressobj(wbits=31)
    inflated = inflater.decompress(data, MAX_INFLATED_BYTES)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError(f"it is truncated, or inflates to more than {MAX_INFLATED_BYTES} bytes")
    return inflated
