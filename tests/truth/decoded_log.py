"""What happened to each transactional id, by the text that Kafka's own decoder prints of the transaction log.

Nothing of the exporter is used. A coordinator has one transaction of an id at a time, so everything up to a Complete
record is one transaction, and the Complete record says how it ended.
"""

import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from lab import jvm

TOPIC = "__transaction_state"
STARTED, COMMITTED, ABORTED, SESSIONS, UNENDED = "started", "committed", "aborted", "sessions", "without an end"
TIMEOUT_SECONDS = 120.0

_FILE = re.compile(rf"^Dumping .*/{TOPIC}-(\d+)/\d+\.log$")
_RECORD = re.compile(r"^\| offset: (\d+) .* key: (\{.*\}) payload: (\{.*\})$")


class Status(IntEnum):
    """The numbers that the log has for the states of a transaction."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5


class Entry(NamedTuple):
    """One record of the log."""

    partition: int
    offset: int
    transactional_id: str
    status: Status
    producer_id: int
    epoch: int
    start_ms: int


def decode(folders: Mapping[int, Path]) -> list[Entry]:
    """Run the decoder on each partition's folder; the whole log must be there, from its first record on."""
    files = [str(file) for folder in folders.values() for file in sorted(folder.glob("*.log"))]
    command = [jvm.java(), *jvm.SMALL, "-cp", jvm.class_path("kafka-tools-4.3.1")]
    command += ["org.apache.kafka.tools.DumpLogSegments", "--transaction-log-decoder", "--files", ",".join(files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True)
    return read(done.stdout)


def read(text: str) -> list[Entry]:
    """Return the records that the decoder has printed.

    Raises ValueError for a line that is not understood and for a record that is missing: nothing may be skipped.
    """
    entries: list[Entry] = []
    partition, next_offset = -1, 0
    for line in text.splitlines():
        if found := _FILE.match(line):
            if int(found[1]) != partition:
                partition, next_offset = int(found[1]), 0
        elif found := _RECORD.match(line):
            key, value = json.loads(found[2])["data"], json.loads(found[3])["data"]
            entry = Entry(
                partition,
                int(found[1]),
                key["transactionalId"],
                Status(value["transactionStatus"]),
                value["producerId"],
                value["producerEpoch"],
                value["transactionStartTimestampMs"],
            )
            if entry.offset != next_offset:
                raise ValueError(f"{TOPIC}-{partition}: the records from {next_offset} to {entry.offset} are missing")
            next_offset += 1
            entries.append(entry)
        elif line.startswith("baseOffset: "):
            if "isvalid: true" not in line:
                raise ValueError(f"{TOPIC}-{partition}: a damaged batch: {line}")
        elif line and not line.startswith("Log starting offset: "):
            raise ValueError(f"a line that the decoder is not known to print: {line}")
    return entries


def counts(entries: Iterable[Entry], counted_from: int = 0) -> dict[str, Counter[str]]:
    """Return what happened to each id at *counted_from* and later. *entries* are all records of one partition."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    last: dict[str, Entry] = {}
    for entry in entries:
        before = last.get(entry.transactional_id)
        last[entry.transactional_id] = entry
        happened = []
        is_open = before is not None and Status.ONGOING <= before.status <= Status.PREPARE_ABORT
        if entry.status is Status.EMPTY:
            happened += [UNENDED] * is_open
            is_repeated = before is not None and before._replace(offset=entry.offset) == entry
            happened += [SESSIONS] * (not is_repeated)
        elif entry.status <= Status.PREPARE_ABORT:
            happened += [STARTED] * (not is_open)
        elif is_open:
            happened += [COMMITTED if entry.status is Status.COMPLETE_COMMIT else ABORTED]
        elif before is None or before._replace(offset=entry.offset) != entry:
            raise ValueError(f"a transaction ends that has not begun: {entry}")
        if entry.offset >= counted_from:
            found[entry.transactional_id].update(happened)
    return {transactional_id: +counter for transactional_id, counter in found.items() if +counter}


def withdrawn(entries: Iterable[Entry]) -> int:
    """Return how many starts and decisions a coordinator has taken back: the next record of the id contradicts them."""
    last: dict[str, Entry] = {}
    times = 0
    for entry in entries:
        before = last.get(entry.transactional_id)
        last[entry.transactional_id] = entry
        if before is not None and before.status in (Status.PREPARE_COMMIT, Status.PREPARE_ABORT):
            times += entry.status not in (before.status, before.status + 2)
        elif before is not None and before.status is Status.ONGOING:
            times += entry.start_ms != before.start_ms
    return times
