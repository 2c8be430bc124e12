"""Measures how fast the transaction log is read: our reader against kafka-python's consumer with a plain decoder.

``python -m benchmarks.transaction_log --records 1000000`` copies the records of a recorded log into a topic of a real
broker, one record per batch, as the coordinator writes them. It writes the segment file while the broker is down.
Both sides take turns to read the topic to its end. They check every CRC with the same function and must agree on the
number of commits and aborts. Our side does everything that the exporter does; the other side only counts states.
Times are processor time of this process, so the broker's work is not included.
"""

import argparse
import cProfile
import itertools
import json
import pstats
import struct
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.record import default_records
from kafka.record.util import calc_crc32c, crc32c_c, crc32c_py

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.log.follower import take_in
from kafka_producer_exporter.broker.log.records import TransactionState, decode
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker as BrokerSettings
from lab.broker import Broker

RECORDED = Path(__file__).parents[1] / "recorded" / "transaction-log-tv2.json"
TOPIC = "copied-log"
Checksum = Callable[[bytes], int]
Counted = tuple[int, int, int]
"""Commits, aborts, and the offset after the last record."""


def recorded_records() -> list[tuple[bytes, bytes]]:
    """Return the keys and values of the recorded log."""
    records = json.loads(RECORDED.read_text())["records"]
    return [(bytes.fromhex(record["key"]), bytes.fromhex(record["value"])) for record in records]


def write_segment(path: Path, count: int) -> None:
    """Write *count* records: the recorded log over and over, with other transactional ids each time."""
    records = recorded_records()
    with path.open("wb") as segment:
        for offset, (key, value) in zip(range(count), itertools.cycle(records), strict=False):
            name = key[4:] + b"-%d" % (offset // len(records) % 50)
            segment.write(one_record_batch(offset, struct.pack(">hh", 0, len(name)) + name, value))


def one_record_batch(offset: int, key: bytes, value: bytes) -> bytes:
    """Return a record batch of one record."""
    record = b"\0\0\0" + varint(len(key)) + key + varint(len(value)) + value + b"\0"
    body = struct.pack(">hiqqqhii", 0, 0, 1, 1, -1, -1, -1, 1) + varint(len(record)) + record
    return struct.pack(">qiibI", offset, len(body) + 9, 0, 2, calc_crc32c(body)) + body


def varint(number: int) -> bytes:
    """Return a number that is not negative as a zigzag varint."""
    encoded, rest = bytearray(), number << 1
    while rest > 127:
        encoded.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*encoded, rest])


def copied_log(broker: Broker, count: int) -> None:
    """Create a topic with *count* records of the recorded log, and restart the broker with it."""
    broker.create_topic(TOPIC, retention_ms=-1, segment_bytes=(1 << 31) - 1)
    broker.stop()
    folder = broker.folder / "data" / f"{TOPIC}-0"
    for index in folder.glob("*index"):
        index.unlink()  # the broker rebuilds them
    write_segment(folder / f"{0:020}.log", count)
    broker.start()


def by_us(bootstrap: str, checksum: Checksum) -> Counted:
    """Read the topic as the exporter does."""
    client = Client(BrokerSettings(bootstrap_servers=(Address.parse(bootstrap),), request_timeout_seconds=30))
    reader = LogReader(client, topic=TOPIC, checksum=checksum)
    tracker = TransactionTracker()
    reader.partitions()
    tracker.follow(0, from_offset=reader.offsets([0], EARLIEST)[0], counting_from=0)
    end = reader.offsets([0], LATEST)[0]
    while tracker.position(0) < end:
        for fetched in reader.fetch({0: tracker.position(0)}, wait_seconds=0.5):
            take_in(tracker, fetched.partition, fetched.chunk)
    client.close()
    return counted(tracker)


