"""A decoder for Java object streams (Java Object Serialization Specification, protocol version 1, as RMI sends them).

Pure: bytes in, values out. Whatever the bytes are, reading raises nothing but NeedMore or JavaStreamError. No class is
loaded and no code of the stream runs: an object is its class name and its fields.
"""

import struct
from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from kafka_producer_exporter.jmx.javatext import decode_modified_utf8
from kafka_producer_exporter.net.printable import printable

MAGIC = bytes.fromhex("aced0005")

# Tags: chapter 6.4.2 of the specification.
_NULL, _REFERENCE, _CLASS_DESCRIPTION, _OBJECT, _STRING, _ARRAY, _CLASS = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76
_BLOCK, _END, _RESET, _LONG_BLOCK = 0x77, 0x78, 0x79, 0x7A
_EXCEPTION, _LONG_STRING, _PROXY, _ENUM = 0x7B, 0x7C, 0x7D, 0x7E
_LEAVES = frozenset({_NULL, _REFERENCE, _STRING, _LONG_STRING})
# Flags of a class.
_WRITE_METHOD, _SERIALIZABLE, _EXTERNALIZABLE, _BLOCK_DATA = 0x01, 0x02, 0x04, 0x08

_FIRST_HANDLE = 0x7E0000
# Java's type codes to the format characters of struct. The other codes, L and [, are objects.
_PRIMITIVES = {"B": "b", "C": "H", "D": "d", "F": "f", "I": "i", "J": "q", "S": "h", "Z": "?"}
_BOXED = frozenset(f"java.lang.{name}" for name in ("Boolean", "Byte", "Double", "Float", "Integer", "Long", "Short"))


Continue = Callable[[bytearray, int], tuple[object, int]]
"""Reads on at the point where a reply ended. Gets the buffer, and where the reply begins in it now."""


class NeedMore(Exception):  # noqa: N818 - not an error: the rest is still on its way
    """The stream is incomplete: it needs at least ``need`` bytes, counted from its start.

    ``resume``, if it is set, reads on when more bytes are there, without reading again what was there before.
    """

    def __init__(self, need: int, resume: Continue | None = None) -> None:
        super().__init__(need)
        self.need = need
        self.resume = resume


class JavaStreamError(Exception):
    """The bytes are not a Java object stream, or not the expected one."""


class StreamLimitError(JavaStreamError):
    """The stream is larger or more deeply nested than we accept."""


class UnreadableError(JavaStreamError):
    """The stream is valid, but only the classes of the JVM that wrote it can read it beyond this point."""


class Limits(NamedTuple):
    """How much a peer can make us read."""

    size: int = 16 << 20
    """Bytes of one stream."""
    depth: int = 60
    """Nested objects, or superclasses of one class."""
    values: int = 200_000
    """Values, fields and classes. One of them can cost the peer a single byte, and us an object."""


LIMITS = Limits()


class Instance:
    """An object: its class, its fields, and its annotations, which are what its classes wrote in addition, in order.

    If a class and its superclass have a field of the same name, the subclass wins. A boxed number is decoded to a
    BoxedNumber and not to an Instance. The only annotation of an enum constant is its name.
    """

    __slots__ = ("annotations", "class_name", "fields")

    def __init__(self, class_name: str) -> None:
        self.class_name = class_name
        self.fields: dict[str, object] = {}
        self.annotations: list[object] = []

    def __repr__(self) -> str:
        return f"Instance({self.class_name})"

    @property
    def block_data(self) -> bytes:
        """The annotations that are plain bytes, joined."""
        return b"".join(item for item in self.annotations if isinstance(item, bytes))


class _ClassDescription:
    """A class as the stream describes it. ``levels`` contains its superclasses, the topmost first, and then itself."""

    __slots__ = ("flags", "levels", "name", "objects", "primitive_names", "primitives")

    def __init__(self, name: str) -> None:
        self.name = name
        self.flags = 0
        self.primitives = struct.Struct(">")
        self.primitive_names: list[str] = []
        self.objects: list[str] = []
        self.levels: tuple[_ClassDescription, ...] = ()  # empty until the description is complete

    @property
    def is_boxed_number(self) -> bool:
        return self.name in _BOXED and len(self.primitive_names) == 1 and not self.objects


