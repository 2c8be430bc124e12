"""Hostile HTTP clients of the exporter. Each behaviour is one attempt, which a thread repeats until it is stopped."""

import contextlib
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fuzz.mutations import mutated

SOURCE = ("127.0.0.2", 0)
"""The hostile clients' own address, as if they ran on another machine than the honest scraper."""
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: %s\r\n%s\r\n"
GZIP = b"Accept-Encoding: gzip\r\n"


@dataclass(frozen=True, slots=True)
class Victim:
    """The addresses of the exporter, and when to stop."""

    metrics: tuple[str, int]
    pages: tuple[str, int]
    stop: threading.Event = field(default_factory=threading.Event)

    def connect(self, address: tuple[str, int] | None = None, *, receive_bytes: int | None = None) -> socket.socket:
        """Connect to the metrics listener, or to another one."""
        connection = socket.socket()
        connection.settimeout(5)
        try:
            if receive_bytes is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            connection.bind(SOURCE)
            connection.connect(address or self.metrics)
        except OSError:
            connection.close()
            raise
        return connection


Behaviour = Callable[[Victim, random.Random], None]


def flood_of_connections(victim: Victim, chance: random.Random) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(150):
            with contextlib.suppress(OSError):
                held.enter_context(victim.connect(chance.choice((victim.metrics, victim.pages))))
        victim.stop.wait(2)


def half_request(victim: Victim, chance: random.Random) -> None:
    request = GET % (b"10", b"")
    with victim.connect() as connection:
        connection.sendall(request[: chance.randrange(1, len(request))])
        victim.stop.wait(chance.random() * 6)


def request_byte_by_byte(victim: Victim, chance: random.Random) -> None:
    with victim.connect() as connection:
        for byte in GET % (b"10", b"A: %s\r\n" % (b"x" * 500)):
            connection.sendall(bytes([byte]))
            if victim.stop.wait(0.05):
                return


def huge_header(victim: Victim, chance: random.Random) -> None:
    with victim.connect() as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: ")
        for _ in range(256):
            connection.sendall(b"x" * 4096)


def damaged_request(victim: Victim, chance: random.Random) -> None:
    with victim.connect() as connection:
        connection.sendall(mutated(GET % (b"2", GZIP), chance) * chance.choice((1, 1, 50)))
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError):
            connection.recv(1 << 16)


def slow_reader(victim: Victim, chance: random.Random) -> None:
    with victim.connect(receive_bytes=2048) as connection:
        connection.sendall(GET % (b"3", b""))
        for _ in range(100):
            if victim.stop.wait(0.1) or not connection.recv(16):
                return


def gzip_not_read(victim: Victim, chance: random.Random) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(8):
            connection = held.enter_context(victim.connect(receive_bytes=2048))
            connection.sendall(GET % (b"2", GZIP) * 3)
        victim.stop.wait(8)


def sixteen_at_once(victim: Victim, chance: random.Random) -> None:
    with contextlib.ExitStack() as held:
        connections = [held.enter_context(victim.connect()) for _ in range(16)]
        for connection in connections:
            connection.sendall(GET % (b"5", chance.choice((GZIP, b"")) + b"Connection: close\r\n"))
        for connection in connections:
            while not victim.stop.is_set() and connection.recv(1 << 16):
                pass


def shortest_timeout(victim: Victim, chance: random.Random) -> None:
    with victim.connect() as connection:
        connection.sendall(GET % (b"0.000001", b"Connection: close\r\n"))
        connection.recv(1 << 16)
    victim.stop.wait(0.2)


def reload_requests(victim: Victim, chance: random.Random) -> None:
    with victim.connect() as connection:
        connection.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.recv(1 << 16)
    victim.stop.wait(0.5)


def status_pages(victim: Victim, chance: random.Random) -> None:
    with victim.connect(victim.pages) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while connection.recv(1 << 16) and not victim.stop.is_set():
            pass
    victim.stop.wait(0.2)


def reset_after_request(victim: Victim, chance: random.Random) -> None:
    with victim.connect() as connection:
        connection.sendall(GET % (b"2", GZIP))
        victim.stop.wait(chance.random() / 10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    victim.stop.wait(0.1)


BEHAVIOURS: dict[str, Behaviour] = {
    behaviour.__name__.replace("_", "-"): behaviour
    for behaviour in (
        *(flood_of_connections, half_request, request_byte_by_byte, huge_header, damaged_request, slow_reader),
        *(gzip_not_read, sixteen_at_once, shortest_timeout, reload_requests, status_pages, reset_after_request),
    )
}


class HostileClients:
    """Repeats each behaviour whose name matches *only* in a thread of its own, until ``stop``; counts the attempts."""

    def __init__(self, victim: Victim, *, seed: int, only: str = "") -> None:
        self._victim = victim
        self.attempts: Counter[str] = Counter()
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, random.Random(f"{seed} {name}")), daemon=True)
            for name in BEHAVIOURS
            if re.search(only, name)
        ]

    def start(self) -> None:
        """Start all of them."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Tell all of them to stop, and return once they have."""
        self._victim.stop.set()
        for thread in self._threads:
            thread.join(10)

    def _repeat(self, name: str, chance: random.Random) -> None:
        while not self._victim.stop.is_set():
            self.attempts[name] += 1
            began = time.monotonic()
            with contextlib.suppress(OSError):  # the exporter may end any of these connections
                BEHAVIOURS[name](self._victim, chance)
            # A refused connection must not turn into a loop that takes the processor from everybody.
            self._victim.stop.wait(max(0.0, 0.05 - (time.monotonic() - began)))
