import pytest

from kafka_producer_exporter.jmx.javastream import Decoder, JavaStreamError
from kafka_producer_exporter.jmx.javatext import encode_utf
from kafka_producer_exporter.jmx.jrmp import REPLY_BODY
from kafka_producer_exporter.jmx.replies import decode_attribute_list, decode_listed_attributes, decode_names
from tests.jmx.conversation import GET_ATTRIBUTES, GET_MBEAN_INFO, JAVA_8_FILE, QUERY_NAMES, RecordedConversation

CONVERSATION = RecordedConversation.load()


def value_of(mark: bytes) -> Decoder:
    """Return a decoder at the value of the first recorded reply to this kind of request."""
    return Decoder(CONVERSATION.reply(mark), REPLY_BODY)


def test_only_attributes_that_can_be_a_number_or_a_string_are_listed():
    listed = [
        set(decode_listed_attributes(Decoder(reply, REPLY_BODY))) for reply in CONVERSATION.replies_to(GET_MBEAN_INFO)
    ]

    assert {"start-time-ms", "commit-id", "version"} in listed
    assert any("record-send-total" in attributes and len(attributes) > 60 for attributes in listed)


def test_an_attribute_whose_name_is_too_long_for_a_request_is_not_listed():
    reply = CONVERSATION.reply(GET_MBEAN_INFO)
    known = decode_listed_attributes(Decoder(reply, REPLY_BODY))
    name = encode_utf(known[0])
    long_string = b"\x7c" + (30_000).to_bytes(8, "big") + b"x" * 30_000

    listed = decode_listed_attributes(Decoder(reply.replace(b"\x74" + name, long_string, 1), REPLY_BODY))

    assert listed == known[1:]


def test_the_names_are_decoded_as_texts():
    assert "kafka.producer:type=producer-metrics,client-id=client-0" in decode_names(value_of(QUERY_NAMES)).texts


def test_a_name_that_claims_to_be_a_set_does_not_hide_the_names_after_it():
    reply = RecordedConversation.load(JAVA_8_FILE).reply(QUERY_NAMES)
    known = decode_names(Decoder(reply, REPLY_BODY)).texts
    a_name, a_set = b"\x73\x71" + (0x7E0002).to_bytes(4, "big"), b"\x73\x71" + (0x7E0000).to_bytes(4, "big")

    names = decode_names(Decoder(reply.replace(a_name, a_set, 1), REPLY_BODY))

    assert names.texts == (known[0], *known[2:])
    assert names.unusable == 1


@pytest.mark.parametrize(
    ("decode", "mark", "expected"),
    [
        (decode_attribute_list, GET_MBEAN_INFO, "AttributeList was expected"),
        (decode_listed_attributes, GET_ATTRIBUTES, "MBeanInfo was expected"),
        (decode_names, GET_ATTRIBUTES, "HashSet was expected"),
    ],
)
def test_a_reply_of_another_kind_is_an_error(decode, mark, expected):
    with pytest.raises(JavaStreamError, match=expected):
        decode(value_of(mark))
