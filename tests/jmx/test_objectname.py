"""Names of MBeans, as Kafka and the JVM write them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.jmx.objectname import ObjectName


def quoted(value: str) -> str:
    """Quote a value as javax.management.ObjectName.quote does."""
    return '"' + re.sub(r'(["\\*?])', r"\\\1", value).replace("\n", r"\n") + '"'


def test_properties_keep_the_order_of_the_text():
    name = ObjectName("kafka.producer:type=producer-topic-metrics,client-id=orders,topic=paid")

    assert name.domain == "kafka.producer"
    assert list(name.properties.items()) == [
        ("type", "producer-topic-metrics"),
        ("client-id", "orders"),
        ("topic", "paid"),
    ]


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ('a:client-id="orders,eu",type=x', "orders,eu"),
        ('a:client-id="a=b:c",type=x', "a=b:c"),
        (r'a:client-id="\"a\"\\\n\*\?",type=x', '"a"\\\n*?'),
        ('a:client-id="한글",type=x', "한글"),
        ("a:client-id=,type=x", ""),
        ("a:client-id=50% off,type=x", "50% off"),
    ],
)
def test_a_value_is_unquoted(text, client):
    assert ObjectName(text).properties == {"client-id": client, "type": "x"}


@given(st.dictionaries(st.sampled_from(["client-id", "topic", "node-id"]), st.text(), min_size=1))
@settings(max_examples=100, deadline=None)
def test_unquoting_returns_the_value_that_was_quoted(properties):
    text = "kafka.producer:" + ",".join(f"{key}={quoted(value)}" for key, value in properties.items())

    assert ObjectName(text).properties == properties


@pytest.mark.parametrize("text", ["kafka.producer:*", "kafka.producer:type=*,*", "*:*", "a:*,b=c", 'a:b="*"'])
def test_a_pattern_is_a_name(text):
    assert ObjectName(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a:",
        "a:b",
        "a:b=c,",
        "a:=c",
        "a:b=c,b=d",
        'a:b="c',
        r'a:b="\x"',
        'a:b="c"d',
        "a:b=c=d",
        "a\nb:c=d",
        "a:*,*",
    ],
)
def test_a_name_that_java_rejects_is_rejected(text):
    with pytest.raises(ValueError, match="is not an ObjectName"):
        ObjectName(text)


def test_names_are_equal_if_their_texts_are():
    assert {ObjectName("a:b=c"), ObjectName("a:b=c")} == {ObjectName("a:b=c")}
    assert ObjectName("a:b=c") != ObjectName('a:b="c"')
