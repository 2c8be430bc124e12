"""A TCP proxy in front of a broker: it delays, swallows, refuses, cuts or alters what passes, and hurts nobody else."""

import contextlib
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import Self

from lab.process import Port

_Chunk = tuple[float, bytes]

Alter = Callable[[bytes, bool], Iterable[tuple[float, bytes]]]
"""Returns what is forwarded in place of some bytes: pieces, each with its delay in seconds. An empty piece cuts the
connection. The second argument is whether the bytes come from the target."""


class Proxy:
    """Forwards connections from its own ``port`` to ``target``, a loopback port that may be set later.

    ``delay_seconds`` is added to each round trip, half in each direction. While ``silent`` is True, nothing is
    forwarded and nothing is closed (a black hole). ``alter`` changes what is forwarded. All may be changed at any time.
    ``listen`` opens its port, in a network of its own, for example.
    """

    def __init__(self, target: int | None = None, *, listen: Callable[[int], socket.socket] | None = None) -> None:
        self.target = target
        self._listen = listen or (lambda port: socket.create_server(("127.0.0.1", port)))
        self.alter: Alter | None = None
        self.delay_seconds = 0.0
        self.silent = False
        self._port = Port()  # stays reserved while we refuse connections
        self.port = self._port.number
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server: socket.socket | None = None
        self.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def accept(self) -> None:
        """Accept connections, as after the start; ends ``refuse``."""
        if self._server is None:
            self._server = self._listen(self.port)
            threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse new connections, and cut the open ones."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread; close alone would not
            server.close()
        self.cut()

    def cut(self) -> None:
        """Reset every open connection; new ones are still accepted."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def close(self) -> None:
        """Refuse all connections, and release the port."""
        self.silent = False
        self.refuse()
        self._port.close()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                inner = server.accept()[0]
            except OSError:
                return
            try:
                outer = socket.create_connection(("127.0.0.1", self.target or 0), timeout=2)
            except OSError:
                inner.close()
                continue
            outer.settimeout(None)
            with self._lock:
                self._connections |= {inner, outer}
            for source, sink in ((inner, outer), (outer, inner)):
                with contextlib.suppress(OSError):  # cut by another thread
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                chunks: queue.SimpleQueue[_Chunk] = queue.SimpleQueue()
                threading.Thread(target=self._read, args=(source, chunks, source is outer), daemon=True).start()
                threading.Thread(target=self._write, args=(source, sink, chunks), daemon=True).start()

    def _read(self, source: socket.socket, chunks: queue.SimpleQueue[_Chunk], from_target: bool) -> None:
        data = b"start"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            due = time.monotonic() + self.delay_seconds / 2
            for delay_seconds, piece in self.alter(data, from_target) if self.alter and data else [(0.0, data)]:
                due += delay_seconds
                chunks.put((due, piece))

    def _write(self, source: socket.socket, sink: socket.socket, chunks: queue.SimpleQueue[_Chunk]) -> None:
        while True:
            due, data = chunks.get()
            if not data:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            while self.silent:
                time.sleep(0.02)
            try:
                sink.sendall(data)
            except OSError:
                break
        with self._lock:
            self._connections -= {source, sink}
        for connection in (source, sink):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes the other direction's thread from recv
            connection.close()
