"""Encodes Java object streams as a JVM does, so that a test can send what no recording contains."""

import struct
from collections.abc import Sequence

from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD

NULL, END, NO_PARENT = b"\x70", b"\x78", b"\x70"


def class_description(name: str, flags: int, fields: bytes = b"\x00\x00", parent: bytes = NO_PARENT) -> bytes:
    return b"\x72" + encode_utf(name) + bytes(8) + bytes([flags]) + fields + END + parent


def string(text: str) -> bytes:
    return b"\x74" + encode_utf(text)


def boxed(kind: str, code: str, number: float) -> bytes:
    """Encode a number as an object of a class of java.lang; *code* is its format in struct."""
    field = {"d": b"D", "f": b"F", "i": b"I", "q": b"J", "h": b"S", "b": b"B", "?": b"Z"}[code]
    fields = b"\x00\x01" + field + encode_utf("value")
    return b"\x73" + class_description(f"java.lang.{kind}", 2, fields) + struct.pack(f">{code}", number)


def attribute_list(*values: bytes, names: Sequence[str] = "abcdef") -> bytes:
    """Return a reply to getAttributes that contains these encoded values."""
    fields = b"\x00\x02" + b"".join(b"L" + encode_utf(name) + string("S") for name in ("name", "value"))
    attribute = class_description("javax.management.Attribute", 2, fields)
    same_class = b"\x71" + struct.pack(">i", 0x7E0002)
    heads = [b"\x73" + (same_class if index else attribute) for index in range(len(values))]
    body = b"".join(head + string(name) + value for head, name, value in zip(heads, names, values, strict=False))
    return REPLY_HEAD + bytes(14) + b"\x73" + class_description("javax.management.AttributeList", 3) + body + END
