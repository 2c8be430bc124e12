"""The verb ``transactions`` as a person on call uses it, on a real broker."""

import json
import subprocess
import sys
import uuid

import pytest

from lab.hanging import leave_hanging
from tests.integration.topics import new_topic


def transactions(broker, *arguments):
    words = ["-m", "kafka_producer_exporter", "transactions", "--bootstrap-server", broker.bootstrap, *arguments]
    return subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture
def producer(broker, producer_jvm):
    """A transactional producer, and the topic that it writes to."""
    made = producer_jvm("4.4.0").new(
        f"tx-{uuid.uuid4().hex[:8]}", broker.bootstrap, transactional_id=f"id-{uuid.uuid4().hex[:8]}", client_id=None
    )
    made.init()
    return made


def test_open_and_aborted_transactions_are_listed_by_raw_id(broker, producer):
    name = new_topic(broker)
    producer.begin()
    producer.send(name, 1)
    producer.abort()
    producer.begin()
    producer.send(name, 1)

    listed = transactions(broker, "--format", "json")

    assert listed.returncode in (0, 1), listed.stderr
    found = json.loads(listed.stdout)
    (opened,) = [row for row in found["open"] if row["partitions"] == f"{name}-0"]
    assert (opened["state"], opened["epoch"]) == ("ongoing", 1)
    assert opened["age_seconds"] < opened["timeout_seconds"] == 60
    mine = [
        (row["what"], row["reason"]) for row in found["recent"] if row["transactional_id"] == opened["transactional_id"]
    ]
    assert sorted(mine) == [("abort", "client"), ("session", "init")]
    assert found["unseen"] == []

    text = transactions(broker, "--open")
    assert f"{opened['transactional_id']}  " in text.stdout
    assert "Aborts" not in text.stdout


def test_a_hanging_transaction_is_a_finding_with_its_abort_command(lab, broker):
    name = new_topic(broker)
    leave_hanging(broker, name, partition=0, producer_id=424_242, age_seconds=7200)

    listed = transactions(broker, "--hanging")

    assert listed.returncode == 1, listed.stderr
    assert "look 2 follows in 10 s" in listed.stderr
    assert f"{name}-0" in listed.stdout
    assert f"abort --topic {name} --partition 0 --start-offset 0" in listed.stdout


def test_an_unreachable_cluster_is_reported_with_its_reason():
    class Nowhere:
        bootstrap = "127.0.0.1:1"

    listed = transactions(Nowhere)

    assert listed.returncode == 3
    assert listed.stderr.startswith("refused: ")


def test_without_a_cluster_the_missing_argument_is_named():
    words = [sys.executable, "-m", "kafka_producer_exporter", "transactions"]
    listed = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)

    assert listed.returncode == 2
    assert "--bootstrap-server" in listed.stderr
