"""A real transaction log that loses records: the loss is counted, and nothing is claimed to be exact from then on."""

import time
import uuid

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker as BrokerSettings
from lab.broker import Broker, Listener
from lab.process import wait_until
from lab.producer import ProducerJvm
from lab.proxy import Proxy
from tests.integration.broker.view import counting, counts, value
from tests.transaction_log import partition_for

EXACT = "kafka_producer_exporter_transaction_counts_exact"
INEXACT_SINCE = "kafka_producer_exporter_transaction_counts_inexact_since_timestamp_seconds"
MISSING = "kafka_producer_exporter_transaction_log_missing_records_total"
LAG = "kafka_producer_exporter_transaction_log_lag_records"


class Losing:
    """A broker, a producer, and a collector that reaches the broker only through a proxy."""

    def __init__(self, broker, proxy, producer, collector):
        self.broker, self.proxy, self.producer, self.collector = broker, proxy, producer, collector
        self.partition = partition_for(producer.name, 5)
        self.began = time.time()

    def commit(self, times=1):
        for _ in range(times):
            self.producer.begin()
            self.producer.send("payments")
            self.producer.commit()

    def committed(self):
        return counts(self.collector, self.producer.name).get("committed", 0)

    def wait_committed(self, number):
        wait_until(f"{number} commits are counted", lambda: self.committed() == number)

    def configure(self, **configs):
        settings = {key.replace("_", "."): ("SET", str(number)) for key, number in configs.items()}
        with self.broker.admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, settings)])

    def offset(self, at):
        with Client(BrokerSettings(bootstrap_servers=(Address.parse(self.broker.bootstrap),))) as client:
            reader = LogReader(client)
            reader.partitions()
            return reader.offsets([self.partition], at)[self.partition]

    def offsets_and_records(self):
        """Return the first and the end offset of the id's partition, and the offsets that have a record."""
        with Client(BrokerSettings(bootstrap_servers=(Address.parse(self.broker.bootstrap),))) as client:
            reader = LogReader(client)
            reader.partitions()
            position, end = (reader.offsets([self.partition], at)[self.partition] for at in (EARLIEST, LATEST))
            first, found = position, []
            while position < end:
                (fetched,) = reader.fetch({self.partition: position}, wait_seconds=0.1)
                found += [offset for offset, *_ in fetched.chunk.records]
                position = fetched.chunk.next_offset
        return first, end, found

    def missing(self):
        causes = ("compacted", "deleted", "truncated", "recreated")
        found = {cause: value(self.collector, MISSING, cause=cause) for cause in causes}
        return {cause: number for cause, number in found.items() if number}

    def expect_inexact(self):
        wait_until("the loss is noticed", lambda: value(self.collector, EXACT) == 0)
        assert time.time() >= value(self.collector, INEXACT_SINCE) >= self.began
        wait_until("the log is read to its end", lambda: value(self.collector, LAG) == 0)


@pytest.fixture(scope="module")
def exposed(lab):
    """A broker that compacts and deletes at once, the proxy to it, and a JVM for producers."""
    with Proxy() as proxy:
        listener = Listener(name="EXPORTER", proxy=proxy)
        # Under protocol 2, a log that loses its end also loses epochs, and the producers cannot continue.
        properties = {
            "log.cleaner.backoff.ms": 100,
            "log.retention.check.interval.ms": 100,
            "log.initial.task.delay.ms": 100,
        }
        with Broker(listeners=[listener], properties=properties, transaction_version=1) as broker:
            broker.create_topic("payments")
            with ProducerJvm(jmx=False) as jvm:
                yield broker, proxy, jvm


@pytest.fixture
def losing(exposed):
    """Two commits are counted, exactly, and follow each other in the log without a hole."""
    broker, proxy, jvm = exposed
    name = f"losing-{uuid.uuid4().hex[:6]}"
    producer = jvm.new(name, broker.bootstrap, transactional_id=name)
    producer.init()
    with counting(broker.address("EXPORTER"), request_timeout_seconds=2) as collector:
        losing = Losing(broker, proxy, producer, collector)
        losing.commit(2)
        losing.wait_committed(2)
        assert (value(collector, EXACT), value(collector, INEXACT_SINCE), losing.missing()) == (1, None, {})
        yield losing
    proxy.accept()


