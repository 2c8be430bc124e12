import json

import pytest

from kafka_producer_exporter.broker.errors import OutOfRangeError
from kafka_producer_exporter.broker.families import LabelTexts, follower_families, transaction_families
from kafka_producer_exporter.broker.log.follower import LATEST, LogFollower, Shard
from kafka_producer_exporter.broker.log.record_batches import Chunk, Fetched, UnreadableBatch
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from kafka_producer_exporter.model import Kind
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.paths import RECORDED


def recorded(log, transactional_id):
    """The records of one id as key and value."""
    records = json.loads((RECORDED / f"transaction-log-{log}.json").read_text())["records"]
    chosen = [record for record in records if record["transactional_id"] == transactional_id]
    return [(bytes.fromhex(record["key"]), bytes.fromhex(record["value"])) for record in chosen]


THREE_COMMITS_AND_AN_ABORT = recorded("tv2", "tx-4.4.0")


class Log:
    """A log in memory: what a partition holds is a list of (key, value), its offsets count from ``first``."""

    def __init__(self, **partitions):
        self.held = {int(name[1:]): records for name, records in partitions.items()}
        self.first = 0
        self.chunk_size = 1000
        self.problem = None

    def partitions(self):
        return sorted(self.held)

    def offsets(self, partitions, at):
        return {p: self.first + (len(self.held[p]) if at == LATEST else 0) for p in partitions}

    def fetch(self, positions, *, wait_seconds):
        return [self._fetched(partition, position) for partition, position in positions.items()]

    def _fetched(self, partition, position):
        records, end = self.held[partition], self.first + len(self.held[partition])
        if not self.first <= position <= end:
            raise OutOfRangeError(f"no offset {position}", partition)
        if self.problem == (partition, position):
            return Fetched(partition, Chunk([], position, UnreadableBatch("it is damaged", position + 2)), end)
        upto = min(end, position + self.chunk_size)
        records_read = [(offset, *records[offset - self.first]) for offset in range(position, upto)]
        return Fetched(partition, Chunk(records_read, upto), end)


WHOLE = Shard()


def follower(*, shard=WHOLE, lookback_records=1000):
    return LogFollower(TransactionTracker(), shard=shard, lookback_records=lookback_records)


def poll(following, log, *, times=1, now_ms=0):
    for _ in range(times):
        following.poll(log, wait_seconds=0, now_ms=now_ms)


def committed(following):
    return sum(series.counts.committed for series in following.tracker.series())


