"""Ten thousand ordinary transactions are counted as commits only; shards of one log add up to the whole."""

import contextlib
import uuid

import pytest

from lab.broker import Broker
from lab.process import LabError, wait_until
from lab.producer import send_options
from tests.integration.broker.view import counting, counts, value

PARTITIONS = 4
PRODUCERS = 24
TIMES = 440
"""Commits of each producer: 10 000 in all, even if one producer is left out."""


@pytest.fixture(scope="module")
def busy(lab):
    """A broker at protocol 2, for many transactions at once."""
    with Broker(transaction_version=2, heap_megabytes=256) as broker:
        broker.create_topic("payments", partitions=PARTITIONS)
        yield broker


class Crowd:
    """Producers of one JVM that commit as fast as they can, each in a thread of its own."""

    def __init__(self, broker, jvm, size):
        prefix = f"crowd-{uuid.uuid4().hex[:8]}"
        # Java's hash of a string grows by one with its last character, so every partition of the log has some of these.
        names = [prefix + chr(ord("a") + number) for number in range(size)]
        self.producers = [jvm.new(name, broker.bootstrap, transactional_id=name) for name in names]
        for producer in self.producers:
            producer.init()

    def commit(self, times):
        """Let each commit *times* times. Return how many commits each producer reports.

        About once in 30 000 commits the broker commits, but returns an error that ends the producer (a race in the
        broker, which logs "received transaction marker result to send"). Such a producer is left out.
        """
        commits = {
            producer.name: [self._post_transaction(producer, number % PARTITIONS) for _ in range(times)]
            for number, producer in enumerate(self.producers)
        }
        return {
            name: len(answers) for name, answers in commits.items() if not any(one.exception(100) for one in answers)
        }

    @staticmethod
    def _post_transaction(producer, partition):
        producer.post("begin")
        producer.post("send", send_options("payments", 1, 100, wait=False, partition=partition))
        return producer.post("commit")


def test_ten_thousand_transactions_are_ten_thousand_commits_and_a_restart_is_one_session(busy, producer_jvm):
    crowd = Crowd(busy, producer_jvm("4.4.0", jmx=False), PRODUCERS)
    with counting(busy.bootstrap) as collector:
        committed = crowd.commit(TIMES)
        expected = {name: {"started": times, "committed": times} for name, times in committed.items()}
        with contextlib.suppress(LabError):
            wait_until("all is counted", lambda: {name: counts(collector, name) for name in committed} == expected)
        found = {name: counts(collector, name) for name in committed}
        one = next(iter(committed))
        epoch = value(collector, "kafka_transactional_producer_epoch", transactional_id=one)

        producer_jvm("4.4.0", jmx=False).new("again", busy.bootstrap, transactional_id=one).init()
        with contextlib.suppress(LabError):
            wait_until("the restart is counted", lambda: counts(collector, one) != expected[one])

        assert found == expected
        assert len(committed) >= PRODUCERS - 1
        assert sum(committed.values()) >= 10_000
        assert epoch >= TIMES
        assert counts(collector, one) == {"session init": 1, **expected[one]}


def test_two_shards_together_count_what_a_single_exporter_counts(busy, producer_jvm):
    with (
        counting(busy.bootstrap) as whole,
        counting(busy.bootstrap, shard=0, total_shards=2) as first,
        counting(busy.bootstrap, shard=1, total_shards=2) as second,
    ):
        committed = Crowd(busy, producer_jvm("4.4.0", jmx=False), 8).commit(10)

        def by_shard():
            """What each of the two has counted of each id."""
            return [{name: counts(shard, name) for name in committed} for shard in (first, second)]

        expected = {
            name: {"session init": 1, "started": times, "committed": times} for name, times in committed.items()
        }

        def all_is_counted():
            zero, one = by_shard()
            return all(counts(whole, name) == (zero[name] or one[name]) == expected[name] for name in committed)

        with contextlib.suppress(LabError):
            wait_until("all is counted", all_is_counted)

        zero, one = by_shard()
        assert {name: counts(whole, name) for name in committed} == expected
        assert {name: zero[name] or one[name] for name in committed} == expected
        assert not [name for name in committed if zero[name] and one[name]]
        assert any(zero.values())
        assert any(one.values())
