"""Fuzzes what a JVM sends: object streams, replies, names, whole sessions, and the output of the jar."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

from kafka_producer_exporter.jmx.jar import JarTransport
from kafka_producer_exporter.jmx.javastream import Decoder, JavaStreamError, NeedMore
from kafka_producer_exporter.jmx.jrmp import ReplyReader, Wire
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Reading, Selection
from kafka_producer_exporter.jmx.replies import decode_listed_attributes, decode_names
from kafka_producer_exporter.jmx.requests import REGISTRY_NAMES
from kafka_producer_exporter.jmx.stubs import read_registry_names, read_stub
from kafka_producer_exporter.jmx.templates import AttributesReader, AttributeValues, RepeatedReplyReader
from kafka_producer_exporter.net.errors import TransportError
from tests.fuzz.java_writer import JavaWriter
from tests.fuzz.mutations import mutated, mutated_text
from tests.fuzz.wild_stream import WildStream
from tests.jmx.conversation import (
    EVERYTHING,
    GET_ATTRIBUTES,
    GET_MBEAN_INFO,
    JAVA_8_FILE,
    LOOKUP,
    NEW_CLIENT,
    QUERY_NAMES,
    RecordedConversation,
    Replay,
    new_session,
)

_REPLY_VALUE = 22
"""Where the value begins in a reply."""
_GREETING = b"\x4e" + bytes(6)


def _names_reader() -> ReplyReader:
    return RepeatedReplyReader(decode_names, keep=1)


def _attributes_reader() -> ReplyReader:
    return RepeatedReplyReader(decode_listed_attributes, keep=1)


@cache
def _recorded() -> RecordedConversation:
    return RecordedConversation.load(JAVA_8_FILE)


@cache
def _small_replies() -> list[tuple[bytes, Callable[[], ReplyReader]]]:
    """Return the smallest recorded reply of each kind, with a function that makes a reader for it."""
    conversation, java_8 = RecordedConversation.load(), _recorded()

    def smallest(mark: bytes) -> bytes:
        return min(conversation.replies_to(mark), key=len)

    return [
        (smallest(LOOKUP), lambda: read_stub),
        (smallest(REGISTRY_NAMES), lambda: read_registry_names),
        (java_8.reply(LOOKUP), lambda: read_stub),
        (smallest(NEW_CLIENT), lambda: read_stub),
        (smallest(QUERY_NAMES), _names_reader),
        (java_8.reply(QUERY_NAMES), _names_reader),
        (smallest(GET_MBEAN_INFO), _attributes_reader),
        (smallest(GET_ATTRIBUTES), AttributesReader),
        *((reply, lambda: read_stub) for reply in conversation.failures.values()),
    ]


def java_streams(chance: random.Random) -> str:
    """Decode an object stream, most of them damaged, whole and in pieces. The pieces must not change the result."""
    kind = chance.randrange(4)
    if kind == 0:
        stream = JavaWriter(shape=chance, numbers=chance).attribute_list()[_REPLY_VALUE:]
    elif kind == 1:
        stream = chance.choice(_small_replies())[0][_REPLY_VALUE:]
    else:
        stream = WildStream(chance).value()
    if chance.randrange(4):
        stream = bytes(mutated(stream, chance))
    outcome, whole = _decoded([stream])
    if chance.randrange(2):
        first, second = sorted(chance.randrange(len(stream) + 1) for _ in range(2))
        _, pieces = _decoded([stream[:first], stream[first:second], stream[second:]])
        if whole != pieces:
            raise AssertionError(f"{stream.hex()} in pieces at {first} and {second}: {whole} is not {pieces}")
    return outcome


def _decoded(pieces: Sequence[bytes]) -> tuple[str, str]:
    """Return the kind of the result, and the result as a text."""
    buffer = bytearray()
    decoder = Decoder(buffer)
    for piece in pieces:
        buffer = buffer + piece
        decoder.go_on(buffer, 0)
        try:
            value = decoder.value()
        except NeedMore:
            continue
        except JavaStreamError as error:
            return "rejected", repr(type(error))
        return "decoded", repr((value, decoder.boxed_numbers, decoder.position))
    return "incomplete", ""


def replies_in_pieces(chance: random.Random) -> str:
    """Read a damaged reply in pieces. The pieces must not change the result."""
    reply, make = chance.choice(_small_replies())
    broken = bytes(mutated(reply, chance) if chance.randrange(8) else reply)
    size = chance.randrange(1, len(broken) + 1)
    outcome, whole = _received(make, [broken])
    _, pieces = _received(make, [broken[at : at + size] for at in range(0, len(broken), size)])
    if whole != pieces:
        raise AssertionError(f"{broken.hex()} in pieces of {size}: {whole} is not {pieces}")
    return outcome


def _received(make: Callable[[], ReplyReader], pieces: Sequence[bytes]) -> tuple[str, str]:
    values, failure = _exchanged(make(), pieces)
    outcome = "rejected" if failure else "decoded" if values else "incomplete"
    return outcome, repr((values, type(failure)))


def _exchanged(reader: ReplyReader, pieces: Sequence[bytes]) -> tuple[list[object], JavaStreamError | None]:
    wire = Wire()
    wire.receive(_GREETING)
    wire.expect([reader])
    values: list[object] = []
    for piece in pieces:
        some, failure = wire.receive(piece)
        values += some
        if failure is not None:
            return values, failure
    return values, None


def greetings(chance: random.Random) -> str:
    """Receive the first bytes of a peer that may speak another protocol, in pieces."""
    reply, make = chance.choice(_small_replies())
    seeds = (
        _recorded().greeting + reply,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"\x00",
    )
    broken = bytes(mutated(chance.choice((seeds[0], seeds[0], seeds[0], *seeds)), chance))
    size = chance.randrange(1, len(broken) + 1)
    wire = Wire()
    wire.expect([make()])
    for at in range(0, len(broken), size):
        values, failure = wire.receive(broken[at : at + size])
        if failure is not None:
            return "rejected"
        if values:
            return "decoded"
    return "greeted" if wire.greeted else "incomplete"


def templates(chance: random.Random) -> str:
    """Read a reply, perhaps damaged or in pieces, with the template of an earlier one.

    What is read must be what a reader without templates reads.
    """
    seed, reader = chance.randrange(1 << 40), AttributesReader()
    _exchanged(reader, [JavaWriter(shape=random.Random(seed)).attribute_list()])
    reply = JavaWriter(shape=random.Random(seed), numbers=chance).attribute_list()
    if chance.randrange(2):
        reply = bytes(mutated(reply, chance))
    size = chance.randrange(1, len(reply) + 1) if chance.randrange(3) == 0 else len(reply)
    known = _attributes(reader, [reply[at : at + size] for at in range(0, len(reply), size)])
    fresh = _attributes(AttributesReader(), [reply])
    if known != fresh:
        raise AssertionError(f"{reply.hex()} in pieces of {size}: {known} is not {fresh}")
    return known[0]


def _attributes(reader: ReplyReader, pieces: Sequence[bytes]) -> tuple[str, str]:
    values, failure = _exchanged(reader, pieces)
    shown = [
        (value.attributes, list(value.values)) if isinstance(value, AttributeValues) else value for value in values
    ]
    outcome = "rejected" if failure else "decoded" if values else "incomplete"
    return outcome, repr((shown, type(failure)))


_NAMES = (
    "kafka.producer:type=producer-topic-metrics,client-id=client-0,topic=topic-0",
    'kafka.producer:type=producer-metrics,client-id="orders,eu\\"\\*\\?\\n\\\\"',
    "kafka.producer:type=app-info,*",
    "*:*",
)
_NAME_WORDS = ('"', "\\", "\\n", "=", ",", ":", "*", "?", "\n", ",*", 'a="', "client-id=", '"' + "\\\\" * 30)


def object_names(chance: random.Random) -> str:
    """Parse a damaged name of an MBean."""
    try:
        ObjectName(mutated_text(chance.choice(_NAMES), chance, _NAME_WORDS))
    except ValueError:
        return "rejected"
    return "decoded"


class _Replies(dict[bytes, bytes]):
    """The recorded replies, and to any other request the reply *otherwise*."""

    def __init__(self, replies: dict[bytes, bytes], *, otherwise: bytes) -> None:
        super().__init__(replies)
        self._otherwise = otherwise

    def __missing__(self, request: bytes) -> bytes:
        return self._otherwise


def sessions(chance: random.Random) -> str:
    """Read a JVM one reply of which is damaged. A session that goes on with an undamaged JVM reads everything again."""
    conversation = _lenient_conversation()
    session, replay = new_session(), Replay(conversation, fragment=chance.choice((1 << 40, 1000)))
    number = chance.randrange(len(conversation.replies))
    reply = list(conversation.replies.values())[number]
    replay.instead[number] = bytes(
        chance.choice(list(conversation.failures.values())) if chance.randrange(8) == 0 else mutated(reply, chance)
    )
    outcome = "read"
    try:
        replay.read(session)
    except TransportError as error:
        outcome = str(error.reason)
    if chance.randrange(4):
        return outcome
    readings: list[Reading] = []
    for hour in (1.0, 2.0, 3.0):
        with suppress(TransportError):
            readings = Replay(conversation).read(session, now=hour * 3600)
    if len(readings) != _count_of_readings():
        raise AssertionError(f"{replay.instead} left {len(readings)} readings of {_count_of_readings()}")
    return outcome


@cache
def _lenient_conversation() -> RecordedConversation:
    recorded = _recorded()
    no_such_mbean = RecordedConversation.load().failures["InstanceNotFoundException"]
    return recorded._replace(replies=_Replies(recorded.replies, otherwise=no_such_mbean))


@cache
def _count_of_readings() -> int:
    return len(Replay(_lenient_conversation()).read(new_session()))


class _Printed(JarTransport):
    """A transport whose JVM printed *output*."""

    def __init__(self, output: str) -> None:
        super().__init__("127.0.0.1", 9999)
        self._output = output

    def _run(self, query: str, deadline: float) -> str:
        return self._output


def _record(selection: int, name: str, attribute: str, kind: str, value: str) -> str:
    return (
        f'{{"metricName" : "{selection}","metricLabels" : {{}},"mBeanName" : "{name}", "attribute" : "{attribute}"'
        f', "attributeType" : "{kind}", "value" : {value}}}'
    )


_OUTPUT = (
    "[\n"
    + ", \n".join(
        [
            _record(0, "kafka.producer:type=app-info,client-id=a", "version", "String", '"4.4.0"'),
            _record(0, r"kafka.producer:type=producer-metrics,client-id=\"a,b\"", "byte-total", "Double", "42.5"),
            _record(1, "kafka.producer:type=producer-metrics,client-id=b", "count", "Long", "17"),
            _record(1, "kafka.producer:type=producer-metrics,client-id=b", "on", "Boolean", "true"),
        ]
    )
    + "]\n"
)
_OUTPUT_WORDS = (
    '}, \n{"metricName" : "',
    '"',
    "9" * 5000,
    "NaN",
    "\\",
    "7",
    "٣",
    ", ",
    '"value" : ',
    '"Long"',
    "\n",
    "[",
)
_SELECTIONS = (EVERYTHING, Selection("kafka.producer:type=producer-metrics,*", lambda _, listed: listed))


def jar_output(chance: random.Random) -> str:
    """Parse the damaged output of the jar."""
    output = mutated_text(_OUTPUT, chance, _OUTPUT_WORDS)
    try:
        readings = _Printed(output).read(_SELECTIONS, deadline=time.monotonic() + 60.0)
    except TransportError:
        return "rejected"
    return "decoded" if readings else "empty"


DECODERS = (java_streams, greetings, replies_in_pieces, templates, object_names, sessions, jar_output)