def test_records_that_are_compacted_before_they_can_be_read_are_missing(losing):
    _, position, _ = losing.offsets_and_records()
    losing.proxy.refuse()
    losing.commit(5)
    losing.configure(segment_ms=100, min_cleanable_dirty_ratio=0.001)
    time.sleep(0.2)
    losing.commit(1)  # begins a segment, so that the one before can be compacted

    def lost():
        _, end, found = losing.offsets_and_records()
        return set(range(position, end)) - set(found)

    wait_until("the log is compacted", lambda: len(lost()) > 10, timeout_seconds=30)
    losing.configure(segment_ms=604_800_000)
    expected = len(lost())
    losing.proxy.accept()
    losing.expect_inexact()
    counted = losing.committed()
    losing.commit()
    losing.wait_committed(counted + 1)

    assert losing.missing() == {"compacted": expected}
    assert 3 <= counted < 8


def test_records_that_are_deleted_before_they_can_be_read_are_missing(losing):
    _, position, _ = losing.offsets_and_records()
    losing.proxy.refuse()
    losing.commit(3)
    losing.configure(cleanup_policy="delete", segment_ms=100, retention_ms=1)

    try:
        wait_until("the log is deleted", lambda: position < losing.offset(EARLIEST) == losing.offset(LATEST))
    finally:
        losing.configure(cleanup_policy="compact", segment_ms=604_800_000)
    losing.proxy.accept()
    losing.expect_inexact()
    losing.commit()
    losing.wait_committed(3)

    assert losing.missing() == {"deleted": 9}


def test_records_that_an_unclean_election_cuts_off_are_missing_though_the_log_grows_beyond_them(losing):
    _, position, _ = losing.offsets_and_records()
    losing.proxy.refuse()
    losing.broker.kill()
    cut_off(losing.broker.folder / "data" / f"{TOPIC}-{losing.partition}", batches=3)
    losing.broker.start()
    losing.commit(4)
    _, end, _ = losing.offsets_and_records()
    losing.proxy.accept()
    losing.expect_inexact()
    wait_until("the commits are counted", lambda: losing.committed() >= 6)

    assert end > position
    assert losing.missing() == {"truncated": 3}
    assert losing.committed() == 6


def cut_off(folder, *, batches):
    """Remove the last batches of a partition of a stopped broker."""
    segment = max(folder.glob("*.log"))
    data, starts = segment.read_bytes(), [0]
    while starts[-1] < len(data):
        starts.append(starts[-1] + 12 + int.from_bytes(data[starts[-1] + 8 : starts[-1] + 12], "big"))
    segment.write_bytes(data[: starts[-1 - batches]])
    for index in (*folder.glob("*index"), *folder.glob("*.snapshot")):
        index.unlink()


def test_a_log_that_is_deleted_and_made_anew_keeps_no_transaction_open(losing):
    jvm = losing.producer.jvm
    other = jvm.new("lost", losing.broker.bootstrap, transactional_id="lost")
    other.init()
    other.begin()
    other.send("payments")
    wait_until("it is open", lambda: value(losing.collector, "kafka_transaction_open", transactional_id="lost"))
    with losing.broker.admin() as admin:
        admin.delete_topics([TOPIC])
    new = jvm.new("new", losing.broker.bootstrap, transactional_id="new")
    new.init()
    new.begin()
    new.send("payments")
    new.commit()

    losing.expect_inexact()
    wait_until("the new log is counted", lambda: counts(losing.collector, "new").get("committed") == 1)
    assert value(losing.collector, "kafka_transaction_open", transactional_id="lost") is None
    assert counts(losing.collector, "new") == {"session init": 1, "started": 1, "committed": 1}
    assert losing.committed() == 2
    assert losing.missing().keys() == {"recreated"}
