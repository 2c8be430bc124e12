from kafka_producer_exporter.broker.log.endings import Endings, RecentEndings
from kafka_producer_exporter.broker.log.records import TransactionState, Transition

STATE = TransactionState


def transition(state, *, at_ms, start_ms=1000, timeout_ms=20_000):
    return Transition(
        transactional_id="a",
        version=1,
        producer_id=7,
        epoch=0,
        timeout_ms=timeout_ms,
        state=state,
        partitions=None,
        last_update_ms=at_ms,
        start_ms=start_ms,
    )


def endings(*records, since_ms=0):
    recent = RecentEndings(since_ms)
    for record in records:
        recent.add(record)
    return recent.by_id


def test_a_decision_counts_once_and_the_longest_commit_is_kept_with_its_timeout():
    found = endings(
        transition(STATE.ONGOING, at_ms=1000),
        transition(STATE.PREPARE_COMMIT, at_ms=19_000),
        transition(STATE.COMPLETE_COMMIT, at_ms=19_001),
        transition(STATE.PREPARE_COMMIT, at_ms=22_000, start_ms=20_000, timeout_ms=5000),
        transition(STATE.PREPARE_ABORT, at_ms=90_000, start_ms=30_000),
    )

    assert found == {"a": Endings(committed=2, aborted=1, longest_ms=18_000, timeout_ms=20_000)}


def test_what_ended_before_the_moment_is_left_out():
    assert endings(transition(STATE.PREPARE_COMMIT, at_ms=999), since_ms=1000) == {}


def test_a_commit_without_a_beginning_has_no_length():
    assert endings(transition(STATE.PREPARE_COMMIT, at_ms=5000, start_ms=-1)) == {"a": Endings(committed=1)}
