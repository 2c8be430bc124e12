import pytest

from kafka_producer_exporter.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx
from kafka_producer_exporter.targets.credentials import LARGEST, credentials


def test_a_target_without_a_user_logs_in_without_credentials():
    assert credentials(Jmx(port=1), {})() is None


def test_a_password_is_read_from_the_environment_at_each_login():
    environment = {"PW": "first"}
    login = credentials(Jmx(port=1, username="u", password_env="PW"), environment)

    before = login()
    environment["PW"] = "second"

    assert (before, login()) == (("u", "first"), ("u", "second"))


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_password_is_read_from_the_file_at_each_login_without_the_end_of_the_line(tmp_path, end):
    file = tmp_path / "password"
    file.write_text(f"first{end}", encoding="utf-8")
    login = credentials(Jmx(port=1, username="u", password_file=file))

    before = login()
    file.write_text(f" second {end}", encoding="utf-8")

    assert (before, login()) == (("u", "first"), ("u", " second "))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file or directory; restore the file, or correct jmx.password_file"),
        (lambda path: path.write_bytes(b"\n"), "is empty; write the password into it"),
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8; write the password as UTF-8 text"),
        (lambda path: path.write_bytes(b"x" * (LARGEST + 1)), "is too long for a password; correct jmx.password_file"),
    ],
)
def test_a_password_file_that_cannot_be_used_at_run_time_says_what_to_do(tmp_path, make, message):
    file = tmp_path / "password"
    make(file)

    with pytest.raises(TransportError, match=message) as raised:
        credentials(Jmx(port=1, username="u", password_file=file))()

    assert raised.value.reason is Reason.AUTHENTICATION


def test_a_variable_that_is_gone_at_run_time_says_what_to_do():
    with pytest.raises(TransportError, match=r"PW is not set; set it, or correct jmx\.password_env"):
        credentials(Jmx(port=1, username="u", password_env="PW"), {})()
