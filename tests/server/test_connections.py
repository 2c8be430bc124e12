import contextlib
import errno
import logging
import resource
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from kafka_producer_exporter.server.bounds import DEFAULT_BOUNDS, Bounds, bounds_within
from kafka_producer_exporter.server.connections import HttpServer, Listener, LongWait
from kafka_producer_exporter.server.messages import MAX_HEAD_BYTES, RequestParser, Response, text_response
from tests.waiting import wait_until

GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"x" * 4_000_000
CHUNKS = tuple(b"x" * 40_000 for _ in range(100))


class Site:
    """A handler that answers at once, but ``/work`` and ``/large`` (4 MB) in a thread, and ``/wait`` after ``go_on``.

    ``/bug`` and ``/bug-in-thread`` raise.
    """

    def __init__(self):
        self.go_on = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, request):
        match request.path:
            case "/work":
                return lambda: text_response("worked")
            case "/wait":
                return self.wait
            case "/wait-long":
                return LongWait(self.wait)
            case "/large":
                return lambda: Response(chunks=CHUNKS)
            case "/own-large":
                return lambda: Response(chunks=(b"x" * len(LARGE),))
            case "/bug":
                raise RuntimeError("the secret of the bug")
            case "/bug-in-thread":
                return lambda: 1 / 0
            case "/who":
                return text_response("this machine" if request.from_loopback else "another machine")
        return text_response(f"{request.method} {request.path}")

    def wait(self):
        self.waiting.release()
        self.go_on.wait(10)
        return text_response("waited")


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def bounds():
    """The bounds of the server; ``with_bounds`` replaces them."""
    return DEFAULT_BOUNDS


def with_bounds(**bounds):
    """Give the server of this test other bounds than the default ones."""
    return pytest.mark.parametrize("bounds", [Bounds(**bounds)], ids=["bounds"])


def listen(site):
    sock = socket.create_server(("127.0.0.1", 0), backlog=128)
    sock.setblocking(False)
    return Listener(sock, site)


@pytest.fixture
def listeners(site, bounds):
    """Two listeners of one server."""
    listeners = [listen(site), listen(site)]
    server = HttpServer(listeners, bounds=bounds)
    server.start()
    yield listeners
    site.go_on.set()
    server.close()
    wait_until(lambda: not any(thread.name == "http-request" for thread in threading.enumerate()))


@pytest.fixture
def listener(listeners):
    return listeners[0]


@pytest.fixture
def connect(listener):
    """Opens connections that end with the test; *host* is the client's own address."""
    with contextlib.ExitStack() as stack:

        def connect(host="127.0.0.1"):
            address = ("127.0.0.1", listener.port)
            return stack.enter_context(socket.create_connection(address, timeout=5, source_address=(host, 0)))

        yield connect


def read_response(client):
    """Return the status and the body of one response."""
    with client.makefile("rb") as file:
        status = int(file.readline().split()[1])
        headers = dict(line.split(b": ", 1) for line in iter(lambda: file.readline().rstrip(), b""))
        return status, file.read(int(headers[b"Content-Length"]))


def ask(client, path=b"/"):
    client.sendall(GET % path)
    return read_response(client)


def read_to_the_end(client):
    with contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: client.recv(65536), b""))


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_connection_is_kept_for_the_next_request(connect):
    client = connect()

    assert ask(client) == (200, b"GET /\n")
    assert ask(client, b"/work") == (200, b"worked\n")
    assert ask(client, b"/large") == (200, LARGE)
    assert ask(client) == (200, b"GET /\n")


def test_the_connection_ends_after_the_last_response(connect):
    client = connect()

    client.sendall(b"GET / HTTP/1.0\r\n\r\n")

    assert read_to_the_end(client).endswith(b"Connection: close\r\n\r\nGET /\n")


def test_requests_sent_ahead_are_answered_in_order(connect):
    client = connect()

    client.sendall(GET % b"/1" + GET % b"/work" + GET % b"/2" + b"GET /3 HTTP/1.0\r\n\r\n")

    answers = read_to_the_end(client)
    places = [answers.index(text) for text in (b"GET /1\n", b"worked\n", b"GET /2\n", b"GET /3\n")]
    assert places == sorted(places)


def test_2000_requests_sent_ahead_are_all_answered(connect):
    client = connect()

    client.sendall(GET % b"/" * 2000 + b"GET /end HTTP/1.0\r\n\r\n")

    assert read_to_the_end(client).count(b"HTTP/1.1 200 OK") == 2001


