"""Hanging transactions, producers without transactions, and a user's rights, on real brokers."""

import contextlib
import re
import time

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from kafka_producer_exporter.settings import Sasl, SaslMechanism
from lab.broker import Broker, Security
from lab.certificates import make_certificates
from lab.hanging import leave_hanging
from lab.process import LabError, wait_until
from tests.integration.broker.view import UP, collecting, counts, found_by_kafka, hanging, value
from tests.integration.topics import new_topic


def test_a_hanging_transaction_is_found_and_a_healthy_one_is_not(broker, producer_jvm, caplog):
    name = new_topic(broker, partitions=4)
    healthy = producer_jvm("4.4.0", jmx=False).new(
        "healthy", broker.bootstrap, transactional_id=f"healthy-{name}", transaction_timeout_ms=600_000
    )
    healthy.init()
    healthy.begin()
    healthy.send(name, count=20)
    leave_hanging(broker, name, partition=3, producer_id=987_654, age_seconds=7200)

    with collecting(broker.bootstrap) as collector:
        wait_until("it is found", lambda: hanging(collector, name))
        ours = hanging(collector, name)
        labels = {"topic": name, "partition": "3", "producer_id": "987654"}
        age = value(collector, "kafka_transaction_hanging_seconds", **labels)
        held_back = value(collector, "kafka_transaction_hanging_records", **labels)
        commands = [message for message in caplog.messages if f"--topic {name} --partition 3" in message]

        assert ours == {(3, 987_654)} == found_by_kafka(broker, name)
        assert 7200 <= age < 7300
        assert held_back >= 1
        assert len(commands) == 1
        healthy.commit()


def test_a_transaction_just_committed_or_left_by_a_dead_application_is_not_hanging(broker, producer_jvm):
    name = new_topic(broker, partitions=2)
    dead_jvm = producer_jvm("4.4.0", jmx=False)
    dead = dead_jvm.new("dead", broker.bootstrap, transactional_id=f"dead-{name}", transaction_timeout_ms=600_000)
    dead.init()
    dead.begin()
    dead.send(name, partition=0)
    dead_jvm.kill()
    busy = producer_jvm("4.4.0", jmx=False).new("busy", broker.bootstrap, transactional_id=f"busy-{name}")
    busy.init()
    found = set()

    with collecting(broker.bootstrap) as collector:
        wait_until("the first poll has ended", lambda: value(collector, UP, source="partitions"))
        until = time.monotonic() + 4  # a dozen polls, each at some moment of a commit
        while time.monotonic() < until:
            busy.begin()
            busy.send(name, partition=1)
            busy.commit()
            found |= hanging(collector, name)
        still_open = value(collector, "kafka_transaction_open_seconds", transactional_id=f"dead-{name}")

    assert found == set() == found_by_kafka(broker, name)
    assert still_open > 0


def test_producers_without_transactions_are_reported_by_partition(broker, producer_jvm):
    name = new_topic(broker)
    with collecting(broker.bootstrap, topics=(re.compile(name),)) as collector:
        wait_until(
            "the first poll has ended",
            lambda: value(collector, "kafka_idempotent_producer_id_appeared_total", topic=name) == 0,
        )
        producer_jvm("4.4.0", jmx=False).new("plain", broker.bootstrap).send(name, count=3)

        wait_until(
            "it has appeared",
            lambda: value(collector, "kafka_idempotent_producer_id_appeared_total", topic=name) == 1,
        )

        assert value(collector, "kafka_idempotent_producer_active", topic=name, partition="0") == 1
        assert value(collector, "kafka_idempotent_producer_epoch_bump_total", topic=name) == 0


