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


HASHED = "8fRDmVoXKqmFsIoPbNdc1A== 5kVQyA== SHA3-512"


@pytest.mark.parametrize(
    "content",
    [
        "monitor secret",
        "monitor\tsecret\ncontrol other\n",
        "# Passwords of JMX.\n\n  monitor secret\r\ncontrol other",
        "somebody secret\nelse other\n",
        f"monitor {HASHED}\n",
        f"control {HASHED}\nmonitor secret\n",
    ],
)
def test_the_jvms_own_password_file_is_recognized_and_never_sent(tmp_path, content):
    file = tmp_path / "jmxremote.password"
    file.write_text(content)

    with pytest.raises(TransportError) as raised:
        read_secret(in_file(file)._replace(user="monitor"))

    assert raised.value.reason is Reason.AUTHENTICATION
    assert str(raised.value) == (
        f"{file} is the JVM's own password file; write the password of 'monitor', and nothing else, into another file, "
        "and set jmx.password_file to it"
    )


@pytest.mark.parametrize("password", ["monitor", "monitor-secret", "two words", "four words of nonsense", "# x y"])
def test_a_password_of_one_line_is_not_taken_for_the_jvms_own_file(tmp_path, password):
    file = tmp_path / "password"
    file.write_text(f"{password}\n")

    assert read_secret(in_file(file)._replace(user="monitor")) == password


@pytest.mark.parametrize("content", ["first\nsecond", "user: monitor\npassword: secret\n", "first\rsecond"])
def test_a_file_of_several_lines_is_no_secret(tmp_path, content):
    file = tmp_path / "password"
    file.write_bytes(content.encode())

    with pytest.raises(TransportError, match="has several lines; write the password, and nothing else, into it"):
        read_secret(in_file(file))


def lines_of(text):
    return lambda path: path.write_text(text)


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda path: None, "restore the file, or correct jmx.password_file"),
        (lambda path: path.mkdir(), "correct jmx.password_file"),
        (lambda path: path.write_bytes(b"x" * (MAX_SECRET_BYTES + 1)), "correct jmx.password_file"),
        (lines_of("\n"), "write the password into it"),
        (lambda path: path.write_bytes(b"\xff"), "write the password as UTF-8 text"),
        (lines_of("a\nb\nc d e\n"), "write the password, and nothing else, into it"),
        (
            lines_of("control other\nmonitor secret\n"),
            "write the password of 'monitor', and nothing else, into another file, and set jmx.password_file to it",
        ),
    ],
)
def test_a_file_that_is_mended_or_replaced_as_advised_is_used(tmp_path, make, advice):
    file, other = tmp_path / "password", tmp_path / "other"
    make(file)
    with pytest.raises(TransportError) as raised:
        read_secret(in_file(file)._replace(user="monitor"))

    mended = other if "jmx.password_file" in advice else file
    mended.write_text("secret")

    assert str(raised.value).endswith(advice)
    assert read_secret(in_file(mended)._replace(user="monitor")) == "secret"


def test_a_variable_or_a_file_that_is_set_as_advised_is_used(tmp_path):
    file = tmp_path / "password"
    file.write_text("secret")
    with pytest.raises(TransportError, match=r"PW is not set; set it, or correct jmx\.password_env"):
        read_secret(IN_VARIABLE, {"PASSWORD": "secret"})
    with pytest.raises(TransportError, match=r"set jmx\.password_file"):
        read_secret(in_file(None), {})

    assert read_secret(IN_VARIABLE, {"PW": "secret"}) == "secret"
    assert read_secret(IN_VARIABLE._replace(variable="PASSWORD"), {"PASSWORD": "secret"}) == "secret"
    assert read_secret(in_file(file), {}) == "secret"


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
