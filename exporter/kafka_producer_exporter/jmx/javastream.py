"""A decoder for Java object streams (Java Object Serialization Specification, protocol version 1, as RMI sends them).

Pure: bytes in, values out. Whatever the bytes are, reading raises nothing but NeedMore or JavaStreamError. No class is
loaded and no code of the stream runs: an object is its class name and its fields.
"""

import struct
from collections.abc import Callable, Generator, Iterable
from sys import getsizeof
from typing import NamedTuple, Protocol, TypeGuard, TypeVar

from kafka_producer_exporter.jmx.javatext import decode_modified_utf8
from kafka_producer_exporter.net.pool import Reservation
from kafka_producer_exporter.net.printable import printable

MAGIC = bytes.fromhex("aced0005")

# Tags: chapter 6.4.2 of the specification.
_NULL, _REFERENCE, _CLASS_DESCRIPTION, _OBJECT, _STRING, _ARRAY, _CLASS = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76
_BLOCK, _END, _RESET, _LONG_BLOCK = 0x77, 0x78, 0x79, 0x7A
_EXCEPTION, _LONG_STRING, _PROXY, _ENUM = 0x7B, 0x7C, 0x7D, 0x7E
_LEAVES = frozenset({_NULL, _REFERENCE, _STRING, _LONG_STRING})
_OBJECT_WITH_TEXT = (_OBJECT, _REFERENCE, _STRING)
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

    ``resume``, if it is set, reads on when more bytes are there, without reading again what was there before. For it,
    the stream begins after its first ``used`` bytes, which nobody needs any more; ``need`` counts from there, too.
    """

    def __init__(self, need: int, resume: Continue | None = None, used: int = 0) -> None:
        super().__init__(need)
        self.need = need
        self.resume = resume
        self.used = used


class JavaStreamError(Exception):
    """The bytes are not a Java object stream, or not the expected one."""


class StreamLimitError(JavaStreamError):
    """The stream is larger or more deeply nested than we accept."""


class MemoryLimitError(StreamLimitError):
    """The decoded stream would take more memory than there is for it."""


class UnreadableError(JavaStreamError):
    """The stream is valid, but only the classes of the JVM that wrote it can read it beyond this point."""


class Limits(NamedTuple):
    """How much a peer can make us keep at once: a stream or, if it goes to a sink, one annotation of it."""

    size: int = 16 << 20
    """Bytes of one stream."""
    depth: int = 60
    """Nested objects, or superclasses of one class."""
    memory: int = 64 << 20
    """Bytes of memory, with what is decoded. A byte of the peer can cost us an object."""
    reservation: Reservation | None = None
    """Where that memory is taken from, if others share it. A decoder that begins gives back what the last one took."""


LIMITS = Limits()

FREE_BYTES = 256 << 10
"""Memory that a stream may take without a reservation: more than any usual MBean needs, whatever others take."""
_RESERVED_STEP = 256 << 10

# What is decoded costs about this much memory in CPython 3.11 to 3.13, measured with tracemalloc; texts come on top.
_VALUE_BYTES, _NUMBER_BYTES, _ARRAY_BYTES, _OBJECT_BYTES = 16, 60, 80, 200
_CLASS_BYTES, _FIELD_BYTES = 600, 100


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


class Annotations(Protocol):
    """Takes the annotations of one object, in their order, each as soon as it is complete."""

    def append(self, annotation: object, /) -> None:
        """Take the next annotation. It may raise JavaStreamError."""


class Sink(Annotations, Protocol):
    """Takes annotations, and may keep texts of them, but not their objects."""

    kept_bytes: int
    """How much memory needs what it has kept."""


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


def _is_bare(description: object) -> TypeGuard[_ClassDescription]:
    """Return whether this is a class without fields and superclasses that writes its objects itself."""
    return (
        isinstance(description, _ClassDescription)
        and description.levels == (description,)
        and description.flags & (_SERIALIZABLE | _WRITE_METHOD) == _SERIALIZABLE | _WRITE_METHOD
        and not description.primitive_names
        and not description.objects
    )


def _break_up(objects: Iterable[object]) -> None:
    """Let each of the *objects* let go of what it refers to."""
    for each in objects:
        if isinstance(each, Instance):
            each.fields.clear()
            each.annotations.clear()
        elif isinstance(each, list):
            each.clear()


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
        *("_buffer", "_end", "_handles", "_kept", "_limits", "_reading", "boxed_numbers", "position", "start"),
        *(
            "_allowed",
            "_begin",
            "_classes",
            "_classes_kept",
            "_classes_size",
            "_forgotten",
            "_sink",
            "_sink_for",
            "_whole",
        ),
    )

    def __init__(self, buffer: bytes | bytearray, start: int = 0, limits: Limits = LIMITS) -> None:
        self._buffer = buffer
        self.start = self.position = start
        """Where the stream begins in the buffer; bytes before it are not needed any more."""
        self._end = len(buffer)
        self._limits = limits
        self._handles: list[object] = []
        self._kept = 0
        self._allowed = min(FREE_BYTES, limits.memory)
        if limits.reservation is not None:
            limits.reservation.begin(self.discard)
        self._reading: Steps[object] | None = None
        self.boxed_numbers: list[BoxedNumber] = []
        self._sink_for: Callable[[str], Sink] | None = None
        self._sink: Sink | None = None
        # What is kept of the annotations that the sink has taken: their classes, by handle.
        self._classes: dict[int, object] = {}
        self._classes_size = self._classes_kept = 0
        self._forgotten = 0  # how many handles are not in self._handles any more
        self._begin = 0  # where the annotation begins, relative to the start
        self._whole = True

    def go_on(self, buffer: bytes | bytearray, start: int) -> None:
        """Continue in a buffer that contains more of the stream, which begins at *start* in it."""
        self.position += start - self.start
        self._buffer, self.start, self._end = buffer, start, len(buffer)
        self._keep(0)

    def discard(self) -> None:
        """Free what was decoded. Nothing can be read after this.

        Whatever refers to itself, as an unfinished reading does and any object of a stream can, would otherwise stay in
        memory until Python's garbage collector finds it, which can take minutes.
        """
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()
        _break_up(self._handles)
        for description in (*self._handles, *self._classes.values()):
            if isinstance(description, _ClassDescription):
                description.levels = ()
        self._handles.clear()
        self._classes.clear()
        self.boxed_numbers = []
        self._sink_for = self._sink = None
        self._buffer = b""

    @property
    def size(self) -> int:
        """The number of bytes of the stream that were read, as far as they are still needed."""
        return self.position - self.start

    def read_bytes(self) -> bytes:
        """Return the bytes of the stream that were read; none if they are not needed any more."""
        return bytes(self._buffer[self.start : self.position]) if self._whole else b""

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
        if self._kept + need > self._allowed:
            self._allow_more(need)  # the bytes are collected until there are as many
        raise NeedMore(need)

    def annotations(self, sink_for: Callable[[str], Sink]) -> Sink | None:
        """Read one value like ``value``. If it is an object, its annotations go to the sink for the name of its class.

        Return that sink, or None for any other value. Of an annotation that the sink has taken only the classes are
        kept, so it cannot be referred to. After NeedMore and ``go_on``, a second call continues with the same sink.
        """
        self._sink_for = sink_for
        self.value()
        return self._sink

    def _take_texts(self, sink: Sink) -> int:
        """Give the sink the objects that follow, as long as each has a known class and is nothing but a text.

        The names of MBeans are such objects. The result is that of ``_object``, for a fraction of the work. If the
        buffer ends within such an object, return the least position at which that can have ended, otherwise 0.
        """
        buffer, at, head, name, missing = self._buffer, self.position, b"", "", 0
        while at < self._end:
            if buffer[at : at + 7] != head:
                if head and head.startswith(buffer[at : self._end]):
                    missing = self._end + 1
                    break
                head = bytes(buffer[at : at + 7])
                description = self._classes.get(int.from_bytes(head[2:6], "big") - _FIRST_HANDLE)
                if len(head) < 7 or (head[0], head[1], head[6]) != _OBJECT_WITH_TEXT or not _is_bare(description):
                    break
                name = description.name
            end = at + 9 + int.from_bytes(buffer[at + 7 : at + 9], "big")
            if at + 9 > self._end or end >= self._end:
                missing = self._end + 1 if at + 9 > self._end else end + 1
                break
            if buffer[end] != _END:
                break
            try:
                text = decode_modified_utf8(bytes(buffer[at + 9 : end]))
            except UnicodeDecodeError:
                break
            instance = Instance(name)
            instance.annotations.append(text)
            sink.append(instance)
            self._forgotten += 2
            at = end + 1
        self.position = at
        return missing

    def _forget(self, sink: Sink) -> None:
        """Forget the annotation that the sink has just taken, and once they are many, the bytes of all of them."""
        end = self.position - self.start
        if any(isinstance(handle, _ClassDescription) for handle in self._handles):
            kept = ((at, it) for at, it in enumerate(self._handles, self._forgotten) if not isinstance(it, Instance))
            self._classes.update(kept)
            self._classes_kept = self._kept
            self._classes_size += end - self._begin
            if self._classes_size > self._limits.size:
                raise StreamLimitError(f"classes of more than {self._limits.size} bytes")
        self._forgotten += len(self._handles)
        _break_up(self._handles)
        self._handles.clear()
        self.boxed_numbers.clear()
        self._kept = self._classes_kept + sink.kept_bytes
        self._keep(0)
        if end > self._limits.size // 2:
            self.start, self._whole, end = self.position, False, 0
        self._begin = end

    # Limits: every length in the stream is checked here.

    def _take(self, count: int) -> int:
        begin = self.position
        end = begin + count
        if end - self.start > self._limits.size:
            raise StreamLimitError(f"a reply of more than {self._limits.size} bytes")
        if end > self._end:
            raise NeedMore(end - self.start)
        self.position = end
        return begin

    def _keep(self, count: int) -> None:
        """Note that what was read takes *count* more bytes of memory. Raise MemoryLimitError if that is too much."""
        self._kept += count
        if self._kept + self._end - self.start > self._allowed:
            self._allow_more()

    def _allow_more(self, need: int = 0) -> None:
        allowed = self._kept + max(self._end - self.start, need) + _RESERVED_STEP
        reservation = self._limits.reservation
        if allowed > self._limits.memory or (reservation is not None and not reservation.grow_to(allowed)):
            most = self._limits.memory if reservation is None else min(self._limits.memory, reservation.pool.size_bytes)
            raise MemoryLimitError(f"a reply that takes more than its share of {most / 1e6:.1f} MB of memory")
        self._allowed = allowed

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
            text = decode_modified_utf8(raw)
        except UnicodeDecodeError as error:
            raise JavaStreamError("a text is not modified UTF-8") from error
        self._keep(getsizeof(text))
        return text

    def _block(self, tag: int) -> bytes:
        block = self._bytes(self._unsigned(1 if tag == _BLOCK else 4))
        self._keep(getsizeof(block))
        return block

    # Values. A step either reads all its bytes or, at the end of the buffer, none.

    def _step(self, read: Callable[[], Result]) -> Steps[Result]:
        while True:
            begin = self.position - self.start
            try:
                return read()
            except NeedMore as short:
                self.position = begin + self.start
                yield short.need

    def _value(self, depth: int) -> Steps[object]:
        while True:
            begin = self.position - self.start
            try:
                tag = self._byte()
                if tag in _LEAVES:
                    return self._leaf(tag)
                break
            except NeedMore as short:
                self.position = begin + self.start
                yield short.need
        self._keep(_VALUE_BYTES)
        return (yield from self._composite(tag, depth))

    def _leaf(self, tag: int) -> object:
        if tag in {_STRING, _LONG_STRING}:
            text = self._text(2 if tag == _STRING else 8)
            self._keep(_VALUE_BYTES)
            self._handles.append(text)
            return text
        found = self._reference() if tag == _REFERENCE else None
        self._keep(_VALUE_BYTES)
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
        found = self._referred_to()
        return Instance("java.io.ObjectStreamClass") if isinstance(found, _ClassDescription) else found

    def _referred_to(self) -> object:
        handle = self._unsigned(4) - _FIRST_HANDLE
        index = handle - self._forgotten
        if 0 <= index < len(self._handles):
            return self._handles[index]
        if handle in self._classes:
            return self._classes[handle]
        raise JavaStreamError("a reference to an object that was not sent")

    def _object(self, depth: int) -> Steps[object]:
        description = yield from self._complete_description(depth)
        self._keep(_OBJECT_BYTES)
        instance = Instance(description.name)
        annotations: Annotations = instance.annotations
        if depth == 1 and self._sink_for is not None:
            annotations = self._sink = self._sink_for(description.name)
        handle = len(self._handles)
        self._handles.append(instance)
        offset = 0
        for level in description.levels:
            self._keep(_NUMBER_BYTES * (1 + len(level.primitive_names) + len(level.objects)))
            offset = self.position - self.start
            if level.flags & _SERIALIZABLE:
                yield from self._fields(level, instance.fields, depth)
                if level.flags & _WRITE_METHOD:
                    yield from self._annotations(annotations, depth)
            elif level.flags & _EXTERNALIZABLE:
                # In protocol version 1 no block markers enclose what such a class writes.
                if not level.flags & _BLOCK_DATA:
                    raise UnreadableError(f"a {printable(level.name)} cannot be read without its class")
                yield from self._annotations(annotations, depth)
        if not description.is_boxed_number or annotations is self._sink:
            return instance
        self._handles[handle] = number = self._unboxed(description, instance, offset)
        return number

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

    def _annotations(self, annotations: Annotations, depth: int) -> Steps[None]:
        while True:
            if self._sink is not None and annotations is self._sink:
                self._forget(self._sink)  # before handles of others are counted
                missing = self._take_texts(self._sink)
                self._forget(self._sink)
                if missing:
                    yield missing - self.start
                    continue
            begin = self.position - self.start
            try:
                tag = self._byte()
                if tag in _LEAVES:
                    annotations.append(self._leaf(tag))
                    continue
                if tag in {_BLOCK, _LONG_BLOCK}:
                    annotations.append(self._block(tag))
                    self._keep(_VALUE_BYTES)
                    continue
            except NeedMore as short:
                self.position = begin + self.start
                yield short.need
                continue
            if tag == _END:
                return
            self._keep(_VALUE_BYTES)
            annotations.append((yield from self._composite(tag, depth)))

    def _array(self, depth: int) -> Steps[object]:
        description = yield from self._complete_description(depth)
        element = description.name[1:2]
        index = len(self._handles)
        self._handles.append(None)
        count = yield from self._step(lambda: self._unsigned(4))
        array: object = None
        self._keep(_ARRAY_BYTES)
        if element == "B":
            self._keep(count)
            array = yield from self._step(lambda: self._bytes(count))
        elif element in _PRIMITIVES:
            self._keep(count * _NUMBER_BYTES)
            layout = struct.Struct(f">{count}{_PRIMITIVES[element]}")
            begin = yield from self._step(lambda: self._take(layout.size))
            array = list(layout.unpack_from(self._buffer, begin))
        elif element in {"L", "["}:
            self._keep(count * _VALUE_BYTES)
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
        self._keep(_OBJECT_BYTES)
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
            begin = self.position - self.start
            try:
                tag = self._byte()
                if tag == _REFERENCE:
                    return self._known_description()
                break
            except NeedMore as short:
                self.position = begin + self.start
                yield short.need
        if tag == _NULL:
            return None
        if tag not in {_CLASS_DESCRIPTION, _PROXY}:
            raise JavaStreamError(f"a class was expected, but tag {tag:02x} was found")
        self._keep(_CLASS_BYTES)
        return (yield from self._new_description(depth) if tag == _CLASS_DESCRIPTION else self._new_proxy(depth))

    def _known_description(self) -> _ClassDescription:
        found = self._referred_to()
        if not isinstance(found, _ClassDescription):
            raise JavaStreamError("a reference to an object where a class was expected")
        return found

    def _new_description(self, depth: int) -> Steps[_ClassDescription]:
        description = _ClassDescription((yield from self._step(lambda: self._text(2))))
        # serialVersionUID: not needed, because the stream describes the fields of the version it uses
        yield from self._step(lambda: self._take(8))
        self._handles.append(description)
        description.flags = yield from self._step(self._byte)
        layout = ">"
        for _ in range((yield from self._step(lambda: self._unsigned(2)))):
            self._keep(_FIELD_BYTES)
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
        self._keep(count * _VALUE_BYTES)
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
