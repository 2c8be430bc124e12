import pytest

from kafka_producer_exporter.broker.client.admin import TransactionListing
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader, TransactionDescription
from kafka_producer_exporter.broker.log.outcomes import AbortReason
from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources import coordinators
from kafka_producer_exporter.broker.sources.coordinators import (
    ApproximateLog,
    Coordinated,
    Coordinators,
    describe_all_transactions,
)
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Session
from kafka_producer_exporter.broker.sources.transaction_counts import TransactionCounts
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker
from tests.broker.client.fake_client import Cluster


def described(state, *, epoch=0, start_ms=-1, producer_id=7, partitions=()):
    return TransactionDescription("checkout", producer_id, epoch, state, 60_000, start_ms, frozenset(partitions))


SETTLED, MOVED = {0: LogLeader(1, 5)}, {0: LogLeader(2, 6)}


def polled(*polls, leaders=SETTLED):
    """A tracker after these polls, half a minute apart, with these leaders of the log if an id is missing."""
    tracker = TransactionTracker()
    log = ApproximateLog(tracker)
    for number, transactions in enumerate(polls):
        listed = frozenset(transaction.transactional_id for transaction in transactions)
        log.take_in(Coordinated(listed, transactions, leaders), 30_000 * number)
    return tracker


def counts(tracker):
    (series,) = tracker.series()
    found = series.counts
    reasons = {**found.aborted, **found.sessions, **found.id_changes}
    return found.started, found.committed, {str(reason): count for reason, count in reasons.items() if count}


def test_what_the_first_poll_reports_is_not_counted():
    assert counts(polled([described(TransactionState.COMPLETE_COMMIT, start_ms=5)])) == (0, 0, {})


def test_each_transaction_that_a_poll_reports_is_counted_once():
    tracker = polled(
        [described(TransactionState.EMPTY)],
        [described(TransactionState.ONGOING, start_ms=100)],
        [described(TransactionState.ONGOING, start_ms=100)],
        [described(TransactionState.COMPLETE_COMMIT, start_ms=100)],
        [described(TransactionState.COMPLETE_COMMIT, start_ms=100)],
        [described(TransactionState.COMPLETE_COMMIT, start_ms=900)],
    )

    assert counts(tracker) == (2, 2, {})


def test_a_transaction_whose_end_fell_between_two_polls_is_neither_committed_nor_aborted():
    tracker = polled(
        [described(TransactionState.EMPTY)],
        [described(TransactionState.ONGOING, start_ms=100)],
        [described(TransactionState.ONGOING, start_ms=900)],
    )

    assert counts(tracker) == (2, 0, {})
    assert tracker.ends_unseen == 1


def test_an_abort_has_a_reason_only_if_it_is_certain():
    own = polled(
        [described(TransactionState.EMPTY)],
        [described(TransactionState.ONGOING, start_ms=1)],
        [described(TransactionState.COMPLETE_ABORT, start_ms=1)],
    )
    other = polled(
        [described(TransactionState.EMPTY)],
        [described(TransactionState.ONGOING, start_ms=1)],
        [described(TransactionState.PREPARE_ABORT, start_ms=1, epoch=1)],
    )

    assert counts(own) == (1, 0, {AbortReason.CLIENT: 1})
    assert counts(other) == (1, 0, {AbortReason.UNKNOWN: 1})


def test_a_new_session_that_lasts_until_the_poll_is_counted():
    assert counts(
        polled([described(TransactionState.COMPLETE_COMMIT, start_ms=1)], [described(TransactionState.EMPTY, epoch=1)])
    ) == (
        0,
        0,
        {"init": 1},
    )


def test_an_id_that_has_just_moved_to_another_coordinator_is_the_same_id_afterwards():
    tracker = TransactionTracker()
    log = ApproximateLog(tracker)
    committed = described(TransactionState.COMPLETE_COMMIT, start_ms=1)

    log.take_in(Coordinated(frozenset({"checkout"}), [committed]), 0)
    log.take_in(Coordinated(frozenset({"checkout"}), []), 30_000)
    log.take_in(Coordinated(frozenset({"checkout"}), [committed]), 60_000)

    assert counts(tracker) == (0, 0, {})


def test_an_id_that_no_coordinator_lists_in_two_polls_is_forgotten():
    tracker = polled([described(TransactionState.EMPTY)], [], [])

    assert tracker.known_ids == 0


@pytest.mark.parametrize(
    "leaders",
    [
        pytest.param([SETTLED], id="one poll only"),
        pytest.param([None, None], id="the leaders moved during each poll"),
        pytest.param([SETTLED, MOVED], id="the leaders moved in between"),
    ],
)
def test_an_open_transaction_whose_coordinator_moves_is_started_once(leaders):
    tracker = TransactionTracker()
    log = ApproximateLog(tracker)
    ongoing = Coordinated(frozenset({"checkout"}), [described(TransactionState.ONGOING, start_ms=100)])
    log.take_in(Coordinated(frozenset({"checkout"}), [described(TransactionState.EMPTY)]), 0)
    log.take_in(ongoing, 1000)

    for during in leaders:
        log.take_in(Coordinated(frozenset(), [], during), 2000)
    log.take_in(ongoing, 3000)

    assert counts(tracker) == (1, 0, {})
    assert tracker.ends_unseen == 0


def test_the_leaders_are_asked_for_only_if_a_known_id_is_missing():
    client = Cluster()
    client.transactions["checkout"] = (7, TransactionState.ONGOING, [("orders", 0)])

    complete = describe_all_transactions(client, known={"checkout"})
    asked = {type(request).__name__ for _, request in client.requests}
    missing = describe_all_transactions(client, known={"checkout", "gone"})

    assert complete.leaders is None
    assert "MetadataRequest" not in asked
    assert missing.listed == {"checkout"}
    assert missing.leaders == client.log_leaders


def test_an_open_transaction_has_its_partitions():
    tracker = polled([described(TransactionState.ONGOING, start_ms=1, partitions=[("b", 2), ("a", 1), ("b", 0)])])

    (transaction,) = tracker.open_transactions(5001)

    assert (transaction.partitions, transaction.age_seconds) == ((("a", (1,)), ("b", (0, 2))), 5.0)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_each_id_is_counted_by_exactly_one_shard(monkeypatch, total):
    ids = [f"checkout-{number}" for number in range(50)]
    listed = [TransactionListing(one, 7, 1) for one in ids]
    monkeypatch.setattr(coordinators, "require_describe_all", lambda _: None)
    monkeypatch.setattr(coordinators, "list_transactions", lambda _: listed)
    monkeypatch.setattr(coordinators, "describe_transactions", lambda *_: [])
    asked = []
    monkeypatch.setattr(ApproximateLog, "take_in", lambda _, found, now_ms: asked.append(found.listed))
    for shard in range(total):
        broker = Broker(bootstrap_servers=(Address("kafka-1", 9092),), shard=shard, total_shards=total)
        counts = TransactionCounts(TransactionTracker(), LabelTexts({}))
        Coordinators(broker, counts).poll(Session(lambda: None))

    assert sorted(one for part in asked for one in part) == sorted(ids)
    assert all(asked)
