"""Connections to real brokers, and their transaction log read through them."""

import gc
import time
import uuid
from dataclasses import replace

import pytest

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST, partition_leaders
from kafka_producer_exporter.broker.client.connection import Client, probe_server
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.log.records import TransactionState, decode
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.x509 import file_expiry
from kafka_producer_exporter.settings import Broker as BrokerSettings
from kafka_producer_exporter.settings import BrokerTls, Sasl, SaslMechanism
from lab.broker import Broker
from tests.integration.broker.conftest import ALICES_PASSWORD
from tests.transaction_log import partition_for


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Report what the library left behind in this test, and not in a later one."""
    yield
    gc.collect()


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{ALICES_PASSWORD}\n")
    return path


def settings_of(address, **options):
    return BrokerSettings(bootstrap_servers=(Address.parse(address),), **options)


def connection_error(settings):
    with pytest.raises(TransportError) as caught, Client(settings):
        pass
    return caught.value


def committed_once(broker, producer_jvm):
    """Return the transactional id of a producer that has committed one transaction."""
    name = f"fetch-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name)
    producer = producer_jvm("4.4.0", jmx=False).new(name, broker.bootstrap, transactional_id=name)
    producer.init()
    producer.begin()
    producer.send(name)
    producer.commit()
    return name


def test_the_transitions_of_a_producer_are_read_from_its_partition_of_the_log(broker, producer_jvm):
    name = committed_once(broker, producer_jvm)
    with Client(settings_of(broker.bootstrap)) as client:
        reader = LogReader(client)
        partitions = reader.partitions()

        positions = reader.offsets(partitions, EARLIEST)
        states = []
        deadline = time.monotonic() + 10
        while states[-1:] != [TransactionState.COMPLETE_COMMIT] and time.monotonic() < deadline:
            for fetched in reader.fetch(positions, wait_seconds=0.2):
                records = [decode(key, value) for _, key, value, _ in fetched.chunk.records]
                states += [record.state for record in records if record.transactional_id == name]
                assert not states or fetched.chunk.unreadable is None
                positions[fetched.partition] = fetched.chunk.next_offset

        assert partitions == [0, 1, 2, 3, 4]
        assert states == [
            TransactionState.EMPTY,
            TransactionState.ONGOING,
            TransactionState.PREPARE_COMMIT,
            TransactionState.COMPLETE_COMMIT,
        ]
        assert positions == reader.offsets(partitions, LATEST)
        assert positions[partition_for(name, 5)] > 0


def test_a_response_beyond_the_size_limit_is_an_error_with_a_reason_of_its_own(broker):
    broker.create_topic(f"wide-{uuid.uuid4().hex[:8]}", partitions=50)

    with Client(settings_of(broker.bootstrap)) as client:  # with the memory that it has by default
        assert partition_leaders(client)
    with Client(settings_of(broker.bootstrap), max_response_bytes=1000) as client:
        with pytest.raises(TransportError, match="larger than the exporter accepts; give it more memory") as caught:
            partition_leaders(client)
        assert caught.value.reason is Reason.LIMIT


def test_reading_does_not_create_the_log_of_a_cluster_without_transactions(lab):
    with Broker() as broker, Client(settings_of(broker.bootstrap)) as client:
        assert LogReader(client).partitions() == []

        with broker.admin() as admin:
            assert "__transaction_state" not in admin.list_topics()


def test_a_log_that_may_not_be_read_is_an_error_and_not_an_empty_log(secured, password_file, producer_jvm):
    broker, _ = secured
    committed_once(broker, producer_jvm)
    sasl = Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=password_file)

    with (
        Client(settings_of(broker.address("SASL_PLAINTEXT"), sasl=sasl)) as client,
        pytest.raises(TransportError) as caught,
    ):
        LogReader(client).partitions()

    assert caught.value.reason is Reason.AUTHORIZATION


def test_a_cluster_with_another_id_is_reported(broker):
    error = connection_error(settings_of(broker.bootstrap, cluster_id="the-other-one"))

    assert error.reason is Reason.CLUSTER
    assert "not the-other-one" in str(error)


def test_a_frozen_broker_ends_in_a_timeout_and_a_dead_one_is_refused(lab):
    with Broker() as broker:
        settings = settings_of(broker.bootstrap, request_timeout_seconds=1)
        with Client(settings) as client:
            broker.pause()
            started = time.monotonic()

            with pytest.raises(TransportError) as frozen:
                client.metadata(["anything"])
            unreachable = connection_error(settings)
            frozen_seconds = time.monotonic() - started
            broker.kill()
            dead = connection_error(settings)

    assert frozen.value.reason is Reason.TIMEOUT
    assert unreachable.reason is Reason.TIMEOUT
    assert dead.reason is Reason.REFUSED
    assert frozen_seconds < 5


@pytest.mark.parametrize(
    ("listener", "mechanism"),
    [
        ("SASL_PLAINTEXT", SaslMechanism.PLAIN),
        ("SASL_PLAINTEXT", SaslMechanism.SCRAM_SHA_256),
        ("SASL_SSL", SaslMechanism.SCRAM_SHA_512),
        ("SASL_SSL", SaslMechanism.PLAIN),
        ("SSL", None),
    ],
)
def test_the_probe_and_the_client_accept_every_kind_of_listener(secured, password_file, listener, mechanism):
    broker, certificates = secured
    tls = BrokerTls(ca_file=certificates.ca) if listener.endswith("SSL") else None
    sasl = Sasl(mechanism=mechanism, username="alice", password_file=password_file) if mechanism else None
    settings = settings_of(broker.address(listener), tls=tls, sasl=sasl)

    probed = probe_server(settings, settings.bootstrap_servers[0])
    with Client(settings) as client:
        brokers = client.brokers

    assert (probed.addresses, probed.error, brokers) == (1, None, [1])
    assert (probed.certificate_expiry is not None) == (tls is not None)


def test_a_broker_that_requires_client_certificates_accepts_only_the_right_one(secured):
    broker, certificates = secured

    def settings(identity):
        pair = {"cert_file": identity.certificate, "key_file": identity.key} if identity else {}
        return settings_of(broker.address("MUTUAL"), tls=BrokerTls(ca_file=certificates.ca, **pair))

    with Client(settings(certificates.client)) as client:
        brokers = client.brokers
    without = connection_error(settings(None))
    foreign = connection_error(settings(certificates.foreign_client))

    assert brokers == [1]
    assert {without.reason, foreign.reason} == {Reason.TLS_MISMATCH}
    assert "broker.tls.cert_file" in str(without)


def test_an_expired_certificate_of_a_broker_is_reported(secured):
    broker, certificates = secured
    settings = settings_of(broker.address("EXPIRED"), tls=BrokerTls(ca_file=certificates.ca))

    error = connection_error(settings)
    probed = probe_server(settings, settings.bootstrap_servers[0])

    assert error.reason is Reason.TLS_EXPIRED
    assert probed.certificate_expiry == file_expiry(certificates.expired.certificate) < time.time()


def test_a_wrong_password_is_distinguished_from_a_wrong_listener(secured, password_file, tmp_path):
    broker, certificates = secured
    wrong_file = tmp_path / "wrong"
    wrong_file.write_text("guess")
    tls = BrokerTls(ca_file=certificates.ca)
    alice = Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=password_file)
    wrong_password = replace(alice, password_file=wrong_file)
    unknown_user = replace(alice, mechanism=SaslMechanism.SCRAM_SHA_256, username="bob")

    def reason(listener, **options):
        error = connection_error(settings_of(broker.address(listener), request_timeout_seconds=2, **options))
        assert "guess" not in str(error)
        return error.reason

    assert reason("SASL_SSL", tls=tls, sasl=wrong_password) is Reason.AUTHENTICATION
    assert reason("SASL_PLAINTEXT", sasl=unknown_user) is Reason.AUTHENTICATION
    assert reason("SASL_PLAINTEXT") is Reason.NOT_KAFKA
    assert reason("BROKER", tls=tls) is Reason.TLS_MISMATCH
    assert reason("SASL_SSL", sasl=alice) is Reason.NOT_KAFKA
    assert reason("SASL_SSL", sasl=alice, tls=BrokerTls()) is Reason.TLS_CA
