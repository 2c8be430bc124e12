import pytest

from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.memory import LASTING, MemoryBudget
from kafka_producer_exporter.targets.mbean_costs import mbean_bytes
from kafka_producer_exporter.targets.shedding import REVIEW_READS, Shedder

ROOM = 5


def topic(number):
    return ObjectName(f"kafka.producer:type=producer-topic-metrics,client-id=orders,topic=t{number}")


def producer(number):
    return ObjectName(f"kafka.producer:type=producer-metrics,client-id=c{number}")


@pytest.fixture
def budget():
    """A budget with room for ROOM topics that have one attribute each."""
    return MemoryBudget(int((ROOM + 0.5) * mbean_bytes(1, len(topic(0).text)) / LASTING), resident=lambda: 0)


@pytest.fixture
def shedder(budget):
    return Shedder(budget, label_length=0)


def let_in(shedder, names):
    return [name for name in names if shedder.admits(name, 1)]


def test_an_mbean_without_room_is_left_out_and_counted(shedder):
    topics = [topic(number) for number in range(9)]

    assert let_in(shedder, topics) == topics[:ROOM]
    assert shedder.counts() == {"topic": 9 - ROOM}


def test_producers_are_admitted_when_there_is_no_room_for_topics():
    budget = MemoryBudget(int(100 * mbean_bytes(1, len(topic(0).text)) / LASTING), resident=lambda: 0)
    shedder = Shedder(budget, label_length=0)
    kept = let_in(shedder, [topic(number) for number in range(109)])

    producers = [producer(number) for number in range(9)]

    assert let_in(shedder, producers) == producers
    assert shedder.counts() == {"topic": 109 - len(kept)}
    assert len(kept) < 109


def test_producers_without_end_are_left_out_before_the_process_is_killed(shedder):
    producers = [producer(number) for number in range(99)]

    kept = let_in(shedder, producers)

    assert kept == producers[: len(kept)]
    assert shedder.counts() == {"client": 99 - len(kept)}
    assert sum(mbean_bytes(1, len(name.text)) for name in kept) < ROOM * 1.5 * mbean_bytes(1, 100)


def test_a_target_with_producers_without_end_leaves_room_for_those_of_another(budget, shedder):
    greedy = let_in(shedder, map(producer, range(1000)))

    assert len(greedy) < 1000
    assert let_in(Shedder(budget, label_length=0), [producer(0)])


def test_an_mbean_that_is_listed_again_is_counted_once_with_the_same_result(shedder):
    topics = [topic(number) for number in range(9)]

    for _ in range(3):
        assert let_in(shedder, reversed(topics)) == let_in(shedder, topics)[::-1]

    assert shedder.counts() == {"topic": 9 - ROOM}


def test_an_admitted_mbean_stays_admitted_when_it_gains_attributes(shedder):
    topics = [topic(number) for number in range(ROOM)]
    let_in(shedder, topics)

    assert shedder.admits(topics[0], 5)

    assert not shedder.admits(topic(99), 1)


def test_ended_mbeans_make_room_for_others_and_ever_new_producers_use_nothing_up(shedder):
    for life in range(50):
        topics = [topic(f"{life}-{number}") for number in range(ROOM)]

        assert let_in(shedder, topics) == topics
        shedder.retain({name.text for name in topics})
        shedder.retain(set())

    assert shedder.counts() == {}


def test_mbeans_are_listed_again_only_while_some_are_left_out(shedder):
    let_in(shedder, [topic(number) for number in range(ROOM)])
    assert not any(shedder.review_due() for _ in range(2 * REVIEW_READS))

    let_in(shedder, [topic(99)])

    assert [shedder.review_due() for _ in range(REVIEW_READS)].count(True) == 1
    assert shedder.counts() == {}


def test_two_targets_share_one_budget_and_a_target_that_ends_gives_its_part_back(budget):
    one, other = Shedder(budget, label_length=0), Shedder(budget, label_length=0)
    topics = [topic(number) for number in range(ROOM)]
    let_in(one, topics)

    assert let_in(other, topics) == []
    one.release()
    assert let_in(other, topics) == topics


def test_each_target_sees_once_that_the_budget_shrank():
    resident = [0]
    budget = MemoryBudget(100_000, resident=lambda: resident[0])
    one, other = Shedder(budget, label_length=0), Shedder(budget, label_length=0)
    before = len(let_in(one, [topic(number) for number in range(100)]))

    resident[0] = 95_000
    budget.check()

    assert [one.budget_shrank(), one.budget_shrank()] == [True, False]
    assert [other.budget_shrank(), other.budget_shrank()] == [True, False]
    assert 0 < len(let_in(one, [topic(number) for number in range(100)])) < before


def test_mbeans_that_are_listed_and_not_read_leave_less_room(budget, shedder):
    shedder.retain((), listed=10)
    left = len(let_in(shedder, [topic(number) for number in range(ROOM)]))
    shedder.release()

    assert left < ROOM
    assert len(let_in(shedder, [topic(number) for number in range(ROOM)])) == ROOM
