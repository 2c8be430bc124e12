"""Java properties: the cases of java.util.Properties.load."""

import pytest

from kafka_producer_exporter.audit.entries import UnreadableError
from kafka_producer_exporter.audit.properties import read_properties


def pairs(text):
    (document,) = read_properties(text)
    return {entry.key: entry.value for entry in document.entries}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acks=all", {"acks": "all"}),
        ("acks : all", {"acks": "all"}),
        ("acks all", {"acks": "all"}),
        ("  acks\t=\tall ", {"acks": "all "}),
        ("acks", {"acks": ""}),
        ("acks=", {"acks": ""}),
        ("acks==all", {"acks": "=all"}),
        ("# acks=1\n! acks=0\n\nacks=all", {"acks": "all"}),
        ("a=one,\\\n   two,\\\r\n\tthree", {"a": "one,two,three"}),
        ("a=one\\\\\nb=two", {"a": "one\\", "b": "two"}),
        ("a=one\\", {"a": "one"}),
        ("a=one\\\n# two", {"a": "one# two"}),
        (r"a\=b\:c\ d=e", {"a=b:c d": "e"}),
        (r"a=\t\n\\\q", {"a": "\t\n\\q"}),
        (r"a=\u0041\uD83D\uDE00", {"a": "A\N{GRINNING FACE}"}),
        (r"a=\uD83D", {"a": "\N{REPLACEMENT CHARACTER}"}),
        ("a=1\rb=2", {"a": "1", "b": "2"}),
        ("\\\n# one\n\\\n\na=2", {"a": "2"}),
    ],
)
def test_properties_are_read_as_java_reads_them(text, expected):
    assert pairs(text) == expected


def test_each_entry_has_the_line_where_its_key_stands():
    (document,) = read_properties("# one\n\na=1,\\\n  2\nb=3\n")

    assert [(entry.key, entry.line) for entry in document.entries] == [("a", 3), ("b", 5)]


def test_an_escape_that_java_rejects_is_unreadable_and_is_not_quoted():
    with pytest.raises(UnreadableError) as caught:
        read_properties("a=1\npassword=hunter2\\u00zz\n")

    assert caught.value.line == 2
    assert "hunter2" not in str(caught.value)


def test_documents_are_separated_as_spring_does_it():
    first, second = read_properties("a=1\n#---\nb=2\n")

    assert ([entry.key for entry in first.entries], [entry.key for entry in second.entries]) == (["a"], ["b"])
