"""The probe against servers that misbehave. The integration tests probe real brokers."""

import contextlib
import socket
import struct
import threading
import time

import pytest

from kafka_producer_exporter.broker.client.probe import Login, probe
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason
from kafka_producer_exporter.settings import SaslMechanism


class Server:
    """Accepts one connection at a time and passes it to ``behave``."""

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
    """Return a function that starts a server, which ends with the test."""
    started = []

    def start(behave):
        started.append(Server(behave))
        return started[-1].address

    yield start
    for one in started:
        one.close()


class Password:
    """A SASL exchange of one message and one reply."""

    def __init__(self):
        self.reply = None

    def is_done(self):
        return self.reply is not None

    def auth_bytes(self):
        return b"\0alice\0secret"

    def receive(self, auth_bytes):
        self.reply = auth_bytes


def probed(address, *, mechanism=None, exchange=Password, timeout_seconds=2.0, **options):
    login = Login(SaslMechanism(mechanism), lambda host: exchange()) if mechanism else None
    return probe(address, tls=None, login=login, timeout_seconds=timeout_seconds, **options)


def replying(*bodies):
    """Behave like a broker that sends these response bodies, whatever the requests are."""

    def behave(connection):
        for body in bodies:
            size = struct.unpack(">i", connection.recv(4, socket.MSG_WAITALL))[0]
            request = connection.recv(size, socket.MSG_WAITALL)
            connection.sendall(struct.pack(">i", 4 + len(body)) + request[4:8] + body)
        with contextlib.suppress(ConnectionResetError):  # the probe may leave bytes unread
            connection.recv(1)

    return behave


# Throttle time, one broker, cluster id, controller, no topics.
METADATA = struct.pack(">iii", 0, 1, 1) + b"\0\1h" + struct.pack(">ihh", 9092, -1, -1) + struct.pack(">ii", 1, 0)
HANDSHAKE_OK = struct.pack(">hih", 0, 1, 5) + b"PLAIN"
LOGIN_OK = struct.pack(">hhi", 0, -1, 0)
LOGIN_REJECTED = struct.pack(">hhi", 58, -1, 0)


def test_a_broker_that_replies_is_usable(server):
    found = probed(server(replying(METADATA)))

    assert (found.addresses, found.error) == (1, None)


def test_a_broker_that_accepts_the_user_is_usable(server):
    assert probed(server(replying(HANDSHAKE_OK, LOGIN_OK)), mechanism="PLAIN").error is None


@pytest.mark.parametrize(
    ("replies", "problem"),
    [
        ([HANDSHAKE_OK, LOGIN_REJECTED], "it rejected user and password"),
        ([struct.pack(">hih", 33, 1, 5) + b"PLAIN"], "this listener offers PLAIN, but not SCRAM-SHA-256"),
        ([struct.pack(">hi", 34, 0)], "remove broker.sasl"),
    ],
)
def test_a_rejected_user_is_distinguished_from_a_wrong_listener(server, replies, problem):
    error = probed(server(replying(*replies)), mechanism="SCRAM-SHA-256").error

    assert error.reason is Reason.AUTHENTICATION
    assert problem in str(error)


def test_a_rejected_token_is_not_reported_as_a_wrong_password(server):
    handshake = struct.pack(">hih", 0, 1, 11) + b"OAUTHBEARER"

    error = probed(server(replying(handshake, LOGIN_REJECTED)), mechanism="OAUTHBEARER").error

    assert error.reason is Reason.AUTHENTICATION
    assert "it rejected the token" in str(error)


@pytest.mark.parametrize(
    ("step", "replies"),
    [("__init__", [HANDSHAKE_OK]), ("auth_bytes", [HANDSHAKE_OK]), ("receive", [HANDSHAKE_OK, LOGIN_OK])],
)
def test_an_error_of_the_mechanism_itself_is_reported_in_its_own_words(server, step, replies):
    def fails(*_):
        raise OSError("no ticket was found")

    exchange = type("Failing", (Password,), {step: fails})

    error = probed(server(replying(*replies)), mechanism="GSSAPI", exchange=exchange).error

    assert error.reason is Reason.AUTHENTICATION
    assert "GSSAPI does not work here: no ticket was found" in str(error)


def test_a_port_where_nothing_listens_is_reported_as_refused():
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = Address("127.0.0.1", held.getsockname()[1])

    assert probed(address).error.reason is Reason.REFUSED


@pytest.mark.parametrize("host", ["no-such-host.invalid", "no..host", ":0"])
def test_a_name_without_an_address_is_reported(host):
    error = probed(Address(host, 9092)).error

    assert error.reason is Reason.DNS
    assert "check broker.bootstrap_servers" in str(error)


def test_a_name_server_that_hangs_ends_the_probe_in_time():
    may_end = threading.Event()
    resolver = Resolver("slow.test", host_key="broker.bootstrap_servers", look_up=lambda *_: may_end.wait(5) and [])
    started = time.monotonic()

    found = probed(Address("slow.test", 9092), timeout_seconds=0.05, resolver_for=lambda *_: resolver)
    waited = time.monotonic() - started
    may_end.set()

    assert (found.addresses, found.error.reason) == (0, Reason.DNS)
    assert waited < 1


def test_a_server_that_hangs_up_is_reported_as_another_listener(server):
    error = probed(server(lambda connection: None)).error

    assert error.reason is Reason.NOT_KAFKA
    assert "check that this is a PLAINTEXT listener" in str(error)


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\1x"]
)
def test_a_server_of_another_kind_is_reported_as_not_kafka(server, reply):
    def behave(connection):
        connection.recv(100)
        connection.sendall(reply)

    assert probed(server(behave)).error.reason is Reason.NOT_KAFKA


@pytest.mark.parametrize("end", range(len(METADATA)))
def test_a_response_that_ends_too_early_is_reported_as_not_kafka(server, end):
    assert probed(server(replying(METADATA[:end]))).error.reason is Reason.NOT_KAFKA


def test_a_silent_server_ends_the_probe_in_time(server):
    started = time.monotonic()

    error = probed(server(lambda connection: connection.recv(1000) and connection.recv(1)), timeout_seconds=0.05).error

    assert error.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 1


def test_a_server_that_sends_one_byte_at_a_time_ends_the_probe_in_time(server):
    def behave(connection):
        connection.recv(100)
        with contextlib.suppress(OSError):
            connection.sendall(struct.pack(">i", 1 << 20))
            while True:
                connection.sendall(b"\0")

    started = time.monotonic()

    assert probed(server(behave), timeout_seconds=0.05).error.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 1
