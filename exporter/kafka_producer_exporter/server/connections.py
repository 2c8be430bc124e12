"""Connections: one loop that reads and writes all of them, within bounds of number, size and time.

Rule 1: only the loop's thread touches a socket, so there is no lock, and no client can hold up another.
Rule 2: what may have to wait (a JVM) runs in a thread per request, which hands the finished bytes to the loop.
Rule 3: when a bound is reached, the connection that has kept us waiting longest is dropped, so that a prompt client is
always served. A response that its client is taking is not cut for new connections.
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
from kafka_producer_exporter.server.bounds import DEFAULT_BOUNDS, Bounds
from kafka_producer_exporter.server.messages import (
    BadRequestError,
    Request,
    RequestParser,
    Response,
    response_pieces,
    text_response,
)

DeferredResponse = Callable[[], Response]
"""Makes a response in a thread of its own, because it may have to wait."""


class LongWait(partial[Response]):
    """A deferred response whose client allows it an unusually long time."""


Handler = Callable[[Request], Response | DeferredResponse]
"""Returns the response to a request, or a function that makes it. It runs in the loop, so it must not wait."""

RECEIVE_BYTES = 16 * 1024
PIECES_PER_SEND = 16
INTERNAL_ERROR = text_response("internal error; see the exporter's log", status=500)

log = logging.getLogger(__name__)


class _Phase(Enum):
    READING = auto()
    """Between requests, or in the middle of one."""
    WORKING = auto()
    """A thread makes the response."""
    WRITING = auto()
    LINGERING = auto()
    """All is sent; what still arrives is discarded. Closing at once could destroy the response on its way."""
    CLOSED = auto()


class Listener:
    """A listening socket, and the handler of the requests that arrive there."""

    def __init__(self, sock: socket.socket, handler: Handler) -> None:
        self.sock = sock
        self.handler = handler
        self.connections: set[_Connection] = set()

    @property
    def port(self) -> int:
        """The port, even if the kernel chose it."""
        return int(self.sock.getsockname()[1])


class _Connection:
    __slots__ = (
        "due",
        "from_loopback",
        "is_last",
        "listener",
        "long_wait",
        "outbox",
        "parser",
        "peer",
        "phase",
        "progressed",
        "sock",
        "watched",
    )

    def __init__(self, sock: socket.socket, listener: Listener, *, peer: str, seconds: float) -> None:
        self.sock = sock
        self.listener = listener
        self.peer = peer
        self.from_loopback = is_loopback(peer)
        self.parser = RequestParser()
        self.outbox: list[memoryview] = []
        self.is_last = False  # the response in progress is the last one on this connection
        self.long_wait = False  # the response in progress is a LongWait
        self.watched = 0  # the selector's events
        self.enter(_Phase.READING, seconds)

    def enter(self, phase: _Phase, seconds: float) -> None:
        """Begin *phase*, which may take *seconds*."""
        self.phase = phase
        self.progressed = time.monotonic()
        """When the phase began, or when the client last took a part of a response."""
        self.due = self.progressed + seconds

    def is_taking(self, stalled: float) -> bool:
        """Return whether the client takes a response, and has taken some of it after the time *stalled*."""
        return self.phase is _Phase.WRITING and self.progressed > stalled


class HttpServer:
    """Serves its listeners until it is closed. Nothing that a client or a handler does ends the loop."""

    def __init__(self, listeners: Sequence[Listener], *, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._listeners = listeners
        self._bounds = bounds
        self._selector = selectors.DefaultSelector()
        self._finished: deque[tuple[_Connection, list[memoryview]]] = deque()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._closing = False
        self._accept_again: float | None = None  # set while accepting is paused
        self._out_of_descriptors = False
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Start to serve, and return at once."""
        for sock in (self._wake_receiver, self._wake_sender):
            sock.setblocking(False)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ, self._woken)
        self._resume_accepting()
        self._thread.start()

    def close(self) -> None:
        """End all connections and free the ports. A request thread that still waits for a JVM ends by itself."""
        self._closing = True
        self._wake()
        if self._thread.ident is not None:
            self._thread.join()
        for connection in self._connections():
            self._drop(connection)
        for listener in self._listeners:
            listener.sock.close()
        self._selector.close()
        self._wake_receiver.close()
        self._wake_sender.close()

    def _run(self) -> None:
        while not self._closing:
            try:
                self._turn()
            except Exception:  # out of memory or a kernel's table, or a bug of ours: it costs this turn
                log.exception("http: unexpected error, please report it")
                time.sleep(self._bounds.accept_pause_seconds)  # the cause may last, and must not use a whole CPU

    def _turn(self) -> None:
        """Wait until something can be done, and do it."""
        for key, _ in self._selector.select(self._sleep_seconds()):
            key.data()
        while self._finished:
            connection, pieces = self._finished.popleft()
            self._guarded(connection, partial(self._finish, connection, pieces))
        self._expire()

    def _guarded(self, connection: _Connection, step: Callable[[], None]) -> None:
        """Take a step of one connection. A bug of ours ends that connection and nothing else."""
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
        if self._accept_again is not None:
            return  # the other listener has paused both in this turn of the loop
        try:
            sock, peer = listener.sock.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return
        except OSError as error:
            self._make_room_or_pause(error)
            return
        if self._out_of_descriptors:
            self._out_of_descriptors = False
            log.info("http: accepting connections again")
        sock.setblocking(False)
        connection = _Connection(sock, listener, peer=str(peer[0]), seconds=self._bounds.request_seconds)
        listener.connections.add(connection)
        self._guarded(connection, partial(self._welcome, connection))
        if len(listener.connections) > self._bounds.max_connections:
            self._drop_slowest(listener.connections)

    def _welcome(self, connection: _Connection) -> None:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._bounds.send_buffer_bytes)
        # Most requests have arrived by now. To read at once saves a turn of the loop.
        self._receive(connection)

    def _make_room_or_pause(self, error: OSError) -> None:
        """Close the connection that has kept us waiting longest, as no descriptor or no memory is left for another."""
        if not self._out_of_descriptors:
            self._out_of_descriptors = True
            log.warning("http: cannot accept connections (%s); raise the limit of open files", error.strerror)
        stalled = self._stalled_since()
        waiting = [
            connection
            for connection in self._connections()
            if connection.phase is not _Phase.WORKING and not connection.is_taking(stalled)
        ]
        if waiting:
            self._drop_slowest(waiting)
            return
        # The client stays in the backlog, where it keeps its listener readable: without a pause the loop would spin.
        for listener in self._listeners:
            self._selector.unregister(listener.sock)
        self._accept_again = time.monotonic() + self._bounds.accept_pause_seconds

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
                # The client has already sent its next request, which has to wait in the kernel.
                self._watch(connection, 0)

    def _receive(self, connection: _Connection) -> None:
        data = self._received(connection)
        if data == b"":
            self._drop(connection)
            return
        was_in_request = connection.parser.in_request
        connection.parser.receive(data or b"")
        if connection.parser.in_request and not was_in_request:
            connection.enter(_Phase.READING, self._bounds.request_seconds)
        self._serve(connection)

    def _received(self, connection: _Connection) -> bytes | None:
        """Return what has arrived, no bytes if the peer has finished, or None if nothing has arrived yet."""
        try:
            return connection.sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return None

    def _serve(self, connection: _Connection) -> None:
        """Answer the requests that have arrived, one after the other."""
        while connection.phase is _Phase.READING:
            try:
                request = connection.parser.next_request()
            except BadRequestError as error:
                self._refuse(connection, error.status, str(error))
                return
            if request is None:
                self._watch(connection, selectors.EVENT_READ)
                return
            self._answer(
                connection, replace(request, received=time.monotonic(), from_loopback=connection.from_loopback)
            )

    # Answering

    def _answer(self, connection: _Connection, request: Request) -> None:
        connection.is_last = not request.keep_alive
        try:
            response = connection.listener.handler(request)
        except Exception:
            log.exception("http: %s %s: unexpected error, please report it", request.method, request.path)
            response = INTERNAL_ERROR
        if isinstance(response, Response):
            self._send_response(connection, _pieces(response, request))
        else:
            self._answer_in_thread(connection, request, response)

    def _answer_in_thread(self, connection: _Connection, request: Request, make: DeferredResponse) -> None:
        """Have a thread make the response, or refuse the request if all threads are in use."""
        connection.long_wait = isinstance(make, LongWait)
        others = [other for other in connection.listener.connections if other.phase is _Phase.WORKING]
        long_waits = sum(other.long_wait for other in others)
        of_client = sum(other.peer == connection.peer for other in others)
        message = ""
        if len(others) >= self._bounds.max_threads:
            message = f"{len(others)} requests are in progress, which is the limit; try again"
        elif of_client >= self._bounds.max_threads_per_client:
            message = f"{of_client} requests of {connection.peer} are in progress, which is the limit; try again"
        elif connection.long_wait and long_waits >= self._bounds.max_long_waits:
            message = f"{long_waits} requests with long timeouts are in progress, which is the limit; try again"
        if message:
            self._send_response(connection, _pieces(_busy(message), request))
            return
        connection.enter(_Phase.WORKING, math.inf)
        thread = threading.Thread(target=self._work, args=(connection, request, make), name="http-request", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the kernel grants no more threads
            busy = _busy("this process cannot start another thread; try again")
            self._send_response(connection, _pieces(busy, request))

    def _work(self, connection: _Connection, request: Request, make: DeferredResponse) -> None:
        """Make the response; runs in a thread of its own."""
        try:
            pieces = _pieces(make(), request)
        except Exception:
            log.exception("http: %s %s: unexpected error, please report it", request.method, request.path)
            pieces = _pieces(INTERNAL_ERROR, request)
        self._finished.append((connection, pieces))
        self._wake()

    def _finish(self, connection: _Connection, pieces: list[memoryview]) -> None:
        """Send what a thread has made, then answer the requests that have arrived since."""
        self._send_response(connection, pieces)
        self._serve(connection)

    def _refuse(self, connection: _Connection, status: int, message: str) -> None:
        """Send an error response, and end the connection."""
        connection.is_last = True
        response = text_response(message, status=status)
        self._send_response(
            connection, response_pieces(response, without_body=False, keep_alive=False, now=time.time())
        )

    # Writing

    def _send_response(self, connection: _Connection, pieces: list[memoryview]) -> None:
        if not self._has_room(pieces):
            busy = _busy("the responses that clients have not yet taken fill the memory they may use; try again")
            keep_alive = not connection.is_last
            pieces = response_pieces(busy, without_body=False, keep_alive=keep_alive, now=time.time())
        connection.outbox = pieces
        connection.enter(_Phase.WRITING, self._bounds.write_seconds)
        self._send(connection)

    def _has_room(self, pieces: list[memoryview]) -> bool:
        """Return whether one more response may wait for its client. Drop clients that take nothing of theirs for it.

        A single response always has room.
        """
        if sum(len(piece) for piece in pieces) <= self._bounds.send_buffer_bytes:
            return True  # the kernel takes it at once
        others = [other for other in self._connections() if other.outbox]
        others.sort(key=lambda other: other.progressed)
        stalled = time.monotonic() - self._bounds.stall_seconds
        while others and self._unsent_bytes(others, pieces) > self._bounds.max_unsent_bytes:
            slowest = others.pop(0)
            if slowest.progressed > stalled:
                return False
            self._drop(slowest)
        return True

    def _unsent_bytes(self, connections: Iterable[_Connection], pieces: Iterable[memoryview]) -> int:
        """Return the memory of these pieces and of the outboxes, with the kernel's buffers."""
        outboxes = [connection.outbox for connection in connections] + [list(pieces)]
        whole = {id(piece.obj): piece.obj for outbox in outboxes for piece in outbox}
        return sum(len(memoryview(each)) for each in whole.values()) + len(outboxes) * self._bounds.send_buffer_bytes

    def _send(self, connection: _Connection) -> None:
        while connection.outbox:
            try:
                sent = connection.sock.sendmsg(connection.outbox[:PIECES_PER_SEND])
            except (BlockingIOError, InterruptedError):
                self._watch(connection, selectors.EVENT_WRITE)
                return
            connection.progressed = time.monotonic()
            connection.outbox = _after(connection.outbox, sent)
        if connection.is_last:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.enter(_Phase.LINGERING, self._bounds.linger_seconds)
            self._watch(connection, selectors.EVENT_READ)
        else:
            in_request = connection.parser.in_request
            connection.enter(_Phase.READING, self._bounds.request_seconds if in_request else self._bounds.idle_seconds)

    # Bounds

    def _connections(self) -> list[_Connection]:
        return [connection for listener in self._listeners for connection in listener.connections]

    def _sleep_seconds(self) -> float | None:
        """Return the time until the next bound is reached, or None if there is none."""
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
            if connection.phase is _Phase.READING and connection.parser.in_request:
                message = f"the request was not complete within {self._bounds.request_seconds:g} s"
                self._guarded(connection, partial(self._refuse, connection, 408, message))
            else:
                self._drop(connection)

    def _drop_slowest(self, candidates: Iterable[_Connection]) -> None:
        stalled = self._stalled_since()

        def patience(connection: _Connection) -> tuple[bool, float]:
            return connection.is_taking(stalled), connection.progressed

        waiting = [connection for connection in candidates if connection.phase is not _Phase.WORKING]
        self._drop(min(waiting, key=patience))

    def _stalled_since(self) -> float:
        return time.monotonic() - self._bounds.stall_seconds

    def _drop(self, connection: _Connection) -> None:
        if connection.phase is not _Phase.CLOSED:
            self._watch(connection, 0)
            connection.phase = _Phase.CLOSED
            connection.outbox = []
            connection.sock.close()
            connection.listener.connections.discard(connection)

    def _watch(self, connection: _Connection, events: int) -> None:
        if events == connection.watched:
            return
        ready = partial(self._guarded, connection, partial(self._ready, connection))
        if not events:
            self._selector.unregister(connection.sock)
        elif connection.watched:
            self._selector.modify(connection.sock, events, ready)
        else:
            self._selector.register(connection.sock, events, ready)
        connection.watched = events

    # Waking the loop from another thread

    def _wake(self) -> None:
        with suppress(OSError):  # full: the loop is about to wake up; closed: it has ended
            self._wake_sender.send(b"!")

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            self._wake_receiver.recv(4096)


def _busy(message: str) -> Response:
    return text_response(message, status=503, headers={"Retry-After": "1"})


def _after(pieces: list[memoryview], count: int) -> list[memoryview]:
    """Return what is left of *pieces* after their first *count* bytes."""
    for index, piece in enumerate(pieces):
        if count < len(piece):
            return [piece[count:], *pieces[index + 1 :]]
        count -= len(piece)
    return []


def _pieces(response: Response, request: Request) -> list[memoryview]:
    """Return the bytes that answer *request*."""
    without_body = request.method == "HEAD"
    return response_pieces(response, without_body=without_body, keep_alive=request.keep_alive, now=time.time())
