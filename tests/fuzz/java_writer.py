"""Writes replies to getAttributes as a JVM could: any mixture of numbers, strings, lists, composites and references.

One shape can be written with different numbers, so that its replies differ only in the bytes of their numbers.
"""

import random
import struct

from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD

_FIRST_HANDLE = 0x7E0000
_BOXES = {"Double": "d", "Float": "f", "Integer": "i", "Long": "q", "Short": "h", "Byte": "b", "Boolean": "?"}
_FIELD_CODES = {"d": b"D", "f": b"F", "i": b"I", "q": b"J", "h": b"S", "b": b"B", "?": b"Z"}
_WRITE_METHOD, _SERIALIZABLE = 1, 2


class JavaWriter:
    """Writes one reply. *shape* decides what is in it, and *numbers* which numbers are; without it, each one is 0.

    A reader that confuses two numbers is right as long as they are equal, so it should see the zeros first.
    """

    def __init__(self, *, shape: random.Random, numbers: random.Random | None = None) -> None:
        self._shape = shape
        self._numbers = numbers
        self._handles = 0
        self._classes: dict[tuple[str, bool], int] = {}
        self._objects: list[int] = []

    def attribute_list(self) -> bytes:
        """Write the reply."""
        reply = REPLY_HEAD + bytes(14) + b"\x73"
        reply += self._class("javax.management.AttributeList", _SERIALIZABLE | _WRITE_METHOD)
        self._handle()
        for index in range(self._shape.randrange(6)):
            reply += self._attribute(f"a{index}")
        return reply + b"\x78"

    def _attribute(self, name: str) -> bytes:
        fields = (("L", "name"), ("L", "value"))
        head = b"\x73" + self._class("javax.management.Attribute", _SERIALIZABLE, fields)
        self._handle()
        return head + self._string(name) + self._value(depth=0)

    def _value(self, *, depth: int) -> bytes:
        kind = self._shape.randrange(11 if depth < 3 else 8)
        if kind < 4:
            return self._box()
        if kind == 4:
            return self._string("x" * self._shape.randrange(4))
        if kind == 5:
            return b"\x70"
        if kind in {6, 7}:
            return self._reference()
        if kind == 8:
            return self._object("java.util.ArrayList", depth, annotated=True)
        if kind == 9:
            return self._object("Composite", depth, annotated=False)
        return self._array(depth)

    def _box(self) -> bytes:
        name, code = self._shape.choice(list(_BOXES.items()))
        flags = _SERIALIZABLE | (_WRITE_METHOD if self._shape.randrange(5) == 0 else 0)
        written = b"\x73" + self._class(f"java.lang.{name}", flags, ((_FIELD_CODES[code].decode(), "value"),))
        self._objects.append(self._handle())
        size = struct.calcsize(f">{code}")
        written += self._numbers.randbytes(size) if self._numbers else bytes(size)
        if flags & _WRITE_METHOD:
            written += self._shape.choice((b"", b"\x77\x08" + bytes(8))) + b"\x78"
        return written

    def _object(self, name: str, depth: int, *, annotated: bool) -> bytes:
        flags = _SERIALIZABLE | (_WRITE_METHOD if annotated else 0)
        fields = () if annotated else (("L", "used"), ("L", "free"))
        written = b"\x73" + self._class(name, flags, fields)
        self._objects.append(self._handle())
        count = self._shape.randrange(4) if annotated else len(fields)
        written += b"".join(self._value(depth=depth + 1) for _ in range(count))
        return written + (b"\x78" if annotated else b"")

    def _array(self, depth: int) -> bytes:
        head = b"\x75" + self._class("[Ljava.lang.Object;", _SERIALIZABLE)
        self._objects.append(self._handle())
        count = self._shape.randrange(4)
        return head + struct.pack(">i", count) + b"".join(self._value(depth=depth + 1) for _ in range(count))

    def _reference(self) -> bytes:
        if not self._objects:
            return b"\x70"
        return b"\x71" + struct.pack(">i", _FIRST_HANDLE + self._shape.choice(self._objects))

    def _string(self, text: str) -> bytes:
        self._objects.append(self._handle())
        return b"\x74" + encode_utf(text)

    def _class(self, name: str, flags: int, fields: tuple[tuple[str, str], ...] = ()) -> bytes:
        key = (name, bool(flags & _WRITE_METHOD))
        if key in self._classes:
            return b"\x71" + struct.pack(">i", _FIRST_HANDLE + self._classes[key])
        self._classes[key] = self._handle()
        written = b"\x72" + encode_utf(name) + bytes(8) + bytes([flags]) + struct.pack(">h", len(fields))
        for code, field in fields:
            written += code.encode() + encode_utf(field)
            if code == "L":
                self._handle()
                written += b"\x74" + encode_utf("Ljava/lang/Object;")
        return written + b"\x78\x70"

    def _handle(self) -> int:
        self._handles += 1
        return self._handles - 1
