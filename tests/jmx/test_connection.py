"""The transport over real sockets on loopback: an agent that answers, and many that do not."""

import itertools
import os
import resource
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport, _Connection
from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD, read_reply
from kafka_producer_exporter.jmx.session import Call
from kafka_producer_exporter.net.connection import Line
from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls_settings import TlsSettings
from tests.jmx.conversation import EVERYTHING, LOOKUP, NEW_CLIENT, Conversation
from tests.jmx.fake_agent import FakeAgent, replaying, saying, silent

CONVERSATION = Conversation.load()


def within(seconds: float) -> float:
    return time.monotonic() + seconds


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def transport(agent: FakeAgent, **settings) -> RmiTransport:
    return RmiTransport("127.0.0.1", agent.port, **({"rmi_port": agent.port} | settings))


def failure_of(client: RmiTransport, seconds: float = 5.0) -> TransportError:
    """Return how a read fails, and close the client."""
    failure = failure_to_read(client, seconds)
    client.close()
    return failure


def failure_to_read(client: RmiTransport, seconds: float) -> TransportError:
    """Return how a read fails, and make sure that it does so by its deadline."""
    deadline = within(seconds)
    with pytest.raises(TransportError) as error:
        client.read([EVERYTHING], deadline=deadline)
    assert time.monotonic() < deadline + 0.5
    assert "\n" not in str(error.value)
    return error.value


def test_a_jvm_is_read_over_one_connection_for_many_reads():
    with FakeAgent(replaying(CONVERSATION)) as agent:
        client = transport(agent)

        counts = [len(client.read([EVERYTHING], deadline=within(5))) for _ in range(5)]
        client.close()

        assert counts == [8] * 5
        assert agent.accepted == 1


def test_answers_in_small_pieces_are_put_together():
    with FakeAgent(replaying(CONVERSATION, piece=13)) as agent:
        client = transport(agent)

        readings = client.read([EVERYTHING], deadline=within(10))
        client.close()

        assert len(readings) == 8


@pytest.mark.parametrize("cut", [0, 1, 3, 16, 100, 500, 1500, 4000, 12_000, 26_000])
def test_a_connection_that_is_cut_ends_in_closed_and_the_next_read_is_right(cut):
    with FakeAgent(replaying(CONVERSATION, cut=cut)) as agent:
        client, port = transport(agent), agent.port
        failure = failure_of(client)
    with FakeAgent(replaying(CONVERSATION), port=port):
        readings = client.read([EVERYTHING], deadline=within(5))
        client.close()

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
def test_whatever_else_listens_there_ends_by_the_deadline_with_the_right_reason(handler, reason):
    with FakeAgent(handler) as agent:
        assert failure_of(transport(agent), 0.4).reason is reason


