"""Recorded transaction logs, and Kafka's rule for which partition of the log holds a transactional id."""

import json
from typing import Any, NamedTuple

from tests.paths import RECORDED


class RecordedRecord(NamedTuple):
    """A record of a real broker's log, and the fields that an independent decoder read from it."""

    partition: int
    offset: int
    transactional_id: str
    key: bytes
    value: bytes
    fields: dict[str, Any]


def recorded_log(name: str) -> list[RecordedRecord]:
    """Return the records of a recorded log: ``tv0``, ``tv1``, ``tv2`` (by ``transaction.version``) or ``rollover``."""
    records = json.loads((RECORDED / f"transaction-log-{name}.json").read_text())["records"]
    return [
        RecordedRecord(
            record["partition"],
            record["offset"],
            record["transactional_id"],
            bytes.fromhex(record["key"]),
            bytes.fromhex(record["value"]),
            record["fields"],
        )
        for record in records
    ]


def partition_for(transactional_id: str, partition_count: int) -> int:
    """Return the partition of the log that holds an id: Java's ``Utils.abs(id.hashCode()) % count``."""
    hashed = 0
    units = transactional_id.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        hashed = (31 * hashed + (high << 8 | low)) & 0xFFFFFFFF
    if hashed == 0x80000000:  # Integer.MIN_VALUE has no positive counterpart: Utils.abs returns 0
        return 0
    return min(hashed, 0x100000000 - hashed) % partition_count
