"""The transport over real sockets on loopback, with an agent that answers and many that do not."""

import contextlib
import http.server
import itertools
import os
import resource
import socket
import threading
import time
from pathlib import Path

import pytest

from kafka_producer_exporter.jmx import connection as connection_module
from kafka_producer_exporter.jmx.connection import RmiTransport, _Channel
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD, read_reply
from kafka_producer_exporter.jmx.session import Call
from kafka_producer_exporter.jmx.stubs import read_stub
from kafka_producer_exporter.net.connection import Connection
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.jmx.conversation import CLOSE, EVERYTHING, LOOKUP, NEW_CLIENT, RecordedConversation
from tests.jmx.fake_agent import FakeAgent, replaying, saying, silent

CONVERSATION = RecordedConversation.load()


def within(seconds: float) -> float:
    return time.monotonic() + seconds


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_jvm_is_read_over_one_connection_for_many_reads(client_of):
    with FakeAgent(replaying(CONVERSATION)) as agent:
        transport = client_of(agent)

        counts = [len(transport.read([EVERYTHING], deadline=within(5))) for _ in range(5)]

        assert counts == [8] * 5
        assert agent.accepted == 1


def test_answers_in_small_pieces_are_put_together(client_of):
    with FakeAgent(replaying(CONVERSATION, piece=13)) as agent:
        transport = client_of(agent)

        readings = transport.read([EVERYTHING], deadline=within(10))

        assert len(readings) == 8


@pytest.mark.parametrize("cut", [0, 1, 3, 16, 100, 500, 1500, 4000, 12_000, 26_000])
def test_a_cut_connection_ends_in_closed_and_the_next_read_is_correct(client_of, failure_of, cut):
    with FakeAgent(replaying(CONVERSATION, cut=cut)) as agent:
        transport, port = client_of(agent), agent.port
        failure = failure_of(transport)
    with FakeAgent(replaying(CONVERSATION), port=port):
        readings = transport.read([EVERYTHING], deadline=within(5))

    assert failure.reason is Reason.CLOSED
    assert len(readings) == 8


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (silent, Reason.TIMEOUT),
        (saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), Reason.NOT_JMX),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n", then_silent=True), Reason.NOT_JMX),
        (saying(bytes.fromhex("15030300020228")), Reason.TLS_MISMATCH),
        (saying(os.urandom(5000).replace(b"\x4e", b"\x00")), Reason.NOT_JMX),
        (saying(CONVERSATION.greeting + b"\x00" * 5000), Reason.PROTOCOL),
        (saying(CONVERSATION.greeting, then_silent=True), Reason.TIMEOUT),
        (saying(CONVERSATION.greeting + CONVERSATION.reply(LOOKUP)[:100], then_silent=True), Reason.TIMEOUT),
        (saying(CONVERSATION.greeting + CONVERSATION.reply(LOOKUP)[:22] + b"\x7c" + b"\x7f" * 8), Reason.LIMIT),
        (saying(b""), Reason.CLOSED),
    ],
    ids=["silent", "http", "http-open", "tls", "noise", "garbage", "greets", "half", "2GiB", "closes"],
)
def test_whatever_else_listens_there_is_reported_by_the_deadline_with_its_reason(
    client_of, failure_of, handler, reason
):
    with FakeAgent(handler) as agent:
        assert failure_of(client_of(agent), 0.4).reason is reason


