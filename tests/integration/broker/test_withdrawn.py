"""A follower of the transaction log that hangs makes the coordinator withdraw a decision that stays in the log."""

import time
import uuid
from itertools import groupby

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.log.records import TransactionState, decode
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker as BrokerSettings
from lab.process import wait_until
from tests.integration.broker.view import coordinator_of, counting, counts
from tests.transaction_log import partition_for

TIMEOUT_SECONDS = 2.0
HANGS_SECONDS = 4.0
"""Longer than the transaction's timeout and the coordinator's next check, shorter than the lab's
replica.lag.time.max.ms (5 s)."""


def leader_of(cluster, topic):
    with cluster.admin() as admin:
        return admin.describe_topics([topic])[0]["partitions"][0]["leader_id"]


def states_of(cluster, transactional_id):
    """Return the states that the log has of an id."""
    partition = partition_for(transactional_id, 5)
    states = []
    with Client(BrokerSettings(bootstrap_servers=(Address.parse(cluster.nodes[1].bootstrap),))) as client:
        reader = LogReader(client)
        reader.partitions()
        position, end = (reader.offsets([partition], at)[partition] for at in (EARLIEST, LATEST))
        while position < end:
            (fetched,) = reader.fetch({partition: position}, wait_seconds=0.1)
            records = [decode(key, value) for _, key, value, _ in fetched.chunk.records]
            states += [record.state for record in records if record.transactional_id == transactional_id]
            position = fetched.chunk.next_offset
    return states


def test_a_commit_that_the_coordinator_withdraws_counts_as_the_abort_that_follows(cluster, producer_jvm):
    name = f"withdrawn-{uuid.uuid4().hex[:6]}"
    cluster.create_topic(name, replication=1)
    jvm = producer_jvm("4.4.0", jmx=False)
    producer = jvm.new(
        name, cluster.bootstrap, transactional_id=name, transaction_timeout_ms=round(1000 * TIMEOUT_SECONDS)
    )
    with counting(cluster.bootstrap) as collector:
        producer.init()
        needed = {coordinator_of(cluster, name), leader_of(cluster, name)}
        follower = next(node for number, node in cluster.nodes.items() if number not in needed)
        producer.begin()
        producer.send(name)

        follower.pause()
        try:
            producer.post("commit")
            time.sleep(0.5)
            jvm.kill()  # so that the client does not ask again
            time.sleep(HANGS_SECONDS - 0.5)
        finally:
            follower.resume()

        expected = {"session init": 1, "started": 1, "aborted timeout": 1}
        wait_until("the abort is counted", lambda: "aborted timeout" in counts(collector, name))
        assert counts(collector, name) == expected
    decisions = [state for state in states_of(cluster, name) if state > TransactionState.ONGOING]
    withdrawn = [TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT]
    # A coordinator that gives up on the abort, too, writes it once more.
    assert [state for state, _ in groupby(decisions)] == withdrawn
