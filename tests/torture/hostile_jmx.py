"""A hostile JMX server: it replies as a recorded JVM does, until its mode does something else with a reply.

Which replies, and what becomes of them, depends on the seed, the mode and the number of the connection.
"""

import itertools
import random
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator

from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD
from kafka_producer_exporter.jmx.requests import HANDSHAKE
from tests.fuzz.mutations import mutated
from tests.jmx.conversation import (
    GET_ATTRIBUTES,
    GET_MBEAN_INFO,
    LOOKUP,
    NEW_CLIENT,
    QUERY_NAMES,
    RecordedConversation,
)
from tests.jmx.encoding import END, boxed, class_description, string
from tests.jmx.fake_agent import FakeAgent, silent

KINDS = (LOOKUP, NEW_CLIENT, QUERY_NAMES, GET_MBEAN_INFO, GET_ATTRIBUTES)
"""What each request contains, in the order in which a reader sends them."""
SPOILED_SHARE = 0.2
"""The share of the replies that a mode spoils. A read needs some ten replies, so few reads end well."""
MARK = re.compile(b"|".join(map(re.escape, KINDS)))
HEAD = REPLY_HEAD + bytes(14)
LIST_OF_ATTRIBUTES = HEAD + b"\x73" + class_description("javax.management.AttributeList", 3)
SET_OF_NAMES = HEAD + b"\x73" + class_description("java.util.HashSet", 3)
THIRD_CLASS = b"\x71" + struct.pack(">i", 0x7E0002)
"""A reference to the class of the elements: the list's class and the list itself come before it."""

Spoil = Callable[[bytes, random.Random], Iterator[bytes]]
"""Yields what is sent in place of a reply. At its end the conversation goes on."""


class ResetError(Exception):
    """The mode resets the connection here."""


class SilenceError(Exception):
    """The mode sends nothing more, and keeps the connection open."""


CONVERSATION = RecordedConversation.load()


# What can become of any reply.


