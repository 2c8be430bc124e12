"""Authentication with tokens on a real broker, which accepts Kafka's unsecured tokens and checks their claims."""

import base64
import json
import re
import ssl
import time
from dataclasses import replace

import pytest

from kafka_producer_exporter.broker.client.connection import Client, probe_server
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker as BrokerSettings
from kafka_producer_exporter.settings import Sasl, SaslMechanism
from lab.broker import Broker, Listener
from lab.certificates import make_certificates
from tests.advice import follow
from tests.broker.client.token_endpoint import SECRET, TokenEndpointServer
from tests.integration.broker.view import UP, collecting, value

LOGIN = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
TOKENS = Listener(
    name="TOKENS",
    protocol="SASL_PLAINTEXT",
    properties={
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        "oauthbearer.sasl.jaas.config": f'{LOGIN} unsecuredLoginStringClaim_sub="broker";',
        "oauthbearer.connections.max.reauth.ms": "60000",  # so that a session ends with its token
    },
)


@pytest.fixture(scope="module")
def broker(lab):
    with Broker(listeners=[TOKENS]) as broker:
        yield broker


def token(*, lasts_seconds=3600.0):
    """Return an unsecured JSON web token: nothing follows its last dot, where the signature would be."""
    now = time.time()
    parts = ({"alg": "none"}, {"sub": "exporter", "iat": now - 3600, "exp": now + lasts_seconds})
    return "".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") + "." for part in parts)


def settings_of(broker, **sasl):
    return BrokerSettings(
        bootstrap_servers=(Address.parse(broker.address("TOKENS")),),
        request_timeout_seconds=2,
        sasl=Sasl(mechanism=SaslMechanism.OAUTHBEARER, **sasl),
    )


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(token() + "\n")
    return file


def test_a_valid_token_from_a_file_is_accepted(broker, token_file):
    with Client(settings_of(broker, token_file=token_file)) as client:
        assert client.brokers == [1]


def test_an_expired_token_is_reported_and_a_new_one_is_accepted(broker, token_file):
    token_file.write_text(expired := token(lasts_seconds=-60))
    settings = settings_of(broker, token_file=token_file)

    with pytest.raises(TransportError) as caught:
        Client(settings)
    token_file.write_text(token())
    probed = probe_server(settings, settings.bootstrap_servers[0])

    assert caught.value.reason is Reason.AUTHENTICATION
    assert "it rejected the token; check the token's expiry" in str(caught.value)
    assert expired not in str(caught.value)
    assert probed.error is None


def test_a_connection_outlives_its_token_if_the_file_has_a_new_one_in_time(broker, token_file):
    token_file.write_text(token(lasts_seconds=3))
    expires_at = time.monotonic() + 3
    with Client(settings_of(broker, token_file=token_file)) as client:
        client.metadata([])
        token_file.write_text(token())

        while time.monotonic() < expires_at + 1:
            client.metadata([])
            time.sleep(0.05)


def test_a_connection_ends_with_its_token_if_the_file_has_no_new_one(broker, token_file):
    token_file.write_text(token(lasts_seconds=2))
    expires_at = time.monotonic() + 2
    with Client(settings_of(broker, token_file=token_file)) as client:
        while time.monotonic() < expires_at + 5:
            try:
                client.metadata([])
            except TransportError:
                break
            time.sleep(0.05)

    assert expires_at - 1 < time.monotonic() < expires_at + 5


def test_all_sources_share_one_token_request(broker, tmp_path):
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET)
    with TokenEndpointServer(token) as endpoint:
        sasl = Sasl(
            mechanism=SaslMechanism.OAUTHBEARER,
            token_url=endpoint.url,
            client_id="exporter",
            client_secret_file=secret_file,
            scope="kafka",
        )
        with collecting(broker.address("TOKENS"), sasl=sasl) as collector:
            deadline = time.monotonic() + 30
            while value(collector, UP, source="bootstrap_servers") != 1 or value(collector, UP, source="topics") != 1:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    assert len(endpoint.requests) == 1
    assert endpoint.requests[0]["scope"] == ["kafka"]


def test_a_wrong_client_secret_is_reported(broker, tmp_path):
    secret_file = tmp_path / "secret"
    secret_file.write_text("guess")
    with TokenEndpointServer(token) as endpoint:
        settings = settings_of(broker, token_url=endpoint.url, client_id="exporter", client_secret_file=secret_file)

        with pytest.raises(TransportError) as caught:
            Client(settings)

    assert caught.value.reason is Reason.AUTHENTICATION
    assert "it rejected the request (invalid_client)" in str(caught.value)
    assert "guess" not in str(caught.value)


def test_a_token_endpoint_is_asked_over_tls_and_only_if_its_certificate_is_trusted(broker, tmp_path):
    certificates = make_certificates(tmp_path / "certificates")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.server.certificate, certificates.server.key)
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET)
    with TokenEndpointServer(token, tls=tls) as endpoint:

        def settings(**options):
            login = {"token_url": endpoint.url, "client_id": "exporter", "client_secret_file": secret_file}
            return settings_of(broker, **login, **options)

        with pytest.raises(TransportError) as untrusted:
            Client(settings())
        trusting = follow(settings(), str(untrusted.value), token_ca_file=certificates.ca)
        other_name = endpoint.url.replace("127.0.0.1", "127.1")
        with pytest.raises(TransportError) as misnamed:
            Client(replace(trusting, sasl=replace(trusting.sasl, token_url=other_name)))
        name = re.search(r"use in broker.sasl.token_url a name in the certificate: (\w+)", str(misnamed.value))[1]
        refused = len(endpoint.requests)
        with Client(follow(trusting, str(misnamed.value), token_url=other_name.replace("127.1", name))) as client:
            brokers = client.brokers

    assert brokers == [1]
    assert "its certificate is not signed by a trusted CA" in str(untrusted.value)
    assert name == "localhost"
    assert refused == 0
    assert len(endpoint.requests) == 1
