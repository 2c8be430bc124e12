"""A JVM that nobody has: each of its replies takes as much memory as a reader can be made to spend.

It is in the test's own process, speaks JMX, and has two usual producers among many odd MBeans.
"""

import itertools
import socket
import struct
from collections.abc import Iterator
from functools import cache

from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD
from kafka_producer_exporter.jmx.requests import HANDSHAKE
from kafka_producer_exporter.jmx.stubs import read_stub
from tests.jmx.conversation import (
    GET_MBEAN_INFO,
    LOOKUP,
    NEW_CLIENT,
    QUERY_NAMES,
    RecordedConversation,
)
from tests.jmx.encoding import END, NULL, attribute_list, boxed, class_description, string
from tests.jmx.fake_agent import FakeAgent

CALL = b"\x50\xac\xed\x00\x05\x77\x22"
HEAD = REPLY_HEAD + bytes(14)
TYPES = ("producer-topic-metrics", "producer-node-metrics", "producer-metrics")
KNOWN = ("record-send-total", "byte-total", "byte-rate", "compression-rate", "request-total", "request-latency-avg")
"""Attributes that the exporter reads from some kind of MBean."""
TOO_LARGE = ("texts", "objects", "primitives")
"""What makes a reply too large. There are few of these: each costs a connection."""


def odd_jvm(*, mbeans: int) -> FakeAgent:
    """Return a JVM with two producers and this number of odd MBeans; ``with odd_jvm(mbeans=3000) as jvm: jvm.port``."""
    names = [f"kafka.producer:type=producer-metrics,client-id=usual-{number}" for number in range(2)]
    names += [f"kafka.producer:type=producer-topic-metrics,client-id={kind},topic=odd" for kind in TOO_LARGE]
    names += [f"kafka.producer:type=producer-metrics,client-id={'long' * 5000}{number}" for number in range(20)]
    names += [_odd_name(number) for number in range(mbeans)]
    conversation = RecordedConversation.load()
    replies = {mark: conversation.reply(mark) for mark in (LOOKUP, NEW_CLIENT)} | {QUERY_NAMES: _names(names)}
    serial = itertools.count()

    recorded_port = read_stub(bytearray(conversation.reply(LOOKUP)), 0)[0].port

    def reply(request: bytes, port: int) -> bytes:
        known = next((reply for mark, reply in replies.items() if mark in request), None)
        if known is not None:
            return known.replace(struct.pack(">i", recorded_port), struct.pack(">i", port))
        return (_info if GET_MBEAN_INFO in request else _attributes)(request, next(serial))

    def handle(connection: socket.socket) -> None:
        connection.sendall(conversation.greeting)
        for request in _requests(connection):
            connection.sendall(reply(request, connection.getsockname()[1]))

    return FakeAgent(handle)


def _odd_name(number: int) -> str:
    kind = TYPES[number % 3]
    properties = {0: f"topic={number}", 1: f"node-id=node-{number}", 2: ""}[number % 3]
    return f"kafka.producer:type={kind},client-id=odd-{number}{',' if properties else ''}{properties}"


def _requests(connection: socket.socket) -> Iterator[bytes]:
    received = b""
    while data := connection.recv(1 << 16):
        received = (received + data).removeprefix(HANDSHAKE)
        while (start := received.find(CALL)) >= 0:  # a request that only seemed complete leaves a rest before it
            received = received[start:]
            end = received.find(CALL, len(CALL))
            if end < 0 and not (received.endswith(NULL) or LOOKUP in received):
                break
            end = len(received) if end < 0 else end
            yield received[:end]
            received = received[end:]


def _names(names: list[str]) -> bytes:
    known = b"\x71" + struct.pack(">i", 0x7E0002)
    classes = itertools.chain([class_description("javax.management.ObjectName", 3)], itertools.repeat(known))
    objects = (b"\x73" + each + string(name) + END for each, name in zip(classes, names, strict=False))
    return HEAD + b"\x73" + class_description("java.util.HashSet", 3) + b"".join(objects) + END


def _info(request: bytes, serial: int) -> bytes:
    """List the known attributes, and many that no other MBean has."""
    ours = [f"attribute-{serial}-{number}-{'x' * 60}" for number in range(0 if b"usual" in request else 100)]
    fields = b"\x00\x03Z" + encode_utf("isRead")
    fields += b"L" + encode_utf("name") + string("S") + b"L" + encode_utf("attributeType") + string("S")
    known = b"\x71" + struct.pack(">i", 0x7E0005)
    classes = itertools.chain([class_description("javax.management.MBeanAttributeInfo", 2, fields)], [known] * 1000)
    listed = [
        b"\x73" + each + b"\x01" + string(name) + string("double")
        for each, name in zip(classes, [*KNOWN, *ours], strict=False)
    ]
    array = b"\x75" + class_description("[Ljavax.management.MBeanAttributeInfo;", 2) + struct.pack(">i", len(listed))
    info = class_description("javax.management.MBeanInfo", 2, b"\x00\x01[" + encode_utf("attributes") + string("[L"))
    return HEAD + b"\x73" + info + array + b"".join(listed)


def _attributes(request: bytes, serial: int) -> bytes:
    kind = next((kind for kind in TOO_LARGE if f"client-id={kind},".encode() in request), "")
    if kind:
        return _too_large(kind)
    number = boxed("Double", "d", 1.0)
    asked = [name for name in KNOWN if string(name) in request]
    if b"usual" in request:
        return attribute_list(*[number] * len(asked), names=asked)
    # Names in ever another order, some twice, some that were not asked for, and long texts for numbers.
    asked = asked[serial % 5 :] + asked + [f"unasked-{serial}-{each}" for each in range(50)]
    values = [string("t" * 20_000) if (serial + each) % 7 == 0 else number for each in range(len(asked))]
    return attribute_list(*values, names=asked)


@cache
def _too_large(kind: str) -> bytes:
    if kind == "texts":
        return attribute_list(*[string("a" * 60_000 + "\U0001f600")] * 240, names=[f"a{n}" for n in range(240)])
    fields = b"\x00\x64" + b"".join(b"J" + encode_utf(f"f{n}") for n in range(100)) if kind == "primitives" else b"\0\0"
    size, count = (800, 15_000) if kind == "primitives" else (0, 190_000)
    first = b"\x73" + class_description("Odd", 2, fields) + bytes(size)
    inner = b"\x73\x71" + struct.pack(">i", 0x7E0009) + bytes(size)
    return attribute_list(
        b"\x75" + class_description("[Ljava.lang.Object;", 2) + struct.pack(">i", count) + first + inner * (count - 1),
        names=["record-send-total"],
    )