def test_a_server_that_answers_a_byte_at_a_time_ends_in_timeout_by_the_deadline():
    def drip(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in CONVERSATION.greeting + CONVERSATION.reply(LOOKUP):
            connection.sendall(bytes([byte]))
            time.sleep(0.005)

    with FakeAgent(drip) as agent:
        assert failure_of(transport(agent), 0.4).reason is Reason.TIMEOUT


def test_a_server_that_never_pauses_ends_in_timeout_by_the_deadline():
    class Drip(Line):
        """Has one byte more whenever it is asked, so that nobody ever waits."""

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
        _Connection(Drip(), "drip:1").exchange([Call((b"?",), read_nothing_but_text)], deadline=within(0.1))

    assert error.value.reason is Reason.TIMEOUT


def read_nothing_but_text(buffer: bytearray, start: int) -> tuple[object, int]:
    return read_reply(buffer, start, lambda decoder: decoder.value())


def test_answers_that_come_after_the_deadline_are_not_taken_for_those_to_the_next_questions():
    answers_may_go = threading.Event()
    answers_may_go.set()

    class Gate:
        def __init__(self, connection: socket.socket) -> None:
            self.recv = connection.recv
            self._connection = connection

        def sendall(self, data: bytes) -> None:
            answers_may_go.wait(5)
            self._connection.sendall(data)

    with FakeAgent(lambda connection: replaying(CONVERSATION)(Gate(connection))) as agent:
        client = transport(agent)
        before = client.read([EVERYTHING], deadline=within(5))
        answers_may_go.clear()
        late = failure_to_read(client, 0.1)
        answers_may_go.set()
        after = client.read([EVERYTHING], deadline=within(5))
        client.close()

        assert late.reason is Reason.TIMEOUT
        assert [reading.name for reading in after] == [reading.name for reading in before]
        assert agent.accepted == 2


def test_a_flood_of_objects_ends_in_limit():
    def flood(connection: socket.socket) -> None:
        connection.sendall(CONVERSATION.greeting + CONVERSATION.reply(LOOKUP)[:22])
        connection.sendall(b"\x73\x72\x00\x01A" + bytes(8) + b"\x03\x00\x00\x78\x70")
        while True:
            connection.sendall(b"\x70" * 65536)

    with FakeAgent(flood) as agent:
        assert failure_of(transport(agent)).reason is Reason.LIMIT


def test_a_port_where_nothing_listens_is_refused_and_says_which_flag_the_jvm_needs():
    with FakeAgent(silent) as agent:
        port = agent.port

    failure = failure_of(RmiTransport("127.0.0.1", port))

    assert failure.reason is Reason.REFUSED
    assert str(failure) == (
        f"nothing listens on 127.0.0.1:{port}; was the JVM started with -Dcom.sun.management.jmxremote.port={port}?"
    )


def test_an_rmi_port_where_nothing_listens_is_named():
    with FakeAgent(silent) as gone:
        port = gone.port
    with FakeAgent(replaying(CONVERSATION)) as agent:
        failure = failure_of(transport(agent, rmi_port=port))

    assert failure.reason is Reason.REFUSED
    assert f"127.0.0.1:{port}" in str(failure)
    assert "jmxremote.rmi.port" in str(failure)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70 + ".invalid"])
def test_a_host_without_an_address_ends_in_dns(host):
    assert failure_of(RmiTransport(host, 9999)).reason is Reason.DNS


def test_a_name_server_that_is_silent_ends_in_dns_by_the_deadline_and_holds_one_thread():
    asked, answer = [], threading.Event()

    def look_up(host, *_):
        asked.append(host)
        answer.wait(30)
        return [(socket.AF_INET, 0, 0, "", ("192.0.2.1", 0)), (socket.AF_INET6, 0, 0, "", ("2001:db8::1", 0, 0, 0))]

    resolver, reasons = Resolver("producer.test", host_key="jmx.host", look_up=look_up), []
    for _ in range(3):
        with pytest.raises(TransportError) as error:
            resolver.addresses(deadline=within(0.05))
        reasons.append(error.value.reason)
    answer.set()

    addresses = resolver.addresses(deadline=within(5))

    assert reasons == [Reason.DNS] * 3
    assert asked == ["producer.test"]
    assert addresses == [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")]


def test_without_file_descriptors_the_read_says_so():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with FakeAgent(silent) as agent:
        client = transport(agent)
        taken = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        try:
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            failure = failure_of(client)
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert failure.reason is Reason.LIMIT
    assert "ulimit -n" in str(failure)


def test_close_logs_out_and_may_be_called_twice():
    logged_out = threading.Event()

    def handle(connection: socket.socket) -> None:
        replaying(CONVERSATION)(_Watching(connection, logged_out))

    with FakeAgent(handle) as agent:
        client = transport(agent)
        client.read([EVERYTHING], deadline=within(5))
        client.close()
        client.close()

        assert logged_out.wait(5)


class _Watching:
    """A connection that notes when RMIConnection.close is called on it."""

    def __init__(self, connection: socket.socket, logged_out: threading.Event) -> None:
        self._connection = connection
        self._logged_out = logged_out

    def recv(self, size: int) -> bytes:
        data = self._connection.recv(size)
        if bytes.fromhex("be2e5bc7809d0dcc") in data:
            self._logged_out.set()
        return data

    def sendall(self, data: bytes) -> None:
        self._connection.sendall(data)


def test_300_reads_with_the_agent_killed_in_between_leave_nothing_behind_and_nothing_stale():
    agent = FakeAgent(replaying(CONVERSATION))
    port = agent.port
    client = transport(agent)
    client.read([EVERYTHING], deadline=within(5))
    threads, descriptors = threading.active_count(), open_descriptors()
    outcomes = []
    for number in range(300):
        if number % 10 == 4:
            agent.close()
        if number % 10 == 6:
            agent = FakeAgent(replaying(CONVERSATION), port=port)
        try:
            outcomes.append(len(client.read([EVERYTHING], deadline=within(5))))
        except TransportError as error:
            outcomes.append(error.reason)

    assert outcomes == [Reason.REFUSED if number % 10 in {4, 5} else 8 for number in range(300)]
    assert threading.active_count() == threads
    assert open_descriptors() <= descriptors + 1
    client.close()
    agent.close()


# TLS. The certificates are made by openssl, as an operator makes them.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """Return a folder with two CAs, a client's certificate, and a server's: good, expired, and for another name."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("ca", "other-ca"):
        openssl(
            "req", "-x509", *key, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", f"/CN={authority}"
        )
    for name, subject, days in [
        ("good", "IP:127.0.0.1,DNS:producer.test", "2"),
        ("expired", "IP:127.0.0.1", "-1"),
        ("other-name", "DNS:somewhere.test", "2"),
        ("client", "DNS:exporter", "2"),
    ]:
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text(f"subjectAltName={subject}")
        signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed_by, "-days", days, "-out", f"{name}.pem")
    return folder


