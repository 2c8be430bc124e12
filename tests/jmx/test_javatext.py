import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx.javatext import decode_modified_utf8, encode_utf


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_decoding_modified_utf8_returns_the_text_that_was_encoded(text):
    assert decode_modified_utf8(encode_utf(text)[2:]) == text


@pytest.mark.parametrize(("text", "raw"), [("a\0b", b"a\xc0\x80b"), ("\U0001f600", b"\xed\xa0\xbd\xed\xb8\x80")])
def test_nul_and_astral_characters_are_encoded_as_java_encodes_them(text, raw):
    assert encode_utf(text) == len(raw).to_bytes(2, "big") + raw
    assert decode_modified_utf8(raw) == text


def test_half_a_surrogate_pair_is_replaced():
    assert decode_modified_utf8(b"a\xed\xa0\xbdb") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_text_that_is_too_long_for_java_is_rejected():
    with pytest.raises(ValueError, match="65535"):
        encode_utf("x" * 65536)
