import pytest

from kafka_producer_exporter.net.address import Address, is_loopback


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9797", ("127.0.0.1", 9797)),
        ("checkout:0", ("checkout", 0)),
        ("[::1]:9797", ("::1", 9797)),
        (":9797", ("", 9797)),
    ],
)
def test_an_address_is_printed_as_it_was_written(text, address):
    assert Address.parse(text) == address
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "9797", "127.0.0.1", "a:", "a:http", "a:65536", "a:-1", "a:²", "::1:9797", "a:" + "9" * 9000]
)
def test_a_text_that_is_not_an_address_is_rejected(text):
    with pytest.raises(ValueError, match=r"write|use 0 to 65535"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("wrong", "advice", "right"),
    [
        ("checkout", "write HOST:PORT", "checkout:9999"),
        ("a:65536", "use 0 to 65535", "a:65535"),
        ("::1:9797", "write [ADDRESS]:PORT", "[::1]:9797"),
    ],
)
def test_a_text_that_is_rejected_is_accepted_as_the_message_says(wrong, advice, right):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        Address.parse(wrong)

    assert str(error.value).endswith(advice)
    assert str(Address.parse(right)) == right


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("pod", False),
        ("127.example.test", False),
    ],
)
def test_only_this_machine_can_reach_a_loopback_host(host, expected):
    assert is_loopback(host) is expected