def by_kafka_python(bootstrap: str, checksum: Checksum) -> Counted:
    """Read the topic with KafkaConsumer and the decoder that one would write first."""
    default_records.calc_crc32c = checksum
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partition = TopicPartition(TOPIC, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    states: Counter[int] = Counter()
    position = 0
    while position < end:
        for record in consumer.poll(timeout_ms=500).get(partition, ()):
            states[plain_decode(record.key, record.value)["state"]] += 1
            position = record.offset + 1
    consumer.close()
    return states[TransactionState.COMPLETE_COMMIT], states[TransactionState.COMPLETE_ABORT], position


def plain_decode(key: bytes, value: bytes) -> dict[str, Any]:
    """Decode one record, one field at a time."""
    fields = Fields(value)
    record: dict[str, Any] = {"id": Fields(key[2:]).take(struct.unpack(">h", key[2:4])[0] + 2)[2:].decode()}
    record["version"] = fields.number("h")
    for name, kind in (("producer_id", "q"), ("epoch", "h"), ("timeout", "i"), ("state", "b")):
        record[name] = fields.number(kind)
    record["partitions"] = []
    for _ in range(fields.uvarint() - 1):
        topic = fields.take(fields.uvarint() - 1).decode()
        record["partitions"].append((topic, [fields.number("i") for _ in range(fields.uvarint() - 1)]))
        fields.tags()
    record["last_update"], record["start"] = fields.number("q"), fields.number("q")
    record["tags"] = fields.tags()
    return record


class Fields:
    """Reads fields one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:  # noqa: D102
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, kind: str) -> int:  # noqa: D102
        number: int = struct.unpack(f">{kind}", self.take(struct.calcsize(f">{kind}")))[0]
        return number

    def uvarint(self) -> int:  # noqa: D102
        number = shift = 0
        while True:
            byte = self.number("B")
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def tags(self) -> dict[int, bytes]:  # noqa: D102
        return {self.uvarint(): self.take(self.uvarint()) for _ in range(self.uvarint())}


def counted(tracker: TransactionTracker) -> Counted:
    """Return the totals of a tracker that has read the topic to its end."""
    tracker.settle(0)
    tracker.settle(SETTLE_AFTER_MS)  # no abort is pending any more
    series = list(tracker.series())
    return (
        sum(one.counts.committed for one in series),
        sum(sum(one.counts.aborted.values()) for one in series),
        tracker.position(0),
    )


def timed(read: Callable[[str, Checksum], Counted], bootstrap: str, checksum: Checksum) -> tuple[float, Counted]:
    """Return the processor seconds of a read, and what it counted."""
    start = time.process_time()
    found = read(bootstrap, checksum)
    return time.process_time() - start, found


def compare(bootstrap: str, records: int, rounds: int) -> None:
    """Print the records per second of both sides, for each checksum function."""
    print(f"{records} records, one per batch; best of {rounds} rounds, taking turns; processor time of one core")
    print(f"{'CRC-32C':28}{'kafka-python':>16}{'ours':>16}{'ratio':>8}")
    for name, checksum in checksums():
        best = [float("inf"), float("inf")]
        for _ in range(rounds):
            (theirs, their_counts), (ours, our_counts) = (
                timed(read, bootstrap, checksum) for read in (by_kafka_python, by_us)
            )
            if their_counts != our_counts:
                sys.exit(f"the two sides disagree: kafka-python counted {their_counts}, we counted {our_counts}")
            best = [min(best[0], theirs), min(best[1], ours)]
        rates = [f"{records / seconds:,.0f}/s" for seconds in best]
        print(f"{name:28}{rates[0]:>16}{rates[1]:>16}{best[0] / best[1]:>8.1f}")


def profile(bootstrap: str) -> None:
    """Print where our time goes if the checksum is computed in Python."""
    profiler = cProfile.Profile()
    profiler.runcall(by_us, bootstrap, crc32c_py)
    functions = pstats.Stats(profiler).get_stats_profile()
    print(f"\nOur side with the checksum in Python: shares of {functions.total_tt:.1f} s under cProfile")
    busiest = sorted(functions.func_profiles.items(), key=lambda item: -item[1].tottime)
    for name, function in busiest[:8]:
        print(f"{function.tottime / functions.total_tt:6.0%} {name}")


def checksums() -> Iterator[tuple[str, Checksum]]:
    """Yield the checksum functions to compare with."""
    yield "native (package crc32c)", crc32c_c
    yield "kafka-python's, in Python", crc32c_py


def memory_for_ids(count: int) -> None:
    """Print the memory for *count* transactional ids that have each finished a transaction."""
    value = next(value for _, value in recorded_records() if value[16] == 4)
    tracker = TransactionTracker()
    tracker.follow(0, from_offset=0, counting_from=count)
    tracemalloc.start()
    for number in range(count):
        name = b"orders-service-%06d" % number
        tracker.apply(
            0,
            number,
            decode(struct.pack(">hh", 0, len(name)) + name, value[:2] + struct.pack(">q", number) + value[10:]),
        )
    tracker.begin_counting()
    print(f"{count} transactional ids: {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
    tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="also print where our time goes")
    arguments = parser.parse_args()
    with Broker() as broker:
        copied_log(broker, arguments.records)
        if arguments.rounds:
            compare(broker.bootstrap, arguments.records, arguments.rounds)
        if arguments.profile:
            profile(broker.bootstrap)
    memory_for_ids(100_000)


if __name__ == "__main__":
    main()
