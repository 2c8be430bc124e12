"""Connections: one loop that reads and writes all of them, within bounds of number, size and time.

Rule 1: only the loop's thread touches a socket, so there is no lock, and no client can hold up another.
Rule 2: whatever may wait (a JVM) runs in a thread of its request, and hands the finished bytes to the loop.
Rule 3: at a bound, whoever has kept us waiting longest gives way; a client that asks at once is served.
"""

import logging
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from functools import partial

from kafka_producer_exporter.net.address import is_loopback
from kafka_producer_exporter.server.messages import (
    BadRequestError,
    Request,
    Response,
    parse_request,
    response_pieces,
    text_response,
)

Answer = Response | Callable[[], Response]
"""A response, or what makes it in a thread of its own because it may have to wait."""
Handler = Callable[[Request], Answer]
"""Answers a request at once; runs in the loop, so it never waits."""

MAX_CONNECTIONS = 64
"""Of one listener: a flood of pages does not push out a scrape."""
MAX_REQUESTS = 16
"""Of one listener, that have to wait at the same time; the next one gets a 503."""
MAX_UNSENT_BYTES = 16 * 1024 * 1024
"""Of all responses that wait for their reader together, beyond what the kernel has taken."""
SEND_BUFFER_BYTES = 256 * 1024
"""The kernel's, of one connection; left alone it grows to megabytes, which count as the container's memory."""
HEAD_SECONDS = 5.0
WRITE_SECONDS = 10.0
# Longer than the usual scrape intervals and no multiple of them, so that a connection
# is not closed in the very moment in which the next scrape is sent on it.
IDLE_SECONDS = 130.0
LINGER_SECONDS = 1.0
ACCEPT_PAUSE_SECONDS = 0.1
RECEIVE_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class _Phase(Enum):
    READING = auto()
    """Between requests, or in the middle of one."""
    WORKING = auto()
    """A thread makes the response."""
    WRITING = auto()
    LINGERING = auto()
    """All is sent; what the peer still sends is thrown away. Closing at once could destroy the response on its way."""
    CLOSED = auto()


class Listener:
    """A listening socket, and who answers what comes in there."""

    def __init__(self, sock: socket.socket, handler: Handler) -> None:
        self.sock = sock
        self.handler = handler
        self.connections: set[_Connection] = set()

    @property
    def port(self) -> int:
        """The port, also where the kernel chose it."""
        return int(self.sock.getsockname()[1])


class _Connection:
    __slots__ = ("due", "from_loopback", "inbox", "is_last", "listener", "outbox", "phase", "since", "sock", "watched")

    def __init__(self, sock: socket.socket, listener: Listener, *, from_loopback: bool) -> None:
        self.sock = sock
        self.listener = listener
        self.from_loopback = from_loopback
        self.inbox = bytearray()
        self.outbox: list[memoryview] = []
        self.is_last = False  # the response that is sent now is the last one on this connection
        self.watched = 0
        self.enter(_Phase.READING, HEAD_SECONDS)

    def enter(self, phase: _Phase, seconds: float) -> None:
        self.phase = phase
        self.since = time.monotonic()
        self.due = self.since + seconds

    @property
    def unsent_bytes(self) -> int:
        return sum(len(piece) for piece in self.outbox)


