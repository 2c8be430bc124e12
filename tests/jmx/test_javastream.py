"""The decoder reads what a JVM writes, and what a hostile peer writes does no harm."""

import struct

import pytest

from kafka_producer_exporter.jmx.javastream import Decoder, JavaStreamError, Limits, StreamLimitError, UnreadableError
from kafka_producer_exporter.jmx.javatext import encode_utf
from tests.jmx.encoding import END, NO_PARENT, NULL, class_description, string


def read(stream: bytes, **limits: int):
    return Decoder(stream, 0, Limits(**limits)).value()


def test_a_reference_is_the_object_that_was_sent_before():
    strings = b"\x75" + class_description("[Ljava.lang.String;", 2) + struct.pack(">i", 2) + string("a")

    assert read(strings + b"\x71" + struct.pack(">i", 0x7E0002)) == ["a", "a"]


def test_fields_and_annotations_are_read():
    fields = b"\x00\x02" + b"I" + encode_utf("size") + b"L" + encode_utf("name") + string("LName;")
    stream = b"\x73" + class_description("Box", 3, fields) + struct.pack(">i", 7) + NULL + b"\x77\x02hi" + NULL + END

    box = read(stream)

    assert (box.class_name, box.fields, box.annotations) == ("Box", {"size": 7, "name": None}, [b"hi", None])


def test_an_array_of_bytes_or_of_numbers_is_read():
    assert read(b"\x75" + class_description("[B", 2) + struct.pack(">i", 3) + b"abc") == b"abc"
    assert read(b"\x75" + class_description("[J", 2) + struct.pack(">iqq", 2, 5, -6)) == [5, -6]


def test_an_enum_a_class_and_a_proxy_are_read():
    assert read(b"\x7e" + class_description("State", 0x12) + string("UP")).annotations == ["UP"]
    assert read(b"\x76" + class_description("Name", 2)).class_name == "java.lang.Class"
    assert read(b"\x73\x7d" + struct.pack(">i", 1) + encode_utf("I") + END + NO_PARENT).class_name.endswith("Proxy")


def test_a_reset_is_accepted_only_outside_of_an_object():
    assert read(b"\x79\x74" + encode_utf("a")) == "a"
    with pytest.raises(JavaStreamError, match="unknown tag 79"):
        read(b"\x75" + class_description("[LA;", 2) + struct.pack(">i", 2) + b"\x79\x74" + encode_utf("a"))


def test_a_boxed_number_without_a_value_is_read_as_an_object():
    assert read(b"\x73" + class_description("java.lang.Double", 0, b"\x00\x01D" + encode_utf("value"))).fields == {}


@pytest.mark.parametrize(
    "stream",
    [
        b"\x7c" + struct.pack(">q", 2 << 30),
        b"\x7c" + b"\xff" * 8,
        b"\x75" + class_description("[B", 2) + struct.pack(">i", 0x7FFFFFFF),
        b"\x75" + class_description("[J", 2) + struct.pack(">i", -1),
        b"\x75" + class_description("[LA;", 2) + struct.pack(">i", 0x7FFFFFFF),
        b"\x73" + class_description("A", 3) + b"\x7a" + struct.pack(">i", 0x7FFFFFFF),
        b"\x73\x7d" + struct.pack(">i", 0x7FFFFFFF),
    ],
)
def test_a_length_beyond_the_limit_is_rejected_before_its_bytes_arrive(stream):
    with pytest.raises(StreamLimitError):
        read(stream)


def test_endless_nesting_is_rejected():
    array = b"\x75" + class_description("[LA;", 2) + struct.pack(">i", 1)
    nested = array + (b"\x75\x71" + struct.pack(">ii", 0x7E0000, 1)) * 100_000

    with pytest.raises(StreamLimitError, match="deep"):
        read(nested)


def test_endless_superclasses_are_rejected():
    stream = class_description("A", 2, parent=b"") * 1000

    with pytest.raises(StreamLimitError, match="deep"):
        read(b"\x73" + stream)


def test_an_endless_list_of_nulls_is_rejected():
    with pytest.raises(StreamLimitError, match="values"):
        read(b"\x73" + class_description("A", 3) + NULL * 300_000)


def test_a_class_that_is_its_own_superclass_is_rejected():
    with pytest.raises(JavaStreamError, match="its own superclass"):
        read(b"\x73" + class_description("A", 2, parent=b"\x71" + struct.pack(">i", 0x7E0000)))


def test_what_only_its_own_class_can_read_is_unreadable():
    with pytest.raises(UnreadableError, match=r"java\.time\.Ser"):
        read(b"\x73" + class_description("java.time.Ser", 4) + b"\x01\x02")


def test_a_value_that_the_jvm_could_not_serialize_is_unreadable():
    with pytest.raises(UnreadableError):
        read(b"\x73" + class_description("A", 3) + b"\x7b")
