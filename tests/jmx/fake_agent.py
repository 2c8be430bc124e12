"""A JMX agent that is none: listens on loopback, answers as it was recorded, or misbehaves."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from kafka_producer_exporter.jmx.requests import HANDSHAKE
from tests.jmx.conversation import Conversation

Handler = Callable[[socket.socket], None]


class FakeAgent:
    """Serves each connection in a thread of its own; all of them end with the agent."""

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
        """End every connection, and wait for the threads."""
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
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._handle(connection)
        connection.close()


def replaying(conversation: Conversation, *, cut: int | None = None, piece: int | None = None) -> Handler:
    """Answer as recorded: no more than ``cut`` bytes to a connection, in pieces of so many bytes."""

    def handle(connection: socket.socket) -> None:
        left = cut if cut is not None else 1 << 40
        known = {HANDSHAKE: conversation.greeting} | conversation.replies
        asked = b""
        while data := connection.recv(1 << 16):
            asked += data
            answer = b""
            while (request := next((one for one in known if asked.startswith(one)), None)) is not None:
                asked = asked[len(request) :]
                answer += known[request]
            answer = answer[:left]
            left -= len(answer)
            for at in range(0, len(answer), piece or max(1, len(answer))):
                connection.sendall(answer[at : at + (piece or len(answer))])
            if left <= 0:
                return

    return handle


def silent(connection: socket.socket) -> None:
    """Take whatever comes and say nothing."""
    while connection.recv(1 << 16):
        pass


def saying(answer: bytes, *, then_silent: bool = False) -> Handler:
    """Say this to the first bytes that come, and close."""

    def handle(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)
        if then_silent:
            silent(connection)

    return handle
