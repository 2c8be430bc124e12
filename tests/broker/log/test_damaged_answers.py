"""Whatever bits of the answers are flipped in transit, what is counted is what the log says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record.util import calc_crc32c as checksum

from kafka_producer_exporter.broker.log.follower import LogFollower, Shard
from kafka_producer_exporter.broker.log.record_batches import Fetched, read_records
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from lab.log_writer import batch
from tests.transaction_log import recorded_log

PARTITION = 0
HEADER_BYTES = 21
"""Base offset, length, leader epoch, magic and checksum: what the checksum does not cover, and the checksum itself."""
RECORDS = [(record.key, record.value) for record in recorded_log("tv2") if record.transactional_id == "tx-4.4.0"]


def batches(sizes):
    """Divide the recorded log into batches of these sizes, over and over. Return their offsets and bytes."""
    found, offset = [], 0
    while offset < len(RECORDS):
        entries = RECORDS[offset : offset + sizes[len(found) % len(sizes)]]
        found.append((offset, offset.to_bytes(8, "big") + batch(entries)[8:]))
        offset += len(entries)
    return found


class Broker:
    """Sends whole batches, beginning with that of the requested offset, and damages some of its answers."""

    def __init__(self, log, batches_per_answer):
        self.log = log
        self.batches_per_answer = batches_per_answer
        self.damage = []
        """For each of the next answers: the number of a batch in it and of the bit to flip in its header, or None."""

    def fetch(self, position):
        behind = [number for number, (offset, _) in enumerate(self.log) if offset <= position]
        first = behind[-1] if position < len(RECORDS) else len(self.log)
        sent = [bytearray(data) for _, data in self.log[first : first + self.batches_per_answer]]
        flip = self.damage.pop(0) if self.damage else None
        if flip is not None and sent:
            number, bit = flip
            sent[number % len(sent)][bit // 8] ^= 0x80 >> bit % 8
        data = b"".join(bytes(one) for one in sent)
        end = len(RECORDS)
        return Fetched(PARTITION, read_records(data, position, checksum, high_watermark=end), end)


def read_to_end(broker):
    """Follow an empty log that gets its records then, and return the follower once it has read them all."""
    following = LogFollower(TransactionTracker(), shard=Shard(), lookback_records=1000)
    following.follow([PARTITION], earliest={PARTITION: 0}, latest={PARTITION: 0}, now_ms=0)
    for _ in range(200):
        position = following.positions[PARTITION]
        following.take_in([broker.fetch(position)], now_ms=0)
        if position == len(RECORDS) and not broker.damage:
            break
    following.tracker.settle(0)
    following.tracker.settle(SETTLE_AFTER_MS)
    return following


def outcome(following):
    """What was counted, and what was skipped."""
    series = [
        (one.name, one.counts.started, one.counts.committed, one.counts.aborted) for one in following.tracker.series()
    ]
    return series, following.tracker.ends_unseen, dict(following.skipped), following.positions, following.records_read


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    batches_per_answer=st.integers(1, 5),
    damage=st.lists(
        st.one_of(st.none(), st.tuples(st.integers(0, 4), st.integers(0, 8 * HEADER_BYTES - 1))), max_size=12
    ),
)
def test_flipped_bits_of_headers_change_nothing_but_the_number_of_fetches(sizes, batches_per_answer, damage):
    clean = read_to_end(Broker(batches(sizes), batches_per_answer))
    broker = Broker(batches(sizes), batches_per_answer)
    # Twice the same damage is what damage on the broker's disk looks like, so every other answer is whole.
    broker.damage = [each for one in damage for each in (one, None)]

    assert outcome(read_to_end(broker)) == outcome(clean)


@pytest.mark.parametrize("bit", range(64))
def test_each_bit_of_a_base_offset_may_be_flipped_in_any_batch(bit):
    clean = read_to_end(Broker(batches([2]), 3))
    for number in range(3):
        broker = Broker(batches([2]), 3)
        broker.damage = [(number, bit)]

        assert outcome(read_to_end(broker)) == outcome(clean)
