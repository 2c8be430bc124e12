import pytest
from kafka.errors import IncompatibleBrokerVersion
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.admin import ListTransactionsRequest
from kafka.protocol.consumer import FetchRequest

from kafka_producer_exporter.broker.client import connection
from kafka_producer_exporter.broker.client.connection import Client, probe_server, usable_server
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker, BrokerTls, Sasl, SaslMechanism

UNRESOLVABLE = Address("no-such-host.invalid", 9092)


@pytest.mark.parametrize(
    ("files", "reason", "key"),
    [
        ({"ca_file": "missing"}, Reason.TLS_CA, "broker.tls.ca_file"),
        ({"cert_file": "missing", "key_file": "missing"}, Reason.TLS_MISMATCH, "broker.tls.cert_file"),
    ],
)
def test_an_unusable_certificate_file_is_reported_with_its_key(tmp_path, files, reason, key):
    tls = BrokerTls(**{name: tmp_path / file for name, file in files.items()})

    with pytest.raises(TransportError, match=key) as caught:
        probe_server(Broker(bootstrap_servers=(UNRESOLVABLE,), tls=tls), UNRESOLVABLE)

    assert caught.value.reason is reason


def test_a_missing_password_is_reported_with_its_key(tmp_path):
    sasl = Sasl(mechanism=SaslMechanism.PLAIN, username="alice", password_file=tmp_path / "missing")

    with pytest.raises(TransportError, match=r"broker\.sasl\.password_file") as caught:
        probe_server(Broker(bootstrap_servers=(UNRESOLVABLE,), sasl=sasl), UNRESOLVABLE)

    assert caught.value.reason is Reason.AUTHENTICATION


def test_the_error_of_an_unusable_bootstrap_server_is_reported():
    with pytest.raises(TransportError, match="no-such-host") as caught:
        usable_server(Broker(bootstrap_servers=(UNRESOLVABLE, UNRESOLVABLE)))

    assert caught.value.reason is Reason.DNS


def test_the_library_does_not_log_what_it_thinks_of_a_login(caplog):
    options = {"security_protocol": "SASL_PLAINTEXT", "sasl_plain_username": "alice", "sasl_plain_password": "secret"}

    get_sasl_mechanism("PLAIN")(host="broker", **options)

    assert caplog.records == []


def test_an_error_of_the_library_while_it_connects_is_an_error_of_ours(monkeypatch):
    def broken(*_, **__):
        raise TypeError("'NoneType' object is not iterable")

    monkeypatch.setattr(connection, "usable_server", lambda _: UNRESOLVABLE)
    monkeypatch.setattr(connection.KafkaConnectionManager, "bootstrap", broken)

    with pytest.raises(TransportError, match="metadata that cannot be used") as caught:
        Client(Broker(bootstrap_servers=(UNRESOLVABLE,)))

    assert caught.value.reason is Reason.DAMAGED


@pytest.mark.parametrize(
    ("request_class", "message"),
    [
        (ListTransactionsRequest, "broker 3 does not support ListTransactions; Kafka has it since 3.0"),
        (FetchRequest, "broker 3 does not support Fetch"),
    ],
)
def test_a_request_that_a_broker_does_not_have_is_named(request_class, message):
    error = connection._transport_error(IncompatibleBrokerVersion(), "broker 3", request_class())

    assert (error.reason, str(error)) == (Reason.UNSUPPORTED, message)
