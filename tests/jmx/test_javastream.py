"""The codec: what a JVM writes is read, and what a hostile peer writes does no harm."""

import random
import resource
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx.javastream import (
    Decoder,
    JavaStreamError,
    Limits,
    NeedMore,
    StreamLimitError,
    UnreadableError,
)
from kafka_producer_exporter.jmx.javatext import decode_modified_utf8, encode_utf
from kafka_producer_exporter.jmx.stubs import read_stub
from kafka_producer_exporter.jmx.templates import AnswerReader, SameBytesReader, extract_listed, extract_names
from tests.jmx.conversation import GET_ATTRIBUTES, GET_MBEAN_INFO, LOOKUP, QUERY_NAMES, Conversation

NULL, END, NO_PARENT = b"\x70", b"\x78", b"\x70"


def described(name: str, flags: int, fields: bytes = b"\x00\x00", parent: bytes = NO_PARENT) -> bytes:
    return b"\x72" + encode_utf(name) + bytes(8) + bytes([flags]) + fields + END + parent


def read(stream: bytes, **limits: int):
    return Decoder(stream, 0, Limits(**limits)).value()


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_a_text_comes_back_from_modified_utf8(text):
    assert decode_modified_utf8(encode_utf(text)[2:]) == text


@pytest.mark.parametrize(("text", "raw"), [("a\0b", b"a\xc0\x80b"), ("\U0001f600", b"\xed\xa0\xbd\xed\xb8\x80")])
def test_nul_and_astral_characters_are_written_as_java_does(text, raw):
    assert encode_utf(text) == len(raw).to_bytes(2, "big") + raw
    assert decode_modified_utf8(raw) == text


def test_half_a_surrogate_pair_is_replaced():
    assert decode_modified_utf8(b"a\xed\xa0\xbdb") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_text_that_java_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="65535"):
        encode_utf("x" * 65536)


def test_a_reference_is_the_object_that_was_sent_before():
    strings = b"\x75" + described("[Ljava.lang.String;", 2) + struct.pack(">i", 2) + b"\x74" + encode_utf("a")

    assert read(strings + b"\x71" + struct.pack(">i", 0x7E0002)) == ["a", "a"]


def test_fields_and_what_a_class_wrote_besides_are_read():
    fields = b"\x00\x02" + b"I" + encode_utf("size") + b"L" + encode_utf("name") + b"\x74" + encode_utf("LName;")
    stream = b"\x73" + described("Box", 3, fields) + struct.pack(">i", 7) + NULL + b"\x77\x02hi" + NULL + END

    box = read(stream)

    assert (box.class_name, box.fields, box.annotations) == ("Box", {"size": 7, "name": None}, [b"hi", None])


def test_an_array_of_bytes_or_of_numbers_is_read():
    assert read(b"\x75" + described("[B", 2) + struct.pack(">i", 3) + b"abc") == b"abc"
    assert read(b"\x75" + described("[J", 2) + struct.pack(">iqq", 2, 5, -6)) == [5, -6]


def test_an_enum_a_class_and_a_proxy_are_read():
    assert read(b"\x7e" + described("State", 0x12) + b"\x74" + encode_utf("UP")).annotations == ["UP"]
    assert read(b"\x76" + described("Name", 2)).class_name == "java.lang.Class"
    assert read(b"\x73\x7d" + struct.pack(">i", 1) + encode_utf("I") + END + NO_PARENT).class_name.endswith("Proxy")


def test_a_reset_forgets_what_can_be_referred_to():
    assert read(b"\x79\x74" + encode_utf("a")) == "a"
    with pytest.raises(JavaStreamError, match="unknown tag 79"):
        read(b"\x75" + described("[LA;", 2) + struct.pack(">i", 2) + b"\x79\x74" + encode_utf("a"))


def test_a_boxed_number_without_its_number_is_no_number():
    assert read(b"\x73" + described("java.lang.Double", 0, b"\x00\x01D" + encode_utf("value"))).fields == {}


@pytest.mark.parametrize(
    "stream",
    [
        b"\x7c" + struct.pack(">q", 2 << 30),
        b"\x7c" + b"\xff" * 8,
        b"\x75" + described("[B", 2) + struct.pack(">i", 0x7FFFFFFF),
        b"\x75" + described("[J", 2) + struct.pack(">i", -1),
        b"\x75" + described("[LA;", 2) + struct.pack(">i", 0x7FFFFFFF),
        b"\x73" + described("A", 3) + b"\x7a" + struct.pack(">i", 0x7FFFFFFF),
        b"\x73\x7d" + struct.pack(">i", 0x7FFFFFFF),
    ],
)
def test_a_length_beyond_all_bounds_is_refused_before_its_bytes_are_waited_for(stream):
    with pytest.raises(StreamLimitError):
        read(stream)


