"""Scripted runs on real brokers: everything that was done is counted by reason, even if the broker dies meanwhile."""

import contextlib
import time
import uuid

import pytest

from kafka_producer_exporter.broker.listing import transaction_overview
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker as BrokerSettings
from lab.broker import Broker
from lab.process import LabError, wait_until
from lab.producer import ProducerError
from tests.integration.broker.view import UP, coordinator_of, counting, counts, value


@pytest.fixture(params=[2, 0], ids=["protocol-2", "protocol-0"], scope="module")
def versioned(lab, request):
    """A broker at the newest transaction protocol, and one at the oldest."""
    with Broker(transaction_version=request.param) as broker:
        broker.create_topic("payments", partitions=2)
        yield broker


class Script:
    """A transactional producer that follows a script, and the counts that the script should produce."""

    def __init__(self, broker, jvm, version):
        self.jvm, self.broker = jvm, broker
        self.id = f"tx-{version}-{uuid.uuid4().hex[:6]}"
        self.producer = self.new()
        self.producer.init()
        self.expected = {"session init": 1}

    def new(self):
        name = uuid.uuid4().hex[:8]
        return self.jvm.new(name, self.broker.bootstrap, transactional_id=self.id, transaction_timeout_ms=3000)

    def count(self, *names):
        for name in names:
            self.expected[name] = self.expected.get(name, 0) + 1

    def begin(self):
        self.producer.begin()
        self.producer.send("payments", count=2)
        self.count("started")

    def commit(self):
        self.begin()
        self.producer.commit()
        self.count("committed")

    def abort(self):
        self.begin()
        self.producer.abort()
        self.count("aborted client")

    def fence(self):
        self.begin()
        self.producer = self.new()
        self.producer.init()
        self.count("aborted fenced", "session takeover")

    def let_time_out(self):
        self.begin()
        time.sleep(5.0)  # the timeout, and the coordinator's next check
        self.count("aborted timeout")
        try:
            self.producer.abort()
        except ProducerError:  # before protocol 2 the producer takes it for a fencing, and cannot continue
            self.producer = self.new()
            self.producer.init()
            self.count("session init")


@pytest.mark.parametrize("version", ["4.4.0", "3.9.2"])
def test_commits_aborts_timeouts_and_fencings_are_counted_exactly(versioned, producer_jvm, version):
    with counting(versioned.bootstrap) as collector:
        script = Script(versioned, producer_jvm(version, jmx=False), version)
        for _ in range(5):
            script.commit()
        script.abort()
        script.fence()
        script.commit()
        script.let_time_out()
        script.abort()
        script.fence()
        script.abort()

        with contextlib.suppress(LabError):
            wait_until("all is counted", lambda: counts(collector, script.id) == script.expected)

        assert counts(collector, script.id) == script.expected


def test_an_open_transaction_is_served_with_its_age_and_timeout(broker, producer_jvm):
    broker.create_topic("open-transaction")
    with counting(broker.bootstrap) as collector:
        producer = producer_jvm("4.4.0", jmx=False).new(
            "open", broker.bootstrap, transactional_id="open", transaction_timeout_ms=50_000
        )
        producer.init()
        producer.begin()
        producer.send("open-transaction")

        wait_until("it is open", lambda: value(collector, "kafka_transaction_open_seconds", transactional_id="open"))
        timeout = value(collector, "kafka_transaction_timeout_seconds", transactional_id="open")
        protocol = value(collector, "kafka_transaction_protocol_version", transactional_id="open")
        listing = transaction_overview(BrokerSettings(bootstrap_servers=(Address.parse(broker.bootstrap),)))
        producer.commit()
        wait_until(
            "it is closed", lambda: value(collector, "kafka_transaction_open_seconds", transactional_id="open") is None
        )

        assert (timeout, protocol) == (50, 2)
        assert ("open", (("open-transaction", (0,)),)) in [(o.transactional_id, o.partitions) for o in listing.opened]
        assert ("open", "init") in [(event.transactional_id, event.reason) for event in listing.recent]


def test_the_counts_stay_exact_when_the_broker_dies_and_the_source_is_reported_as_down(lab, producer_jvm):
    with Broker() as broker, counting(broker.bootstrap) as collector:
        broker.create_topic("payments", partitions=2)
        script = Script(broker, producer_jvm("4.4.0", jmx=False), "4.4.0")
        script.commit()
        script.commit()
        wait_until("two are counted", lambda: counts(collector, script.id).get("committed") == 2)

        broker.kill()
        wait_until(
            "the source is reported as down",
            lambda: value(collector, UP, source="transaction_log") == 0,
        )
        wait_until(
            "gauges disappear",
            lambda: value(collector, "kafka_transactional_producer_epoch", transactional_id=script.id) is None,
        )
        while_down = counts(collector, script.id)
        broker.start()
        script.commit()
        script.abort()
        with contextlib.suppress(LabError):
            wait_until("all is counted", lambda: counts(collector, script.id) == script.expected)

        assert while_down == {"started": 2, "committed": 2, "session init": 1}
        assert counts(collector, script.id) == script.expected
        assert value(collector, UP, source="transaction_log") == 1


def test_a_restarted_collector_counts_from_the_position_that_it_states(versioned, producer_jvm):
    script = Script(versioned, producer_jvm("4.4.0", jmx=False), "4.4.0")
    for _ in range(3):
        script.commit()
    with counting(versioned.bootstrap) as collector:
        since = value(collector, "kafka_producer_exporter_counting_since_timestamp_seconds")
        before = counts(collector, script.id)
        committed = value(collector, "kafka_transaction_committed_total", transactional_id=script.id)

        script.commit()
        wait_until("it is counted", lambda: counts(collector, script.id))

        assert (before, committed) == ({}, 0)
        assert abs(time.time() - since) < 60
        wait_until("both", lambda: counts(collector, script.id) == {"started": 1, "committed": 1})


def test_a_frozen_broker_delays_no_scrape(lab):
    with Broker() as broker, counting(broker.bootstrap) as collector:
        broker.pause()
        slowest = 0.0

        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            started = time.monotonic()
            collector.families()
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.01)
        down = value(collector, UP, source="transaction_log")
        broker.resume()

        assert (down, slowest < 0.5) == (0, True)
        wait_until(
            "it is up again",
            lambda: value(collector, UP, source="transaction_log") == 1,
        )


def test_nothing_is_lost_when_a_coordinator_moves(cluster, producer_jvm):
    topic = f"moving-{uuid.uuid4().hex[:6]}"
    cluster.create_topic(topic, partitions=2)
    producer = producer_jvm("4.4.0", jmx=False).new(topic, cluster.bootstrap, transactional_id=topic)
    committed = "kafka_transaction_committed_total"

    def commit(times):
        for _ in range(times):
            producer.begin()
            producer.send(topic)
            producer.commit()

    with counting(cluster.bootstrap) as collector:
        producer.init()
        commit(1)
        wait_until("the first is counted", lambda: value(collector, committed, transactional_id=topic))
        expected = value(collector, committed, transactional_id=topic) + 3
        node = cluster.nodes[coordinator_of(cluster, topic)]
        node.kill()
        try:
            commit(3)
            with contextlib.suppress(LabError):
                wait_until("all are counted", lambda: value(collector, committed, transactional_id=topic) == expected)

            assert value(collector, committed, transactional_id=topic) == expected
        finally:
            node.start()
