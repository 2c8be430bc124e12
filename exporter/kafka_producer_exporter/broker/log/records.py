"""Records of ``__transaction_state``: what the transaction coordinator wrote, as values.

Rule 1: bytes in, values out; nothing is remembered.
Rule 2: a version or a state that is newer than this file is a value of its own (``UnknownRecord``), since a broker may
        be upgraded before the exporter; bytes that break the format raise ``DamagedRecordError``, and nothing else is
        raised.

The formats are Kafka's TransactionLogKey.json and TransactionLogValue.json. The reads are written out, field by field,
with no helper on the way of an ordinary record: a busy cluster writes some ten thousand of them a second.
"""

from enum import IntEnum
from struct import Struct, error, unpack_from
from typing import NamedTuple

TOPIC = "__transaction_state"


class TransactionState(IntEnum):
    """The state that the coordinator moved the transaction to. DEAD and PREPARE_EPOCH_FENCE are never written."""

    EMPTY = 0
    """A session has begun: only InitProducerId writes it."""
    ONGOING = 1
    PREPARE_COMMIT = 2
    """The commit is decided, and durable; its markers are being written."""
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7


Partitions = tuple[tuple[str, tuple[int, ...]], ...]
"""Topics, each with the partitions that the transaction wrote to."""


class Transition(NamedTuple):
    """One record of the log: the state that a transactional id was moved to."""

    transactional_id: str
    version: int
    """Of the record's format: 1 where the cluster's ``transaction.version`` is at least 1."""
    producer_id: int
    epoch: int
    timeout_ms: int
    state: TransactionState
    partitions: Partitions | None
    last_update_ms: int
    start_ms: int
    """-1: no transaction has begun since the session did."""
    previous_producer_id: int = -1
    """4.4 brokers write the id itself here, and another one only where the epoch rolled over."""
    next_producer_id: int = -1
    client_transaction_version: int = 0
    """2: written for a client with transaction protocol 2, or by a coordinator that has it."""
    next_epoch: int = -1


class Tombstone(NamedTuple):
    """The transactional id was not used for long, and the coordinator has forgotten it."""

    transactional_id: str


class UnknownRecord(NamedTuple):
    """A record of a kind that this file does not know: to be counted and passed over."""

    kind: str
    """``key version 3``, ``value version 2`` or ``state 9``."""


class DamagedRecordError(ValueError):
    """The bytes are not what their version says."""


_HEAD = Struct(">hqhib").unpack_from  # version, producer id, epoch, time-out, state
_TIMES = Struct(">qq").unpack_from  # last update, start
_INT64 = Struct(">q").unpack_from
_INT32 = Struct(">i").unpack_from
_INT16 = Struct(">h").unpack_from
_STATES = tuple(TransactionState)
_made = tuple.__new__  # what a NamedTuple's own constructor calls, without that function in between


def decode(key: bytes, value: bytes | None) -> Transition | Tombstone | UnknownRecord:
    """Return what the record says; raise DamagedRecordError where it is cut short or contradicts itself."""
    try:
        if key[0] or key[1]:
            return UnknownRecord(f"key version {_INT16(key)[0]}")
        length = _INT16(key, 2)[0]
        if length < 0 or len(key) < 4 + length:
            raise DamagedRecordError(f"the key says {length} bytes and has {len(key) - 4}")
        transactional_id = key[4 : 4 + length].decode()
        if value is None:
            return Tombstone(transactional_id)
        if value[0] or value[1] > 1:
            return UnknownRecord(f"value version {_INT16(value)[0]}")
        return _transition_v1(transactional_id, value) if value[1] else _transition_v0(transactional_id, value)
    except (IndexError, error, UnicodeDecodeError) as broken:
        raise DamagedRecordError(f"the record ends too early or is no record: {broken}") from broken