def byte_by_byte(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    for at in range(len(reply)):
        time.sleep(0.002)
        yield reply[at : at + 1]


def half_then_silence(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield reply[: chance.randrange(len(reply))]
    raise SilenceError


def reset(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield reply[: chance.randrange(len(reply))]
    raise ResetError


def mutation(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield bytes(mutated(reply, chance))


def reply_to_another_call(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield chance.choice(list(CONVERSATION.replies.values()))


def reply_sent_twice(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield reply + reply


# Replies that no JVM sends.


def endless_list(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    attribute = b"\x73" + THIRD_CLASS + string("a") + boxed("Double", "d", 1.5)
    yield LIST_OF_ATTRIBUTES + _first_attribute()
    while True:
        yield attribute * 500


def endless_set(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield SET_OF_NAMES
    yield from _names(f"kafka.producer:type=producer-metrics,client-id={number}" for number in itertools.count())


def endless_block(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield LIST_OF_ATTRIBUTES
    block = b"\x7a" + struct.pack(">i", 1 << 16) + bytes(1 << 16)
    while True:
        yield block


def huge_count(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    of, value = chance.choice((("[D", bytes(8)), ("[B", b"x"), ("[Ljava.lang.Object;", b"\x70")))
    yield HEAD + b"\x75" + class_description(of, 2) + struct.pack(">i", 0x7FFFFFFF)
    while True:
        yield value * 4096


def deep_nesting(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield HEAD
    for _ in range(2_000):
        yield (b"\x73" + class_description("java.util.ArrayList", 3)) * 50
    raise SilenceError


def huge_text(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    length = chance.choice((1 << 62, 1 << 31, 15 << 20))
    yield LIST_OF_ATTRIBUTES + b"\x73" + _attribute_class() + string("a") + b"\x7c" + struct.pack(">q", length)
    for _ in range(min(length, 64 << 20) >> 16):
        yield b"x" * (1 << 16)
    yield END


def many_large_texts(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield LIST_OF_ATTRIBUTES + _first_attribute()
    for number in range(200):
        yield b"\x73" + THIRD_CLASS + string(f"a{number}") + string("x" * 65_000)
    yield END


# Whole conversations that are valid, and too large.


def thousands_of_names(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    yield SET_OF_NAMES + b"".join(
        _names(f"kafka.producer:type=producer-metrics,client-id={'x' * 100}-{number}" for number in range(5_000))
    )
    yield END


def other_names_each_time(reply: bytes, chance: random.Random) -> Iterator[bytes]:
    first = chance.randrange(1 << 40)
    yield SET_OF_NAMES + b"".join(
        _names(
            f"kafka.producer:type=producer-topic-metrics,client-id=c,topic=t{number}"
            for number in range(first, first + 500)
        )
    )
    yield END


def _names(texts: Iterator[str]) -> Iterator[bytes]:
    known = b"\x73" + THIRD_CLASS
    first = b"\x73" + class_description("javax.management.ObjectName", 3)
    heads = itertools.chain([first], itertools.repeat(known))
    for some in iter(lambda: list(itertools.islice(texts, 200)), []):
        yield b"".join(next(heads) + string(text) + END for text in some)


def _attribute_class() -> bytes:
    fields = b"\x00\x02" + b"L\x00\x04name" + string("S") + b"L\x00\x05value" + string("S")
    return class_description("javax.management.Attribute", 2, fields)


def _first_attribute() -> bytes:
    return b"\x73" + _attribute_class() + string("first") + boxed("Double", "d", 1.5)


ANY_REPLY: dict[str, Spoil] = {
    spoil.__name__.replace("_", "-"): spoil
    for spoil in (
        *(byte_by_byte, half_then_silence, reset, mutation, reply_to_another_call, reply_sent_twice),
        *(endless_list, endless_set, endless_block, huge_count, deep_nesting, huge_text, many_large_texts),
    )
}
ONLY_NAMES: dict[str, Spoil] = {
    "thousands-of-names": thousands_of_names,
    "other-names-each-time": other_names_each_time,
}


# Servers that speak something else, or nothing.

FIRST_WORDS = {
    "http-server": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "tls-server": b"\x15\x03\x03\x00\x02\x02\x46",  # an alert: the client's first bytes are no TLS
    "ssh-server": b"SSH-2.0-OpenSSH_9.6\r\n",
}


def noise(connection: socket.socket, chance: random.Random) -> None:
    """Send random bytes without end, after a proper greeting half of the time."""
    connection.sendall(CONVERSATION.greeting if chance.randrange(2) else b"")
    while True:
        connection.sendall(chance.randbytes(4096))


MODES = (*ANY_REPLY, *ONLY_NAMES, *FIRST_WORDS, "noise", "silence")


class HostileJvm(FakeAgent):
    """A JMX server in one of the ``MODES``, registry and RMI on one port: ``with HostileJvm("reset", seed=1)``."""

    def __init__(self, mode: str, *, seed: int, port: int = 0) -> None:
        self.mode = mode
        self._seed = seed
        self._numbers = itertools.count()
        super().__init__(self._converse, port=port)

    def _converse(self, connection: socket.socket) -> None:
        chance = random.Random(f"{self._seed} {self.mode} {next(self._numbers)}")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.mode in FIRST_WORDS:
                connection.recv(1 << 16)
                connection.sendall(FIRST_WORDS[self.mode])
            elif self.mode == "noise":
                noise(connection, chance)
            elif self.mode == "silence":
                silent(connection)
            elif self.mode in ONLY_NAMES:
                _reply(connection, lambda kind: kind == QUERY_NAMES, ONLY_NAMES[self.mode], chance)
            else:
                _reply(connection, lambda _: chance.random() < SPOILED_SHARE, ANY_REPLY[self.mode], chance)
        except SilenceError:
            silent(connection)
        except ResetError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _reply(connection: socket.socket, is_spoiled: Callable[[bytes], bool], spoil: Spoil, chance: random.Random) -> None:
    """Reply as recorded, but spoil the replies for which *is_spoiled* is true; it gets the kind of the request."""
    received = b""
    while data := connection.recv(1 << 16):
        received += data
        while True:
            kind, reply, end = _next_request(received)
            if not end:
                break
            received = received[end:]
            if kind and is_spoiled(kind):
                for piece in spoil(reply, chance):
                    connection.sendall(piece)
            else:
                connection.sendall(reply)


def _next_request(received: bytes) -> tuple[bytes, bytes, int]:
    """Return the kind of the first request, its reply and its end, which is 0 if the request is not there yet.

    A request that was never recorded, such as one about an MBean that we made up, gets the largest reply of its kind.
    """
    if received.startswith(HANDSHAKE):
        return b"", CONVERSATION.greeting, len(HANDSHAKE)
    whole = next((request for request in CONVERSATION.replies if received.startswith(request)), None)
    found = MARK.search(whole or received)
    if found is None or (whole is None and _is_beginning(received)):
        return b"", b"", 0
    if whole is not None:
        return found[0], CONVERSATION.replies[whole], len(whole)
    return found[0], max(CONVERSATION.replies_to(found[0]), key=len), found.end()


def _is_beginning(received: bytes) -> bool:
    return any(request.startswith(received) for request in CONVERSATION.replies)
