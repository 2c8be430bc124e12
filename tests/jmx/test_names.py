"""The reply of queryNames, however large and odd it is: what is kept of it, and what is left out and counted."""

import struct
import time
import tracemalloc
from functools import partial
from itertools import count, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx import javastream, replies
from kafka_producer_exporter.jmx.javastream import JavaStreamError, Limits, MemoryLimitError, StreamLimitError
from kafka_producer_exporter.jmx.jrmp import REPLY_HEAD, Wire, read_reply
from kafka_producer_exporter.jmx.replies import MAX_NAMES, Names, decode_names
from kafka_producer_exporter.jmx.templates import RepeatedReplyReader
from kafka_producer_exporter.jmx.watched import AttributeQuery, WatchedMBeans
from kafka_producer_exporter.net.pool import Pool, Reservation
from tests.jmx.conversation import EVERYTHING
from tests.jmx.encoding import END, class_description, string

SET = REPLY_HEAD + bytes(14) + b"\x73" + class_description("java.util.HashSet", 3) + b"\x77\x08" + bytes(8)
NAME_CLASS = class_description("javax.management.ObjectName", 3)
SAME_CLASS = b"\x71" + struct.pack(">i", 0x7E0002)
TOPICS = "type=producer-topic-metrics"


def element(text, described=SAME_CLASS):
    return b"\x73" + described + text + END


def names(*texts):
    """Return the encoded elements for names."""
    return [element(string(text), SAME_CLASS if index else NAME_CLASS) for index, text in enumerate(texts)]


def topic_names(number):
    yield from names(*(f"kafka.producer:type=producer-topic-metrics,client-id=a,topic=t-{n}" for n in range(number)))


def long_string(length):
    return b"\x7c" + struct.pack(">q", length) + b"x" * length


def in_pieces(elements, size=1 << 16):
    waiting = bytearray(SET)
    for one in elements:
        waiting += one
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    yield bytes(waiting + END)


def read(elements, *, last=(), size=1 << 16):
    """Return the Names in a set of these elements, which arrives in pieces, and the largest size of the buffer."""
    wire, values, largest = Wire(), [], 0
    wire.receive(b"\x4e" + bytes(6))
    wire.expect([RepeatedReplyReader(partial(decode_names, last=last), keep=1)])
    for piece in in_pieces(elements, size):
        some, failure = wire.receive(piece)
        if failure is not None:
            raise failure
        values += some
        largest = max(largest, len(wire._buffer))
    assert not wire.waiting
    [found] = values
    return found, largest


def test_of_150_000_names_as_many_are_kept_as_can_be_read_and_the_others_are_counted():
    began = time.process_time()

    found, largest = read(topic_names(150_000))

    assert (len(found.texts), found.too_many, found.unusable) == (MAX_NAMES, 150_000 - MAX_NAMES, 0)
    assert not found.complete
    assert largest < 10 << 20
    assert time.process_time() - began < 10


def test_names_that_may_be_left_out_first_displace_no_others(monkeypatch):
    monkeypatch.setattr(replies, "MAX_NAMES", 1_000)
    clients = [f"kafka.producer:type=producer-metrics,client-id=c-{n}" for n in range(10)]

    found, _ = read([*topic_names(1_005), *(element(string(text)) for text in clients)], last=(TOPICS,))

    assert found.too_many == 5
    assert found.complete
    assert set(clients) <= set(found.texts)


def test_long_names_are_kept_up_to_a_number_of_bytes():
    texts = (f"a:b={'x' * 60_000}{number}" for number in count())

    found, largest = read(names(*islice(texts, 400)))

    assert len(found.texts) == (8 << 20) // 60_005
    assert found.too_many == 400 - len(found.texts)
    assert largest < 10 << 20


def test_a_name_of_a_megabyte_is_left_out_and_the_others_are_kept():
    first, *others = names(*(f"a:b={number}" for number in range(100)))

    found, _ = read([first, element(long_string(1 << 20)), *others, element(long_string(0x10000))])

    assert found == Names(tuple(f"a:b={number}" for number in range(100)), unusable=2)


def test_elements_that_are_not_names_are_left_out_and_the_others_are_kept():
    odd = [
        b"\x70",  # null
        string("a:b=text"),
        b"\x73" + SAME_CLASS + END,  # a name without a text
        element(b"\x70"),
        element(string("a:b=other"), class_description("java.lang.Other", 3)),
        b"\x71" + struct.pack(">i", 0x7E0000),  # a class
    ]

    found, _ = read([*names("a:b=1"), *odd, element(string("a:b=2"))])

    assert found == Names(("a:b=1", "a:b=2"), unusable=len(odd))