class BoxedNumber(NamedTuple):
    """A number that is an object, where its bytes are in the stream, and their format in struct.

    A box that is referred to is one BoxedNumber wherever it occurs, so two with equal offsets are the same box.
    """

    number: float | int | bool
    offset: int
    format: str


Result = TypeVar("Result")
Steps = Generator[int, None, Result]
"""Reads something step by step. Yields the number of bytes that it needs, if they have not arrived yet."""


class Decoder:
    """Reads values from a buffer. ``position`` is where the last value ended; more bytes may follow it.

    A value that is incomplete is continued and never begun again, so the work does not depend on the size of the
    pieces in which it arrives. ``boxed_numbers`` lists the boxed numbers read so far.
    """

    __slots__ = (
        *("_buffer", "_end", "_handles", "_limits", "_reading", "_start", "_values", "boxed_numbers", "position"),
    )

    def __init__(self, buffer: bytes | bytearray, start: int = 0, limits: Limits = LIMITS) -> None:
        self._buffer = buffer
        self._start = self.position = start
        self._end = len(buffer)
        self._limits = limits
        self._handles: list[object] = []
        self._values = 0
        self._reading: Steps[object] | None = None
        self.boxed_numbers: list[BoxedNumber] = []

    def go_on(self, buffer: bytes | bytearray, start: int) -> None:
        """Continue in a buffer that contains more of the stream, which begins at *start* in it."""
        self.position += start - self._start
        self._buffer, self._start, self._end = buffer, start, len(buffer)

    def read_bytes(self) -> bytes:
        """Return the bytes of the stream that were read."""
        return bytes(self._buffer[self._start : self.position])

    def expect(self, constant: bytes) -> None:
        """Read exactly the bytes of *constant*. Raise JavaStreamError for others, even before all bytes are there."""
        begin, end = self.position, min(self.position + len(constant), self._end)
        if self._buffer[begin:end] != constant[: end - begin]:
            raise JavaStreamError(f"{constant.hex()} was expected, but {self._buffer[begin:end].hex()} was found")
        self._take(len(constant))

    def block(self) -> bytes:
        """Read one block of plain bytes."""
        tag = self._byte()
        if tag not in {_BLOCK, _LONG_BLOCK}:
            raise JavaStreamError(f"a block of bytes was expected, but tag {tag:02x} was found")
        return self._block(tag)

    def value(self) -> object:
        """Read one value: None, a BoxedNumber, a string, bytes, a list or an Instance.

        After NeedMore and ``go_on``, a second call continues.
        """
        if self._reading is None:
            self._reading = self._value(0)
        try:
            need = next(self._reading)
        except StopIteration as end:
            self._reading = None
            value: object = end.value
            return value
        raise NeedMore(need)

    # Limits: every length in the stream is checked here.

    def _take(self, count: int) -> int:
        begin = self.position
        end = begin + count
        if end - self._start > self._limits.size:
            raise StreamLimitError(f"a reply of more than {self._limits.size} bytes")
        if end > self._end:
            raise NeedMore(end - self._start)
        self.position = end
        return begin

    def _count(self, count: int) -> None:
        self._values += count
        if self._values > self._limits.values:
            raise StreamLimitError(f"a reply of more than {self._limits.values} values")

    def _deeper(self, depth: int) -> int:
        if depth >= self._limits.depth:
            raise StreamLimitError(f"a reply nested more than {self._limits.depth} levels deep")
        return depth + 1

    # Primitives.

    def _byte(self) -> int:
        return self._buffer[self._take(1)]

    def _unsigned(self, count: int) -> int:
        begin = self._take(count)
        return int.from_bytes(self._buffer[begin : begin + count], "big")

    def _bytes(self, count: int) -> bytes:
        begin = self._take(count)
        return bytes(self._buffer[begin : begin + count])

    def _text(self, length_size: int) -> str:
        raw = self._bytes(self._unsigned(length_size))
        try:
            return decode_modified_utf8(raw)
        except UnicodeDecodeError as error:
            raise JavaStreamError("a text is not modified UTF-8") from error

    def _block(self, tag: int) -> bytes:
        return self._bytes(self._unsigned(1 if tag == _BLOCK else 4))

    # Values. A step either reads all its bytes or, at the end of the buffer, none.

    def _step(self, read: Callable[[], Result]) -> Steps[Result]:
        while True:
            begin = self.position - self._start
            try:
                return read()
            except NeedMore as short:
                self.position = begin + self._start
                yield short.need

    def _value(self, depth: int) -> Steps[object]:
        while True:
            begin = self.position - self._start
            try:
                tag = self._byte()
                if tag in _LEAVES:
                    return self._leaf(tag)
                break
            except NeedMore as short:
                self.position = begin + self._start
                yield short.need
        self._count(1)
        return (yield from self._composite(tag, depth))

    def _leaf(self, tag: int) -> object:
        if tag in {_STRING, _LONG_STRING}:
            text = self._text(2 if tag == _STRING else 8)
            self._count(1)
            self._handles.append(text)
            return text
        found = self._reference() if tag == _REFERENCE else None
        self._count(1)
        return found

    def _composite(self, tag: int, depth: int) -> Steps[object]:
        if tag == _OBJECT:
            return (yield from self._object(self._deeper(depth)))
        if tag == _ARRAY:
            return (yield from self._array(self._deeper(depth)))
        if tag == _ENUM:
            return (yield from self._enum(self._deeper(depth)))
        if tag == _CLASS:
            yield from self._description(self._deeper(depth))
            instance = Instance("java.lang.Class")
            self._handles.append(instance)
            return instance
        if tag in {_CLASS_DESCRIPTION, _PROXY}:
            self.position -= 1
            yield from self._description(self._deeper(depth))
            return Instance("java.io.ObjectStreamClass")
        if tag == _RESET and depth == 0:  # deeper, the enclosing object would lose its own handle
            self._handles.clear()
            return (yield from self._value(self._deeper(depth)))
        if tag == _EXCEPTION:
            raise UnreadableError("the JVM could not serialize the reply")
        raise JavaStreamError(f"unknown tag {tag:02x}")

    def _reference(self) -> object:
        index = self._unsigned(4) - _FIRST_HANDLE
        if not 0 <= index < len(self._handles):
            raise JavaStreamError("a reference to an object that was not sent")
        found = self._handles[index]
        return Instance("java.io.ObjectStreamClass") if isinstance(found, _ClassDescription) else found

    def _object(self, depth: int) -> Steps[object]:
        description = yield from self._complete_description(depth)
        instance = Instance(description.name)
        handle = len(self._handles)
        self._handles.append(instance)
        offset = 0
        for level in description.levels:
            self._count(1)
            offset = self.position - self._start
            if level.flags & _SERIALIZABLE:
                yield from self._fields(level, instance.fields, depth)
                if level.flags & _WRITE_METHOD:
                    yield from self._annotations(instance.annotations, depth)
            elif level.flags & _EXTERNALIZABLE:
                # In protocol version 1 no block markers enclose what such a class writes.
                if not level.flags & _BLOCK_DATA:
                    raise UnreadableError(f"a {printable(level.name)} cannot be read without its class")
                yield from self._annotations(instance.annotations, depth)
        if description.is_boxed_number:
            self._handles[handle] = self._unboxed(description, instance, offset)
        return self._handles[handle]

    def _unboxed(self, description: _ClassDescription, box: Instance, offset: int) -> object:
        """Return the number in a box. The fields of its class, the last of its levels, are at *offset*."""
        if list(box.fields) != description.primitive_names or not description.flags & _SERIALIZABLE:
            return box
        [number] = box.fields.values()
        if not isinstance(number, (int, float)):  # the field of a superclass
            return box
        boxed = BoxedNumber(number, offset, description.primitives.format[1:])
        self.boxed_numbers.append(boxed)
        return boxed

    def _fields(self, level: _ClassDescription, fields: dict[str, object], depth: int) -> Steps[None]:
        if level.primitive_names:
            begin = yield from self._step(lambda: self._take(level.primitives.size))
            fields.update(zip(level.primitive_names, level.primitives.unpack_from(self._buffer, begin), strict=True))
        for name in level.objects:
            fields[name] = yield from self._value(depth)

    def _annotations(self, annotations: list[object], depth: int) -> Steps[None]:
        while True:
            begin = self.position - self._start
            try:
                tag = self._byte()
                if tag in _LEAVES:
                    annotations.append(self._leaf(tag))
                    continue
                if tag in {_BLOCK, _LONG_BLOCK}:
                    annotations.append(self._block(tag))
                    self._count(1)
                    continue
            except NeedMore as short:
                self.position = begin + self._start
                yield short.need
                continue
            if tag == _END:
                return
            self._count(1)
            annotations.append((yield from self._composite(tag, depth)))

    def _array(self, depth: int) -> Steps[object]:
        description = yield from self._complete_description(depth)
        element = description.name[1:2]
        index = len(self._handles)
        self._handles.append(None)
        count = yield from self._step(lambda: self._unsigned(4))
        array: object = None
        if element == "B":
            array = yield from self._step(lambda: self._bytes(count))
        elif element in _PRIMITIVES:
            self._count(count)
            layout = struct.Struct(f">{count}{_PRIMITIVES[element]}")
            begin = yield from self._step(lambda: self._take(layout.size))
            array = list(layout.unpack_from(self._buffer, begin))
        elif element in {"L", "["}:
            self._count(count)
            elements: list[object] = []
            array = self._handles[index] = elements  # before its elements are read: they may refer to it
            for _ in range(count):
                elements.append((yield from self._value(depth)))  # noqa: PERF401 - a comprehension cannot yield
        else:
            raise JavaStreamError("an array of an unknown type")
        self._handles[index] = array
        return array

    def _enum(self, depth: int) -> Steps[object]:
        description = yield from self._complete_description(depth)
        instance = Instance(description.name)
        self._handles.append(instance)
        name = yield from self._string(depth)
        instance.annotations.append(name)
        return instance

    def _string(self, depth: int) -> Steps[str]:
        text = yield from self._value(depth)
        if not isinstance(text, str):
            raise JavaStreamError("a string was expected")
        return text

    # Classes.

    def _complete_description(self, depth: int) -> Steps[_ClassDescription]:
        description = yield from self._description(depth)
        if description is None or not description.levels:
            raise JavaStreamError("an object without a class")
        return description

    def _description(self, depth: int) -> Steps[_ClassDescription | None]:
        while True:
            begin = self.position - self._start
            try:
                tag = self._byte()
                if tag == _REFERENCE:
                    return self._known_description()
                break
            except NeedMore as short:
                self.position = begin + self._start
                yield short.need
        if tag == _NULL:
            return None
        if tag not in {_CLASS_DESCRIPTION, _PROXY}:
            raise JavaStreamError(f"a class was expected, but tag {tag:02x} was found")
        self._count(1)
        return (yield from self._new_description(depth) if tag == _CLASS_DESCRIPTION else self._new_proxy(depth))

    def _known_description(self) -> _ClassDescription:
        index = self._unsigned(4) - _FIRST_HANDLE
        found = self._handles[index] if 0 <= index < len(self._handles) else None
        if not isinstance(found, _ClassDescription):
            raise JavaStreamError("a reference to a class that was not sent")
        return found

    def _new_description(self, depth: int) -> Steps[_ClassDescription]:
        description = _ClassDescription((yield from self._step(lambda: self._text(2))))
        # serialVersionUID: not needed, because the stream describes the fields of the version it uses
        yield from self._step(lambda: self._take(8))
        self._handles.append(description)
        description.flags = yield from self._step(self._byte)
        layout = ">"
        for _ in range((yield from self._step(lambda: self._unsigned(2)))):
            self._count(1)
            kind, name = yield from self._step(lambda: (chr(self._byte()), self._text(2)))
            if kind in _PRIMITIVES:
                layout += _PRIMITIVES[kind]
                description.primitive_names.append(name)
            elif kind in {"L", "["}:
                yield from self._string(depth)
                description.objects.append(name)
            else:
                raise JavaStreamError("a field of an unknown type")
        description.primitives = struct.Struct(layout)
        return (yield from self._finished(description, depth))

    def _new_proxy(self, depth: int) -> Steps[_ClassDescription]:
        description = _ClassDescription("java.lang.reflect.Proxy")
        self._handles.append(description)
        description.flags = _SERIALIZABLE
        count = yield from self._step(lambda: self._unsigned(4))
        self._count(count)
        for _ in range(count):
            yield from self._step(lambda: self._text(2))
        return (yield from self._finished(description, depth))

    def _finished(self, description: _ClassDescription, depth: int) -> Steps[_ClassDescription]:
        yield from self._annotations([], self._deeper(depth))
        parent = yield from self._description(self._deeper(depth))
        if parent is not None and not parent.levels:
            raise JavaStreamError("a class that is its own superclass")
        description.levels = (*(parent.levels if parent else ()), description)
        if len(description.levels) > self._limits.depth:
            raise StreamLimitError(f"a class with more than {self._limits.depth} superclasses")
        return description