# One long function on purpose: this is the busiest code of the broker's side.
def _transition_v1(transactional_id: str, value: bytes) -> Transition | UnknownRecord:  # noqa: PLR0912, PLR0915
    version, producer_id, epoch, timeout_ms, status = _HEAD(value)
    if not 0 <= status <= 7:
        return UnknownRecord(f"state {status}")
    count, at = value[17], 18
    if count > 127:
        count, at = _uvarint(value, 17)
    partitions: Partitions | None = None
    if count == 1:
        partitions = ()
    elif count:
        topics = []
        for _ in range(count - 1):
            length, at = value[at], at + 1
            if length > 127:
                length, at = _uvarint(value, at - 1)
            if not length:
                raise DamagedRecordError("a topic has no name")
            end = at + length - 1
            topic = value[at:end].decode()
            amount, at = value[end], end + 1
            if amount > 127:
                amount, at = _uvarint(value, end)
            if amount == 2:  # one partition, the usual case: no format to be made
                ids: tuple[int, ...] = _INT32(value, at)
            elif amount:
                ids = unpack_from(f">{amount - 1}i", value, at)
            else:
                raise DamagedRecordError(f"topic {topic} has no list of partitions")
            at += 4 * amount - 4
            tags, at = _uvarint(value, at) if value[at] else (0, at + 1)
            for _ in range(tags):
                at = _after_tag(value, at)
            topics.append((topic, ids))
        partitions = tuple(topics)
    last_update_ms, start_ms = _TIMES(value, at)
    at += 16
    previous = following = next_epoch = -1
    client_version = 0
    tags, at = value[at], at + 1
    if tags > 127:
        tags, at = _uvarint(value, at - 1)
    for _ in range(tags):
        tag, size = value[at], value[at + 1]
        if tag == 0 and size == 8:
            previous = _INT64(value, at + 2)[0]
            at += 10
        elif tag == 2 and size == 2:
            client_version = _INT16(value, at + 2)[0]
            at += 4
        elif tag == 1 and size == 8:
            following = _INT64(value, at + 2)[0]
            at += 10
        elif tag == 3 and size == 2:
            next_epoch = _INT16(value, at + 2)[0]
            at += 4
        elif tag <= 3:
            raise DamagedRecordError(f"tag {tag} has {size} bytes")
        else:
            at = _after_tag(value, at)
    if at > len(value):
        raise DamagedRecordError("the last tag ends too early")
    fields = (
        transactional_id,
        version,
        producer_id,
        epoch,
        timeout_ms,
        _STATES[status],
        partitions,
        last_update_ms,
        start_ms,
        previous,
        following,
        client_version,
        next_epoch,
    )
    return _made(Transition, fields)


def _transition_v0(transactional_id: str, value: bytes) -> Transition | UnknownRecord:
    version, producer_id, epoch, timeout_ms, status = _HEAD(value)
    if not 0 <= status <= 7:
        return UnknownRecord(f"state {status}")
    count, at = _INT32(value, 17)[0], 21
    if count < -1:
        raise DamagedRecordError(f"{count} topics")
    topics = []
    for _ in range(count):
        end = at + 2 + _INT16(value, at)[0]
        if end < at + 2:
            raise DamagedRecordError("a topic has no name")
        topic = value[at + 2 : end].decode()
        amount = _INT32(value, end)[0]
        if amount < 0:
            raise DamagedRecordError(f"topic {topic} has no list of partitions")
        at = end + 4 + 4 * amount
        topics.append((topic, unpack_from(f">{amount}i", value, end + 4)))
    last_update_ms, start_ms = _TIMES(value, at)
    return Transition(
        transactional_id,
        version,
        producer_id,
        epoch,
        timeout_ms,
        _STATES[status],
        None if count < 0 else tuple(topics),
        last_update_ms,
        start_ms,
    )


def _uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned varint of at most 32 bits, and where it ends."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 28:
            raise DamagedRecordError("a length has more than five bytes")


def _after_tag(data: bytes, at: int) -> int:
    """Return where the tagged field ends that begins here: its number, its size, its bytes."""
    _, at = _uvarint(data, at)
    size, at = _uvarint(data, at)
    return at + size


def partition_for(transactional_id: str, partition_count: int) -> int:
    """Return the partition of the log that holds an id: Java's ``Utils.abs(id.hashCode()) % count``."""
    hashed = 0
    units = transactional_id.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        hashed = (31 * hashed + (high << 8 | low)) & 0xFFFFFFFF
    if hashed == 0x80000000:  # Integer.MIN_VALUE has no positive counterpart: Utils.abs makes it 0
        return 0
    return min(hashed, 0x100000000 - hashed) % partition_count
