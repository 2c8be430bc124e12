"""Replies on the wire, in whatever pieces they arrive."""

import struct
import sys

import pytest

from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD, Wire
from kafka_producer_exporter.jmx.replies import decode_names
from kafka_producer_exporter.jmx.templates import AttributesReader, RepeatedReplyReader
from tests.jmx.conversation import GET_ATTRIBUTES, RecordedConversation
from tests.jmx.encoding import END, attribute_list, boxed, class_description, string

CONVERSATION = RecordedConversation.load()


def test_a_shorter_reply_that_arrives_in_two_pieces_is_read_once_it_is_complete():
    reader = AttributesReader()
    longer, shorter = (attribute_list(string("x" * count), boxed("Double", "d", 1.0)) for count in (9, 5))
    same_until = next(at for at in range(22, len(shorter)) if longer[at] != shorter[at])
    reader(bytearray(longer), 0)
    wire = Wire()
    wire.expect([reader])

    first_values, _ = wire.receive(CONVERSATION.greeting + shorter[:same_until])
    values, _ = wire.receive(shorter[same_until:])

    assert first_values == []
    assert [list(value.values) for value in values] == [["x" * 5, 1.0]]


def test_min_missing_bytes_is_never_more_than_what_is_still_to_arrive():
    first, second, *_ = CONVERSATION.replies_to(GET_ATTRIBUTES)
    stream = first + second + first
    wire, reader = Wire(), AttributesReader()
    wire.receive(CONVERSATION.greeting)
    wire.expect([reader] * 3)

    for at in range(len(stream)):
        assert wire.min_missing_bytes <= len(stream) - at
        wire.receive(stream[at : at + 1])

    assert not wire.waiting


def _reply_with_names(count: int) -> bytes:
    described = class_description("javax.management.ObjectName", 3)
    names = (
        b"\x73" + (b"\x71" + struct.pack(">i", 0x7E0002) if index else described) + string(f"a:b={index}") + END
        for index in range(count)
    )
    return REPLY_HEAD + bytes(14) + b"\x73" + class_description("java.util.HashSet", 3) + b"".join(names) + END


class _CountingBuffer(bytearray):
    """Counts the bytes that are compared with it."""

    compared = 0

    def startswith(self, prefix, start=0):
        self.compared += len(prefix)
        return super().startswith(prefix, start)


def _work(reader, reply: bytes, piece: int) -> tuple[int, int, object]:
    """Return how many functions are called and bytes compared to read a reply in pieces, and its value."""
    wire, calls, values = Wire(), 0, []
    buffer = wire._buffer = _CountingBuffer()
    wire.receive(CONVERSATION.greeting)
    wire.expect([reader])
    buffer.compared = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        for at in range(0, len(reply), piece):
            some, failure = wire.receive(reply[at : at + piece])
            assert failure is None
            values += some
    finally:
        sys.setprofile(None)
    [value] = values
    return calls, buffer.compared, value


@pytest.mark.parametrize("piece", [100, 1400])
def test_10_000_names_in_small_pieces_are_about_as_much_work_as_whole(piece):
    reply = _reply_with_names(10_000)

    whole, _, names = _work(RepeatedReplyReader(decode_names, keep=1), reply, len(reply))
    pieces, _, same = _work(RepeatedReplyReader(decode_names, keep=1), reply, piece)

    assert len(names.texts) == 10_000
    assert same == names
    assert pieces < 1.1 * whole + 40 * len(reply) / piece


@pytest.mark.parametrize("last", [b"", b"changed"])
def test_a_known_reply_in_small_pieces_is_compared_once_and_a_changed_one_twice(last):
    reply = _reply_with_names(2_000)
    changed = reply.replace(b"a:b=1999", b"a:b=2999") if last else reply
    reader = RepeatedReplyReader(decode_names, keep=1)
    reader(bytearray(reply), 0)

    _, compared, names = _work(reader, changed, 100)

    assert len(names.texts) == 2_000
    assert compared < 3 * len(reply)


def test_numbers_of_a_known_layout_in_small_pieces_are_compared_once():
    reply = attribute_list(string("x" * 60_000), boxed("Double", "d", 1.0), string("y" * 60_000))
    reader = AttributesReader()
    reader(bytearray(reply), 0)

    _, compared, result = _work(reader, reply, 100)

    assert result.values[1] == 1.0
    assert compared < 1.1 * len(reply)


def test_deep_values_in_single_bytes_are_work_in_proportion_to_their_size():
    nested = [attribute_list(*[_nested(40)] * count) for count in (2, 4)]

    work = [_work(AttributesReader(), reply, 1)[0] / len(reply) for reply in nested]

    assert work[1] < 1.2 * work[0]


def _nested(depth: int) -> bytes:
    array = b"\x75" + class_description("[LA;", 2) + struct.pack(">i", 1)
    return array * depth + b"\x70"


def test_an_error_keeps_nothing_of_what_was_received():
    wire = Wire()
    wire.receive(CONVERSATION.greeting)
    wire.expect([AttributesReader()])

    _, failure = wire.receive(b"\x00" * 100_000)

    assert failure.__traceback__ is None
    assert not wire._buffer