def test_a_class_that_comes_later_can_be_referred_to_and_a_name_cannot():
    other = class_description("javax.management.ObjectName", 3)
    elements = [*names("a:b=1", "a:b=2"), element(string("a:b=3"), other)]
    handle = 0x7E0002 + 3 + 2  # a class, an object and its text; an object and its text
    reference = b"\x71" + struct.pack(">i", handle)

    found, _ = read([*elements, element(string("a:b=4"), reference)])

    assert found.texts == ("a:b=1", "a:b=2", "a:b=3", "a:b=4")
    with pytest.raises(JavaStreamError, match="a reference to an object that was not sent"):
        read([*elements, b"\x71" + struct.pack(">i", handle - 1)])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=12),
    st.integers(1, 200),
)
def test_names_are_the_same_in_pieces_and_without_the_short_way(texts, size):
    elements = names(*texts)
    whole, _ = read(elements)
    pieces, _ = read(elements, size=size)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(javastream, "_is_bare", lambda _: False)
        general, _ = read(elements)

    assert whole == pieces == general == Names(tuple(texts))


def test_a_reply_that_does_not_end_is_a_limit(monkeypatch):
    monkeypatch.setattr(replies, "MAX_NAMES_SEEN", 1_000)

    with pytest.raises(StreamLimitError, match="more than 1,000 names"):
        read(topic_names(1_001))


def test_a_reply_of_many_large_names_and_classes_needs_little_memory():
    def odd(number):
        for at in range(number):
            yield element(string(f"a:b={at}"), class_description(f"A{at}" + "x" * 60_000, 3))

    tracemalloc.start()
    try:
        with pytest.raises(StreamLimitError, match="classes of more than"):
            read(odd(1_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 64 << 20


def test_names_that_are_kept_count_while_they_arrive():
    pool = Pool(4 << 20)
    one, other = (Limits(reservation=Reservation(pool)) for _ in range(2))
    many = names(*(f"a:b={number:0100}" for number in range(10_000)))
    reply = bytearray(b"".join(in_pieces([*many])))

    assert len(read_reply(reply, 0, decode_names, one)[0].texts) == 10_000
    with pytest.raises(MemoryLimitError):
        read_reply(reply, 0, decode_names, other)
    assert one.reservation.taken > 10_000 * 150


@pytest.mark.parametrize("length", [20, 1000])
def test_names_without_room_are_left_out_and_the_others_fit_into_the_memory_of_a_reply(length):
    limits = Limits(size=1 << 20, memory=2 << 20, reservation=Reservation(Pool(4 << 20)))
    watched = WatchedMBeans(EVERYTHING._replace(last=("late",)), AttributeQuery, limits=limits)
    texts = (f"a:{kind}={number:0{length}}" for number in range(25_000) for kind in ("late", "b"))
    wire = Wire()
    wire.receive(b"\x4e" + bytes(6))
    wire.expect([watched.names_reader])

    [kept] = [value for piece in in_pieces(names(*texts)) for value in wire.receive(piece)[0]]

    assert kept.too_many > 0
    assert not kept.complete
    assert len(kept.texts) + kept.too_many == 50_000
    assert 0 < limits.reservation.taken <= limits.memory


def test_mbeans_that_wait_to_be_listed_need_little_memory():
    texts = tuple(f"kafka.producer:type=producer-metrics,client-id=c{number}" for number in range(10_000))
    watched = WatchedMBeans(EVERYTHING, AttributeQuery)
    tracemalloc.start()
    try:
        assert len(watched.update_names(Names(texts), 0.0)) == len(texts)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert taken < 1_000_000


def test_a_reply_that_is_too_large_to_be_remembered_is_read_again_with_the_same_result():
    elements = [*names(*(f"a:b={'x' * 1000}{number}" for number in range(9_000)))]
    reader = RepeatedReplyReader(decode_names, keep=1)
    reply = bytearray(b"".join(in_pieces(elements)))

    first, end = reader(reply, 0)
    again, same_end = reader(reply, 0)

    assert end == same_end == len(reply)
    assert first == again
    assert first.too_many > 0
