"""The RMI wire protocol on one connection: the server's greeting, then one reply to each call, in order.

Pure: bytes in, values out. A reply states neither its length nor its call, so the only way to find the next one is to
read it to its end.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

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

ReplyReader = Callable[[bytearray, int], tuple[object, int]]
"""Reads the reply that begins at a position of a buffer.

Returns its value and the position where it ends. Raises NeedMore, which may say how to read on, or JavaStreamError.
"""

Result = TypeVar("Result")

REPLY_HEAD = b"\x51" + MAGIC + b"\x77\x0f\x01"
"""The first bytes of a reply that contains an object and not an exception. A random UID of 14 bytes follows."""
REPLY_BODY = len(REPLY_HEAD) + 14

_SHORTEST_REPLY = REPLY_BODY + 1
_ACKNOWLEDGE = 0x4E
_RETURN, _EXCEPTION = 1, 2
_LONGEST_HOST = 1024


class NotJrmpError(JavaStreamError):
    """The peer does not speak JRMP."""

    def __init__(self, greeting: bytes) -> None:
        super().__init__(f"its first bytes are {greeting[:16].hex(' ')}")
        self.greeting = greeting


class RemoteFailure(NamedTuple):
    """The exception that a call raised in the JVM."""

    classes: tuple[str, ...]
    """Its class, then the classes of its causes."""
    message: str
    """One printable line. It is the JVM's text, so never use it as a label."""
    root_message: str = ""
    """The message of the innermost cause that has one."""

    def is_a(self, name: str) -> bool:
        """Return whether it or one of its causes has the class *name*, which is given without its package."""
        return any(class_name.rpartition(".")[2] == name for class_name in self.classes)

    @property
    def is_filtered(self) -> bool:
        """Whether a serialization filter of the JVM rejected the call's arguments."""
        return self.is_a("InvalidClassException") and "REJECTED" in self.root_message


class Wire:
    """The protocol state of one connection: readers and bytes go in, values come out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._readers: deque[ReplyReader] = deque()
        self._greeted = False
        self._need = 1
        self._resume: ReplyReader | None = None

    @property
    def waiting(self) -> bool:
        """Whether replies are still due."""
        return bool(self._readers)

    @property
    def due(self) -> int:
        """The number of replies that are still due."""
        return len(self._readers)

    @property
    def min_missing_bytes(self) -> int:
        """The least number of bytes that must still arrive until all replies are complete."""
        return 1 + (len(self._readers) - 1) * _SHORTEST_REPLY if self._greeted and self._readers else 1

    @property
    def greeted(self) -> bool:
        """Whether the server has shown that it speaks JRMP."""
        return self._greeted

    def expect(self, readers: Iterable[ReplyReader]) -> None:
        """Expect one more reply for each reader."""
        self._readers.extend(readers)

    def receive(self, data: bytes) -> tuple[list[object], JavaStreamError | None]:
        """Return the values of the replies that are now complete, and the error in the bytes after them, if any."""
        buffer = self._buffer
        buffer += data
        values: list[object] = []
        position = 0
        try:
            if not self._greeted and len(buffer) >= self._need:
                position = _read_greeting(buffer)
                self._greeted, self._need = True, 1
            while self._readers and len(buffer) - position >= self._need:
                value, position = (self._resume or self._readers[0])(buffer, position)
                self._readers.popleft()
                self._need, self._resume = 1, None
                values.append(value)
        except NeedMore as short:
            self._need, self._resume = short.need, short.resume
            position += short.used
        except JavaStreamError as error:
            # Nothing can be read after an error. The traceback would keep what was decoded for as long as the error.
            buffer.clear()
            self._resume = None
            return values, error.with_traceback(None)
        del buffer[:position]
        if buffer and self._greeted and not self._readers:
            return values, JavaStreamError("a reply without a call")
        return values, None


def _read_greeting(buffer: bytearray) -> int:
    """Skip ProtocolAck, in which the server says how it sees us. Return where it ends."""
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
    buffer: bytearray, start: int, extract: Callable[[Decoder], Result], limits: Limits = LIMITS
) -> tuple[Result | RemoteFailure, int]:
    """Read one reply. Return a RemoteFailure or what *extract* reads from the decoder, and where the reply ends."""
    return _continue(Decoder(buffer, start, limits), extract, start, None)


def read_nothing(buffer: bytearray, start: int) -> tuple[object, int]:
    """Read the reply of a method that returns nothing. Return None or a RemoteFailure, and where the reply ends."""
    return read_reply(buffer, start, lambda _: None)


def _continue(
    decoder: Decoder, extract: Callable[[Decoder], Result], start: int, kind: int | None
) -> tuple[Result | RemoteFailure, int]:
    """Read on in a buffer in which the reply begins at *start*. *kind* says what it contains, once that is known."""
    known_kind = _kind_of_reply(decoder) if kind is None else kind

    def resume(buffer: bytearray, start: int) -> tuple[object, int]:
        decoder.go_on(buffer, start)
        return _continue(decoder, extract, start, known_kind)

    try:
        value = extract(decoder) if known_kind == _RETURN else _failure(decoder.value())
    except NeedMore as short:
        raise NeedMore(short.need, resume, decoder.start - start) from None
    return value, decoder.position


def _kind_of_reply(decoder: Decoder) -> int:
    decoder.expect(REPLY_HEAD[:5])
    header = decoder.block()
    if len(header) != 15 or header[0] not in {_RETURN, _EXCEPTION}:
        raise JavaStreamError("a reply of an unknown kind")
    return header[0]


def _failure(thrown: object) -> RemoteFailure:
    """Describe an exception and its causes. An exception may be its own cause."""
    classes: list[str] = []
    message = root_message = ""
    seen: set[int] = set()
    while isinstance(thrown, Instance) and id(thrown) not in seen and len(classes) < 6:
        seen.add(id(thrown))
        classes.append(printable(thrown.class_name))
        detail = thrown.fields.get("detailMessage")
        if isinstance(detail, str):
            root_message = printable(detail)
            message = message or root_message
        fields = (thrown.fields.get(name) for name in ("detail", "exception", "error", "target", "cause"))
        thrown = next((field for field in fields if isinstance(field, Instance)), None)
    if not classes:
        raise JavaStreamError("a reply that should contain an exception and does not")
    return RemoteFailure(tuple(classes), message or classes[-1], root_message)