def test_a_server_that_answers_a_byte_at_a_time_ends_in_timeout_by_the_deadline(client_of, failure_of):
    def drip(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in CONVERSATION.greeting + CONVERSATION.reply(LOOKUP):
            connection.sendall(bytes([byte]))
            time.sleep(0.005)

    with FakeAgent(drip) as agent:
        assert failure_of(client_of(agent), 0.4).reason is Reason.TIMEOUT


def test_a_server_that_never_pauses_ends_in_timeout_by_the_deadline():
    class Drip(Connection):
        """Always has one more byte, so that the caller never waits."""

        def __init__(self) -> None:
            self._bytes = itertools.chain(
                CONVERSATION.greeting + REPLY_HEAD + bytes(14) + b"\x7c" + (10 << 20).to_bytes(8, "big"),
                itertools.repeat(0x78),
            )

        def send(self, data) -> int:
            return len(data)

        def receive(self) -> bytes:
            return bytes([next(self._bytes)])

    with pytest.raises(TransportError) as error:
        _Channel(Drip(), "drip:1").exchange([Call((b"?",), read_value)], deadline=within(0.1))

    assert error.value.reason is Reason.TIMEOUT


def read_value(buffer: bytearray, start: int) -> tuple[object, int]:
    return read_reply(buffer, start, lambda decoder: decoder.value())


def test_replies_that_arrive_after_the_deadline_are_never_used_for_the_next_read(client_of, failure_of):
    replies_may_go = threading.Event()
    replies_may_go.set()

    class Gate:
        def __init__(self, connection: socket.socket) -> None:
            self.recv = connection.recv
            self._connection = connection

        def sendall(self, data: bytes) -> None:
            replies_may_go.wait(5)
            self._connection.sendall(data)

    with FakeAgent(lambda connection: replaying(CONVERSATION)(Gate(connection))) as agent:
        transport = client_of(agent)
        before = transport.read([EVERYTHING], deadline=within(5))
        replies_may_go.clear()
        late = failure_of(transport, 0.1)
        replies_may_go.set()
        after = transport.read([EVERYTHING], deadline=within(5))

        assert late.reason is Reason.TIMEOUT
        assert [reading.name for reading in after] == [reading.name for reading in before]
        assert agent.accepted == 2


def test_a_flood_of_objects_ends_in_limit(client_of, failure_of):
    def flood(connection: socket.socket) -> None:
        connection.sendall(CONVERSATION.greeting + CONVERSATION.reply(LOOKUP)[:22])
        connection.sendall(b"\x73\x72\x00\x01A" + bytes(8) + b"\x03\x00\x00\x78\x70")
        while True:
            connection.sendall(b"\x70" * 65536)

    with FakeAgent(flood) as agent:
        assert failure_of(client_of(agent)).reason is Reason.LIMIT


def test_short_replies_do_not_wait_for_long_ones(client_of):
    with FakeAgent(replaying(RecordedConversation.load())) as agent, connection_module._LONG_DECODING:
        assert client_of(agent).read([EVERYTHING], deadline=time.monotonic() + 5)


def test_long_replies_take_turns_and_give_up_at_the_deadline(client_of, failure_of, monkeypatch):
    monkeypatch.setattr(connection_module, "LIGHT_CPU_SECONDS", 0.0)
    with FakeAgent(replaying(RecordedConversation.load())) as agent:
        client = client_of(agent)
        with connection_module._LONG_DECODING:
            waited = failure_of(client, 0.2)

        assert waited.reason is Reason.TIMEOUT
        assert client.read([EVERYTHING], deadline=time.monotonic() + 5)


def test_a_port_where_nothing_listens_is_refused_and_the_jvm_flag_is_named(failure_of, client):
    with FakeAgent(silent) as agent:
        port = agent.port

    failure = failure_of(client(port))

    assert failure.reason is Reason.REFUSED
    assert str(failure) == (
        f"nothing listens on 127.0.0.1:{port}; start the JVM with -Dcom.sun.management.jmxremote.port={port} and the "
        "other flags that kafka-producer-exporter check prints"
    )


def test_an_rmi_port_where_nothing_listens_is_named(client_of, failure_of):
    with FakeAgent(silent) as gone:
        port = gone.port
    with FakeAgent(replaying(CONVERSATION)) as agent:
        failure = failure_of(client_of(agent, rmi_port=port))

    assert failure.reason is Reason.REFUSED
    assert f"127.0.0.1:{port}" in str(failure)
    assert str(failure).endswith("; correct jmx.rmi_port")


def test_an_announced_port_that_cannot_be_reached_is_read_as_the_message_says(client_of, failure_of):
    with FakeAgent(silent) as gone:
        port = gone.port
    stub = CONVERSATION.reply(LOOKUP)
    announced, _ = read_stub(bytearray(stub), 0)
    elsewhere = stub.replace(announced.port.to_bytes(4, "big"), port.to_bytes(4, "big"))
    with FakeAgent(replaying(CONVERSATION.with_reply(stub, elsewhere))) as agent:
        failure = failure_of(client_of(agent, rmi_port=None))
        readings = client_of(agent, rmi_port=agent.port).read([EVERYTHING], deadline=time.monotonic() + 5)

    assert failure.reason is Reason.REFUSED
    assert f"127.0.0.1:{port}" in str(failure)
    assert "behind a port forward, set jmx.rmi_port to the forwarded port" in str(failure)
    assert readings


class LineServer(http.server.BaseHTTPRequestHandler):
    """Answers 400 to a line that is not a request, once it has the whole line."""

    def log_message(self, *_):
        pass


@pytest.fixture
def website():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), LineServer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_reads_lines_is_recognized_long_before_the_deadline(client, failure_of, website):
    began = time.monotonic()

    failure = failure_of(client(website.server_port))

    assert failure.reason is Reason.NOT_JMX
    assert "does not speak JMX but HTTP; use the port of -Dcom.sun" in str(failure)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70 + ".invalid"])
