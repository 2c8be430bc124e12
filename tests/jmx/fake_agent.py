"""A fake JMX agent on loopback that replies as recorded, or misbehaves."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from kafka_producer_exporter.jmx.requests import HANDSHAKE
from tests.jmx.conversation import RecordedConversation

Handler = Callable[[socket.socket], None]


class FakeAgent:
    """Serves each connection in a thread of its own. All of them end with the agent."""

    def __init__(self, handle: Handler, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._handle = handle
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> "FakeAgent":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, and wait for the threads to end."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            with contextlib.suppress(OSError):  # the client may already have gone
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            self._handle(connection)
        connection.close()


def replaying(conversation: RecordedConversation, *, cut: int | None = None, piece: int | None = None) -> Handler:
    """Reply as recorded, in pieces of *piece* bytes, and close each connection after *cut* bytes."""

    def handle(connection: socket.socket) -> None:
        left = cut if cut is not None else 1 << 40
        known = {HANDSHAKE: conversation.greeting} | conversation.replies
        received = b""
        while data := connection.recv(1 << 16):
            received += data
            answer = b""
            while (request := next((one for one in known if received.startswith(one)), None)) is not None:
                received = received[len(request) :]
                answer += known[request]
            answer = answer[:left]
            left -= len(answer)
            for at in range(0, len(answer), piece or max(1, len(answer))):
                connection.sendall(answer[at : at + (piece or len(answer))])
            if left <= 0:
                return

    return handle


def silent(connection: socket.socket) -> None:
    """Read everything and never reply."""
    while connection.recv(1 << 16):
        pass


def saying(answer: bytes, *, then_silent: bool = False) -> Handler:
    """Send *answer* after the first bytes arrive, then close, or go silent if *then_silent*."""

    def handle(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)
        if then_silent:
            silent(connection)

    return handle