def test_a_request_that_comes_byte_by_byte_is_answered(connect):
    client = connect()

    for byte in GET % b"/work":
        client.send(bytes([byte]))

    assert read_response(client) == (200, b"worked\n")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20 * MAX_HEAD_BYTES, b"431"),
    ],
    ids=["garbage", "HTTP/0.9", "a huge header"],
)
def test_invalid_http_gets_an_error_response_and_ends_the_connection(connect, sent, status):
    client = connect()

    with contextlib.suppress(ConnectionError):
        client.sendall(sent)

    assert read_to_the_end(client).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("path", [b"/bug", b"/bug-in-thread"])
def test_a_bug_is_in_the_log_and_not_in_the_response(connect, caplog, path):
    client = connect()

    status, body = ask(client, path)

    assert (status, body) == (500, b"internal error; see the exporter's log\n")
    assert "Traceback" in caplog.text
    assert ask(client) == (200, b"GET /\n")


def test_a_bug_in_the_loop_ends_one_connection(connect, monkeypatch, caplog):
    other, unlucky = connect(), connect()
    ask(other)
    with monkeypatch.context() as patch:
        patch.setattr(RequestParser, "next_request", lambda parser: {}["bug"] if parser.in_request else None)

        unlucky.sendall(GET % b"/")

        assert read_to_the_end(unlucky) == b""
    assert "KeyError: 'bug'" in caplog.text
    assert ask(other) == (200, b"GET /\n")


def test_a_request_from_this_machine_is_marked_as_such(connect):
    assert ask(connect(), b"/who") == (200, b"this machine\n")


def test_a_connection_sends_at_once_and_has_a_bounded_kernel_buffer(connect, listener):
    ask(connect())

    (connection,) = listener.connections
    assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    # The kernel doubles the requested size, for its bookkeeping.
    assert connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * DEFAULT_BOUNDS.send_buffer_bytes


def test_a_request_sent_ahead_uses_no_cpu_while_another_waits(connect, site):
    client = connect()
    ask(client)
    client.sendall(GET % b"/wait")
    site.waiting.acquire(timeout=5)

    client.sendall(GET % b"/")
    before = time.process_time()
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(1)

    assert time.process_time() - before < 0.1
    client.settimeout(5)
    site.go_on.set()
    assert read_response(client) == (200, b"waited\n")


def test_a_request_that_waits_delays_no_other(connect, site):
    waiting, quick = connect(), connect()
    waiting.sendall(GET % b"/wait")
    site.waiting.acquire(timeout=5)

    assert ask(quick, b"/work") == (200, b"worked\n")
    site.go_on.set()
    assert read_response(waiting) == (200, b"waited\n")


def test_two_requests_are_answered_concurrently(connect, site):
    clients = [connect(), connect()]
    for client in clients:
        client.sendall(GET % b"/wait")

    both = [site.waiting.acquire(timeout=5) for _ in clients]

    site.go_on.set()
    assert both == [True, True]
    assert [read_response(client) for client in clients] == [(200, b"waited\n")] * 2


def test_with_all_threads_in_use_only_requests_that_need_one_are_refused(connect, site):
    for number in range(DEFAULT_BOUNDS.max_threads):
        connect(f"127.0.0.{1 + number % 2}").sendall(GET % b"/wait")
        site.waiting.acquire(timeout=5)

    status, body = ask(connect("127.0.0.3"), b"/work")

    assert (status, body) == (503, b"16 requests are in progress, which is the limit; try again\n")
    assert ask(connect()) == (200, b"GET /\n")


def test_one_client_leaves_threads_for_others(connect, site):
    for _ in range(DEFAULT_BOUNDS.max_threads_per_client):
        connect().sendall(GET % b"/wait")
        site.waiting.acquire(timeout=5)

    assert ask(connect(), b"/work") == (
        503,
        b"8 requests of 127.0.0.1 are in progress, which is the limit; try again\n",
    )
    assert ask(connect("127.0.0.2"), b"/work") == (200, b"worked\n")


@with_bounds(max_threads_per_client=16)
def test_requests_with_long_timeouts_leave_threads_for_usual_ones(connect, site):
    patient = [connect() for _ in range(DEFAULT_BOUNDS.max_threads)]
    for client in patient:
        client.sendall(GET % b"/wait-long")
    for _ in range(DEFAULT_BOUNDS.max_long_waits):
        assert site.waiting.acquire(timeout=5)

    assert ask(connect(), b"/work") == (200, b"worked\n")

    site.go_on.set()
    statuses = [read_response(client)[0] for client in patient]
    assert sorted(statuses) == [200] * DEFAULT_BOUNDS.max_long_waits + [503] * DEFAULT_BOUNDS.max_long_waits


