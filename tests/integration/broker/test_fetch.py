"""The transaction log of real brokers, read by us."""

import gc
import time
import uuid
import warnings
from dataclasses import replace

import pytest

from kafka_producer_exporter.broker.log.records import TransactionState, decode
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker as BrokerSettings
from kafka_producer_exporter.settings import BrokerTls, Sasl, SaslMechanism
from lab.broker import Broker, Security
from lab.certificates import make_certificates
from tests.transaction_log import partition_for

with warnings.catch_warnings():  # kafka-python reads its schemas in a way that Python 3.11 deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
    from kafka_producer_exporter.broker.client.connection import Client, probe_server
    from kafka_producer_exporter.broker.client.fetch import LogReader

pytestmark = [
    pytest.mark.integration,
    # kafka-python leaves a socket that could not connect to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PASSWORD = "alice-secret"


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """What the library left behind is told here, and not in some other test."""
    yield
    gc.collect()


@pytest.fixture
def client(broker):
    client = Client(BrokerSettings(bootstrap_servers=(Address.parse(broker.bootstrap),)))
    yield client
    client.close()


@pytest.fixture(scope="module")
def secured(lab, tmp_path_factory):
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with Broker(security=Security(certificates=certificates, users={"alice": PASSWORD})) as broker:
        yield broker, certificates


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return path


def committed_once(broker, producer_jvm):
    name = f"fetch-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name)
    producer = producer_jvm("4.4.0", jmx=False).new(name, broker.bootstrap, transactional_id=name)
    producer.init()
    producer.begin()
    producer.send(name)
    producer.commit()
    return name


def test_what_a_producer_does_is_read_from_its_partition_of_the_log(broker, producer_jvm, client):
    name = committed_once(broker, producer_jvm)
    reader = LogReader(client)
    partitions = reader.partitions()

    found = reader.offsets(partitions, EARLIEST)
    states = []
    deadline = time.monotonic() + 10
    while states[-1:] != [TransactionState.COMPLETE_COMMIT] and time.monotonic() < deadline:
        for fetched in reader.fetch(found, wait_seconds=0.2):
            records = [decode(key, value) for _, key, value in fetched.chunk.records]
            states += [r.state for r in records if r.transactional_id == name]
            assert not states or fetched.chunk.unreadable is None
            found[fetched.partition] = fetched.chunk.next_offset

    assert partitions == [0, 1, 2, 3, 4]
    assert states == [
        TransactionState.EMPTY,
        TransactionState.ONGOING,
        TransactionState.PREPARE_COMMIT,
        TransactionState.COMPLETE_COMMIT,
    ]
    assert found == reader.offsets(partitions, LATEST)
    assert found[partition_for(name, 5)] > 0


def test_a_cluster_without_transactions_has_no_log_and_gets_none(lab):
    with Broker() as broker:
        client = Client(BrokerSettings(bootstrap_servers=(Address.parse(broker.bootstrap),)))

        assert LogReader(client).partitions() == []

        with broker.admin() as admin:
            assert "__transaction_state" not in admin.list_topics()
        client.close()


def test_a_cluster_of_another_id_is_refused(broker):
    with pytest.raises(TransportError, match="not the-other-one") as caught:
        Client(BrokerSettings(bootstrap_servers=(Address.parse(broker.bootstrap),), cluster_id="the-other-one"))

    assert caught.value.reason is Reason.CLUSTER


def test_a_frozen_broker_ends_in_a_time_out_and_a_dead_one_at_once(lab):
    with Broker() as broker:
        cluster = BrokerSettings(bootstrap_servers=(Address.parse(broker.bootstrap),), request_timeout_seconds=1)
        client = Client(cluster)
        broker.pause()
        started = time.monotonic()

        with pytest.raises(TransportError) as frozen:
            client.metadata(["anything"])
        with pytest.raises(TransportError) as unreachable:
            Client(cluster)
        frozen_seconds = time.monotonic() - started
        broker.kill()
        with pytest.raises(TransportError) as dead:
            Client(cluster)
        client.close()

    assert [caught.value.reason for caught in (frozen, unreachable, dead)] == [
        Reason.TIMEOUT,
        Reason.TIMEOUT,
        Reason.REFUSED,
    ]
    assert frozen_seconds < 5


@pytest.mark.parametrize(
    ("listener", "mechanism"),
    [
        ("SASL_PLAINTEXT", "PLAIN"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-256"),
        ("SASL_SSL", "SCRAM-SHA-512"),
        ("SASL_SSL", "PLAIN"),
        ("SSL", None),
    ],
)
def test_each_way_in_is_found_well_and_used(secured, password_file, listener, mechanism):
    broker, certificates = secured
    cluster = BrokerSettings(
        bootstrap_servers=(Address.parse(broker.address(listener)),),
        tls=BrokerTls(ca_file=certificates.ca) if listener.endswith("SSL") else None,
        sasl=Sasl(mechanism=SaslMechanism(mechanism), username="alice", password_file=password_file)
        if mechanism
        else None,
    )

    client = Client(cluster)

    assert client.brokers == [1]
    assert (
        probe_server(cluster, Address.parse(broker.address(listener))).certificate_expiry is not None
    ) == listener.endswith("SSL")
    client.close()


def test_a_client_certificate_lets_in_and_without_the_right_one_nobody_is(lab, tmp_path):
    certificates = make_certificates(tmp_path)
    security = Security(
        certificates=certificates, users={"alice": PASSWORD}, access_control=False, client_certificates="required"
    )
    with Broker(security=security) as broker:

        def connect(identity):
            pair = {"cert_file": identity.certificate, "key_file": identity.key} if identity else {}
            tls = BrokerTls(ca_file=certificates.ca, **pair)
            Client(BrokerSettings(bootstrap_servers=(Address.parse(broker.address("SSL")),), tls=tls)).close()

        connect(certificates.client)
        with pytest.raises(TransportError) as without:
            connect(None)
        with pytest.raises(TransportError) as foreign:
            connect(certificates.foreign_client)

    assert {without.value.reason, foreign.value.reason} == {Reason.TLS_MISMATCH}


def test_an_expired_certificate_of_a_broker_is_told_as_such(lab, tmp_path):
    certificates = make_certificates(tmp_path)
    expired = replace(certificates, server=certificates.expired)
    with Broker(security=Security(certificates=expired, users={"alice": PASSWORD}, access_control=False)) as broker:
        cluster = BrokerSettings(
            bootstrap_servers=(Address.parse(broker.address("SSL")),), tls=BrokerTls(ca_file=certificates.ca)
        )

        with pytest.raises(TransportError) as caught:
            Client(cluster)

    assert caught.value.reason is Reason.TLS_EXPIRED


def test_a_wrong_password_is_told_from_a_wrong_listener(secured, password_file, tmp_path):
    broker, certificates = secured
    wrong = tmp_path / "wrong"
    wrong.write_text("guess")
    right = Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=password_file)
    tls = BrokerTls(ca_file=certificates.ca)

    def reason(listener, **options):
        with pytest.raises(TransportError) as caught:
            Client(
                BrokerSettings(
                    bootstrap_servers=(Address.parse(broker.address(listener)),), request_timeout_seconds=2, **options
                )
            )
        assert "guess" not in str(caught.value)
        return caught.value.reason

    assert (
        reason("SASL_SSL", tls=tls, sasl=Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=wrong))
        == "authentication"
    )
    assert (
        reason(
            "SASL_PLAINTEXT",
            sasl=Sasl(mechanism=SaslMechanism.SCRAM_SHA_256, username="bob", password_file=password_file),
        )
        == "authentication"
    )
    assert reason("SASL_PLAINTEXT") == "not_kafka"
    assert reason("BROKER", tls=tls) == "tls_mismatch"
    assert reason("SASL_SSL", sasl=right) == "not_kafka"
    assert reason("SASL_SSL", sasl=right, tls=BrokerTls()) == "tls_ca"


def test_a_log_that_may_not_be_read_is_an_error_and_not_an_empty_log(secured, password_file, producer_jvm):
    broker, _ = secured
    committed_once(broker, producer_jvm)
    sasl = Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=password_file)
    client = Client(BrokerSettings(bootstrap_servers=(Address.parse(broker.address("SASL_PLAINTEXT")),), sasl=sasl))

    with pytest.raises(TransportError) as caught:
        LogReader(client).partitions()

    assert caught.value.reason is Reason.AUTHORIZATION
    client.close()