def test_a_host_without_an_address_ends_in_dns(failure_of, host):
    failure = failure_of(RmiTransport(host, 9999))

    assert failure.reason is Reason.DNS
    assert "check jmx.host" in str(failure)


def test_a_process_without_file_descriptors_is_reported(client_of, failure_of):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with FakeAgent(silent) as agent:
        transport = client_of(agent)
        taken = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        try:
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            failure = failure_of(transport)
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with FakeAgent(replaying(CONVERSATION)) as agent:  # the limit is as before, and higher
        readings = client_of(agent).read([EVERYTHING], deadline=time.monotonic() + 5)

    assert failure.reason is Reason.LIMIT
    assert str(failure).endswith("raise its limit (ulimit -n)")
    assert readings


@pytest.mark.parametrize("lost", [False, True], ids=["connected", "after a cut"])
def test_close_logs_out_and_may_be_called_twice(client_of, lost):
    watched = _Watched()
    with FakeAgent(lambda connection: replaying(CONVERSATION)(watched.watch(connection))) as agent:
        transport = client_of(agent)
        transport.read([EVERYTHING], deadline=within(5))
        if lost:
            watched.cut()

        transport.close()
        transport.close()

        assert watched.count(CLOSE) == 1
        assert agent.accepted == 1 + lost


def test_a_timed_out_read_is_logged_out_as_well(client_of, failure_of):
    watched = _Watched()
    with FakeAgent(lambda connection: replaying(CONVERSATION)(watched.watch(connection))) as agent:
        transport = client_of(agent)
        transport.read([EVERYTHING], deadline=within(5))
        watched.answer.clear()
        failures = [failure_of(transport, 0.1) for _ in range(3)]
        watched.answer.set()

        transport.close()

        assert {failure.reason for failure in failures} == {Reason.TIMEOUT}
        assert watched.count(NEW_CLIENT) == watched.count(CLOSE) == 1


def test_close_takes_no_longer_than_a_second_if_the_agent_is_frozen(client_of):
    watched = _Watched()
    with FakeAgent(lambda connection: replaying(CONVERSATION)(watched.watch(connection))) as agent:
        transport = client_of(agent)
        transport.read([EVERYTHING], deadline=within(5))
        watched.answer.clear()
        began = time.monotonic()

        transport.close()

        assert time.monotonic() - began < 1.0
        watched.answer.set()


