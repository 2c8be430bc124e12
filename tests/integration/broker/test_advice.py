"""What the messages about brokers advise, followed by their words on a real broker: afterwards it is used."""

import re
from dataclasses import replace

import pytest
from kafka.protocol.admin import ListTransactionsRequest

from kafka_producer_exporter.broker.client.admin import require_describe_all
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker as BrokerSettings
from kafka_producer_exporter.settings import BrokerTls, Sasl, SaslMechanism
from lab.broker import BROKER
from lab.process import Port
from tests.advice import follow
from tests.integration.broker.conftest import ALICES_PASSWORD
from tests.integration.broker.test_rights import RESOURCES, Access, Grant


@pytest.fixture
def broker(secured):
    return secured[0]


@pytest.fixture
def certificates(secured):
    return secured[1]


@pytest.fixture
def alice(tmp_path):
    file = tmp_path / "password"
    file.write_text(f"{ALICES_PASSWORD}\n")
    return {"username": "alice", "password_file": file}


@pytest.fixture
def ours(certificates):
    return {"cert_file": certificates.client.certificate, "key_file": certificates.client.key}


def at(broker, listener, **options):
    address = Address.parse(broker.address(listener))
    return BrokerSettings(bootstrap_servers=(address,), request_timeout_seconds=5, **options)


def brokers(settings):
    with Client(settings) as client:
        client.metadata([])
        return client.brokers


def message_of(settings):
    with pytest.raises(TransportError) as caught:
        brokers(settings)
    return str(caught.value)


def test_a_rejected_password_is_corrected(broker, alice, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("guess\n")
    settings = at(
        broker, "SASL_PLAINTEXT", sasl=Sasl(mechanism=SaslMechanism.PLAIN, username="bob", password_file=wrong)
    )

    message = message_of(settings)

    assert message.endswith("correct broker.sasl.username or the password")
    assert brokers(follow(settings, message, **alice)) == [1]


def test_a_mechanism_is_replaced_by_one_that_the_listener_offers(broker, alice, tmp_path):
    token = tmp_path / "token"
    token.write_text("token")
    settings = at(broker, "SASL_PLAINTEXT", sasl=Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=token))

    message = message_of(settings)
    offered = re.search(r"offers ([\w, -]+), but not", message)[1].split(", ")

    assert set(offered) == {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
    for mechanism in offered:
        assert brokers(follow(settings, message, mechanism=SaslMechanism(mechanism), token_file=None, **alice)) == [1]


def test_sasl_and_tls_are_removed_for_a_listener_without_them(broker, certificates, alice):
    for options in (
        {"sasl": Sasl(mechanism=SaslMechanism.PLAIN, **alice)},
        {"tls": BrokerTls(ca_file=certificates.ca)},
    ):
        settings = at(broker, BROKER, **options)

        assert brokers(follow(settings, message_of(settings))) == [1]


def test_another_protocol_is_used_at_its_own_listener(broker, alice):
    plain = at(broker, "MUTUAL")
    sasl = at(broker, "SASL_SSL", sasl=Sasl(mechanism=SaslMechanism.PLAIN, **alice))

    for settings, listener in ((plain, BROKER), (sasl, "SASL_PLAINTEXT")):
        message = message_of(settings)
        protocol = re.search(r"check that this is a (\w+) listener", message)[1]
        right = replace(settings, bootstrap_servers=at(broker, listener).bootstrap_servers)

        assert protocol == settings.protocol
        assert brokers(right) == [1]


def test_the_advised_certificates_are_accepted(broker, certificates, ours):
    right = BrokerTls(ca_file=certificates.ca, **ours)
    foreign = certificates.foreign_client
    for wrong, known in [
        ({"ca_file": certificates.foreign_ca}, {"ca_file": certificates.ca}),
        ({"cert_file": None, "key_file": None}, ours),
        ({"cert_file": foreign.certificate, "key_file": foreign.key}, ours),
    ]:
        settings = at(broker, "MUTUAL", tls=replace(right, **wrong))

        assert brokers(follow(settings, message_of(settings), **known)) == [1]


def test_every_name_that_the_message_gives_is_a_name_of_the_certificate(broker, certificates, ours):
    settings = at(broker, "MUTUAL", tls=BrokerTls(ca_file=certificates.ca, **ours))
    port = settings.bootstrap_servers[0].port
    settings = replace(settings, bootstrap_servers=(Address("127.1", port),))

    message = message_of(settings)
    names = message.partition("use in broker.bootstrap_servers a name in the certificate: ")[2].split(", ")

    assert names == ["localhost", "127.0.0.1"]
    for name in names:
        assert brokers(follow(settings, message, bootstrap_servers=(Address(name, port),))) == [1]


def test_a_certificate_is_renewed(broker, certificates, ours):
    tls = BrokerTls(ca_file=certificates.ca, **ours)

    assert message_of(at(broker, "EXPIRED", tls=tls)).endswith("; renew it")
    assert brokers(at(broker, "MUTUAL", tls=tls)) == [1]  # the same with a certificate that is valid now


def test_another_cluster_or_address_is_corrected(broker):
    right = at(broker, BROKER)
    port = Port()
    closed = (Address("127.0.0.1", port.number),)
    for wrong in (
        {"cluster_id": "other"},
        {"bootstrap_servers": closed},
        {"bootstrap_servers": (Address("a.invalid", 1),)},
    ):
        settings = replace(right, **wrong)
        message = message_of(settings)
        named = re.search(r"the cluster id is ([^,]+), not", message)

        known = {"bootstrap_servers": right.bootstrap_servers, "cluster_id": named and named[1]}
        assert brokers(follow(settings, message, **known)) == [1]
    port.close()


def test_a_right_that_is_granted_as_the_message_says_suffices(broker, alice):
    settings = at(broker, "SASL_PLAINTEXT", sasl=Sasl(mechanism=SaslMechanism.PLAIN, **alice))
    with Client(settings) as client, pytest.raises(TransportError) as caught:
        require_describe_all(client)

    operation, resource, name = re.search(r"grant (\w+) on (\w+) (\S+)$", str(caught.value)).groups()
    [kind] = [option for option, kind in RESOURCES.items() if kind.name.replace("_", "").lower() == resource.lower()]
    access, granted = Access(broker, user="alice"), Grant(operation, kind, name)
    access.grant(granted)
    with Client(settings) as client:
        require_describe_all(client)
    access.revoke(granted)

    assert caught.value.reason is Reason.AUTHORIZATION


def test_a_broker_that_hangs_is_used_again_when_it_does_not(broker, certificates, ours):
    plain = replace(at(broker, BROKER), request_timeout_seconds=1)
    tls = replace(at(broker, "MUTUAL", tls=BrokerTls(ca_file=certificates.ca, **ours)), request_timeout_seconds=1)
    with Client(plain) as client:
        client.call_one(ListTransactionsRequest(), node=1)
        broker.pause()
        try:
            messages = [message_of(plain), message_of(tls)]
            with pytest.raises(
                TransportError, match=r"check whether it hangs .*, and the broker's advertised.listeners$"
            ):
                client.call_one(ListTransactionsRequest(), node=1)
        finally:
            broker.resume()

    assert messages[0].endswith("check whether it hangs, or is a TLS listener")
    assert messages[1].endswith("no TLS reply in time; check that this listener uses TLS, or remove broker.tls")
    for settings in (plain, tls):
        assert brokers(replace(settings, request_timeout_seconds=10)) == [1]
