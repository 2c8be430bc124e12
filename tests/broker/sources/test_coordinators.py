import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.broker.client.admin import TransactionListing
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader, TransactionDescription
from kafka_producer_exporter.broker.log.outcomes import AbortReason
from kafka_producer_exporter.broker.log.records import Tombstone, TransactionState
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, STAND_IN, TransactionTracker
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
from tests.broker.coordinator import coordinated, counted, epochs, histories, protocols
from tests.transaction_log import partition_for


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


def denied_counts(*, log_partitions=0):
    """Counts while the log may not be read."""
    counts = TransactionCounts(TransactionTracker(), LabelTexts({}))
    counts.is_log_denied, counts.log_partitions = True, log_partitions
    return counts


def asked_of(monkeypatch, ids, counts, **shard):
    """Return the ids that a poll of the source asks for."""
    listed = [TransactionListing(one, 7, 1) for one in ids]
    monkeypatch.setattr(coordinators, "require_describe_all", lambda _: None)
    monkeypatch.setattr(coordinators, "list_transactions", lambda _: listed)
    monkeypatch.setattr(coordinators, "describe_transactions", lambda *_: [])
    asked = []
    monkeypatch.setattr(ApproximateLog, "take_in", lambda _, found, now_ms: asked.extend(found.listed))
    Coordinators(Broker(bootstrap_servers=(Address("kafka-1", 9092),), **shard), counts).poll(Session(lambda: None))
    return asked


def test_a_poll_that_ends_after_the_log_is_read_again_counts_nothing(monkeypatch):
    counts = denied_counts()
    counts.is_log_denied = False

    assert asked_of(monkeypatch, ["checkout"], counts) == []
    assert counts.since_ms is None


def test_once_the_log_was_read_each_shard_asks_for_the_ids_of_its_partitions(monkeypatch):
    ids = [f"checkout-{number}" for number in range(50)] + ["zażółć", "😀", "polygenelubricants"]

    asked = asked_of(monkeypatch, ids, denied_counts(log_partitions=7), shard=1, total_shards=3)

    assert sorted(asked) == sorted(one for one in ids if partition_for(one, 7) % 3 == 1)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_each_id_is_counted_by_exactly_one_shard(monkeypatch, total):
    ids = [f"checkout-{number}" for number in range(50)]

    asked = [asked_of(monkeypatch, ids, denied_counts(), shard=shard, total_shards=total) for shard in range(total)]

    assert sorted(one for part in asked for one in part) == sorted(ids)
    assert all(asked)


def report(records):
    """What the coordinator reports of an id when it has written these records, or None if it does not know the id."""
    if not records or isinstance(records[-1], Tombstone):
        return None
    last = records[-1]
    places = {(topic, number) for topic, numbers in last.partitions or () for number in numbers}
    return TransactionDescription(
        last.transactional_id,
        last.producer_id,
        last.epoch,
        last.state,
        last.timeout_ms,
        last.start_ms,
        frozenset(places),
    )


def kinds(counts):
    """What was counted, without the reasons."""
    found = dict.fromkeys(("started", "committed", "aborted", "session", "id change"), 0)
    for what, count in counts.items():
        kind = {"AbortReason": "aborted", "SessionReason": "session", "IdChangeReason": "id change"}
        found[kind.get(type(what).__name__, what)] += count
    return found


@settings(max_examples=100, deadline=None)
@given(by_id=st.lists(st.tuples(histories, protocols, epochs), min_size=1, max_size=3), data=st.data())
def test_after_the_log_could_not_be_read_for_a_while_everything_is_counted_once(by_id, data):
    logs = [
        coordinated(history, transactional_id=f"orders-{n}", protocol=protocol, epoch=epoch).records
        for n, (history, protocol, epoch) in enumerate(by_id)
    ]
    length = max(map(len, logs))
    denied = data.draw(st.integers(0, length))
    polls = sorted(data.draw(st.lists(st.integers(denied, length), max_size=8)))
    always, tracker = TransactionTracker(), TransactionTracker()
    log = ApproximateLog(tracker)
    for partition, records in enumerate(logs):
        for reader in (always, tracker):
            reader.follow(partition, from_offset=0, counting_from=0)
        for offset, record in enumerate(records):
            always.apply(partition, offset, record)
            if offset < denied:
                tracker.apply(partition, offset, record)

    seen = [counted(tracker)]
    for number, poll in enumerate(polls):
        reports = [one for one in (report(records[:poll]) for records in logs) if one]
        log.take_in(Coordinated(frozenset(one.transactional_id for one in reports), reports, SETTLED), 30_000 * number)
        seen.append(counted(tracker))
    tracker.end_stand_in()
    for partition, records in enumerate(logs):
        for offset, record in enumerate(records):
            tracker.apply(partition, offset, record)
            seen.append(counted(tracker))
    for now_ms in (0, SETTLE_AFTER_MS):
        for reader in (always, tracker):
            reader.settle(now_ms)

    truth, end = counted(always), counted(tracker)
    assert kinds(end) == kinds(truth)
    for what, count in end.items():
        assert count <= truth[what] or what in ("unknown", "init", "recreated", "rollover")
    for before, after in zip(seen, [*seen[1:], end], strict=True):
        assert not before - after
    identities = {series.name: series.identity for series in always.series()}
    assert {series.name: series.identity for series in tracker.series()} == identities
    assert tracker.open_transactions(0) == always.open_transactions(0)
    assert not tracker.follows(STAND_IN)
