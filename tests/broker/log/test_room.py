import pytest

from kafka_producer_exporter.broker.log.outcomes import AbortReason
from kafka_producer_exporter.broker.log.records import Tombstone, TransactionState, Transition
from kafka_producer_exporter.broker.log.room import KEPT_IDS, HeldRoom, Seats, id_bytes, series_bytes
from kafka_producer_exporter.broker.log.series import OTHER
from kafka_producer_exporter.broker.log.tracker import TransactionTracker

LIMIT = 10
ROOM = 1_500_000
"""Enough for some 3600 ids beside ten series."""
IDS = 8000
NAMES = [f"orders-{number:05}" for number in range(IDS)]


class Bounded:
    """Admits up to *size* bytes; with *grows*, also what is needed beyond that."""

    def __init__(self, size, *, grows=False):
        self.size = size
        self.taken = 0
        self.most = 0
        self._grows = grows

    def admit(self, cost, *, needed=False):
        if self.taken + cost > self.size and not (needed and self._grows):
            return False
        self.taken += cost
        self.most = max(self.most, self.taken)
        return True

    def release(self, cost):
        self.taken -= cost
        assert self.taken >= 0


def transition(name, state, at_ms, *, start_ms=None):
    start_ms = at_ms if start_ms is None else start_ms
    return Transition(name, 1, 4000, 3, 60_000, state, (), at_ms, start_ms)


class Reader:
    """A tracker with little room, and the log that it reads."""

    def __init__(self, room, **options):
        self.room = HeldRoom(room)
        self.tracker = TransactionTracker(limit=LIMIT, room=self.room, **options)
        self.tracker.follow(0, from_offset=0, counting_from=0)
        self.offset = 0

    def read(self, *records):
        for record in records:
            self.tracker.apply(0, self.offset, record)
            self.offset += 1

    def commit(self, name, at_ms):
        states = (TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.COMPLETE_COMMIT)
        self.read(*(transition(name, state, at_ms, start_ms=at_ms) for state in states))

    def knows(self, name):
        return name in self.tracker._partitions[0].producers


