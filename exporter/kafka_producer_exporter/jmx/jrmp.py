"""The RMI wire protocol on one connection: the server's greeting, then one reply for each call, in order.

Pure: bytes in, values out. A reply says neither how long it is nor what it answers: one has to read it to its end.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from kafka_producer_exporter.jmx.javastream import (
    LIMITS,
    MAGIC,
    Decoder,
    Instance,
    JavaStreamError,
    Limits,
    NeedMore,
)
from kafka_producer_exporter.net.printable import printable

Reader = Callable[[bytearray, int], tuple[object, int]]
"""Reads the reply that begins at a position: its value and where it ends; or raises NeedMore or JavaStreamError."""

Value = TypeVar("Value")

REPLY_HEAD: Final = b"\x51" + MAGIC + b"\x77\x0f\x01"
"""How a reply begins that brings an object, rather than an exception; a random UID of 14 bytes follows."""
REPLY_BODY: Final = len(REPLY_HEAD) + 14

_SHORTEST_REPLY: Final = REPLY_BODY + 1
_ACKNOWLEDGE = 0x4E
_LONGEST_HOST = 1024


class NotJrmpError(JavaStreamError):
    """Whatever answered does not speak JRMP."""

    def __init__(self, greeting: bytes) -> None:
        super().__init__(f"the first bytes of the answer are {greeting[:16].hex(' ')}")
        self.greeting = greeting


class RemoteFailure(NamedTuple):
    """The exception that a call ended with in the JVM."""

    classes: tuple[str, ...]
    """Its class, then those of its causes."""
    message: str
    """One printable line; the JVM's words, so not for labels."""

    def is_a(self, name: str) -> bool:
        """Whether it or one of its causes is of this class, given without its package."""
        return any(class_name.rpartition(".")[2] == name for class_name in self.classes)


class Wire:
    """One connection: hand it what is expected and what comes in, and it hands back the values."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._readers: deque[Reader] = deque()
        self._greeted = False
        self._need = 1

    @property
    def waiting(self) -> bool:
        """Whether replies are outstanding."""
        return bool(self._readers)

    @property
    def at_least(self) -> int:
        """How many bytes more must come in until all replies are there, however short they are."""
        return 1 + (len(self._readers) - 1) * _SHORTEST_REPLY if self._greeted and self._readers else 1

    @property
    def greeted(self) -> bool:
        """Whether the server has shown that it speaks JRMP."""
        return self._greeted

    def expect(self, readers: Iterable[Reader]) -> None:
        """Expect one reply more for each reader."""
        self._readers.extend(readers)

    def receive(self, data: bytes) -> tuple[list[object], JavaStreamError | None]:
        """Return the values that are complete by now, and what is wrong with the bytes behind them, if anything."""
        buffer = self._buffer
        buffer += data
        values: list[object] = []
        position = 0
        try:
            if not self._greeted and len(buffer) >= self._need:
                position = _read_greeting(buffer)
                self._greeted, self._need = True, 1
            while self._readers and len(buffer) - position >= self._need:
                value, position = self._readers[0](buffer, position)
                self._readers.popleft()
                self._need = 1
                values.append(value)
        except NeedMore as short:
            self._need = short.need
        except JavaStreamError as error:
            return values, error
        del buffer[:position]
        if buffer and self._greeted and not self._readers:
            return values, JavaStreamError("an answer to a question that was not asked")
        return values, None


def _read_greeting(buffer: bytearray) -> int:
    """Read ProtocolAck: how the server sees us, which is of no use here."""
    if buffer[0] != _ACKNOWLEDGE:
        raise NotJrmpError(bytes(buffer[:64]))
    if len(buffer) < 3:
        raise NeedMore(3)
    host = int.from_bytes(buffer[1:3], "big")
    if host > _LONGEST_HOST:
        raise NotJrmpError(bytes(buffer[:64]))
    end = 3 + host + 4
    if len(buffer) < end:
        raise NeedMore(end)
    return end


def read_reply(
    buffer: bytearray, start: int, extract: Callable[[Decoder], Value], limits: Limits = LIMITS
) -> tuple[Value | RemoteFailure, int]:
    """Read one reply: an exception, or what ``extract`` makes of the decoder that stands before the value."""
    decoder = Decoder(buffer, start, limits)
    decoder.expect(REPLY_HEAD[:5])
    header = decoder.block()
    if len(header) != 15 or header[0] not in {1, 2}:
        raise JavaStreamError("a reply of no known kind")
    value = extract(decoder) if header[0] == 1 else _failure(decoder.value())
    return value, decoder.position


def read_nothing(buffer: bytearray, start: int) -> tuple[object, int]:
    """Read the reply of a method that returns nothing."""
    return read_reply(buffer, start, lambda _: None)


def _failure(thrown: object) -> RemoteFailure:
    """Follow an exception to its causes; a cause may be the exception itself."""
    classes: list[str] = []
    message = ""
    seen: set[int] = set()
    while isinstance(thrown, Instance) and id(thrown) not in seen and len(classes) < 6:
        seen.add(id(thrown))
        classes.append(printable(thrown.class_name))
        detail = thrown.fields.get("detailMessage")
        if isinstance(detail, str) and (not message or len(classes) == 1):
            message = printable(detail)
        fields = (thrown.fields.get(name) for name in ("detail", "exception", "error", "target", "cause"))
        thrown = next((field for field in fields if isinstance(field, Instance)), None)
    if not classes:
        raise JavaStreamError("an exception that is none")
    return RemoteFailure(tuple(classes), message or classes[-1])
