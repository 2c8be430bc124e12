"""Writes records into a broker's transaction log, as no client does: for logs larger or odder than real ones."""

import gzip
import json
import socket
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from crc32c import crc32c

from lab.broker import Broker
from lab.process import LabError, wait_until

LOG = "__transaction_state"
PARTITIONS = 5
NOT_LEADER = 6
IDS_PER_BATCH = 5000
RECORDED = Path(__file__).parents[1] / "recorded" / "transaction-log-tv2.json"
WRITTEN_MS = 1_795_358_947_226

Entry = tuple[bytes, bytes]
"""A record's key and value."""


class LogWriter:
    """Creates the transaction log of a new broker, and appends to it. The coordinators ignore what is written."""

    def __init__(self, broker: Broker) -> None:
        """Create the log, with batches that stay as they are sent."""
        self._broker = broker
        broker.create_topic(LOG, partitions=PARTITIONS, cleanup_policy="compact", compression_type="producer")

    def write(self, partition: int, entries: Sequence[Entry], *, compressed: bool = False) -> None:
        """Append one batch. Only Kafka's own admin client may write to an internal topic."""
        data = batch(entries, compressed=compressed)
        codes = [NOT_LEADER]

        def is_answered() -> bool:  # the partition of a new topic has no leader at first
            codes[:] = [produce(self._broker, LOG, partition, data, client_id="__admin_client")]
            return codes != [NOT_LEADER]

        wait_until(f"{LOG}-{partition} has a leader", is_answered)
        if codes != [0]:
            raise LabError(f"{LOG}-{partition}: the broker answered the write with error code {codes[0]}")

    def write_ids(self, first: int, count: int) -> None:
        """Append *count* transactional ids, each with a completed transaction, to all partitions but the last."""
        for number in range(first, first + count, IDS_PER_BATCH):
            ids = range(number, min(number + IDS_PER_BATCH, first + count))
            self.write(number // IDS_PER_BATCH % (PARTITIONS - 1), [completed(one) for one in ids])


def completed(number: int) -> Entry:
    """Return the record of a transactional id that has completed a transaction."""
    name = b"orders-service-%06d" % number
    value = _recorded_complete_commit()
    return struct.pack(">hh", 0, len(name)) + name, value[:2] + struct.pack(">q", number) + value[10:]


def batch(entries: Sequence[Entry], *, compressed: bool = False) -> bytes:
    """Return a record batch, compressed with gzip or not at all."""
    records = bytearray()
    for delta, (key, value) in enumerate(entries):
        record = b"\0\0" + _varint(delta) + _varint(len(key)) + key + _varint(len(value)) + value + b"\0"
        records += _varint(len(record)) + record
    times = (WRITTEN_MS, WRITTEN_MS)
    body = struct.pack(">hiqqqhii", int(compressed), len(entries) - 1, *times, -1, -1, -1, len(entries))
    body += gzip.compress(records) if compressed else records
    return struct.pack(">qiibI", 0, len(body) + 9, 0, 2, crc32c(body)) + body


def produce(broker: Broker, name: str, partition: int, data: bytes, *, client_id: str = "lab") -> int:
    """Return the error code of a Produce request, version 3: acks=all, one topic, one partition."""
    body = _text("ghost") + struct.pack(">hii", -1, 5000, 1) + _text(name)
    body += struct.pack(">iii", 1, partition, len(data))
    message = struct.pack(">hhi", 0, 3, 1) + _text(client_id) + body + data
    host, port = broker.bootstrap.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        size = struct.unpack(">i", connection.recv(4, socket.MSG_WAITALL))[0]
        answer = connection.recv(size, socket.MSG_WAITALL)
    code: int = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name) + 4 + 4)[0]
    return code


@cache
def _recorded_complete_commit() -> bytes:
    values = (bytes.fromhex(record["value"]) for record in json.loads(RECORDED.read_text())["records"])
    return next(value for value in values if value[16] == 4)


def _text(word: str) -> bytes:
    return struct.pack(">h", len(word)) + word.encode()


def _varint(number: int) -> bytes:
    encoded, rest = bytearray(), number << 1  # zigzag; no number here is negative
    while rest > 127:
        encoded.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*encoded, rest])
