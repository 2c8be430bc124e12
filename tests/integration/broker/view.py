"""Runs the broker view on a real broker, reads what it serves, and makes the topics and transactions it needs."""

import contextlib
import gc
import subprocess

from kafka.errors import KafkaError

from kafka_producer_exporter.broker.collector import BrokerCollector
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker as BrokerSettings
from kafka_producer_exporter.settings import Limits
from lab import jvm
from lab.process import wait_until

UP = "kafka_producer_exporter_source_up"
HANGING = "kafka_transaction_hanging"
COUNTERS = (
    "kafka_transaction_started_total",
    "kafka_transaction_committed_total",
    "kafka_transaction_aborted_total",
    "kafka_transactional_producer_session_total",
    "kafka_transactional_producer_id_change_total",
)


def values(collector):
    """Every sample by name and labels. No family or series may occur twice, and the labels are the declared ones."""
    families = collector.families()
    found = {(f.metric.name, labels.pairs): value for f in families for labels, value in f.samples}
    assert len({family.metric for family in families}) == len(families)
    assert len(found) == sum(len(family.samples) for family in families)
    assert all({n for n, _ in labels.pairs} == set(f.metric.labels) for f in families for labels, _ in f.samples)
    return found


def value(collector, name, **labels):
    """The value of one series, or None if it is absent."""
    return values(collector).get((name, tuple(sorted(labels.items()))))


def counts(collector, transactional_id):
    """What was counted for an id, zeros left out: ``{"aborted client": 2, …}``."""
    found = {}
    for (name, pairs), number in values(collector).items():
        labels = dict(pairs)
        if name in COUNTERS and labels["transactional_id"] == transactional_id and number:
            short = name.removesuffix("_total").rsplit("_", 1)[1]
            found[f"{short} {labels.get('reason', '')}".strip()] = number
    return found


@contextlib.contextmanager
def collecting(bootstrap, **settings):
    """A collector of the cluster at *bootstrap*, with these settings of the broker section; it polls often."""
    servers = tuple(Address.parse(server) for server in bootstrap.split(","))
    defaults = {"request_timeout_seconds": 2, "poll_seconds": 0.3}
    collector = BrokerCollector(BrokerSettings(bootstrap_servers=servers, **defaults | settings), Limits())
    collector.start()
    try:
        yield collector
    finally:
        collector.close(wait_seconds=10)
        gc.collect()  # the library's leftovers are reported in this test rather than in a later one


@contextlib.contextmanager
def counting(bootstrap, **settings):
    """The same, once it has begun to count transactions; its other sources are polled as rarely as by default."""
    with collecting(bootstrap, **{"poll_seconds": 30} | settings) as collector:
        since = "kafka_producer_exporter_counting_since_timestamp_seconds"
        wait_until("counting has begun", lambda: value(collector, since))
        yield collector


def coordinator_of(cluster, transactional_id):
    """The node id of the broker that coordinates an id."""
    found = []

    def is_found():
        # kafka-python refuses a coordinator that its metadata does not have yet.
        with contextlib.suppress(KafkaError), cluster.admin() as admin:
            found.append(admin.describe_transactions([transactional_id])[transactional_id].coordinator_id)
        return found

    wait_until(f"the coordinator of {transactional_id} is known", is_found)
    return found[0]


def found_by_kafka(broker, name):
    """What kafka-transactions.sh finds on a topic, as (partition, producer id)."""
    command = [
        *(
            jvm.java(),
            *jvm.SMALL,
            "-cp",
            jvm.class_path("kafka-tools-4.3.1"),
            "org.apache.kafka.tools.TransactionsCommand",
        ),
        *("--bootstrap-server", broker.bootstrap, "find-hanging", "--topic", name),
    ]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith(name)]
    return {(int(row[1]), int(row[2])) for row in rows}


def hanging(collector, name):
    """What we find on a topic, as (partition, producer id)."""
    found = [dict(pairs) for (metric, pairs) in values(collector) if metric == HANGING]
    return {(int(row["partition"]), int(row["producer_id"])) for row in found if row["topic"] == name}
