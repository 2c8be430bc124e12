from collections import Counter

import pytest

from tests.paths import RECORDED
from tests.truth.decoded_log import Entry, Status, counts, read, withdrawn

TEXT = (RECORDED / "dump-log-segments.txt").read_text()
"""What DumpLogSegments 4.3.1 has printed of the beginning of two partitions of a log."""
EMPTY, ONGOING, PREPARE_COMMIT, PREPARE_ABORT, COMPLETE_COMMIT, COMPLETE_ABORT = Status


def log_of(*records):
    """Entries of one id, from (status, start) or (status, start, epoch)."""
    return [
        Entry(0, offset, "orders", status, 7, epoch[0] if epoch else 0, start)
        for offset, (status, start, *epoch) in enumerate(records)
    ]


def in_partition(number):
    return [entry for entry in read(TEXT) if entry.partition == number]


def test_every_record_of_the_recorded_text_is_read():
    entries = read(TEXT)

    assert Counter(entry.partition for entry in entries) == {3: 16, 4: 2}
    assert entries[7] == Entry(3, 7, "orders-0", PREPARE_ABORT, 1002, 1, 1795657421296)


def test_each_transaction_of_the_recorded_text_is_counted_once_although_its_abort_was_written_twice():
    assert counts(in_partition(3)) == {
        "orders-0": {"sessions": 2, "started": 2, "aborted": 1},
        "orders-5": {"sessions": 1, "started": 2, "committed": 2},
    }
    assert counts(in_partition(4)) == {"orders-1": {"sessions": 1}, "orders-6": {"sessions": 1}}


def test_what_was_written_before_counting_began_says_only_what_is_open():
    assert counts(in_partition(3), 9) == {
        "orders-0": {"sessions": 1, "started": 1, "aborted": 1},
        "orders-5": {"started": 1, "committed": 2},
    }


def test_a_decision_or_a_start_that_is_withdrawn_is_no_transaction_of_its_own():
    decision = log_of((ONGOING, 5), (PREPARE_ABORT, 5, 47), (PREPARE_COMMIT, 5, 46), (COMPLETE_COMMIT, 5, 46))
    start = log_of((ONGOING, 5), (ONGOING, 9), (PREPARE_COMMIT, 9), (COMPLETE_COMMIT, 9))

    assert counts(decision) == counts(start) == {"orders": {"started": 1, "committed": 1}}
    assert [withdrawn(decision), withdrawn(start), withdrawn(in_partition(3))] == [1, 1, 0]


def test_a_session_that_begins_in_a_transaction_leaves_it_without_an_end():
    assert counts(log_of((ONGOING, 5), (EMPTY, -1))) == {
        "orders": {"started": 1, "without an end": 1, "sessions": 1},
    }


def test_a_record_that_only_repeats_the_last_one_counts_nothing():
    repeats = log_of((EMPTY, -1), (EMPTY, -1), (ONGOING, 5), (PREPARE_ABORT, 5), (COMPLETE_ABORT, 5))

    assert counts([*repeats, repeats[-1]._replace(offset=5)]) == {
        "orders": {"sessions": 1, "started": 1, "aborted": 1},
    }


def test_an_end_without_a_beginning_is_refused():
    with pytest.raises(ValueError, match="has not begun"):
        counts(log_of((EMPTY, -1), (COMPLETE_COMMIT, 5)))


@pytest.mark.parametrize(
    ("changed", "into", "error"),
    [
        ("| offset: 7 ", "| offset: 8 ", "__transaction_state-3: the records from 7 to 8 are missing"),
        ("isvalid: true", "isvalid: false", "a damaged batch"),
        ('payload: {"version":"0"', 'payload: <DELETE> {"version":"0"', "not known to print"),
    ],
)
def test_nothing_that_the_decoder_prints_is_skipped(changed, into, error):
    assert changed in TEXT.replace('"version":"1"', '"version":"0"')

    with pytest.raises(ValueError, match=error):
        read(TEXT.replace('"version":"1"', '"version":"0"').replace(changed, into, 1))
