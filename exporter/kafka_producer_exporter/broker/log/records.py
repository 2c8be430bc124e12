"""Decodes the records of ``__transaction_state``, in which the transaction coordinators log every transition.

Rule 1: bytes in, values out; nothing is remembered.
Rule 2: brokers may be newer than the exporter, so a record with an unknown version or state is not an error: it decodes
        to ``UnknownRecord``. A record that violates its format raises ``DamagedRecordError``. Nothing else is raised.

The formats are in Kafka's TransactionLogKey.json and TransactionLogValue.json. The decoders are written out field by
field and call no helper for an ordinary record: a busy cluster writes some ten thousand records per second.
"""

from enum import IntEnum
from struct import Struct, error, unpack_from
from typing import NamedTuple

from kafka_producer_exporter.broker.log.varint import read_uvarint

TOPIC = "__transaction_state"


class TransactionState(IntEnum):
    """A transaction's state in the coordinator. DEAD and PREPARE_EPOCH_FENCE are never written to the log."""

    EMPTY = 0
    """The producer has a session and no transaction. Only InitProducerId writes it."""
    ONGOING = 1
    PREPARE_COMMIT = 2
    """The commit is decided and durable; its markers are being written."""
    PREPARE_ABORT = 3
    """The abort is decided and durable; its markers are being written."""
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7


UNFINISHED = (TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
"""The states of a transaction whose markers are not all written."""

Partitions = tuple[tuple[str, tuple[int, ...]], ...]
"""Topics, each with the partitions that the transaction wrote to."""


class Transition(NamedTuple):
    """The state that the coordinator moved a transactional id to."""

    transactional_id: str
    version: int
    """Version of the record format: 1 if the cluster's ``transaction.version`` is 1 or higher, else 0."""
    producer_id: int
    epoch: int
    timeout_ms: int
    state: TransactionState
    partitions: Partitions | None
    last_update_ms: int
    start_ms: int
    """-1 if no transaction has started in this session."""
    previous_producer_id: int = -1
    """Brokers since 4.4 always write it. It differs from producer_id only when the epoch has rolled over."""
    client_transaction_version: int = 0
    """2 if the client uses transaction protocol 2, or if a coordinator that supports it wrote the record itself."""


class Tombstone(NamedTuple):
    """The coordinator has forgotten a transactional id because it was unused for too long."""

    transactional_id: str


class UnknownRecord(NamedTuple):
    """A record in a format that this module does not know. Callers count it and skip it."""

    kind: str
    """``key version 3``, ``value version 2`` or ``state 9``."""


class DamagedRecordError(ValueError):
    """The record violates the format of its version."""


_HEAD = Struct(">hqhib").unpack_from  # version, producer id, epoch, timeout, state
_TIMES = Struct(">qq").unpack_from  # last update, start
_INT64 = Struct(">q").unpack_from
_INT32 = Struct(">i").unpack_from
_INT16 = Struct(">h").unpack_from
_STATES = tuple(TransactionState)
_new_tuple = tuple.__new__  # what a NamedTuple's constructor calls; calling it directly saves a function call


def decode(key: bytes, value: bytes | None) -> Transition | Tombstone | UnknownRecord:
    """Decode one record. A *value* of None is a tombstone.

    Raises DamagedRecordError if the record is truncated or inconsistent.
    """
    try:
        if key[0] or key[1]:
            return UnknownRecord(f"key version {_INT16(key)[0]}")
        transactional_id = _transactional_id(key)
        if value is None:
            return Tombstone(transactional_id)
        if value[0] or value[1] > 1:
            return UnknownRecord(f"value version {_INT16(value)[0]}")
        return _transition_v1(transactional_id, value) if value[1] else _transition_v0(transactional_id, value)
    except (IndexError, ValueError, error) as broken:
        raise DamagedRecordError(f"the record is truncated or malformed: {broken}") from broken


def _transactional_id(key: bytes) -> str:
    length = _INT16(key, 2)[0]
    if length < 0 or len(key) < 4 + length:
        raise ValueError(f"the key declares {length} bytes but has {len(key) - 4}")
    return key[4 : 4 + length].decode()


# One long function on purpose: no other code of the broker view runs as often. Lengths and counts are stored plus one,
# and 0 stands for null (Kafka's compact types).
def _transition_v1(transactional_id: str, value: bytes) -> Transition | UnknownRecord:  # noqa: PLR0912, PLR0915
    version, producer_id, epoch, timeout_ms, status = _HEAD(value)
    if not 0 <= status <= 7:
        return UnknownRecord(f"state {status}")
    topics_plus_one, at = value[17], 18
    if topics_plus_one > 127:
        topics_plus_one, at = read_uvarint(value, 17)
    partitions: Partitions | None = None
    if topics_plus_one == 1:
        partitions = ()
    elif topics_plus_one:
        topics = []
        for _ in range(topics_plus_one - 1):
            length, at = value[at], at + 1
            if length > 127:
                length, at = read_uvarint(value, at - 1)
            if not length:
                raise ValueError("a topic has no name")
            end = at + length - 1
            topic = value[at:end].decode()
            partitions_plus_one, at = value[end], end + 1
            if partitions_plus_one > 127:
                partitions_plus_one, at = read_uvarint(value, end)
            if partitions_plus_one == 2:  # one partition, the usual case: saves building a format string
                ids: tuple[int, ...] = _INT32(value, at)
            elif partitions_plus_one:
                ids = unpack_from(f">{partitions_plus_one - 1}i", value, at)
            else:
                raise ValueError(f"topic {topic} has no list of partitions")
            at += 4 * partitions_plus_one - 4
            tagged_fields, at = read_uvarint(value, at) if value[at] else (0, at + 1)
            for _ in range(tagged_fields):
                at = _after_tagged_field(value, at)
            topics.append((topic, ids))
        partitions = tuple(topics)
    last_update_ms, start_ms = _TIMES(value, at)
    at += 16
    previous_producer_id = -1
    client_transaction_version = 0
    tagged_fields, at = value[at], at + 1
    if tagged_fields > 127:
        tagged_fields, at = read_uvarint(value, at - 1)
    for _ in range(tagged_fields):
        tag, size = value[at], value[at + 1]
        if tag == 0 and size == 8:
            previous_producer_id = _INT64(value, at + 2)[0]
            at += 10
        elif tag == 2 and size == 2:
            client_transaction_version = _INT16(value, at + 2)[0]
            at += 4
        elif (tag == 1 and size == 8) or (tag == 3 and size == 2):
            at += 2 + size  # the next producer id and the next epoch: nothing uses them
        elif tag <= 3:
            raise ValueError(f"tagged field {tag} has {size} bytes")
        else:
            at = _after_tagged_field(value, at)
    if at > len(value):
        raise ValueError("the last tagged field is truncated")
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
        previous_producer_id,
        client_transaction_version,
    )
    return _new_tuple(Transition, fields)