def server_side(folder: Path, name: str, *, asks_for_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if asks_for_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
    return context


def in_tls() -> Conversation:
    """Return the conversation of an agent whose stub asks for TLS on its RMI port, as a real one does."""
    stub = CONVERSATION.reply(LOOKUP)
    begin = stub.index(b"UnicastRef") - 2
    # Block data: "UnicastRef", host, port, ObjID, flag. UnicastRef2 has a format byte after its name, and a factory
    # object between two blocks before the ObjID.
    length, reference = stub[begin - 1], stub[begin:-1]
    name_end = 2 + int.from_bytes(reference[:2], "big")
    kind, rest = reference[2:name_end], reference[name_end:length]
    rest = rest[1:] if kind == b"UnicastRef2" else rest
    host_and_port = 2 + int.from_bytes(rest[:2], "big") + 4
    factory = b"\x73\x72" + encode_utf("javax.rmi.ssl.SslRMIClientSocketFactory") + bytes(8) + b"\x02\x00\x00\x78\x70"
    first = b"\x00\x0bUnicastRef2\x01" + rest[:host_and_port]
    second = rest[host_and_port:]
    blocks = b"\x77" + bytes([len(first)]) + first + factory + b"\x77" + bytes([len(second)]) + second
    return CONVERSATION.with_reply(stub, stub[: begin - 2] + blocks + b"\x78")


def test_tls_on_both_ports_with_the_right_ca_is_read(certificates):
    tls = TlsSettings(registry=True, rmi=True, ca_file=certificates / "ca.pem")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "good")) as agent:
        client = transport(agent, tls=tls)

        counts = [len(client.read([EVERYTHING], deadline=within(5))) for _ in range(3)]
        client.close()

    assert counts == [8, 8, 8]


def test_tls_on_the_rmi_port_alone_is_read(certificates):
    tls = TlsSettings(rmi=True, ca_file=certificates / "ca.pem")
    server = server_side(certificates, "good")
    with FakeAgent(replaying(in_tls())) as registry, FakeAgent(replaying(in_tls()), tls=server) as agent:
        client = RmiTransport("127.0.0.1", registry.port, rmi_port=agent.port, tls=tls)

        readings = client.read([EVERYTHING], deadline=within(5))
        client.close()

    assert len(readings) == 8


