import pytest

from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.secrets import MAX_SECRET_BYTES
from kafka_producer_exporter.settings import Jmx
from kafka_producer_exporter.targets.transports import credentials


def test_a_target_without_a_user_logs_in_without_credentials():
    assert credentials(Jmx(port=1), {}) is None


def test_a_password_is_read_from_the_environment_at_each_login():
    environment = {"PW": "first"}
    jmx = Jmx(port=1, username="u", password_env="PW")

    before = credentials(jmx, environment)
    environment["PW"] = "second"

    assert (before, credentials(jmx, environment)) == (("u", "first"), ("u", "second"))


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_password_is_read_from_the_file_at_each_login_without_the_end_of_the_line(tmp_path, end):
    file = tmp_path / "password"
    file.write_text(f"first{end}", encoding="utf-8")
    jmx = Jmx(port=1, username="u", password_file=file)

    before = credentials(jmx)
    file.write_text(f" second {end}", encoding="utf-8")

    assert (before, credentials(jmx)) == (("u", "first"), ("u", " second "))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file or directory; restore the file, or correct jmx.password_file"),
        (lambda path: path.write_bytes(b"\n"), "is empty; write the password into it"),
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8; write the password as UTF-8 text"),
        (
            lambda path: path.write_bytes(b"x" * (MAX_SECRET_BYTES + 1)),
            "is too large for a password; correct jmx.password_file",
        ),
    ],
)
def test_a_password_file_that_cannot_be_used_at_run_time_says_what_to_do(tmp_path, make, message):
    file = tmp_path / "password"
    make(file)

    with pytest.raises(TransportError, match=message) as raised:
        credentials(Jmx(port=1, username="u", password_file=file))

    assert raised.value.reason is Reason.AUTHENTICATION


def test_a_variable_that_is_gone_at_run_time_says_what_to_do():
    with pytest.raises(TransportError, match=r"PW is not set; set it, or correct jmx\.password_env"):
        credentials(Jmx(port=1, username="u", password_env="PW"), {})
