"""The decoder reads what a JVM writes, and what a hostile peer writes does no harm."""

import contextlib
import gc
import struct
import tracemalloc

import pytest

from kafka_producer_exporter.jmx.javastream import (
    Decoder,
    JavaStreamError,
    Limits,
    MemoryLimitError,
    NeedMore,
    StreamLimitError,
    UnreadableError,
)
from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.net.pool import Pool, Reservation
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


def instances(number: int, description: bytes, fields: bytes = b"") -> bytes:
    """Return an object whose annotations are so many instances of one class."""
    first = b"\x73" + class_description("A", 3) + b"\x73" + description + fields
    return first + (b"\x73\x71" + struct.pack(">i", 0x7E0002) + fields) * (number - 1) + END


TEN_LONGS = b"\x00\x0a" + b"".join(b"J" + encode_utf(f"f{n}") for n in range(10))
LONGS = class_description("Longs", 2, TEN_LONGS)
LISTS = b"\x75" + class_description("[LA;", 2) + bytes(4)
STREAMS = {
    "nulls": b"\x73" + class_description("A", 3) + NULL * 100_000 + END,
    "objects": instances(5_000, class_description("B", 2)),
    "numbers in fields": instances(5_000, LONGS, struct.pack(">10q", *[1 << 50] * 10)),
    "boxes": instances(5_000, class_description("java.lang.Long", 2, b"\x00\x01J" + encode_utf("value")), bytes(8)),
    "names": b"\x73" + class_description("A", 3) + b"".join(string(f"{n:06}") for n in range(5_000)) + END,
    "a text of four bytes each": b"\x75"
    + class_description("[LA;", 2)
    + struct.pack(">i", 20)
    + (string("a" * 60_000 + "\U0001f600")) * 20,
    "blocks": b"\x73" + class_description("A", 3) + b"\x77\x02hi" * 5_000 + END,
    "an array of numbers": b"\x75" + class_description("[J", 2) + struct.pack(">i", 5_000) + bytes([1]) * 40_000,
    "an array of bytes": b"\x75" + class_description("[B", 2) + struct.pack(">i", 200_000) + bytes(200_000),
    "empty arrays": b"\x73"
    + class_description("A", 3)
    + LISTS
    + (b"\x75\x71" + struct.pack(">ii", 0x7E0002, 0)) * 5_000
    + END,
    "classes": b"\x73"
    + class_description("A", 3)
    + b"".join(b"\x76" + class_description(f"C{n:05}", 2) for n in range(2_000))
    + END,
    "classes with fields": b"\x73"
    + class_description("A", 3)
    + b"".join(b"\x76" + class_description(f"C{n:05}", 2, TEN_LONGS) for n in range(500))
    + END,
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_what_is_decoded_never_takes_much_more_memory_than_is_counted(stream):
    tracemalloc.start()
    try:
        decoder = Decoder(stream)
        kept = decoder.value()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert kept is not None
    assert taken < 1.15 * (decoder._kept + 100_000)
    assert decoder._kept < 3 * taken + 100_000


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_what_would_take_too_much_memory_is_rejected(stream):
    with pytest.raises(MemoryLimitError, match=r"more than its share of 0\.3 MB"):
        read(stream, memory=300_000)


@pytest.mark.parametrize("missing", [0, 1, 1000])
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_what_was_decoded_is_free_before_its_room_is_given_back(stream, missing):
    pool = Pool(64 << 20)
    reservation = Reservation(pool)
    gc.collect()
    gc.disable()  # it can take minutes until it runs
    tracemalloc.start()
    try:
        decoder = Decoder(stream[: len(stream) - missing], 0, Limits(reservation=reservation))
        with contextlib.suppress(NeedMore):
            decoder.value()
        before = tracemalloc.get_traced_memory()[0]
        reservation.release()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()

    assert pool.admit(64 << 20)
    assert after < before / 5  # free lists of the interpreter keep a little


def test_objects_that_refer_to_themselves_are_freed_too():
    itself = (
        b"\x73" + class_description("A", 3) + b"\x71" + struct.pack(">i", 0x7E0001) + b"\x77\xff" + bytes(255) + END
    )
    reservation = Reservation(Pool(64 << 20))
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(1_000):
            assert Decoder(itself, 0, Limits(reservation=reservation)).value()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()

    assert after < 50_000


def test_bytes_that_are_announced_count_before_they_arrive():
    pool = Pool(2 << 20)
    one, other = (Limits(reservation=Reservation(pool)) for _ in range(2))
    announced = b"\x7c" + struct.pack(">q", 1_200_000)

    with pytest.raises(NeedMore):
        Decoder(announced, 0, one).value()
    with pytest.raises(MemoryLimitError):
        Decoder(announced, 0, other).value()


def test_all_decoders_of_a_pool_share_it_and_small_replies_need_none():
    pool = Pool(2 << 20)
    one, other = (Limits(reservation=Reservation(pool)) for _ in range(2))

    Decoder(STREAMS["objects"], 0, one).value()
    with pytest.raises(MemoryLimitError, match=r"2\.1 MB"):
        Decoder(STREAMS["objects"], 0, other).value()
    assert Decoder(string("small"), 0, other).value() == "small"
    Decoder(string("the next reply"), 0, one)
    assert Decoder(STREAMS["objects"], 0, other).value()


def test_the_bytes_of_a_reply_that_is_not_complete_count_too():
    stream = string("a" * 60_000)
    whole = b"\x75" + class_description("[LA;", 2) + struct.pack(">i", 50) + stream * 50
    decoder = Decoder(whole[:-1], 0, Limits(memory=4_000_000))

    with pytest.raises(MemoryLimitError):
        decoder.value()


def test_a_class_that_is_its_own_superclass_is_rejected():
    with pytest.raises(JavaStreamError, match="its own superclass"):
        read(b"\x73" + class_description("A", 2, parent=b"\x71" + struct.pack(">i", 0x7E0000)))


def test_what_only_its_own_class_can_read_is_unreadable():
    with pytest.raises(UnreadableError, match=r"java\.time\.Ser"):
        read(b"\x73" + class_description("java.time.Ser", 4) + b"\x01\x02")


def test_a_value_that_the_jvm_could_not_serialize_is_unreadable():
    with pytest.raises(UnreadableError):
        read(b"\x73" + class_description("A", 3) + b"\x7b")