def test_what_was_there_before_is_learned_and_what_comes_after_is_counted():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT[:7])
    log.chunk_size = 4
    following = follower()

    following.look(log, 5000)
    poll(following, log)
    assert following.counting_since_ms is None
    assert following.behind_records == 3
    poll(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    poll(following, log, times=3)

    assert following.counting_since_ms == 5000
    assert committed(following) == 1
    assert (following.behind_records, following.records) == (0, len(THREE_COMMITS_AND_AN_ABORT))


def test_a_log_that_appears_later_is_counted_from_its_beginning():
    log = Log()
    following = follower()
    assert not following.look(log, 5000)
    assert following.counting_since_ms == 5000

    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    assert following.look(log, 9000)
    poll(following, log)

    assert committed(following) == 3
    assert following.counting_since_ms == 5000


def test_a_new_connection_goes_on_where_the_old_one_was():
    log = Log(p0=[])
    following = follower()
    following.look(log, 0)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.chunk_size = 5
    poll(following, log)

    following.look(log, 0)
    poll(following, log, times=3)

    assert committed(following) == 3


def test_each_shard_follows_its_own_partitions():
    log = Log(p0=[], p1=[], p2=[], p3=[])
    followers = [follower(shard=Shard(number, 2)) for number in range(2)]
    for following in followers:
        following.look(log, 0)
    for partition in log.held:
        log.held[partition] = THREE_COMMITS_AND_AN_ABORT[: 4 * partition]

    for following in followers:
        poll(following, log)

    assert [following.records for following in followers] == [8, 16]


def test_only_the_end_of_a_long_log_is_read_to_learn_its_state():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    following = follower(lookback_records=3)

    following.look(log, 0)
    poll(following, log)

    assert following.records == 3
    assert following.counting_since_ms == 0


def test_the_clients_own_abort_is_counted_when_its_partition_was_read_to_the_end_and_nothing_followed():
    log = Log(p0=[])
    following = follower()
    following.look(log, 0)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT

    poll(following, log, now_ms=100)
    poll(following, log, now_ms=100 + SETTLE_AFTER_MS - 1)
    assert following.tracker.held == 1
    poll(following, log, now_ms=100 + SETTLE_AFTER_MS)

    assert following.tracker.held == 0


def test_records_that_cannot_be_read_are_passed_over_and_counted():
    newer = b"\0\2" + THREE_COMMITS_AND_AN_ABORT[0][1][2:]
    key = THREE_COMMITS_AND_AN_ABORT[0][0]
    log = Log(p0=[])
    following = follower()
    following.look(log, 0)
    log.held[0] = [(key, newer), (key, b"\0\1"), (None, b""), *THREE_COMMITS_AND_AN_ABORT]

    poll(following, log)

    assert following.passed_over == {"unknown_version": 1, "damaged_record": 2, "damaged_batch": 0}
    assert committed(following) == 3


def test_a_damaged_batch_is_fetched_again_and_then_passed_over():
    log = Log(p0=[])
    following = follower()
    following.look(log, 0)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.problem = (0, 0)

    with pytest.raises(TransportError, match="it is damaged") as caught:
        poll(following, log)
    assert following.passed_over["damaged_batch"] == 0
    poll(following, log, times=2)

    assert caught.value.reason is Reason.DAMAGED
    assert following.passed_over["damaged_batch"] == 1
    assert following.tracker.position(0) == len(THREE_COMMITS_AND_AN_ABORT)


def test_a_damaged_batch_that_is_whole_the_second_time_is_not_lost():
    log = Log(p0=[])
    following = follower()
    following.look(log, 0)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT
    log.problem = (0, 0)
    with pytest.raises(TransportError):
        poll(following, log)

    log.problem = None
    poll(following, log)

    assert committed(following) == 3
    assert following.passed_over["damaged_batch"] == 0


def test_in_a_log_whose_beginning_was_deleted_it_goes_on_behind_that():
    log = Log(p0=[])
    following = follower()
    following.look(log, 0)
    log.first, log.held[0] = 50, THREE_COMMITS_AND_AN_ABORT

    poll(following, log, times=2)

    assert committed(following) == 3
    assert following.tracker.position(0) == 50 + len(THREE_COMMITS_AND_AN_ABORT)


def test_in_a_log_whose_end_was_cut_off_it_goes_on_at_the_new_end():
    log = Log(p0=THREE_COMMITS_AND_AN_ABORT)
    following = follower()
    following.look(log, 0)
    poll(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT[:4]

    poll(following, log)
    log.held[0] = THREE_COMMITS_AND_AN_ABORT[:7]
    poll(following, log)

    assert committed(following) == 1


def page(following, *, now_ms=0):
    texts = LabelTexts({"kafka_cluster": "blue"})
    families = [*transaction_families(following.tracker, texts, now_ms=now_ms), *follower_families(following, texts)]
    return {f"{family.metric.name}{labels.text}": value for family in families for labels, value in family.samples}


def open_transaction():
    """A follower that has counted an open transaction of the id ``roll``, and five commits before it."""
    log = Log(p0=[])
    following = follower()
    following.look(log, 1000)
    log.held[0] = recorded("rollover", "roll")
    poll(following, log)
    return following


def test_the_page_says_what_was_counted_and_what_is_open():
    following = open_transaction()
    (transaction,) = following.tracker.open_transactions(0)

    found = page(following, now_ms=transaction.start_ms + 1500)

    name = '{kafka_cluster="blue",transactional_id="roll"}'
    assert found[f"kafka_transaction_started_total{name}"] == 6
    assert found[f"kafka_transaction_committed_total{name}"] == 5
    assert found[f"kafka_transaction_open{name}"] == 1
    assert found[f"kafka_transaction_open_seconds{name}"] == 1.5
    assert found[f"kafka_transaction_timeout_seconds{name}"] == 60
    assert found[f"kafka_transaction_protocol_version{name}"] == 2
    assert found[f"kafka_transactional_producer_epoch{name}"] == 1
    assert (
        found['kafka_transactional_producer_info{kafka_cluster="blue",producer_id="2004",transactional_id="roll"}'] == 1
    )
    rollover = '{kafka_cluster="blue",reason="rollover",transactional_id="roll"}'
    assert found[f"kafka_transactional_producer_id_change_total{rollover}"] == 1
    fenced = '{kafka_cluster="blue",reason="fenced",transactional_id="roll"}'
    assert found[f"kafka_transaction_aborted_total{fenced}"] == 0


def test_without_the_brokers_only_the_counters_are_left():
    texts = LabelTexts({})

    families = transaction_families(open_transaction().tracker, texts, now_ms=None)

    assert {family.metric.kind for family in families} == {Kind.COUNTER}


def test_every_sample_has_the_labels_that_its_metric_declares():
    following = open_transaction()
    texts = LabelTexts({})

    families = [*transaction_families(following.tracker, texts, now_ms=0), *follower_families(following, texts)]

    for family in families:
        for labels, _ in family.samples:
            assert {name for name, _ in labels.pairs} == set(family.metric.labels)
