import pytest

from kafka_producer_exporter.audit.version import ClientVersion


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.9", (3, 9, 1000)),
        ("3.9.2", (3, 9, 2)),
        ("4.0.0-rc1", (4, 0, 0)),
        ("7.5.1-ccs", (3, 5, 1000)),
        ("6.2.0-ce", (2, 8, 1000)),
        ("8.1.0-ccs", (4, 1, 1000)),
    ],
)
def test_a_version_is_parsed_and_those_of_confluent_are_translated(text, version):
    assert ClientVersion.parse(text) == version


@pytest.mark.parametrize("text", ["", "3", "3.x", "3.9.2.1", "v3.9", "٣.٩", "3.9999"])
def test_what_is_no_version_is_rejected(text):
    with pytest.raises(ValueError, match="write it like"):
        ClientVersion.parse(text)