def test_endless_nesting_is_refused():
    array = b"\x75" + described("[LA;", 2) + struct.pack(">i", 1)
    nested = array + (b"\x75\x71" + struct.pack(">ii", 0x7E0000, 1)) * 100_000

    with pytest.raises(StreamLimitError, match="deep"):
        read(nested)


def test_endless_superclasses_are_refused():
    stream = b"".join(b"\x72" + encode_utf("A") + bytes(8) + b"\x02\x00\x00" + END for _ in range(1000))

    with pytest.raises(StreamLimitError, match="deep"):
        read(b"\x73" + stream)


def test_an_endless_list_of_nothing_is_refused():
    with pytest.raises(StreamLimitError, match="values"):
        read(b"\x73" + described("A", 3) + NULL * 300_000)


def test_a_class_cannot_be_above_itself():
    with pytest.raises(JavaStreamError, match="above itself"):
        read(b"\x73" + described("A", 2, parent=b"\x71" + struct.pack(">i", 0x7E0000)))


def test_what_only_its_own_class_can_read_is_given_up():
    with pytest.raises(UnreadableError, match=r"java\.time\.Ser"):
        read(b"\x73" + described("java.time.Ser", 4) + b"\x01\x02")


def test_a_value_that_the_jvm_could_not_write_is_given_up():
    with pytest.raises(UnreadableError):
        read(b"\x73" + described("A", 3) + b"\x7b")


def _small_replies() -> list[tuple[bytes, object]]:
    """Return recorded replies, the smallest of each sort, and how to make a reader for them."""
    conversation = Conversation.load()
    by_size = sorted(conversation.replies.items(), key=lambda item: len(item[1]))

    def smallest(mark: bytes) -> bytes:
        return next(reply for request, reply in by_size if mark in request)

    return [
        (smallest(LOOKUP), lambda: read_stub),
        (smallest(QUERY_NAMES), lambda: SameBytesReader(extract_names, keep=1)),
        (smallest(GET_MBEAN_INFO), lambda: SameBytesReader(extract_listed, keep=1)),
        (smallest(GET_ATTRIBUTES), AnswerReader),
        (conversation.failures["NoSuchObjectException"], lambda: read_stub),
    ]


def _mutated(reply: bytes, chance: random.Random) -> bytearray:
    """Break a reply as a bad wire or a bad peer might: bytes changed, lengths blown up, pieces cut or repeated."""
    broken = bytearray(reply)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(broken))
        kind = chance.randrange(6)
        if kind < 2:
            broken[at] = chance.randrange(256)
        elif kind == 2:
            broken[at] = chance.randrange(0x70, 0x7F)  # another tag
        elif kind == 3:
            broken[at : at + 4] = chance.choice((b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\xff\xff"))
        elif kind == 4:
            del broken[at : at + chance.randrange(1, 9)]
        else:
            piece = broken[at : at + chance.randrange(1, 40)]
            place = chance.randrange(len(broken))
            broken[place:place] = piece
        if not broken:
            return bytearray(b"\x00")
    return broken


def test_a_hundred_thousand_mutated_replies_raise_nothing_but_the_two_intended_errors():
    seed = 13
    chance = random.Random(seed)
    replies = _small_replies()
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, intended = 0.0, 0
    fresh = [make() for _, make in replies]

    for number in range(100_000):
        which = chance.randrange(len(replies))
        broken = _mutated(replies[which][0], chance)
        began = time.perf_counter()
        try:
            fresh[which](broken, 0)
        except (NeedMore, JavaStreamError):
            intended += 1
        except Exception as error:  # noqa: BLE001 - the point of the test
            pytest.fail(f"seed {seed}, reply {number}: {error!r} of {broken.hex()}")
        slowest = max(slowest, time.perf_counter() - began)
        if number % 100 == 0:  # what was made of broken replies must not decide about the next ones
            fresh = [make() for _, make in replies]

    assert intended > 50_000
    assert slowest < 2.0, f"seed {seed}"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before < 64 * 1024, f"seed {seed}"
