"""Tokens from a file, and from token endpoints that behave well and badly."""

import contextlib
import socket
import threading
import time

import pytest

from kafka_producer_exporter.broker.client.oauth import TokenEndpoint, bearer_token, forget_token
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Sasl, SaslMechanism
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


def refused(sasl, *, timeout_seconds=2.0):
    with pytest.raises(TransportError) as caught:
        TokenEndpoint(sasl).token(timeout_seconds)
    assert SECRET not in str(caught.value)
    return caught.value


def test_the_token_of_a_file_is_read_anew_each_time(tmp_path):
    file = tmp_path / "token"
    sasl = Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=file)

    read = []
    for text in ("first", "second.a-b_c~d+e/f==\n"):
        file.write_text(text)
        read.append(bearer_token(sasl, timeout_seconds=1))

    assert read == ["first", "second.a-b_c~d+e/f=="]


@pytest.mark.parametrize("content", [b"", b"two words", b"a\x01auth=b", b"\xff\xfe", b"a" * 100_000, None])
def test_a_file_without_a_token_is_told_and_its_content_is_not(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(TransportError) as caught:
        bearer_token(Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_file=file), timeout_seconds=1)

    assert caught.value.reason is Reason.AUTHENTICATION
    assert str(file) in str(caught.value)
    assert "two words" not in str(caught.value)


def test_a_secret_goes_encoded_and_the_scope_with_it(secret_file):
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
    ("told", "seconds"), [(100, 80), ("100", 80), (None, 48), ("soon", 48), (1e9, 48), (10**12, 69_120)]
)
def test_a_token_is_used_for_most_of_its_life(secret_file, told, seconds):
    with TokenEndpointServer(expires_in=told) as server:
        began = time.monotonic()
        token = TokenEndpoint(login(server.url, secret_file))._fetch(2)

    assert token.used_until - began == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, '{"error": "invalid_client", "error_description": "secret s3cr"}'), "it refused us (invalid_client);"),
        ((400, '{"error": "Say <b>this</b>"}'), "it refused us; are client_id"),
        ((403, "[1]"), "it refused us; are client_id"),
        ((404, "not here"), "it answered HTTP 404;"),
        ((500, ""), "it answered HTTP 500;"),
        ((200, "<html>"), "holds no bearer token"),
        ((200, "[" * 100_000), "holds no bearer token"),
        ((200, '{"access_token": 5}'), "holds no bearer token"),
        ((200, '{"access_token": "a", "token_type": "mac"}'), "holds no bearer token"),
        ((200, '{"access_token": "a\\u0001b"}'), "is no bearer token"),
    ],
)
def test_an_endpoint_that_gives_no_token_is_told_with_what_to_do(secret_file, answer, says):
    with TokenEndpointServer(answer=answer) as server:
        error = refused(login(f"{server.url}?key=hidden", secret_file))

    assert error.reason is Reason.AUTHENTICATION
    assert f"token endpoint {server.url}: " in str(error)
    assert says in str(error)
    assert "hidden" not in str(error)
    assert "s3cr" not in str(error)


def test_a_secret_does_not_follow_a_redirect(secret_file):
    with (
        TokenEndpointServer() as other,
        TokenEndpointServer(answer=(302, ""), headers=[("Location", other.url)]) as server,
    ):
        error = refused(login(server.url, secret_file))

    assert "write the address that it redirects to" in str(error)
    assert other.requests == []


def test_an_endpoint_where_nothing_listens(secret_file):
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"

    assert "nothing listens there" in str(refused(login(url, secret_file)))


def test_an_endpoint_without_a_name(secret_file):
    assert "no connection" in str(refused(login("https://no-such-host.invalid/", secret_file)))


@contextlib.contextmanager
def answering(answer, *, when=None):
    """A server that hears one request, and sends these bytes: at once, or when it may."""

    def serve():
        connection, _ = server.accept()
        with connection:
            heard = b""
            while b"client_credentials" not in heard:  # the whole of it: what is left unread would reset the connection
                heard += connection.recv(10_000)
            if when is not None:
                when.wait(5)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(5)


def test_an_endpoint_of_another_protocol(secret_file):
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert "does not speak HTTP" in str(refused(login(url, secret_file)))


def test_a_slow_endpoint_is_left_in_time_and_its_late_answer_is_used(secret_file):
    may_answer = threading.Event()
    answer = b'HTTP/1.0 200 OK\r\n\r\n{"access_token": "late", "token_type": "Bearer"}'
    with answering(answer, when=may_answer) as url:
        endpoint = TokenEndpoint(login(url, secret_file))
        endpoint._start_fetching(5)

        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            endpoint.token(0.02)
        waited = time.monotonic() - started
        may_answer.set()
        token = endpoint.token(5)

    assert caught.value.reason is Reason.TIMEOUT
    assert waited < 1
    assert token == "late"