def test_a_page_that_does_not_fit_into_memory_costs_one_response_and_keeps_no_thread(connect, monkeypatch):
    def out_of_memory(*_, **__):
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr("kafka_producer_exporter.server.connections.response_pieces", out_of_memory)

    client = connect()
    assert [ask(client, b"/work")[0] for _ in range(2)] == [500, 200]


@with_bounds(accept_pause_seconds=0.01)
def test_the_loop_survives_any_exception(connect, monkeypatch, caplog):
    client = connect()
    ask(client)

    def broken(server):
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr(HttpServer, "_expire", broken)

    assert [ask(client)[0] for _ in range(2)] == [200, 200]
    wait_until(lambda: "http: unexpected error, please report it" in caplog.messages)


@with_bounds(request_seconds=0.05)
def test_an_incomplete_request_gets_408_after_its_time(connect):
    client = connect()

    client.sendall(b"GET / HTTP/1.1\r\n")

    assert read_to_the_end(client).startswith(b"HTTP/1.1 408 ")


@with_bounds(request_seconds=0.1)
def test_a_trickle_of_bytes_does_not_extend_the_time_of_a_request(connect):
    client = connect()
    start = time.monotonic()

    with contextlib.suppress(ConnectionError):
        for byte in GET % (b"/" + b"a" * 1000):
            client.send(bytes([byte]))
            time.sleep(0.005)

    assert time.monotonic() - start < 3


@with_bounds(request_seconds=0.05)
def test_a_client_that_sends_nothing_is_disconnected_without_a_response(connect):
    assert read_to_the_end(connect()) == b""


@with_bounds(write_seconds=0.05)
def test_a_client_that_does_not_read_is_disconnected(connect, listener):
    client = connect()

    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(GET % b"/large")

    wait_until(lambda: listener.connections)
    wait_until(lambda: not listener.connections)


def held_bodies(listener):
    """Return the distinct bodies that wait for their clients."""
    outboxes = [connection.outbox for connection in set(listener.connections)]
    return {id(piece.obj): piece.obj for outbox in outboxes for piece in outbox if len(piece.obj) > 1000}.values()


@with_bounds(max_unsent_bytes=4 * len(LARGE), send_buffer_bytes=65_536, stall_seconds=0.01)
def test_clients_that_take_nothing_are_dropped_when_their_responses_fill_the_memory(connect, listener):
    for number in range(10):
        connect().sendall(GET % b"/own-large")
        wait_until(lambda: len(held_bodies(listener)) >= min(number + 1, 3))  # noqa: B023 - called at once
        time.sleep(0.02)

    assert len(held_bodies(listener)) <= 3
    assert ask(connect(), b"/own-large") == (200, LARGE)


@with_bounds(max_unsent_bytes=2 * len(LARGE), send_buffer_bytes=65_536, stall_seconds=60.0)
def test_a_response_without_room_is_refused_and_no_response_in_progress_is_cut(connect, listener):
    slow = connect()
    slow.sendall(GET % b"/own-large")
    wait_until(lambda: held_bodies(listener))

    other = connect()
    other.sendall(GET % b"/own-large")
    answer = other.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert read_response(slow) == (200, LARGE)
    assert ask(other, b"/own-large") == (200, LARGE)


@with_bounds(max_unsent_bytes=3 * len(LARGE), send_buffer_bytes=65_536, stall_seconds=60.0, max_threads_per_client=16)
def test_slow_clients_of_one_page_hold_it_once(connect, listener):
    slow = [connect() for _ in range(16)]
    for client in slow:
        client.sendall(GET % b"/large")
    wait_until(lambda: sum(bool(connection.outbox) for connection in set(listener.connections)) == 16)

    assert sum(len(body) for body in held_bodies(listener)) <= len(LARGE)
    assert [read_response(client) for client in slow] == [(200, LARGE)] * 16


@with_bounds(max_unsent_bytes=1)
def test_a_response_alone_is_sent_whatever_its_size(connect):
    assert ask(connect(), b"/large") == (200, LARGE)


def test_slow_clients_give_way_to_a_quick_one(connect, listener):
    slow = [connect() for _ in range(2 * DEFAULT_BOUNDS.max_connections)]
    for client in slow:
        with contextlib.suppress(ConnectionError):
            client.sendall(b"GET /")

    answers = [ask(connect(), b"/work") for _ in range(5)]

    assert answers == [(200, b"worked\n")] * 5
    assert len(listener.connections) <= DEFAULT_BOUNDS.max_connections


