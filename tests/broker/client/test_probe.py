"""The probe against servers that behave badly; those that behave well are in the integration tests."""

import socket
import struct
import threading
import time

import pytest

from kafka_producer_exporter.broker.client.probe import probe
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason


class Server:
    """Accepts one connection after the other and hands each to ``behave``."""

    def __init__(self, behave):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._behave = behave
        self.address = Address("127.0.0.1", self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._behave(connection)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def server():
    """Starts servers that end with the test."""
    started = []

    def start(behave):
        started.append(Server(behave))
        return started[-1].address

    yield start
    for one in started:
        one.close()


class Password:
    """Says one thing, and wants one answer."""

    def __init__(self):
        self.heard = None

    def is_done(self):
        return self.heard is not None

    def auth_bytes(self):
        return b"\0alice\0secret"

    def receive(self, auth_bytes):
        self.heard = auth_bytes


def tried(address, *, mechanism=None, timeout_seconds=2.0):
    exchange = (lambda host: Password()) if mechanism else None
    return probe(address, tls=None, mechanism=mechanism, exchange=exchange, timeout_seconds=timeout_seconds)


def answers(*bodies):
    """Behaves like a broker that has these answers, whatever it is asked."""

    def behave(connection):
        for body in bodies:
            size = struct.unpack(">i", connection.recv(4, socket.MSG_WAITALL))[0]
            request = connection.recv(size, socket.MSG_WAITALL)
            connection.sendall(struct.pack(">i", 4 + len(body)) + request[4:8] + body)
        connection.recv(1)

    return behave


HANDSHAKE_OK = struct.pack(">hih", 0, 1, 5) + b"PLAIN"
WELCOME = struct.pack(">hhi", 0, -1, 0)


def test_a_broker_that_answers_is_well(server):
    assert tried(server(answers(b"\0" * 20)))[::2] == (1, None)


def test_a_user_that_is_let_in_is_well(server):
    assert tried(server(answers(HANDSHAKE_OK, WELCOME)), mechanism="PLAIN").error is None


@pytest.mark.parametrize(
    ("replies", "says"),
    [
        ([HANDSHAKE_OK, struct.pack(">hhi", 58, -1, 0)], "user or password is wrong"),
        ([struct.pack(">hih", 33, 1, 5) + b"PLAIN"], "does not have SCRAM-SHA-256 on this listener; it has PLAIN"),
        ([struct.pack(">hi", 34, 0)], "leave `sasl` out"),
    ],
)
def test_a_refused_user_is_told_apart_from_a_wrong_listener(server, replies, says):
    error = tried(server(answers(*replies)), mechanism="SCRAM-SHA-256").error

    assert error.reason is Reason.AUTHENTICATION
    assert says in str(error)


def test_a_refused_token_is_not_told_as_a_wrong_password(server):
    handshake = struct.pack(">hih", 0, 1, 11) + b"OAUTHBEARER"

    error = tried(server(answers(handshake, struct.pack(">hhi", 58, -1, 0))), mechanism="OAUTHBEARER").error

    assert error.reason is Reason.AUTHENTICATION
    assert "the broker refused the token" in str(error)


@pytest.mark.parametrize(
    ("step", "replies"),
    [("__init__", [HANDSHAKE_OK]), ("auth_bytes", [HANDSHAKE_OK]), ("receive", [HANDSHAKE_OK, WELCOME])],
)
def test_a_mechanism_that_cannot_be_done_here_is_told_in_its_own_words(server, step, replies):
    def fails(*_):
        raise OSError("no ticket was found")

    exchange = type("Failing", (Password,), {step: fails})

    finding = probe(
        server(answers(*replies)),
        tls=None,
        mechanism="GSSAPI",
        exchange=lambda host: exchange(),
        timeout_seconds=2,
    )

    assert finding.error.reason is Reason.AUTHENTICATION
    assert "GSSAPI cannot be done here: no ticket was found" in str(finding.error)


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = Address("127.0.0.1", held.getsockname()[1])

    assert tried(address).error.reason is Reason.REFUSED


@pytest.mark.parametrize("host", ["no-such-host.invalid", "no..host", ":0"])
def test_a_name_without_an_address_is_reported(host):
    finding = tried(Address(host, 9092))

    assert finding.error.reason is Reason.DNS


def test_a_server_that_hangs_up_is_on_another_protocol(server):
    error = tried(server(lambda connection: None)).error

    assert error.reason is Reason.NOT_KAFKA
    assert "one for PLAINTEXT?" in str(error)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\1x"]
)
def test_a_server_of_another_kind_is_no_kafka(server, said):
    def behave(connection):
        connection.recv(100)
        connection.sendall(said)

    assert tried(server(behave)).error.reason is Reason.NOT_KAFKA


def test_a_server_that_is_silent_is_left_in_time(server):
    started = time.monotonic()

    error = tried(server(lambda connection: connection.recv(1000) and connection.recv(1)), timeout_seconds=0.05).error

    assert error.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 1


def test_a_server_that_answers_a_byte_at_a_time_is_left_in_time(server):
    def behave(connection):
        connection.recv(100)
        try:
            while True:
                connection.sendall(b"\0")
                time.sleep(0.01)
        except OSError:
            pass

    started = time.monotonic()

    assert tried(server(behave), timeout_seconds=0.05).error is not None
    assert time.monotonic() - started < 1
