import random

from kafka_producer_exporter.broker.log.outcomes import AbortReason, Event, EventKind, SessionReason
from kafka_producer_exporter.broker.log.recent import EventSummary, RecentEvents


def event(at_ms, *, transactional_id="orders", reason=AbortReason.CLIENT, epoch=0):
    return Event(at_ms, transactional_id, reason, 7, epoch)


def summaries(*events):
    recent = RecentEvents()
    for one in events:
        recent.add(one)
    return recent.rarest_first()


def test_equal_events_are_one_line_with_the_first_and_the_last_time_in_any_order():
    events = [event(at_ms, epoch=at_ms) for at_ms in (10, 20, 30)]

    for _ in range(6):
        random.shuffle(events)
        assert summaries(*events) == [EventSummary("orders", AbortReason.CLIENT, 3, 10, 30, 7, 30)]


def test_a_fencing_is_listed_before_thousands_of_newer_routine_aborts():
    routine = [event(1000 + number) for number in range(5000)]
    fencing = event(5, transactional_id="checkout", reason=AbortReason.FENCED)

    first, second = summaries(fencing, *routine)

    assert (first.transactional_id, first.kind, first.times) == ("checkout", EventKind.ABORT, 1)
    assert (second.transactional_id, second.times) == ("orders", 5000)


def test_of_one_reason_the_newest_comes_first():
    found = summaries(*(event(at, transactional_id=str(at), reason=SessionReason.INIT) for at in (20, 30, 10)))

    assert [one.last_ms for one in found] == [30, 20, 10]