@with_bounds(max_connections=8)
def test_a_flood_of_connections_does_not_cut_a_page_that_its_client_is_taking(connect, listener):
    client = connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    received = b""
    for _ in range(50):
        connect().sendall(b"GET /")
        received += client.recv(64 * 1024)
    wait_until(lambda: len(listener.connections) == 8)
    received += read_to_the_end(client)

    assert received.endswith(LARGE)


def test_without_free_descriptors_the_connection_that_waits_longest_gives_way(connect, listener):
    idle = connect()
    ask(idle)
    with socket.socket() as late:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        late.settimeout(5)
        resource.setrlimit(resource.RLIMIT_NOFILE, (late.fileno() + 1, limits[1]))
        try:
            late.connect(("127.0.0.1", listener.port))
            answer = ask(late)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

        assert answer == (200, b"GET /\n")
        assert idle.recv(1) == b""


def test_the_loop_survives_without_free_descriptors_and_uses_no_cpu(connect, site, caplog):
    caplog.set_level(logging.INFO)
    working = connect()
    working.sendall(GET % b"/wait")
    site.waiting.acquire(timeout=5)
    with socket.socket() as late:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        late.settimeout(0.25)
        resource.setrlimit(resource.RLIMIT_NOFILE, (late.fileno() + 1, limits[1]))
        try:
            late.connect(working.getpeername())
            late.sendall(GET % b"/")
            before = time.process_time()
            with pytest.raises(TimeoutError):
                late.recv(1)
            used_seconds = time.process_time() - before
            site.go_on.set()
            still_served = read_response(working)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        late.settimeout(5)
        answer = read_response(late)

    assert used_seconds < 0.1
    assert still_served == (200, b"waited\n")
    assert answer == (200, b"GET /\n")
    assert caplog.messages == [
        "http: cannot accept connections (Too many open files); raise the limit of open files",
        "http: accepting connections again",
    ]


class Exhausted:
    """A listening socket of a process that has no descriptors left until ``recover``."""

    def __init__(self, sock):
        self._sock = sock
        self.attempts = 0
        self._recovered = threading.Event()

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def accept(self):
        self.attempts += 1
        if not self._recovered.is_set():
            raise OSError(errno.EMFILE, "Too many open files")
        return self._sock.accept()

    def recover(self):
        self._recovered.set()


@with_bounds(accept_pause_seconds=0.01)
def test_both_listeners_pause_and_resume_when_both_run_out_of_descriptors_at_once(site, bounds):
    listeners = [listen(site), listen(site)]
    for listener in listeners:
        listener.sock = Exhausted(listener.sock)
    server = HttpServer(listeners, bounds=bounds)
    with contextlib.ExitStack() as stack:
        stack.callback(server.close)
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), timeout=5))
            for listener in listeners
        ]
        server.start()  # both clients wait already: the loop finds both listeners ready in one turn
        wait_until(lambda: sum(listener.sock.attempts for listener in listeners) >= 3)

        for listener in listeners:
            listener.sock.recover()

        assert [ask(client) for client in clients] == [(200, b"GET /\n")] * 2


@pytest.mark.parametrize("descriptors", [16, 64, 200])
def test_clients_leave_half_of_few_descriptors_to_targets_and_brokers(descriptors):
    bounds = bounds_within(descriptors)

    assert 2 * bounds.max_connections <= descriptors / 2
    assert bounds.max_long_waits, bounds.max_threads_per_client < bounds.max_threads < bounds.max_connections


@pytest.mark.parametrize("descriptors", [256, 1024, resource.RLIM_INFINITY])
def test_enough_descriptors_leave_the_bounds_as_they_are(descriptors):
    assert bounds_within(descriptors) == DEFAULT_BOUNDS


def test_300_aborted_connections_leave_nothing_behind(connect, listener):
    ask(connect(), b"/work")
    descriptors = open_descriptors()

    for number in range(300):
        with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as client:
            client.sendall((GET % (b"/large", b"/work", b"/")[number % 3])[: None if number % 5 else 9])
            # Closing with this option resets the connection, as a killed client does.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as last:
        ask(last)  # connections are accepted in their order: with this one, all were
    wait_until(lambda: len(listener.connections) == 1)
    wait_until(lambda: not any(thread.name == "http-request" for thread in threading.enumerate()))
    assert open_descriptors() == descriptors


def test_close_ends_idle_connections_and_frees_the_port(site):
    listener = listen(site)
    server = HttpServer([listener])
    port = listener.port
    server.start()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        ask(client)

        server.close()

        assert read_to_the_end(client) == b""
    socket.create_server(("127.0.0.1", port)).close()
    assert not any(thread.name == "http" for thread in threading.enumerate())
