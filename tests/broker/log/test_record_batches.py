import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c as checksum

from kafka_producer_exporter.broker.log.record_batches import UNKNOWN_EPOCH, Chunk, Hole, UnreadableBatch, read_records
from tests.transaction_log import recorded_log

GZIP, SNAPPY = 1, 2
ATTRIBUTES_AT = 22
FIRST_MS = 1_795_358_947_226


def batch(entries, *, base_offset=0, compression=0, headers=()):
    """Return a batch made by kafka-python's own builder; an entry is (key, value)."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for number, (key, value) in enumerate(entries):
        builder.append(number, FIRST_MS + 200 * number, key, value, list(headers))
    data = bytearray(builder.build())
    data[:8] = base_offset.to_bytes(8, "big")
    return bytes(data)


def resealed(data):
    """Return the batch with the checksum that fits its changed bytes."""
    return data[:17] + checksum(data[21:]).to_bytes(4, "big") + data[21:]


def test_a_recorded_log_is_read_as_kafka_python_reads_it():
    entries = [(record.key, record.value) for record in recorded_log("tv2")]
    data = b"".join(batch([entry], base_offset=offset) for offset, entry in enumerate(entries))

    chunk = read_records(data, 0, checksum)

    oracle = MemoryRecords(data)
    expected = []
    while oracle.has_next():
        expected += [
            (record.offset, bytes(record.key), bytes(record.value), record.timestamp) for record in oracle.next_batch()
        ]
    assert chunk == Chunk(expected, len(entries), leader_epoch=0)
    assert [(key, value) for _, key, value, _ in chunk.records] == entries


content = st.one_of(st.none(), st.binary(max_size=20), st.binary(min_size=100, max_size=300))


@settings(max_examples=150, deadline=None)
@given(
    batches=st.lists(st.lists(st.tuples(content, content), min_size=1, max_size=5), max_size=5),
    headers=st.lists(st.tuples(st.text(max_size=5), st.one_of(st.none(), st.binary(max_size=5))), max_size=2),
    compression=st.sampled_from([0, GZIP]),
    data=st.data(),
)
def test_any_records_come_out_as_they_went_in(batches, headers, compression, data):
    start = data.draw(st.integers(100, 100 + max(0, len(batches[0]) - 1 if batches else 0)))
    fetched, expected, offset = b"", [], 100
    for entries in batches:
        fetched += batch(entries, base_offset=offset, headers=headers, compression=compression)
        expected += [(offset + number, key, value) for number, (key, value) in enumerate(entries)]
        offset += len(entries)

    chunk = read_records(fetched, start, checksum, high_watermark=offset)

    assert [record[:3] for record in chunk.records] == [record for record in expected if record[0] >= start]
    assert chunk[1:5] == (offset, None, (), None)


def test_offset_deltas_with_more_than_one_byte_are_read():
    entries = [(b"k", b"v")] * 300

    chunk = read_records(batch(entries, base_offset=5), 5, checksum)

    assert [offset for offset, *_ in chunk.records] == list(range(5, 305))


def test_a_truncated_last_batch_is_left_for_the_next_fetch():
    whole, cut = batch([(b"a", b"1")]), batch([(b"b", b"2")], base_offset=1)

    for end in range(len(cut)):
        assert read_records(whole + cut[:end], 0, checksum) == Chunk([(0, b"a", b"1", FIRST_MS)], 1, leader_epoch=0)


def test_the_leader_epoch_is_that_of_the_last_whole_batch():
    data = b"".join(
        batch([(b"a", b"1")], base_offset=offset)[:12] + epoch.to_bytes(4, "big") + batch([(b"a", b"1")])[16:]
        for offset, epoch in enumerate((3, 4, 7))
    )

    assert read_records(data, 0, checksum).leader_epoch == 7
    assert read_records(data[:-1], 0, checksum).leader_epoch == 4
    assert read_records(b"", 0, checksum).leader_epoch == UNKNOWN_EPOCH


def test_records_that_compaction_removed_from_within_a_batch_are_a_hole():
    whole = batch([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")], base_offset=5)
    last_one_only = batch([(b"c", b"3")], base_offset=5)
    compacted = resealed(last_one_only[:23] + (2).to_bytes(4, "big") + last_one_only[27:])

    assert read_records(whole, 5, checksum).holes == ()
    assert read_records(whole, 6, checksum).holes == ()
    assert read_records(compacted, 5, checksum).holes == (Hole(6, 8),)
    assert read_records(compacted, 4, checksum).holes == (Hole(4, 5), Hole(6, 8))


def test_control_batches_are_skipped():
    marker = bytearray(batch([(b"\0\0\0\1", b"")], base_offset=7))
    marker[ATTRIBUTES_AT] |= 0x20

    assert read_records(resealed(bytes(marker)), 7, checksum) == Chunk([], 8, leader_epoch=0)


def test_a_damaged_batch_is_reported_and_the_records_before_it_are_kept():
    good, bad = batch([(b"a", b"1")]), bytearray(batch([(b"b", b"2"), (b"c", b"3")], base_offset=1))
    bad[-2] ^= 1

    chunk = read_records(good + bytes(bad), 0, checksum)

    reason = "the record batch at offset 1 is damaged: its checksum is wrong"
    assert chunk == Chunk([(0, b"a", b"1", FIRST_MS)], 1, UnreadableBatch(reason, 3))


def test_an_unsupported_compression_is_reported_with_what_to_do():
    data = bytearray(batch([(b"a", b"1")]))
    data[ATTRIBUTES_AT] |= SNAPPY

    chunk = read_records(resealed(bytes(data)), 0, checksum)

    assert "compressed with snappy; set compression.type=uncompressed" in chunk.unreadable.reason


def test_a_batch_that_inflates_beyond_the_limit_is_unreadable_and_takes_no_more_memory_than_that():
    bomb = batch([(b"a", b"0" * 30_000_000)], compression=GZIP)
    assert len(bomb) < 40_000

    tracemalloc.start()
    chunk = read_records(bomb, 0, checksum, max_inflated_bytes=1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "inflates to more than 1048576 bytes" in chunk.unreadable.reason
    assert peak < 4 << 20


def test_compressed_batches_beyond_the_limit_are_left_for_the_next_fetch():
    batches = [batch([(b"a", b"0" * 600)], base_offset=offset, compression=GZIP) for offset in range(4)]

    chunk = read_records(b"".join(batches), 0, checksum, max_inflated_bytes=1000)
    rest = read_records(b"".join(batches[2:]), 2, checksum, max_inflated_bytes=1000)
    nothing = read_records(batches[0], 0, checksum, max_inflated_bytes=1000, inflated_before=1000)

    assert ([offset for offset, *_ in chunk.records], chunk.next_offset, chunk.unreadable) == ([0, 1], 2, None)
    assert ([offset for offset, *_ in rest.records], rest.next_offset) == ([2, 3], 4)
    assert nothing == Chunk([], 0)


ONE_BY_ONE = [batch([(b"k", b"v")], base_offset=offset) for offset in range(5, 9)]


@pytest.mark.parametrize("bit", range(64))
@pytest.mark.parametrize("damaged", range(4))
def test_a_flipped_bit_of_a_base_offset_is_implausible_or_shows_as_a_hole(damaged, bit):
    data = bytearray(b"".join(ONE_BY_ONE))
    data[damaged * len(ONE_BY_ONE[0]) + bit // 8] ^= 0x80 >> bit % 8

    chunk = read_records(bytes(data), 5, checksum, high_watermark=9)

    assert (chunk.records, chunk.next_offset) == ([], 5)
    assert "the broker sent a batch with the offsets" in chunk.implausible


def test_a_flipped_bit_that_stays_within_the_log_shows_as_a_hole():
    moved = batch([(b"k", b"v")], base_offset=7)

    chunk = read_records(ONE_BY_ONE[0] + moved, 5, checksum, high_watermark=9)

    assert (chunk.next_offset, chunk.holes) == (8, (Hole(6, 7),))


def test_the_batch_that_contains_the_offset_may_begin_before_it():
    chunk = read_records(batch([(b"a", b"1"), (b"b", b"2")], base_offset=4), 5, checksum, high_watermark=6)

    assert chunk == Chunk([(5, b"b", b"2", FIRST_MS + 200)], 6, leader_epoch=0)


def test_the_end_of_a_damaged_batch_is_not_believed_if_it_is_implausible():
    bad = bytearray(batch([(b"a", b"1"), (b"b", b"2")], base_offset=4))
    bad[-2] ^= 1

    assert read_records(bytes(bad), 4, checksum, high_watermark=6).unreadable.end_offset == 6
    assert read_records(bytes(bad), 4, checksum, high_watermark=5).unreadable.end_offset == 5
    assert read_records(bytes(bad), 5, checksum, high_watermark=9).unreadable.end_offset == 6
    bad[0] ^= 0x40
    assert read_records(bytes(bad), 4, checksum, high_watermark=9).unreadable.end_offset == 5


def test_a_batch_of_an_older_format_is_unreadable():
    data = bytearray(batch([(b"a", b"1")]))
    data[16] = 1

    chunk = read_records(bytes(data), 0, checksum)

    assert chunk == Chunk([], 0, UnreadableBatch("there is no record batch in format 2 at offset 0", 1))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_changed_bytes_never_raise_and_never_yield_half_a_batch(data):
    changed = bytearray(batch([(b"key", b"value"), (None, None)], base_offset=3, headers=[("h", b"1")]))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))

    chunk = read_records(resealed(bytes(changed)), 3, checksum)

    assert chunk.unreadable is None or chunk.records == []
    assert chunk.unreadable is None or chunk.unreadable.end_offset > chunk.next_offset
