"""Tokens from a file, and from token endpoints that behave well and badly."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kafka_producer_exporter.broker.client.oauth import TokenEndpoint, bearer_token, forget_token
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker, Sasl, SaslMechanism
from tests.advice import follow
from tests.broker.client.token_endpoint import SECRET, TokenEndpointServer


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    return file


def login(url, secret_file, **options):
    return Sasl(
        mechanism=SaslMechanism.OAUTHBEARER,
        token_url=url,
        client_id="exporter",
        client_secret_file=secret_file,
        **options,
    )


def failure(sasl, *, timeout_seconds=2.0):
    with pytest.raises(TransportError) as caught:
        TokenEndpoint(sasl).token(timeout_seconds)
    assert SECRET not in str(caught.value)
    return caught.value


def test_the_token_of_a_file_is_read_again_each_time(tmp_path):
    file = tmp_path / "token"
    sasl = Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=file)

    read = []
    for text in ("first", "second.a-b_c~d+e/f==\n"):
        file.write_text(text)
        read.append(bearer_token(sasl, timeout_seconds=1))

    assert read == ["first", "second.a-b_c~d+e/f=="]


@pytest.mark.parametrize("content", [b"", b"two words", b"a\x01auth=b", b"\xff\xfe", b"a" * 100_000, None])
def test_a_file_without_a_token_is_reported_without_its_content(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(TransportError) as caught:
        bearer_token(Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=file), timeout_seconds=1)

    assert caught.value.reason is Reason.AUTHENTICATION
    assert str(file) in str(caught.value)
    assert "two words" not in str(caught.value)


def test_the_secret_is_sent_encoded_with_the_scope(secret_file):
    with TokenEndpointServer() as server:
        token = TokenEndpoint(login(server.url, secret_file, scope="a b")).token(2)

    assert token == "token"
    assert server.requests == [{"grant_type": ["client_credentials"], "scope": ["a b"]}]


def test_a_token_is_kept_until_it_is_forgotten(secret_file):
    with TokenEndpointServer() as server:
        sasl = login(server.url, secret_file)
        for _ in range(3):
            bearer_token(sasl, timeout_seconds=2)
        kept = len(server.requests)
        forget_token(sasl)
        bearer_token(sasl, timeout_seconds=2)

    assert kept == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("lifetime", [0, -5, "0"])
def test_a_token_that_has_expired_is_not_used_again(secret_file, lifetime):
    with TokenEndpointServer(expires_in=lifetime) as server:
        endpoint = TokenEndpoint(login(server.url, secret_file))
        endpoint.token(2)
        endpoint.token(2)

    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("expires_in", "seconds"), [(100, 80), ("100", 80), (None, 48), ("soon", 48), (1e9, 48), (10**12, 69_120)]
)
def test_a_token_is_used_for_most_of_its_life(secret_file, expires_in, seconds):
    with TokenEndpointServer(expires_in=expires_in) as server:
        began = time.monotonic()
        token = TokenEndpoint(login(server.url, secret_file))._fetch(time.monotonic() + 2)

    assert token.used_until - began == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            (401, '{"error": "invalid_client", "error_description": "secret s3cr"}'),
            "it rejected the request (invalid_client);",
        ),
        ((400, '{"error": "Say <b>this</b>"}'), "it rejected the request; check broker.sasl.client_id"),
        ((403, "[1]"), "it rejected the request; check broker.sasl.client_id"),
        ((404, "not here"), "it replied HTTP 404;"),
        ((500, ""), "it replied HTTP 500;"),
        ((200, "<html>"), "contains no bearer token"),
        ((200, "[" * 100_000), "contains no bearer token"),
        ((200, '{"access_token": 5}'), "contains no bearer token"),
        ((200, '{"access_token": "a", "token_type": "mac"}'), "contains no bearer token"),
        ((200, '{"access_token": "a\\u0001b"}'), "is not a bearer token"),
    ],
)
def test_an_endpoint_that_returns_no_token_is_reported_with_advice(secret_file, answer, problem):
    with TokenEndpointServer(answer=answer) as server:
        error = failure(login(f"{server.url}?key=hidden", secret_file))

    assert error.reason is Reason.AUTHENTICATION
    assert f"token endpoint {server.url}: " in str(error)
    assert problem in str(error)
    assert "hidden" not in str(error)
    assert "s3cr" not in str(error)


def test_a_secret_does_not_follow_a_redirect(secret_file):
    with (
        TokenEndpointServer() as other,
        TokenEndpointServer(answer=(302, ""), headers=[("Location", other.url)]) as server,
    ):
        error = failure(login(server.url, secret_file))

    assert "put the final URL in broker.sasl.token_url" in str(error)
    assert other.requests == []


def test_an_endpoint_where_nothing_listens_is_reported(secret_file):
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"

    assert "nothing listens there" in str(failure(login(url, secret_file)))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "no..host"])
def test_an_endpoint_whose_name_has_no_address_is_reported(secret_file, host):
    assert "no connection" in str(failure(login(f"https://{host}/", secret_file)))


SSH = b"SSH-2.0-OpenSSH_9.2\r\n"


@pytest.mark.parametrize(
    ("answer", "advice", "known"),
    [
        ("wrong secret", "check broker.sasl.client_id, the client secret and broker.sasl.scope", "secret"),
        ((302, ""), "put the final URL in broker.sasl.token_url", "url"),
        ((500, ""), "check broker.sasl.token_url, and whether it is healthy", "url"),
        ((200, "<html>"), "check broker.sasl.token_url", "url"),
        ((200, '{"access_token": "a\\u0001b"}'), "the content is not a bearer token; provide one", "url"),
        ("refused", "start it, or correct broker.sasl.token_url", "url"),
        ("nowhere", "check broker.sasl.token_url", "url"),
        (SSH, "correct broker.sasl.token_url", "url"),
        ("ca file", "correct broker.sasl.token_ca_file", "ca"),
    ],
)
def test_each_message_about_a_token_endpoint_is_followed_and_there_is_a_token(
    secret_file, tmp_path, answer, advice, known
):
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    with TokenEndpointServer() as right, contextlib.ExitStack() as open_:
        sasl = login(right.url, secret_file)
        if answer == "wrong secret":
            sasl = replace(sasl, client_secret_file=wrong, scope="none")
        elif answer == "ca file":
            sasl = replace(sasl, token_ca_file=wrong)
        elif answer == "refused":
            with socket.create_server(("127.0.0.1", 0)) as held:
                sasl = replace(sasl, token_url=f"http://127.0.0.1:{held.getsockname()[1]}/")
        elif answer == "nowhere":
            sasl = replace(sasl, token_url="http://no-such-host.invalid/")
        elif answer == SSH:
            sasl = replace(sasl, token_url=open_.enter_context(replying(SSH)))
        else:
            sasl = replace(sasl, token_url=open_.enter_context(TokenEndpointServer(answer=answer)).url)
        operator = {
            "secret": {"client_id": "exporter", "client_secret_file": secret_file, "scope": None},
            "url": {"token_url": right.url},
            "ca": {"token_ca_file": None},
        }[known]

        message = str(failure(sasl))
        if "broker.sasl" in advice:
            sasl = follow(Broker(bootstrap_servers=(), sasl=sasl), message, **operator).sasl
        else:
            sasl = replace(sasl, **operator)

        assert message.endswith(advice)
        assert TokenEndpoint(sasl).token(2.0) == "token"


def test_a_token_that_is_provided_as_advised_is_used(tmp_path):
    file = tmp_path / "token"
    file.write_text("two words")
    sasl = Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=file)
    with pytest.raises(TransportError, match="is not a bearer token; provide one"):
        bearer_token(sasl, timeout_seconds=1)

    file.write_text("token")

    assert bearer_token(sasl, timeout_seconds=1) == "token"


@contextlib.contextmanager
def replying(reply, *, heard=None, may_reply=None):
    """Serve one request with these bytes. Set *heard* once it has arrived; reply when *may_reply* is set."""

    def serve():
        connection, _ = server.accept()
        with connection:
            received = b""
            while b"client_credentials" not in received:  # read it all: bytes left unread reset the connection
                received += connection.recv(10_000)
            if heard is not None:
                heard.set()
            if may_reply is not None:
                may_reply.wait(5)
            connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            thread.join(5)


def test_an_endpoint_of_another_protocol_is_reported(secret_file):
    with replying(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert "does not speak HTTP" in str(failure(login(url, secret_file)))


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
def test_a_response_that_ends_too_early_is_reported(secret_file, status):
    with replying(f"HTTP/1.1 {status}\r\nContent-Length: 1000\r\n\r\n".encode()) as url:
        assert failure(login(url, secret_file)).reason is Reason.AUTHENTICATION


def test_callers_share_one_request_and_each_waits_up_to_its_own_timeout(secret_file):
    heard, may_reply = threading.Event(), threading.Event()
    reply = b'HTTP/1.0 200 OK\r\n\r\n{"access_token": "late", "token_type": "Bearer"}'
    with replying(reply, heard=heard, may_reply=may_reply) as url, ThreadPoolExecutor() as pool:
        endpoint = TokenEndpoint(login(url, secret_file))
        patient = pool.submit(endpoint.token, 5)
        assert heard.wait(5)

        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            endpoint.token(0.02)
        waited = time.monotonic() - started
        may_reply.set()
        token = patient.result(5)

        assert endpoint.token(5) == token == "late"

    assert caught.value.reason is Reason.TIMEOUT
    assert waited < 1


def test_a_token_that_arrives_after_its_caller_has_given_up_serves_the_next_one(secret_file):
    reply = b'HTTP/1.0 200 OK\r\n\r\n{"access_token": "late", "token_type": "Bearer"}'
    with replying(reply) as url:
        endpoint = TokenEndpoint(login(url, secret_file))
        endpoint._fetch(time.monotonic() + 5)

    assert endpoint.token(0.001) == "late"
