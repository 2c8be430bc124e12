"""Replies read by comparison: always what taking them apart would give."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx.javastream import Decoder, JavaStreamError, NeedMore
from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_BODY, REPLY_HEAD, RemoteFailure, Wire
from kafka_producer_exporter.jmx.templates import Answer, AnswerReader, SameBytesReader, extract_listed
from tests.jmx.conversation import GET_ATTRIBUTES, GET_MBEAN_INFO, Conversation

CONVERSATION = Conversation.load()
ATTRIBUTES = [reply for request, reply in CONVERSATION.replies.items() if GET_ATTRIBUTES in request]
INFOS = [reply for request, reply in CONVERSATION.replies.items() if GET_MBEAN_INFO in request]


def attribute_list(*values: bytes, names: str = "abcdef") -> bytes:
    """Return a reply to getAttributes, with the values as they stand in the stream."""
    fields = b"".join(b"L" + encode_utf(name) + b"\x74" + encode_utf("S") for name in ("name", "value"))
    attribute = b"\x72" + encode_utf("javax.management.Attribute") + bytes(8) + b"\x02\x00\x02" + fields + b"\x78\x70"
    again = b"\x71" + struct.pack(">i", 0x7E0002)
    described = [b"\x73" + (again if index else attribute) for index in range(len(values))]
    body = b"".join(
        head + b"\x74" + encode_utf(name) + value for head, name, value in zip(described, names, values, strict=False)
    )
    listed = b"\x73\x72" + encode_utf("javax.management.AttributeList") + bytes(8) + b"\x03\x00\x00\x78\x70"
    return REPLY_HEAD + bytes(14) + listed + body + b"\x78"


def boxed(kind: str, code: str, number: float) -> bytes:
    layout = struct.Struct(f">{code}")
    field = {"d": b"D", "f": b"F", "i": b"I", "q": b"J", "h": b"S", "b": b"B", "?": b"Z"}[code]
    return (
        b"\x73\x72" + encode_utf(f"java.lang.{kind}") + bytes(8) + b"\x02\x00\x01" + field + encode_utf("value")
        + b"\x78\x70" + layout.pack(number)
    )  # fmt: skip


def taken_apart(reply: bytes) -> Answer:
    answer, _ = AnswerReader()(bytearray(reply), 0)
    assert isinstance(answer, Answer)
    return answer


def renumbered(reply: bytes, numbers: list[float]) -> bytes:
    """Return the reply with other numbers in its doubles, and another UID."""
    decoder = Decoder(reply, REPLY_BODY)
    decoder.value()
    changed = bytearray(reply)
    changed[8:22] = bytes(range(14))
    doubles = [hole.offset + REPLY_BODY for hole in decoder.holes if hole.format == "d"]
    for offset, number in zip(doubles, numbers, strict=False):
        changed[offset : offset + 8] = struct.pack(">d", number)
    return bytes(changed)


@given(reply=st.sampled_from(ATTRIBUTES), numbers=st.lists(st.floats(width=64), max_size=90))
@settings(max_examples=60, deadline=None)
def test_a_template_reads_what_taking_apart_reads(reply, numbers):
    reader = AnswerReader()
    reader(bytearray(reply), 0)
    other = renumbered(reply, numbers)

    answer, end = reader(bytearray(other + b"behind"), 0)

    assert repr(list(answer.values)) == repr(list(taken_apart(other).values))
    assert (answer.attributes, end) == (taken_apart(other).attributes, len(other))


def test_one_template_serves_all_answers_of_a_shape_and_they_share_their_attributes():
    reader = AnswerReader()
    reply = next(reply for reply in ATTRIBUTES if b"record-send-total" in reply)

    answers = [reader(bytearray(renumbered(reply, [float(number)])), 0)[0] for number in range(20)]

    assert len(reader._templates) == 1
    assert {id(answer.attributes) for answer in answers} == {id(answers[0].attributes)}
    assert [answer.values[0] for answer in answers] == list(range(20))


BOXED = [
    ("Double", "d", 0.5),
    ("Float", "f", 0.5),
    ("Integer", "i", -3),
    ("Long", "q", 1 << 40),
    ("Short", "h", -2),
    ("Byte", "b", 7),
    ("Boolean", "?", True),
]


@pytest.mark.parametrize(("kind", "code", "number"), BOXED)
def test_each_boxed_number_is_read_as_a_number(kind, code, number):
    reader, reply = AnswerReader(), bytearray(attribute_list(boxed(kind, code, number)))

    answers = [reader(reply, 0)[0] for _ in range(2)]

    assert [list(answer.values) for answer in answers] == [[number], [number]]
    assert all(type(answer.values[0]) is type(number) for answer in answers)


def test_strings_are_values_and_everything_else_is_none():
    reader = AnswerReader()
    composite = b"\x73\x72" + encode_utf("Composite") + bytes(8) + b"\x02\x00\x00\x78\x70"
    reply = bytearray(attribute_list(b"\x74" + encode_utf("up"), b"\x70", composite, boxed("Double", "d", 1.0)))

    answers = [reader(reply, 0)[0] for _ in range(2)]

    assert [list(answer.values) for answer in answers] == [["up", None, None, 1.0]] * 2


def test_a_number_that_is_referred_to_twice_is_read_right():
    reader = AnswerReader()
    # Handles: list 0 and 2, Attribute 1.. ; the boxed number is the eighth thing that is given one.
    reply = attribute_list(boxed("Long", "q", 5), b"\x71" + struct.pack(">i", 0x7E0008))

    values = [list(reader(bytearray(reply), 0)[0].values) for _ in range(2)]

    assert values == [[5, 5], [5, 5]]


def test_more_shapes_than_are_kept_are_still_read_right():
    reader = AnswerReader()
    replies = [attribute_list(b"\x74" + encode_utf("x" * length), boxed("Double", "d", length)) for length in range(9)]

    answers = [reader(bytearray(reply), 0)[0] for _ in range(2) for reply in replies]

    assert [list(answer.values) for answer in answers] == [["x" * length, float(length)] for length in range(9)] * 2


def test_a_shorter_reply_that_begins_like_a_longer_one_is_not_waited_for():
    reader = AnswerReader()
    longer = attribute_list(boxed("Double", "d", 1.0), b"\x74" + encode_utf("x" * 50))
    shorter = attribute_list(boxed("Double", "d", 1.0), b"\x74" + encode_utf("x" * 5))
    reader(bytearray(longer), 0)

    answer, end = reader(bytearray(shorter), 0)

    assert (list(answer.values), end) == ([1.0, "x" * 5], len(shorter))


def test_a_shorter_reply_that_comes_in_two_pieces_is_read_when_it_is_whole():
    reader = AnswerReader()
    longer, shorter = (attribute_list(b"\x74" + encode_utf("x" * count), boxed("Double", "d", 1.0)) for count in (9, 5))
    same_until = next(at for at in range(22, len(shorter)) if longer[at] != shorter[at])
    reader(bytearray(longer), 0)
    wire = Wire()
    wire.expect([reader])

    values, _ = wire.receive(CONVERSATION.greeting + shorter[:same_until])
    values_then, _ = wire.receive(shorter[same_until:])

    assert values == []
    assert [list(answer.values) for answer in values_then] == [["x" * 5, 1.0]]


def test_at_least_never_promises_more_than_is_still_to_come():
    stream = ATTRIBUTES[0] + ATTRIBUTES[1] + ATTRIBUTES[0]
    wire, reader = Wire(), AnswerReader()
    wire.receive(CONVERSATION.greeting)
    wire.expect([reader] * 3)

    for at in range(len(stream)):
        assert wire.at_least <= len(stream) - at
        wire.receive(stream[at : at + 1])

    assert not wire.waiting


def test_an_exception_is_never_taken_for_an_answer():
    reader = AnswerReader()
    reply = attribute_list(boxed("Double", "d", 1.0))
    reader(bytearray(reply), 0)

    answer, _ = reader(bytearray(reply[:7] + b"\x02" + reply[8:]), 0)

    assert isinstance(answer, RemoteFailure)


def test_a_number_inside_of_a_composite_is_not_taken_for_a_value():
    reader = AnswerReader()
    field = b"\x00\x01L" + encode_utf("used") + b"\x74" + encode_utf("N")
    composite = b"\x73\x72" + encode_utf("Composite") + bytes(8) + b"\x02" + field + b"\x78\x70" + boxed("Long", "q", 9)
    reply = attribute_list(composite, boxed("Double", "d", 0.5), b"\x74" + encode_utf("up"))

    answers = [reader(bytearray(reply), 0)[0] for _ in range(2)]

    assert [list(answer.values) for answer in answers] == [[None, 0.5, "up"]] * 2


@pytest.mark.parametrize("reply", [ATTRIBUTES[0], INFOS[0]], ids=["attributes", "info"])
def test_an_incomplete_reply_asks_for_more_wherever_it_ends(reply):
    reader = AnswerReader() if reply is ATTRIBUTES[0] else SameBytesReader(extract_listed, keep=1)
    reader(bytearray(reply), 0)

    for end in range(len(reply)):
        with pytest.raises(NeedMore) as more:
            reader(bytearray(reply[:end]), 0)

        assert end < more.value.need <= len(reply)


def test_equal_bytes_are_taken_apart_once():
    calls = []

    def extract(decoder: Decoder) -> object:
        calls.append(decoder)
        return extract_listed(decoder)

    reader = SameBytesReader(extract, keep=2)

    listed = [reader(bytearray(reply), 0)[0] for reply in (INFOS[0], INFOS[1], INFOS[0], INFOS[1])]

    assert listed[0] is listed[2]
    assert listed[1] is listed[3]
    assert len(calls) == 2


def test_only_attributes_that_can_be_a_number_or_a_string_are_listed():
    listed = [SameBytesReader(extract_listed, keep=1)(bytearray(reply), 0)[0] for reply in INFOS]

    assert any(set(some) == {"start-time-ms", "commit-id", "version"} for some in listed)
    assert any("record-send-total" in some and len(some) > 60 for some in listed)


def test_a_reply_of_another_sort_is_an_error():
    with pytest.raises(JavaStreamError, match="AttributeList expected"):
        AnswerReader()(bytearray(INFOS[0]), 0)
    with pytest.raises(JavaStreamError, match="MBeanInfo expected"):
        SameBytesReader(extract_listed, keep=1)(bytearray(ATTRIBUTES[0]), 0)