@pytest.fixture(scope="module")
def guarded(lab, tmp_path_factory):
    """A broker whose users alice and bob may do nothing, yet. Each belongs to one test."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with Broker(security=Security(certificates=certificates, users={"alice": "secret", "bob": "secret"})) as broker:
        broker.create_topic("payments")
        yield broker


def grant(broker, kind, name, operation, *, user="alice", permission=ACLPermissionType.ALLOW):
    rule = ACL(
        principal=f"User:{user}",
        host="*",
        operation=operation,
        permission_type=permission,
        resource_pattern=ResourcePattern(kind, name, ACLResourcePatternType.LITERAL),
    )
    with broker.admin() as admin:
        admin.create_acls([rule])


def test_a_missing_right_is_reported_and_each_right_brings_its_source(guarded, producer_jvm, tmp_path):
    password_file = tmp_path / "password"
    password_file.write_text("secret")
    sasl = Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=password_file)
    producer = producer_jvm("4.4.0", jmx=False).new("tx", guarded.bootstrap, transactional_id="tx")
    producer.init()

    def once():
        producer.begin()
        producer.send("payments")
        producer.commit()

    once()
    with collecting(guarded.address("SASL_PLAINTEXT"), sasl=sasl) as collector:

        def error(source):
            return value(collector, "kafka_producer_exporter_source_error", source=source, reason="authorization")

        wait_until("every source is denied", lambda: all(map(error, ("transaction_log", "coordinators", "partitions"))))
        assert value(collector, "kafka_producer_exporter_transaction_counts_exact") == 0

        grant(guarded, ResourceType.TRANSACTIONAL_ID, "*", ACLOperation.DESCRIBE)
        wait_until("the coordinators answer", lambda: value(collector, UP, source="coordinators"))
        wait_until(
            "a poll",
            lambda: (
                counts(collector, "tx") == {}
                and value(collector, "kafka_transaction_started_total", transactional_id="tx") == 0
            ),
        )
        once()
        wait_until("it is counted", lambda: counts(collector, "tx") == {"started": 1, "committed": 1})
        assert value(collector, "kafka_producer_exporter_transaction_counts_exact") == 0
        assert error("transaction_log")

        grant(guarded, ResourceType.TOPIC, "payments", ACLOperation.READ)
        wait_until("the partitions answer", lambda: value(collector, UP, source="partitions"))

        grant(guarded, ResourceType.TOPIC, "__transaction_state", ACLOperation.READ)
        wait_until("the log is read", lambda: value(collector, "kafka_producer_exporter_transaction_counts_exact"))
        wait_until(
            "from its end on", lambda: not value(collector, "kafka_producer_exporter_transaction_log_lag_records")
        )
        for _ in range(3):
            once()
        with contextlib.suppress(LabError):
            wait_until("all is counted", lambda: counts(collector, "tx").get("committed") == 4)

        assert counts(collector, "tx") == {"started": 4, "committed": 4}
        assert value(collector, UP, source="coordinators") is None


def test_a_transaction_whose_id_is_denied_to_the_exporter_is_not_hanging(guarded, producer_jvm, tmp_path):
    password_file = tmp_path / "password"
    password_file.write_text("secret")
    sasl = Sasl(mechanism=SaslMechanism.PLAIN, username="bob", password_file=password_file)
    grant(guarded, ResourceType.TRANSACTIONAL_ID, "*", ACLOperation.DESCRIBE, user="bob")
    grant(guarded, ResourceType.TOPIC, "payments", ACLOperation.READ, user="bob")
    grant(guarded, ResourceType.TOPIC, "__transaction_state", ACLOperation.READ, user="bob")
    denied = ACLPermissionType.DENY
    grant(guarded, ResourceType.TRANSACTIONAL_ID, "hidden", ACLOperation.DESCRIBE, user="bob", permission=denied)
    producer = producer_jvm("4.4.0", jmx=False).new("hidden", guarded.bootstrap, transactional_id="hidden")
    producer.init()
    producer.begin()
    producer.send("payments")
    leave_hanging(guarded, "payments", partition=0, producer_id=987_654, age_seconds=7200)

    with collecting(guarded.address("SASL_PLAINTEXT"), sasl=sasl) as collector:
        wait_until("what hangs is found", lambda: hanging(collector, "payments"))
        found = {producer_id for _, producer_id in hanging(collector, "payments")}

    assert found == {987_654}


def test_topics_and_bootstrap_servers_are_reported(broker, producer_jvm):
    name, dead = new_topic(broker, partitions=2), new_topic(broker)
    producer_jvm("4.4.0", jmx=False).new("dead", broker.bootstrap).send(dead, count=4)

    with collecting(broker.bootstrap, topics=(re.compile(name),), dlq_topics=(re.compile(dead),)) as collector:
        wait_until("the topics are known", lambda: value(collector, "kafka_dead_letter_record_total", topic=dead) == 4)

        assert value(collector, "kafka_topic_min_insync_replicas", topic=name) == 1
        assert value(collector, "kafka_topic_replication_factor", topic=name) == 1
        assert value(collector, "kafka_topic_offline_partitions", topic=name) == 0
        assert value(collector, "kafka_topic_unclean_leader_election", topic=name) == 0
        assert value(collector, "kafka_topic_partition_end_offset", topic=name, partition="1") == 0
        assert value(collector, "kafka_transaction_max_timeout_seconds") == 900
        wait_until(
            "the server was probed", lambda: value(collector, "kafka_bootstrap_server_up", server=broker.bootstrap) == 1
        )