def test_a_login_that_takes_longer_than_a_read_opens_one_session(client_of, failure_of):
    watched = _Watched(slow=NEW_CLIENT)
    watched.answer.clear()
    with FakeAgent(lambda connection: replaying(CONVERSATION)(watched.watch(connection))) as agent:
        transport = client_of(agent)
        failures = [failure_of(transport, 0.2) for _ in range(3)]
        watched.answer.set()
        readings = transport.read([EVERYTHING], deadline=within(5))
        transport.close()

        assert {failure.reason for failure in failures} == {Reason.TIMEOUT}
        assert len(readings) == 8
        assert watched.count(NEW_CLIENT) == watched.count(CLOSE) == 1


def test_a_login_that_is_answered_after_the_last_read_is_logged_out(client_of, failure_of):
    watched = _Watched(slow=NEW_CLIENT)
    watched.answer.clear()
    with FakeAgent(lambda connection: replaying(CONVERSATION)(watched.watch(connection))) as agent:
        transport = client_of(agent)
        failure_of(transport, 0.2)
        watched.answer.set()
        transport.close()

        assert watched.count(NEW_CLIENT) == watched.count(CLOSE) == 1


class _Watched:
    """Connections whose requests are counted, and that answer only while ``answer`` is set."""

    def __init__(self, slow: bytes = b"") -> None:
        """Let only requests that contain *slow*, and those after them, wait for ``answer``."""
        self.answer = threading.Event()
        self.answer.set()
        self._slow = slow
        self._received: list[bytes] = []
        self._connections: list[socket.socket] = []

    def watch(self, connection: socket.socket) -> "_WatchedConnection":
        self._connections.append(connection)
        return _WatchedConnection(self, connection)

    def cut(self) -> None:
        for connection in self._connections:
            connection.shutdown(socket.SHUT_RDWR)

    def note(self, data: bytes) -> bytes:
        self._received.append(data)
        if self._slow in data:
            self.answer.wait(10)
        return data

    def count(self, mark: bytes) -> int:
        """Return how many requests contain *mark*."""
        return b"".join(self._received).count(mark)


class _WatchedConnection:
    def __init__(self, watched: _Watched, connection: socket.socket) -> None:
        self._watched = watched
        self._connection = connection
        self.sendall = connection.sendall

    def recv(self, size: int) -> bytes:
        return self._watched.note(self._connection.recv(size))


def test_300_reads_of_an_agent_that_is_killed_and_restarted_leak_nothing_and_are_never_stale(client_of):
    with contextlib.ExitStack() as agents:
        agent = agents.enter_context(FakeAgent(replaying(CONVERSATION)))
        transport = client_of(agent)
        transport.read([EVERYTHING], deadline=within(5))
        threads, descriptors = threading.active_count(), open_descriptors()
        outcomes = []
        for number in range(300):
            if number % 10 == 4:
                agent.close()
            if number % 10 == 6:
                agent = agents.enter_context(FakeAgent(replaying(CONVERSATION), port=agent.port))
            try:
                outcomes.append(len(transport.read([EVERYTHING], deadline=within(5))))
            except TransportError as error:
                outcomes.append(error.reason)

        assert outcomes == [Reason.REFUSED if number % 10 in {4, 5} else 8 for number in range(300)]
        assert threading.active_count() == threads
        assert open_descriptors() <= descriptors + 1


def test_a_password_is_never_in_a_message(client_of, failure_of):
    refusing = CONVERSATION.answering(NEW_CLIENT, CONVERSATION.failures["SecurityException"])
    known = next(request for request in refusing.replies if NEW_CLIENT in request)[:-1]

    def handle(connection: socket.socket) -> None:
        replies = {known: CONVERSATION.failures["SecurityException"]} | refusing.replies
        replaying(refusing._replace(replies=replies))(connection)

    with FakeAgent(handle) as agent:
        failure = failure_of(client_of(agent, credentials=lambda: ("monitor", "hunter2")))

    assert failure.reason is Reason.AUTHENTICATION
    assert "hunter2" not in str(failure)
