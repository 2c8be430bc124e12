import time

import pytest

from kafka_producer_exporter.broker.collector import BrokerCollector, sizes_within
from kafka_producer_exporter.broker.log.records import TransactionState, Transition
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker, Limits
from tests.broker.served import served

FORBIDDEN = TransportError(Reason.AUTHORIZATION, "__transaction_state: TopicAuthorizationFailed")
CLOSED = TransportError(Reason.CLOSED, "broker 1: the connection was closed")
EXACT = "kafka_producer_exporter_transaction_counts_exact"
SINCE = "kafka_producer_exporter_counting_since_timestamp_seconds"


class View:
    """A collector whose sources are not polled: each poll's result is set by hand."""

    def __init__(self):
        self.collector = BrokerCollector(Broker(bootstrap_servers=(Address("kafka-1", 9092),)), Limits())
        self.workers = {worker.source.name: worker for worker in self.collector._workers}

    def succeeds(self, name):
        self.workers[name].state.succeeded(time.monotonic())

    def fails(self, name, error, *, times=1):
        for _ in range(times):
            self.workers[name].state.failed(error, time.monotonic())

    def served(self):
        return served(self.collector.families())

    def up(self):
        """What is served of each source: up, or the reason."""
        prefix = 'kafka_producer_exporter_source_up{source="'
        return {name.removeprefix(prefix)[:-2]: value for name, value in self.served().items() if prefix in name}


@pytest.fixture
def view():
    return View()


def test_shards_divide_the_ids_and_shard_0_alone_serves_the_rest():
    served_by = []
    for shard in range(2):
        broker = Broker(bootstrap_servers=(Address("kafka-1", 9092),), shard=shard, total_shards=2)
        collector = BrokerCollector(broker, Limits())
        served_by.append({worker.source.name for worker in collector._workers})
        assert served(collector.families())[f'kafka_producer_exporter_shard_info{{shard="{shard}",total_shards="2"}}']

    assert served_by[0] - served_by[1] == {"partitions", "topics"}
    assert served_by[1] == {"transaction_log", "coordinators", "bootstrap_servers"}


def test_before_the_first_poll_every_source_is_down(view):
    assert view.up() == dict.fromkeys(view.workers.keys() - {"coordinators"}, 0)
    error = 'kafka_producer_exporter_source_error{reason="unavailable",source="topics"}'
    assert view.served()[error] == 1


def test_the_counts_are_exact_and_the_coordinators_absent_as_long_as_the_log_may_be_read(view):
    view.succeeds("transaction_log")
    exact = view.served()[EXACT]
    view.fails("transaction_log", CLOSED, times=3)

    assert (exact, view.served()[EXACT]) == (1, 1)
    assert "coordinators" not in view.up()


def test_where_the_log_is_forbidden_the_coordinators_serve_the_counts_as_lower_bounds(view):
    view.fails("transaction_log", FORBIDDEN)
    view.succeeds("coordinators")
    view.workers["coordinators"].source._counts.since_ms = 5000

    found = view.served()

    assert (found[EXACT], found[SINCE]) == (0, 5)
    assert view.up()["coordinators"] == 1
    assert found['kafka_producer_exporter_source_error{reason="authorization",source="transaction_log"}'] == 1


def test_gauges_stay_for_one_failed_poll_and_disappear_after_two(view):
    gauge = "kafka_producer_exporter_partitions_described"
    source = view.workers["partitions"].source
    source._last_scan = type("Scan", (), {"described": {("orders", 0)}, "denied": ()})

    view.succeeds("partitions")
    fresh = view.served()
    view.fails("partitions", CLOSED)
    failed_once = view.served()
    view.fails("partitions", CLOSED)
    failed_twice = view.served()

    assert (fresh[gauge], failed_once[gauge]) == (1, 1)
    assert gauge not in failed_twice
    assert view.up()["partitions"] == 0


def test_labels_of_the_broker_section_are_on_every_series():
    broker = Broker(bootstrap_servers=(Address("kafka-1", 9092),), labels={"kafka_cluster": "blue"})

    families = BrokerCollector(broker, Limits()).families()

    assert families
    assert all(labels["kafka_cluster"] == "blue" for family in families for labels, _ in family.samples)


@pytest.mark.parametrize("off_seconds", [-300, 300])
def test_a_clock_that_is_off_makes_no_transaction_older_or_younger(view, off_seconds, monkeypatch):
    counts = view.workers["transaction_log"].source._counts
    brokers_ms = time.time_ns() // 1_000_000
    start_ms = brokers_ms - 20_000
    counts.tracker.follow(0, from_offset=0, counting_from=0)
    counts.tracker.apply(0, 0, Transition("orders", 1, 7, 0, 60_000, TransactionState.ONGOING, (), start_ms, start_ms))
    counts.begin(start_ms, source="transaction_log", from_log=True)
    view.collector._clock.note(0, written_ms=brokers_ms, now_ms=time.monotonic_ns() // 1_000_000)
    view.succeeds("transaction_log")
    ours_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: ours_ns() + off_seconds * 1_000_000_000)

    found = view.served()

    assert found['kafka_transaction_open_seconds{transactional_id="orders"}'] == pytest.approx(20, abs=2)
    assert found["kafka_producer_exporter_clock_skew_seconds"] == pytest.approx(off_seconds, abs=2)


def test_before_a_new_record_has_told_the_brokers_time_no_skew_is_served(view):
    assert "kafka_producer_exporter_clock_skew_seconds" not in view.served()


@pytest.mark.parametrize("limit", [32 << 20, 48 << 20, 64 << 20, 128 << 20, 1 << 30, 1 << 36])
def test_what_is_decoded_at_once_is_a_small_part_of_the_memory_limit(limit):
    sizes = sizes_within(limit)

    assert sizes.fetch_bytes * 5 + sizes.response_bytes * 20 < 0.2 * limit
    assert sizes.fetch_bytes <= sizes_within(None).fetch_bytes
    assert sizes.response_bytes <= sizes_within(None).response_bytes
    assert sizes.log_response_bytes > 1 << 20, "a batch of the usual maximum must get through"


def test_a_view_that_is_closed_gives_its_memory_back():
    budget = MemoryBudget(1 << 30, resident=lambda: 0)
    collector = BrokerCollector(Broker(bootstrap_servers=(Address("kafka-1", 9092),)), Limits(), budget=budget)
    tracker = collector._workers[0].source._counts.tracker
    tracker.follow(0, from_offset=0, counting_from=0)
    tracker.apply(0, 0, Transition("orders", 0, 1, 0, 1000, TransactionState.EMPTY, (), 1, -1))
    assert budget._admitted > 0

    collector.close()

    assert budget._admitted == 0