def _transition_v0(transactional_id: str, value: bytes) -> Transition | UnknownRecord:
    version, producer_id, epoch, timeout_ms, status = _HEAD(value)
    if not 0 <= status <= 7:
        return UnknownRecord(f"state {status}")
    topic_count, at = _INT32(value, 17)[0], 21
    if topic_count < -1:
        raise ValueError(f"the record has {topic_count} topics")
    topics = []
    for _ in range(topic_count):
        end = at + 2 + _INT16(value, at)[0]
        if end < at + 2:
            raise ValueError("a topic has no name")
        topic = value[at + 2 : end].decode()
        partition_count = _INT32(value, end)[0]
        if partition_count < 0:
            raise ValueError(f"topic {topic} has no list of partitions")
        at = end + 4 + 4 * partition_count
        topics.append((topic, unpack_from(f">{partition_count}i", value, end + 4)))
    last_update_ms, start_ms = _TIMES(value, at)
    return Transition(
        transactional_id,
        version,
        producer_id,
        epoch,
        timeout_ms,
        _STATES[status],
        None if topic_count < 0 else tuple(topics),
        last_update_ms,
        start_ms,
    )


def _after_tagged_field(data: bytes, at: int) -> int:
    """Return the position after the tagged field at *at*, which is its number, its size and its bytes."""
    _, at = read_uvarint(data, at)
    size, at = read_uvarint(data, at)
    return at + size
