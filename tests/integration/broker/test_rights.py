"""The rights that docs/broker-view.md asks for: enough for everything, and none of them superfluous."""

import contextlib
import re
from typing import NamedTuple

import pytest
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from kafka_producer_exporter.settings import Sasl, SaslMechanism
from lab.broker import Broker, Security
from lab.certificates import make_certificates
from lab.process import LabError, wait_until
from tests.integration.broker.view import UP, collecting, counts, value
from tests.paths import DOCS

PAGE = DOCS / "broker-view.md"
USER = "exporter"
DEAD = "payments.dlq"
RESOURCES = {
    "--topic": ResourceType.TOPIC,
    "--transactional-id": ResourceType.TRANSACTIONAL_ID,
    "--cluster": ResourceType.CLUSTER,
}
OPERATIONS = {
    "Read": ACLOperation.READ,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}


class Grant(NamedTuple):
    """One line of the page's shell block."""

    operation: str
    kind: str
    name: str


def documented():
    """Return the grants of the page's shell block, each line of which must be one grant to the user."""
    block = re.search(r"^## Rights$.*?^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)[1]
    line = re.compile(
        rf"kafka-acls\.sh --add --allow-principal User:{USER} --operation (\w+) (--[a-z-]+) ?'?([^' …]*)'? …"
    )
    return [Grant(*line.fullmatch(text).groups()) for text in block.splitlines()]


GRANTS = documented()


class Access:
    """Grants and revokes a user's rights on a broker."""

    def __init__(self, broker, *, user=USER):
        self.broker = broker
        self._user = user

    def grant(self, *grants):
        with self.broker.admin() as admin:
            admin.create_acls([self._rule(ACL, ResourcePattern, grant) for grant in grants])

    def revoke(self, grant):
        with self.broker.admin() as admin:
            admin.delete_acls([self._rule(ACLFilter, ResourcePatternFilter, grant)])

    def _rule(self, rule, pattern, grant):
        return rule(
            principal=f"User:{self._user}",
            host="*",
            operation=OPERATIONS[grant.operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=pattern(
                RESOURCES[grant.kind], grant.name or "kafka-cluster", ACLResourcePatternType.LITERAL
            ),
        )


@pytest.fixture(scope="module")
def guarded(lab, tmp_path_factory):
    """A broker with an authorizer, whose user has the documented rights and no others."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with Broker(security=Security(certificates=certificates, users={USER: "secret"})) as broker:
        broker.create_topic("payments")
        broker.create_topic(DEAD)
        Access(broker).grant(*GRANTS)
        yield broker


@pytest.fixture
def producer(guarded, producer_jvm):
    jvm = producer_jvm("4.4.0", jmx=False)
    jvm.new("plain", guarded.bootstrap).send("payments")
    producer = jvm.new("tx", guarded.bootstrap, transactional_id="tx")
    producer.init()
    commit(producer)
    return producer


def commit(producer):
    producer.begin()
    producer.send("payments")
    producer.commit()


@pytest.fixture
def collector(guarded, producer, tmp_path):
    """A collector with the user's rights, in a cluster with a transaction log and a producer without transactions."""
    password_file = tmp_path / "password"
    password_file.write_text("secret")
    sasl = Sasl(mechanism=SaslMechanism.SCRAM_SHA_512, username=USER, password_file=password_file)
    with collecting(
        guarded.address("SASL_PLAINTEXT"),
        sasl=sasl,
        topics=(re.compile("payments"),),
        dlq_topics=(re.compile(DEAD),),
        poll_seconds=0.2,
    ) as collector:
        yield collector


def up(source):
    return lambda collector: value(collector, UP, source=source) == 1


def served(name, **labels):
    return lambda collector: value(collector, name, **labels) is not None


def all_served(*parts):
    return lambda collector: all(part(collector) for part in parts)


# What each grant adds, as the table of the page says.
ADDED_BY = {
    Grant("Read", "--topic", "__transaction_state"): all_served(
        up("transaction_log"),
        lambda collector: value(collector, "kafka_producer_exporter_transaction_counts_exact") == 1,
    ),
    Grant("Describe", "--transactional-id", "*"): up("partitions"),
    Grant("Read", "--topic", "payments"): served("kafka_idempotent_producer_active", topic="payments", partition="0"),
    Grant("Describe", "--topic", DEAD): served("kafka_dead_letter_record_total", topic=DEAD),
    Grant("DescribeConfigs", "--topic", "payments"): all_served(
        served("kafka_topic_min_insync_replicas", topic="payments"),
        served("kafka_topic_unclean_leader_election", topic="payments"),
    ),
    Grant("DescribeConfigs", "--topic", "__transaction_state"): served(
        "kafka_topic_min_insync_replicas", topic="__transaction_state"
    ),
    Grant("DescribeConfigs", "--cluster", ""): served("kafka_transaction_max_timeout_seconds"),
}


def test_the_documented_rights_suffice_for_every_source_and_exact_counts(collector, producer):
    for source in ("transaction_log", "partitions", "topics", "bootstrap_servers"):
        wait_until(f"{source} is up", lambda source=source: up(source)(collector))
    for grant, is_served in ADDED_BY.items():
        wait_until(f"what {grant} adds is served", lambda is_served=is_served: is_served(collector))

    for _ in range(5):
        commit(producer)
    with contextlib.suppress(LabError):
        wait_until("all five commits are counted", lambda: counts(collector, "tx").get("committed") == 5)

    assert counts(collector, "tx") == {"started": 5, "committed": 5}
    assert value(collector, UP, source="coordinators") is None


def test_what_happens_while_the_log_may_not_be_read_is_counted_once_and_exactly(guarded, collector, producer):
    exact = "kafka_producer_exporter_transaction_counts_exact"
    read_log = Grant("Read", "--topic", "__transaction_state")
    wait_until("the log is read", lambda: ADDED_BY[read_log](collector))
    commit(producer)
    wait_until("a commit is counted", lambda: counts(collector, "tx").get("committed") == 1)

    Access(guarded).revoke(read_log)
    try:
        wait_until("the coordinators answer", lambda: up("coordinators")(collector) and not value(collector, exact))
        for number in range(2, 5):  # each is reported, and then the log shows it too
            commit(producer)
            wait_until("it is counted", lambda n=number: counts(collector, "tx").get("committed") == n)
        for _ in range(5):  # too fast for the coordinators' reports
            commit(producer)
        producer.begin()
        producer.send("payments")
        producer.abort()
    finally:
        Access(guarded).grant(read_log)
    expected = {"started": 10, "committed": 9}
    wait_until("the log is read again", lambda: value(collector, exact) == 1)
    with contextlib.suppress(LabError):
        wait_until("everything is counted", lambda: without_aborts(collector) == expected and aborts(collector) == 1)

    assert without_aborts(collector) == expected
    assert aborts(collector) == 1


def without_aborts(collector):
    return {name: count for name, count in counts(collector, "tx").items() if not name.startswith("aborted")}


def aborts(collector):
    return sum(count for name, count in counts(collector, "tx").items() if name.startswith("aborted"))


def test_the_documented_rights_are_the_tested_ones():
    assert set(GRANTS) == set(ADDED_BY)
    assert len(GRANTS) == len(ADDED_BY)


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: " ".join(grant).replace("--", ""))
def test_without_one_of_the_rights_only_what_it_adds_is_missing(guarded, collector, grant):
    access = Access(guarded)
    for is_served in ADDED_BY.values():
        wait_until("everything is served", lambda is_served=is_served: is_served(collector))

    # Without Read a topic is invisible, so its settings cannot be described either.
    expected = {other for other in GRANTS if grant in (other, other._replace(operation="Read"))}

    def missing():
        return {other for other, is_served in ADDED_BY.items() if not is_served(collector)}

    access.revoke(grant)
    try:
        with contextlib.suppress(LabError):  # the sources are polled one after the other
            wait_until("what the right adds is missing", lambda: missing() == expected)
        assert missing() == expected
    finally:
        access.grant(grant)

    wait_until("what the right adds is served again", lambda: ADDED_BY[grant](collector))