def test_a_client_certificate_is_shown_where_it_is_asked_for(certificates):
    tls = TlsSettings(
        registry=True,
        rmi=True,
        ca_file=certificates / "ca.pem",
        cert_file=certificates / "client.pem",
        key_file=certificates / "client.key",
    )
    server = server_side(certificates, "good", asks_for_certificate=True)
    with FakeAgent(replaying(in_tls()), tls=server) as agent:
        client = transport(agent, tls=tls)

        readings = client.read([EVERYTHING], deadline=within(5))
        client.close()

    assert len(readings) == 8


def test_without_the_certificate_that_is_asked_for_it_says_what_to_set(certificates):
    tls = TlsSettings(registry=True, rmi=True, ca_file=certificates / "ca.pem")
    server = server_side(certificates, "good", asks_for_certificate=True)
    with FakeAgent(replaying(in_tls()), tls=server) as agent:
        failure = failure_of(transport(agent, tls=tls))

    assert failure.reason is Reason.TLS_MISMATCH
    assert "jmx.tls.cert_file" in str(failure)


@pytest.mark.parametrize(
    ("server", "authority", "name", "reason"),
    [
        ("expired", "ca", None, Reason.TLS_EXPIRED),
        ("other-name", "ca", None, Reason.TLS_NAME),
        ("good", "ca", "elsewhere.test", Reason.TLS_NAME),
        ("good", "other-ca", None, Reason.TLS_CA),
        ("good", "missing", None, Reason.TLS_CA),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted_is_refused(certificates, server, authority, name, reason):
    tls = TlsSettings(registry=True, rmi=True, ca_file=certificates / f"{authority}.pem", server_name=name)
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, server)) as agent:
        failure = failure_of(transport(agent, tls=tls, credentials=lambda: ("monitor", "secret")))

    assert failure.reason is reason


def test_a_certificate_for_another_name_is_trusted_where_that_name_is_set(certificates):
    tls = TlsSettings(registry=True, rmi=True, ca_file=certificates / "ca.pem", server_name="somewhere.test")
    with FakeAgent(replaying(in_tls()), tls=server_side(certificates, "other-name")) as agent:
        client = transport(agent, tls=tls)

        readings = client.read([EVERYTHING], deadline=within(5))
        client.close()

    assert len(readings) == 8


def test_tls_spoken_to_a_plain_agent_is_a_mismatch(certificates):
    tls = TlsSettings(registry=True, rmi=True, ca_file=certificates / "ca.pem")
    reasons = []
    for handler in (saying(b""), saying(CONVERSATION.greeting), silent):
        with FakeAgent(handler) as agent:
            reasons.append(failure_of(transport(agent, tls=tls), 0.3).reason)

    assert reasons == [Reason.TLS_MISMATCH, Reason.TLS_MISMATCH, Reason.TIMEOUT]


def test_plain_spoken_to_a_tls_agent_is_a_mismatch_or_closed(certificates):
    with FakeAgent(replaying(CONVERSATION), tls=server_side(certificates, "good")) as agent:
        failure = failure_of(transport(agent))

    assert failure.reason in {Reason.TLS_MISMATCH, Reason.CLOSED}


def test_a_stub_that_wants_tls_is_refused_where_none_is_set():
    with FakeAgent(replaying(in_tls())) as agent:
        failure = failure_of(transport(agent, credentials=lambda: ("monitor", "secret")))

    assert failure.reason is Reason.TLS_MISMATCH
    assert "jmx.tls.mode" in str(failure)


def test_a_password_is_never_in_a_message():
    refusing = CONVERSATION.answering(NEW_CLIENT, CONVERSATION.failures["SecurityException"])
    known = next(request for request in refusing.replies if NEW_CLIENT in request)[:-1]

    def handle(connection: socket.socket) -> None:
        replies = {known: CONVERSATION.failures["SecurityException"]} | refusing.replies
        replaying(refusing._replace(replies=replies))(connection)

    with FakeAgent(handle) as agent:
        failure = failure_of(transport(agent, credentials=lambda: ("monitor", "hunter2")))

    assert failure.reason is Reason.AUTHENTICATION
    assert "hunter2" not in str(failure)