class HttpServer:
    """Serves its listeners until it is closed. Whatever a client or a handler does, the loop goes on."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._selector = selectors.DefaultSelector()
        self._finished: deque[tuple[_Connection, list[memoryview]]] = deque()
        self._bell, self._bell_pull = socket.socketpair()
        self._closing = False
        self._accept_again: float | None = None  # while it is paused
        self._out_of_descriptors = False
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to serve; returns at once."""
        for sock in (self._bell, self._bell_pull):
            sock.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ, self._answer_bell)
        self._resume_accepting()
        self._thread.start()

    def close(self) -> None:
        """End all connections and free the ports; a request thread that still waits for a JVM ends by itself."""
        self._closing = True
        self._ring()
        if self._thread.ident is not None:
            self._thread.join()
        for connection in self._connections():
            self._drop(connection)
        for listener in self._listeners:
            listener.sock.close()
        self._selector.close()
        self._bell.close()
        self._bell_pull.close()

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select(self._patience_seconds()):
                key.data()
            while self._finished:
                connection, pieces = self._finished.popleft()
                self._guarded(connection, partial(self._finish, connection, pieces))
            self._expire()

    def _guarded(self, connection: _Connection, step: Callable[[], None]) -> None:
        """Take a step of one connection; a defect of ours ends that connection and nothing else."""
        if connection.phase is _Phase.CLOSED:
            return
        try:
            step()
        except OSError:  # the peer is gone
            self._drop(connection)
        except Exception:
            log.exception("http: unexpected error, please report it")
            self._drop(connection)

    # Accepting

    def _accept(self, listener: Listener) -> None:
        try:
            sock, peer = listener.sock.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return
        except OSError as error:
            self._pause_accepting(error)
            return
        if self._out_of_descriptors:
            self._out_of_descriptors = False
            log.info("http: accepts connections again")
        sock.setblocking(False)
        connection = _Connection(sock, listener, from_loopback=is_loopback(str(peer[0])))
        listener.connections.add(connection)
        self._guarded(connection, partial(self._welcome, connection))
        if len(listener.connections) > MAX_CONNECTIONS:
            self._drop_slowest(listener.connections)

    def _welcome(self, connection: _Connection) -> None:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # Most requests are there already, which saves a turn of the loop.
        self._receive(connection)

    def _pause_accepting(self, error: OSError) -> None:
        # Descriptors or memory are used up. The client stays in the backlog, and its
        # event with it: without a pause the loop would spin.
        for listener in self._listeners:
            self._selector.unregister(listener.sock)
        self._accept_again = time.monotonic() + ACCEPT_PAUSE_SECONDS
        if not self._out_of_descriptors:
            self._out_of_descriptors = True
            log.warning("http: cannot accept connections (%s); raise the limit of open files", error.strerror)

    def _resume_accepting(self) -> None:
        self._accept_again = None
        for listener in self._listeners:
            self._selector.register(listener.sock, selectors.EVENT_READ, partial(self._accept, listener))

    # Reading

    def _ready(self, connection: _Connection) -> None:
        match connection.phase:
            case _Phase.READING:
                self._receive(connection)
            case _Phase.WRITING:
                self._send(connection)
                self._serve(connection)
            case _Phase.LINGERING:
                if self._received(connection) == b"":
                    self._drop(connection)
            case _:
                # It sends the next request already: that has to wait in the kernel.
                self._watch(connection, 0)

    def _receive(self, connection: _Connection) -> None:
        data = self._received(connection)
        if data == b"":
            self._drop(connection)
            return
        if data and not connection.inbox:
            connection.enter(_Phase.READING, HEAD_SECONDS)
        connection.inbox += data or b""
        self._serve(connection)

    def _received(self, connection: _Connection) -> bytes | None:
        """Return what has come, nothing where the peer has finished, None where it has sent nothing yet."""
        try:
            return connection.sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return None

    def _serve(self, connection: _Connection) -> None:
        """Answer the requests that are there, one after the other."""
        while connection.phase is _Phase.READING:
            try:
                parsed = parse_request(connection.inbox)
            except BadRequestError as error:
                self._refuse(connection, error.status, str(error))
                return
            if parsed is None:
                self._watch(connection, selectors.EVENT_READ)
                return
            request, length = parsed
            del connection.inbox[:length]
            self._answer(
                connection, replace(request, received=time.monotonic(), from_loopback=connection.from_loopback)
            )

    # Answering

    def _answer(self, connection: _Connection, request: Request) -> None:
        connection.is_last = not request.keep_alive
        if pieces := _pieces_of(request, partial(self._respond, connection, request)):
            self._send_response(connection, pieces)

    def _respond(self, connection: _Connection, request: Request) -> Response | None:
        """Return the response; None where a thread makes it."""
        answer = connection.listener.handler(request)
        return answer if isinstance(answer, Response) else self._start_work(connection, request, answer)

    def _start_work(self, connection: _Connection, request: Request, work: Callable[[], Response]) -> Response | None:
        """Start the request's thread; returns a refusal where there are too many."""
        working = sum(other.phase is _Phase.WORKING for other in connection.listener.connections)
        if working >= MAX_REQUESTS:
            return text_response(
                f"{working} requests are being answered already; try again",
                status=503,
                headers={"Retry-After": "1"},
            )
        connection.enter(_Phase.WORKING, math.inf)
        try:
            threading.Thread(
                target=self._work, args=(connection, request, work), name="http-request", daemon=True
            ).start()
        except RuntimeError:  # the kernel gives no more threads
            return text_response("there is no thread left to answer this; try again", status=503)
        return None

    def _work(self, connection: _Connection, request: Request, work: Callable[[], Response]) -> None:
        self._finished.append((connection, _pieces_of(request, work)))
        self._ring()

    def _refuse(self, connection: _Connection, status: int, message: str) -> None:
        connection.is_last = True
        self._send_response(
            connection,
            response_pieces(
                text_response(message, status=status), without_body=False, keep_alive=False, now=time.time()
            ),
        )

    def _finish(self, connection: _Connection, pieces: list[memoryview]) -> None:
        self._send_response(connection, pieces)
        self._serve(connection)

    # Writing

    def _send_response(self, connection: _Connection, pieces: list[memoryview]) -> None:
        connection.outbox = pieces
        connection.enter(_Phase.WRITING, WRITE_SECONDS)
        self._send(connection)
        waiting = [other for other in self._connections() if other.outbox]
        if len(waiting) > 1 and sum(other.unsent_bytes for other in waiting) > MAX_UNSENT_BYTES:
            self._drop_slowest(waiting)

    def _send(self, connection: _Connection) -> None:
        while connection.outbox:
            piece = connection.outbox[0]
            try:
                sent = connection.sock.send(piece)
            except (BlockingIOError, InterruptedError):
                self._watch(connection, selectors.EVENT_WRITE)
                return
            connection.outbox[:1] = [piece[sent:]] if sent < len(piece) else []
        if connection.is_last:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.enter(_Phase.LINGERING, LINGER_SECONDS)
            self._watch(connection, selectors.EVENT_READ)
        else:
            connection.enter(_Phase.READING, HEAD_SECONDS if connection.inbox else IDLE_SECONDS)

    # Bounds

    def _connections(self) -> list[_Connection]:
        return [connection for listener in self._listeners for connection in listener.connections]

    def _patience_seconds(self) -> float | None:
        """Return how long nothing needs to be done unless a socket is ready."""
        due = min((connection.due for connection in self._connections()), default=math.inf)
        due = min(due, self._accept_again or math.inf)
        return None if due == math.inf else max(0.0, due - time.monotonic())

    def _expire(self) -> None:
        now = time.monotonic()
        if self._accept_again is not None and self._accept_again <= now:
            self._resume_accepting()
        for connection in self._connections():
            if connection.due > now:
                continue
            if connection.phase is _Phase.READING and connection.inbox:
                late = f"the request was not complete within {HEAD_SECONDS:g} s"
                self._guarded(connection, partial(self._refuse, connection, 408, late))
            else:
                self._drop(connection)

    def _drop_slowest(self, candidates: Iterable[_Connection]) -> None:
        waiting = [connection for connection in candidates if connection.phase is not _Phase.WORKING]
        self._drop(min(waiting, key=lambda connection: connection.since))

    def _drop(self, connection: _Connection) -> None:
        if connection.phase is not _Phase.CLOSED:
            self._watch(connection, 0)
            connection.phase = _Phase.CLOSED
            connection.outbox = []
            connection.sock.close()
            connection.listener.connections.discard(connection)

    def _watch(self, connection: _Connection, events: int) -> None:
        ready = partial(self._guarded, connection, partial(self._ready, connection))
        if events == connection.watched:
            return
        if not events:
            self._selector.unregister(connection.sock)
        elif connection.watched:
            self._selector.modify(connection.sock, events, ready)
        else:
            self._selector.register(connection.sock, events, ready)
        connection.watched = events

    # The bell: how another thread wakes the loop

    def _ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody needs to wake up
            self._bell_pull.send(b"!")

    def _answer_bell(self) -> None:
        with suppress(BlockingIOError):
            self._bell.recv(4096)


def _pieces_of(request: Request, respond: Callable[[], Response | None]) -> list[memoryview]:
    """Return what to send; a defect becomes a 500 that tells the client nothing and the log everything."""
    try:
        response = respond()
    except Exception:
        log.exception("http: %s %s: unexpected error, please report it", request.method, request.path)
        response = text_response("internal error; the exporter's log says more", status=500)
    if response is None:
        return []
    return response_pieces(
        response, without_body=request.method == "HEAD", keep_alive=request.keep_alive, now=time.time()
    )
