import pytest

from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.secrets import MAX_SECRET_BYTES, Secret, read_secret


def in_file(file):
    return Secret("password", file, None, "jmx.password_file", "jmx.password_env")


IN_VARIABLE = Secret("password", None, "PW", "jmx.password_file", "jmx.password_env")


def test_a_secret_is_read_from_the_environment_each_time():
    environment = {"PW": "first"}

    before = read_secret(IN_VARIABLE, environment)
    environment["PW"] = "second"

    assert (before, read_secret(IN_VARIABLE, environment)) == ("first", "second")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_secret_is_read_from_the_file_each_time_without_its_line_end(tmp_path, end):
    file = tmp_path / "password"
    file.write_text(f"first{end}", encoding="utf-8")

    before = read_secret(in_file(file))
    file.write_text(f" second {end}", encoding="utf-8")

    assert (before, read_secret(in_file(file))) == ("first", " second ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file or directory; restore the file, or correct jmx.password_file"),
        (lambda path: path.write_bytes(b"\n"), "is empty; write the password into it"),
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8; write the password as UTF-8 text"),
        (
            lambda path: path.write_bytes(b"x" * (MAX_SECRET_BYTES + 1)),
            "is larger than 65536 bytes; correct jmx.password_file",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_reported_with_what_to_do(tmp_path, make, message):
    file = tmp_path / "password"
    make(file)

    with pytest.raises(TransportError, match=message) as raised:
        read_secret(in_file(file))

    assert raised.value.reason is Reason.AUTHENTICATION


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (IN_VARIABLE, r"PW is not set; set it, or correct jmx\.password_env"),
        (in_file(None), r"no password is configured; set jmx\.password_file"),
    ],
)
def test_a_missing_secret_is_reported_with_what_to_do(secret, message):
    with pytest.raises(TransportError, match=message):
        read_secret(secret, {})
