"""Writes Java object streams of any shape that the grammar allows, with a mistake now and then.

``java_writer`` writes what a JVM replies; this module writes the rest of the grammar: classes with superclasses, enums,
proxies, arrays of every type, externalizable objects, blocks, long strings and resets.
"""

import random
import struct

from kafka_producer_exporter.jmx.javatext import encode_utf

_FIRST_HANDLE = 0x7E0000
_PRIMITIVES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_NAMES = (
    *("java.lang.Integer", "java.lang.Double", "java.util.HashSet", "javax.management.ObjectName", "a.B", "Ünïcode"),
    *("java.rmi.server.RemoteObjectInvocationHandler", "javax.management.Attribute", "java.lang.Number", ""),
)
_WRITE_METHOD, _SERIALIZABLE, _EXTERNALIZABLE, _BLOCK_DATA, _ENUM = 0x01, 0x02, 0x04, 0x08, 0x10
_FLAGS = (
    *(_SERIALIZABLE, _SERIALIZABLE, _SERIALIZABLE, _SERIALIZABLE | _WRITE_METHOD, _SERIALIZABLE | _WRITE_METHOD),
    *(_EXTERNALIZABLE | _BLOCK_DATA, _EXTERNALIZABLE, 0),
)
Fields = list[tuple[str, str]]


class WildStream:
    """Writes one value. Its size is random, and bounded."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._budget = chance.randrange(1, 20)
        self._handles = 0
        self._classes: list[tuple[int, list[tuple[int, Fields]]]] = []

    def value(self, depth: int = 0) -> bytes:
        """Write a value."""
        self._budget -= 1
        if self._budget <= 0 or depth > 6:
            return self._leaf()
        kind = self._chance.randrange(20)
        if kind < 6:
            return self._leaf()
        if kind < 12:
            return self._object(depth)
        if kind < 15:
            return self._array(depth)
        if kind == 15:
            return b"\x7e" + self._described(depth, flags=_SERIALIZABLE | _ENUM)[0] + self._handled(self._string())
        if kind == 16:
            return self._handled(b"\x76" + self._described(depth)[0])
        if kind == 17:
            return self._described(depth)[0]
        if kind == 18 and depth == 0:
            self._handles, self._classes = 0, []
            return b"\x79" + self.value()
        return self._proxy(depth)

    def _leaf(self) -> bytes:
        kind = self._chance.randrange(4)
        if kind == 0:
            return b"\x70"
        if kind == 1:
            mistake = self._chance.randrange(20) == 0
            return b"\x71" + struct.pack(
                ">I", _FIRST_HANDLE + self._chance.randrange(self._handles + 1) + 100 * mistake
            )
        return self._string()

    def _string(self) -> bytes:
        text = self._chance.choice(("", "x", "name", "ä€😀", "\0", "x" * 200))
        if self._chance.randrange(10):
            return self._handled(b"\x74" + encode_utf(text))
        raw = encode_utf(text)[2:] * self._chance.choice((1, 1, 1, 400))
        return self._handled(b"\x7c" + struct.pack(">q", len(raw)) + raw)

    def _object(self, depth: int) -> bytes:
        written, levels = self._described(depth)
        self._handles += 1
        return b"\x73" + written + b"".join(self._level(flags, fields, depth) for flags, fields in levels)

    def _level(self, flags: int, fields: Fields, depth: int) -> bytes:
        written = b""
        if flags & _SERIALIZABLE:
            written += b"".join(
                self._chance.randbytes(_PRIMITIVES[kind]) for kind, _ in sorted(fields) if kind in _PRIMITIVES
            )
            written += b"".join(self.value(depth + 1) for kind, _ in sorted(fields) if kind not in _PRIMITIVES)
        if flags & _WRITE_METHOD or (flags & _EXTERNALIZABLE and flags & _BLOCK_DATA):
            written += self._annotations(depth)
        return written

    def _annotations(self, depth: int) -> bytes:
        written = b""
        for _ in range(self._chance.randrange(3)):
            written += self._block() if self._chance.randrange(3) == 0 else self.value(depth + 1)
        return written + b"\x78"

    def _block(self) -> bytes:
        content = self._chance.randbytes(self._chance.randrange(30))
        return (
            self._chance.choice((b"\x77" + bytes([len(content)]), b"\x7a" + struct.pack(">i", len(content)))) + content
        )

    def _array(self, depth: int) -> bytes:
        element = self._chance.choice((*_PRIMITIVES, "L", "L", "["))
        count = self._chance.randrange(4)
        written = b"\x75" + self._new_class(f"[{element}", _SERIALIZABLE, [], [])
        self._handles += 1
        written += struct.pack(">i", count)
        if element in _PRIMITIVES:
            return written + self._chance.randbytes(count * _PRIMITIVES[element])
        return written + b"".join(self.value(depth + 1) for _ in range(count))

    def _proxy(self, depth: int) -> bytes:
        names = [self._chance.choice(_NAMES) for _ in range(self._chance.randrange(3))]
        written = b"\x73\x7d" + struct.pack(">i", len(names)) + b"".join(encode_utf(name) for name in names) + b"\x78"
        self._handles += 1
        written += self._new_class("java.lang.reflect.Proxy", _SERIALIZABLE, [("L", "h")], [])
        self._handles += 1
        return written + self.value(depth + 1)

    def _described(self, depth: int, *, flags: int | None = None) -> tuple[bytes, list[tuple[int, Fields]]]:
        """Write a class or a reference to one. Return it with the flags and fields of its levels, topmost first."""
        if self._classes and flags is None and self._chance.randrange(3) == 0:
            handle, levels = self._chance.choice(self._classes)
            return b"\x71" + struct.pack(">I", _FIRST_HANDLE + handle), levels
        levels = []
        parent_flags = [self._chance.choice(_FLAGS) for _ in range(self._chance.choice((0, 0, 0, 1, 2)))]
        written = b""
        for each in [*parent_flags, self._chance.choice(_FLAGS) if flags is None else flags]:
            fields = [
                (self._chance.choice((*_PRIMITIVES, "L", "[")), self._chance.choice(("value", "name", "h", "a")))
                for _ in range(self._chance.choice((0, 1, 1, 2)))
            ]
            levels.append((each, fields))
        for number, (each, fields) in enumerate(reversed(levels)):
            is_last = number == len(levels) - 1
            written += self._new_class(
                self._chance.choice(_NAMES), each, fields, levels, parent=b"\x70" if is_last else b""
            )
        return written, levels

    def _new_class(
        self, name: str, flags: int, fields: Fields, levels: list[tuple[int, Fields]], *, parent: bytes = b"\x70"
    ) -> bytes:
        written = (
            b"\x72" + encode_utf(name) + self._chance.randbytes(8) + bytes([flags]) + struct.pack(">h", len(fields))
        )
        if levels:
            self._classes.append((self._handles, levels))
        self._handles += 1
        for kind, field in sorted(fields):
            written += kind.encode() + encode_utf(field)
            if kind not in _PRIMITIVES:
                written += self._handled(b"\x74" + encode_utf("Ljava/lang/Object;"))
        return written + b"\x78" + parent

    def _handled(self, written: bytes) -> bytes:
        self._handles += 1
        return written