def test_the_state_of_ids_stays_within_the_room_and_the_longest_idle_ids_are_dropped():
    room = Bounded(ROOM)
    reader = Reader(room)

    for number, name in enumerate(NAMES):
        reader.commit(name, number)

    tracker = reader.tracker
    assert room.most <= ROOM
    assert tracker.known_ids + tracker.dropped == IDS
    assert tracker.known_ids * id_bytes(NAMES[0]) + LIMIT * series_bytes(NAMES[0]) < ROOM
    assert all(reader.knows(name) for name in NAMES[-2000:])
    assert all(reader.knows(name) for name in NAMES[:LIMIT]), "ids with series of their own are kept"
    assert not any(reader.knows(name) for name in NAMES[LIMIT : tracker.dropped // 2])
    series = {one.name: one.counts for one in tracker.series()}
    assert sum(counts.committed for counts in series.values()) == IDS
    assert tracker.folded == tracker.known_ids - LIMIT


def test_an_id_that_was_dropped_is_counted_when_it_comes_back():
    reader = Reader(Bounded(ROOM))
    for number, name in enumerate(NAMES):
        reader.commit(name, number)
    (other,) = (one.counts for one in reader.tracker.series() if one.name == OTHER)
    before = other.committed

    reader.commit(NAMES[LIMIT], IDS)

    assert other.committed == before + 1


def test_open_transactions_are_dropped_last():
    reader = Reader(Bounded(ROOM))
    for number, name in enumerate(NAMES[:LIMIT]):
        reader.commit(name, number)
    reader.read(*(transition(f"open-{number}", TransactionState.ONGOING, 20 + number) for number in range(50)))

    for number, name in enumerate(NAMES[LIMIT:]):
        reader.commit(name, 100 + number)

    assert reader.tracker.dropped > 0
    assert len(reader.tracker.open_transactions(0)) == 50


@pytest.mark.parametrize("state", [TransactionState.ONGOING, TransactionState.PREPARE_ABORT])
def test_transactions_that_are_all_open_are_bounded_too_and_the_books_still_balance(state):
    room = Bounded(ROOM)
    reader = Reader(room)

    reader.read(*(transition(name, state, number) for number, name in enumerate(NAMES)))

    tracker = reader.tracker
    counts = [one.counts for one in tracker.series()]
    still_open = len(tracker.open_transactions(0))
    assert room.most <= ROOM
    assert 0 < still_open < IDS
    assert sum(one.started for one in counts) == IDS
    ended = sum(one.committed + sum(one.aborted.values()) for one in counts)
    assert ended + tracker.ends_unseen + still_open == IDS


def test_pending_aborts_of_dropped_ids_are_counted():
    reader = Reader(Bounded(ROOM))

    for number, name in enumerate(NAMES):
        at_ms = 10 * number
        reader.read(
            transition(name, TransactionState.ONGOING, at_ms),
            transition(name, TransactionState.PREPARE_ABORT, at_ms + 1, start_ms=at_ms)._replace(epoch=4),
            transition(name, TransactionState.COMPLETE_ABORT, at_ms + 2, start_ms=at_ms)._replace(epoch=4),
        )

    pending = len(reader.tracker._partitions[0].pending)
    aborted = sum(one.counts.aborted[AbortReason.CLIENT] for one in reader.tracker.series())
    assert 0 < pending < IDS
    assert aborted + pending == IDS


@pytest.mark.parametrize("grows", [True, False])
def test_some_ids_are_kept_however_little_room_there_is(grows):
    reader = Reader(Bounded(0, grows=grows))

    for number, name in enumerate(NAMES[:3000]):
        reader.commit(name, number)

    assert 0.9 * KEPT_IDS <= reader.tracker.known_ids <= KEPT_IDS + 1
    assert [one.name for one in reader.tracker.series()] == [OTHER]
    assert reader.tracker.folded == reader.tracker.known_ids


def test_a_part_of_the_room_is_kept_for_series_even_if_ids_come_first():
    room = Bounded(400_000)
    tracker = TransactionTracker(limit=1000, room=room)
    tracker.follow(0, from_offset=0, counting_from=IDS)
    for number, name in enumerate(NAMES):
        tracker.apply(0, number, transition(name, TransactionState.EMPTY, number))

    tracker.begin_counting()

    own = [one.name for one in tracker.series() if one.name != OTHER]
    assert 8 <= len(own) <= 30
    assert set(own) <= set(NAMES[-30:]), "those that were used last"


def test_the_room_of_forgotten_ids_and_of_their_series_is_given_back():
    room = Bounded(ROOM)
    reader = Reader(room)
    reader.commit("first", 0)
    taken = room.taken

    for number, name in enumerate(NAMES[:1000]):
        reader.commit(name, number)
        reader.read(Tombstone(name))

    assert room.taken <= taken + LIMIT * (id_bytes(NAMES[0]) + series_bytes(NAMES[0]))
    reader.room.release_all()
    assert room.taken == 0


def test_reports_in_place_of_the_log_give_their_room_back():
    reader = Reader(Bounded(ROOM))
    reader.commit("in-the-log", 0)
    taken = reader.room._held

    reader.tracker.begin_stand_in()
    for number, name in enumerate(NAMES[:100]):
        reader.tracker.apply(-1, number, transition(name, TransactionState.EMPTY, number))
    assert reader.room._held == taken + 100 * id_bytes(NAMES[0])
    reader.tracker.end_stand_in()

    assert reader.room._held == taken


def test_long_names_take_more_room_than_short_ones():
    seats = Seats(Bounded(2_000_000), limit=100)
    seats.reserve()

    assert sum(seats.admit("x" * 10_000) for _ in range(100)) == 3
    assert id_bytes("x" * 10_000) > 10_000
