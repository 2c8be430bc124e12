"""Comparing a reply with earlier ones always gives what decoding it would give."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx.javastream import Decoder, NeedMore
from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_BODY, RemoteFailure
from kafka_producer_exporter.jmx.replies import MAX_TEXT_LENGTH, decode_listed_attributes
from kafka_producer_exporter.jmx.templates import AttributesReader, AttributeValues, RepeatedReplyReader
from kafka_producer_exporter.net.pool import Pool
from tests.fuzz.java_writer import JavaWriter
from tests.jmx.conversation import GET_ATTRIBUTES, GET_MBEAN_INFO, RecordedConversation
from tests.jmx.encoding import END, NULL, attribute_list, boxed, class_description, string

CONVERSATION = RecordedConversation.load()
ATTRIBUTES = CONVERSATION.replies_to(GET_ATTRIBUTES)
INFOS = CONVERSATION.replies_to(GET_MBEAN_INFO)


def decoded(reply: bytes) -> AttributeValues:
    result, _ = AttributesReader()(bytearray(reply), 0)
    assert isinstance(result, AttributeValues)
    return result


def renumbered(reply: bytes, numbers: list[float]) -> bytes:
    """Return the reply with other numbers in its doubles, and with another UID."""
    decoder = Decoder(reply, REPLY_BODY)
    decoder.value()
    changed = bytearray(reply)
    changed[8:22] = bytes(range(14))
    doubles = [number.offset + REPLY_BODY for number in decoder.boxed_numbers if number.format == "d"]
    for offset, number in zip(doubles, numbers, strict=False):
        changed[offset : offset + 8] = struct.pack(">d", number)
    return bytes(changed)


@given(reply=st.sampled_from(ATTRIBUTES), numbers=st.lists(st.floats(width=64), max_size=90))
@settings(max_examples=60, deadline=None)
def test_a_template_reads_what_decoding_reads(reply, numbers):
    reader = AttributesReader()
    reader(bytearray(reply), 0)
    other = renumbered(reply, numbers)

    result, end = reader(bytearray(other + b"next"), 0)

    assert repr(list(result.values)) == repr(list(decoded(other).values))
    assert (result.attributes, end) == (decoded(other).attributes, len(other))


def test_replies_of_one_layout_share_one_template_and_one_list_of_attributes():
    reader = AttributesReader()
    reply = next(reply for reply in ATTRIBUTES if b"record-send-total" in reply)

    results = [reader(bytearray(renumbered(reply, [float(number)])), 0)[0] for number in range(20)]

    assert len(reader._templates) == 1
    assert {id(result.attributes) for result in results} == {id(results[0].attributes)}
    assert [result.values[0] for result in results] == list(range(20))


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
    reader, reply = AttributesReader(), bytearray(attribute_list(boxed(kind, code, number)))

    results = [reader(reply, 0)[0] for _ in range(2)]

    assert [list(result.values) for result in results] == [[number], [number]]
    assert all(type(result.values[0]) is type(number) for result in results)


def test_strings_are_values_and_everything_else_is_none():
    reader = AttributesReader()
    composite = b"\x73" + class_description("Composite", 2)
    reply = bytearray(attribute_list(string("up"), NULL, composite, boxed("Double", "d", 1.0)))

    results = [reader(reply, 0)[0] for _ in range(2)]

    assert [list(result.values) for result in results] == [["up", None, None, 1.0]] * 2


def test_a_number_that_is_sent_once_and_used_twice_is_read_correctly():
    reader = AttributesReader()
    # The list has handles 0 and 1, its first Attribute those from 2 on; the boxed number is the ninth object.
    reply = attribute_list(boxed("Long", "q", 5), b"\x71" + struct.pack(">i", 0x7E0008))

    values = [list(reader(bytearray(reply), 0)[0].values) for _ in range(2)]

    assert values == [[5, 5], [5, 5]]


def test_more_layouts_than_there_are_templates_are_read_correctly():
    reader = AttributesReader()
    replies = [attribute_list(string("x" * length), boxed("Double", "d", length)) for length in range(9)]

    results = [reader(bytearray(reply), 0)[0] for _ in range(2) for reply in replies]

    assert [list(result.values) for result in results] == [["x" * length, float(length)] for length in range(9)] * 2


def test_a_shorter_reply_that_begins_like_a_longer_one_is_read_at_once():
    reader = AttributesReader()
    longer = attribute_list(boxed("Double", "d", 1.0), string("x" * 50))
    shorter = attribute_list(boxed("Double", "d", 1.0), string("x" * 5))
    reader(bytearray(longer), 0)

    result, end = reader(bytearray(shorter), 0)

    assert (list(result.values), end) == ([1.0, "x" * 5], len(shorter))


def test_an_exception_never_matches_a_template():
    reader = AttributesReader()
    reply = attribute_list(boxed("Double", "d", 1.0))
    reader(bytearray(reply), 0)

    result, _ = reader(bytearray(reply[:7] + b"\x02" + reply[8:]), 0)

    assert isinstance(result, RemoteFailure)


def test_a_number_inside_a_composite_is_not_a_value():
    reader = AttributesReader()
    field = b"\x00\x01L" + encode_utf("used") + string("N")
    composite = b"\x73" + class_description("Composite", 2, field) + boxed("Long", "q", 9)
    reply = attribute_list(composite, boxed("Double", "d", 0.5), string("up"))

    results = [reader(bytearray(reply), 0)[0] for _ in range(2)]

    assert [list(result.values) for result in results] == [[None, 0.5, "up"]] * 2


@pytest.mark.parametrize("reply", [ATTRIBUTES[0], INFOS[0]], ids=["attributes", "info"])
def test_an_incomplete_reply_asks_for_more_wherever_it_ends(reply):
    reader = AttributesReader() if reply is ATTRIBUTES[0] else RepeatedReplyReader(decode_listed_attributes, keep=1)
    reader(bytearray(reply), 0)

    for end in range(len(reply)):
        with pytest.raises(NeedMore) as more:
            reader(bytearray(reply[:end]), 0)

        assert end < more.value.need <= len(reply)


def test_equal_replies_are_decoded_once():
    calls = []

    def decode(decoder: Decoder) -> object:
        calls.append(decoder)
        return decode_listed_attributes(decoder)

    reader = RepeatedReplyReader(decode, keep=2)

    listed = [reader(bytearray(reply), 0)[0] for reply in (INFOS[0], INFOS[1], INFOS[0], INFOS[1])]

    assert listed[0] is listed[2]
    assert listed[1] is listed[3]
    assert len(calls) == 2


def _reference(handle: int) -> bytes:
    return b"\x71" + struct.pack(">i", 0x7E0000 + handle)


def _list_of(*values: bytes) -> bytes:
    return b"\x73" + class_description("java.util.ArrayList", 3) + b"".join(values) + END


def test_as_many_numbers_as_values_are_no_template_if_one_is_used_twice_and_another_is_in_a_list():
    reader = AttributesReader()

    def reply(number):
        # The list has handles 0 and 1, its first Attribute those from 2 on; the boxed number is the ninth object.
        return attribute_list(boxed("Long", "q", number), _reference(8), _list_of(boxed("Long", "q", 0)))

    values = [list(reader(bytearray(reply(number)), 0)[0].values) for number in (0, 9)]

    assert values == [[0, 0, None], [9, 9, None]]


def test_a_box_that_writes_more_than_its_number_is_read_as_its_number():
    reader = AttributesReader()

    def reply(number):
        fields = b"\x00\x01J" + encode_utf("value")
        box = b"\x73" + class_description("java.lang.Long", 3, fields) + struct.pack(">q", number)
        return attribute_list(box + END, boxed("Double", "d", 0.5))

    # Each byte of the first number is the mark that ends what its class writes.
    numbers = [int.from_bytes(END * 8, "big"), int.from_bytes(END * 7 + b"\x09", "big"), 300]
    values = [list(reader(bytearray(reply(number)), 0)[0].values) for number in numbers]

    assert values == [[number, 0.5] for number in numbers]


def test_a_template_reads_what_decoding_reads_of_3_000_odd_replies():
    matched = 0

    for seed in range(3_000):
        reader = AttributesReader()
        for numbers in (None, random.Random(1), random.Random(2)):
            reply = JavaWriter(shape=random.Random(seed), numbers=numbers).attribute_list()
            fresh, end = AttributesReader()(bytearray(reply), 0)
            known = len(reader._templates)

            found, found_end = reader(bytearray(reply), 0)

            assert (found.attributes, repr(list(found.values))) == (fresh.attributes, repr(list(fresh.values))), seed
            assert found_end == end == len(reply)
            matched += known and len(reader._templates) == known
    assert matched > 1_000


def replies_with_a_number(number: int) -> list[bytearray]:
    """Return so many replies to the same question, of which no two have the same layout."""
    return [bytearray(attribute_list(string("x" * length), boxed("Double", "d", 1.0))) for length in range(number)]


def test_all_readers_of_a_session_share_the_room_for_templates_and_give_it_back():
    one_reply, another_reply = replies_with_a_number(2)
    room = Pool(len(one_reply) + 300)
    one, other = AttributesReader(room=room), AttributesReader(room=room)

    for reader in (one, other, other):
        assert reader(one_reply, 0)[0].values == ["", 1.0]

    assert (len(one._templates), len(other._templates)) == (1, 0)
    del one, reader
    assert other(another_reply, 0)[0].values == ["x", 1.0]
    assert len(other._templates) == 1


def test_a_long_reply_leaves_nothing_behind():
    reply = bytearray(attribute_list(*[string("x" * 50_000)] * 4, boxed("Double", "d", 1.0)))
    reader = AttributesReader()

    values = reader(reply, 0)[0].values

    assert reader._templates == []
    assert [len(text) for text in values[:4]] == [MAX_TEXT_LENGTH + 1] * 4

    names = RepeatedReplyReader(lambda decoder: decoder.value() and "decoded", keep=1, max_bytes=len(reply) - 1)
    assert names(reply, 0) == ("decoded", len(reply))
    assert names._known == []


def test_only_requested_attributes_are_returned_each_once_and_under_the_name_that_was_requested():
    requested = ("a", "b", "c")
    reply = attribute_list(*[boxed("Double", "d", n) for n in range(5)], names=["b", "z", "a", "b", "c"])

    result, end = AttributesReader(requested)(bytearray(reply), 0)

    assert (result.attributes, list(result.values), end) == (("b", "a", "c"), [0.0, 2.0, 4.0], len(reply))
    assert all(any(name is each for each in requested) for name in result.attributes)
