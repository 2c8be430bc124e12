"""Replies on the wire, in whatever pieces they arrive."""

from kafka_producer_exporter.jmx.jrmp import Wire
from kafka_producer_exporter.jmx.templates import AttributesReader
from tests.jmx.conversation import GET_ATTRIBUTES, RecordedConversation
from tests.jmx.encoding import attribute_list, boxed, string

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
