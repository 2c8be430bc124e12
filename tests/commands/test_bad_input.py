"""What ``diagnose``, ``explain`` and ``audit`` do with unknown words, bad files, half answers and odd terminals."""

import os
import subprocess
import sys

import pytest

from kafka_producer_exporter.__main__ import main
from tests.evidence.serving import answering, closing, refusing

HOSTILE = "\x1b[2J\x07\u202egreen\x9b31m"
PAGE = b'kafka_producer_record_send_total{client_id="%s"} 1\n' % HOSTILE.encode()


def ran(*words, shell="", given=b"", **variables):
    """Run the program as a shell does, on a terminal that knows ASCII only; return code, output, errors."""
    command = [sys.executable, "-m", "kafka_producer_exporter", *words]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    environment = {**os.environ, "LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", **variables}
    ended = subprocess.run(command, input=given, capture_output=True, env=environment, check=False, timeout=60)
    return ended.returncode, ended.stdout.decode("ascii"), ended.stderr.decode("ascii")


def said(capsys):
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert "Traceback" not in text
    assert all(character.isprintable() or character == "\n" for character in text), repr(text)
    return text


def test_an_unknown_code_is_an_error_with_the_nearest_one(capsys):
    assert main(["explain", "NOT_ENOUGH_REPLICA"]) == 2
    assert "did you mean NOT_ENOUGH_REPLICAS" in said(capsys)


@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        ["explain", HOSTILE],
        ["diagnose", HOSTILE],
        ["audit", HOSTILE],
        ["audit", f"{HOSTILE}.properties"],
        ["diagnose", "--config", f"/none/{HOSTILE}"],
        ["diagnose", "--prometheus", "http://127.0.0.1:1", "--token-file", f"/none/{HOSTILE}"],
        ["audit", "--client-version", HOSTILE],
    ],
)
def test_no_word_that_is_given_reaches_the_terminal_as_a_control_character(words, capsys):
    assert main(words) == 2
    assert said(capsys)


@pytest.mark.parametrize("verb", ["diagnose", "audit"])
def test_a_target_that_is_not_there_or_hangs_up_is_unreachable(verb, capsys):
    with refusing() as refused, closing() as closed:
        for address in (refused, closed):
            assert main([verb, address, *(["--interval", "0.5"] if verb == "diagnose" else [])]) == 3
            assert address in said(capsys)


def test_brokers_that_do_not_answer_are_no_clean_bill(capsys):
    with closing() as address:
        assert main(["diagnose", "--bootstrap-server", address]) == 3
        assert "cannot be read" in said(capsys)


@pytest.mark.parametrize("flag", ["--metrics-url", "--prometheus"])
@pytest.mark.parametrize(
    "answer",
    [
        (500, HOSTILE.encode()),
        (200, HOSTILE.encode()),
        (200, PAGE[:-9]),
        (200, PAGE, {"Content-Length": str(2 * len(PAGE))}),  # as if the connection broke at the end of a line
        (200, b"", {"Content-Length": "5"}),
    ],
)
def test_half_an_answer_is_an_error(flag, answer, capsys):
    with answering(answer) as server:
        assert main(["diagnose", flag, server.url, "--interval", "0.5"]) == 3
        assert server.url in said(capsys)


def test_no_client_id_of_a_page_reaches_the_terminal_as_a_control_character(capsys):
    throttled = PAGE.replace(b"record_send_total", b"produce_throttle_time_max_seconds")
    with answering(PAGE + throttled) as server:
        for form in ("text", "json"):
            assert main(["diagnose", "--metrics-url", server.url, "--interval", "0.5", "--format", form]) == 1
            assert "green" in said(capsys)


@pytest.mark.parametrize(
    ("flag", "content", "words"),
    [
        ("--token-file", None, "no such file or directory"),
        ("--token-file", b"\xff\xfe", "this is no text file"),
        ("--ca-file", None, "no such file or directory"),
        ("--ca-file", b"nothing", "no certificate is in it"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_flag(flag, content, words, tmp_path, capsys):
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)

    assert main(["diagnose", "--metrics-url", "https://127.0.0.1:1/", flag, str(file)]) == 2
    assert f"{flag} {file}: {words}" in said(capsys)


@pytest.mark.parametrize(
    "content", [b"\0\1\2", b"\xff\xfe\xd8", b"a: [", b"", b"acks: &a [*a, *a]\n", HOSTILE.encode()]
)
def test_a_file_that_cannot_be_read_as_a_configuration_is_an_error(content, tmp_path, capsys):
    (tmp_path / "a.yaml").write_bytes(content)

    assert main(["audit", str(tmp_path / "a.yaml")]) == 2
    assert "a.yaml" in said(capsys)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["explain", "7"], 0),
        (["audit", "-"], 1),
        (["diagnose", "127.0.0.1:1", "--interval", "0.5", "--lang", "ko"], 3),
    ],
)
def test_a_terminal_that_knows_ascii_only_gets_a_report_all_the_same(words, code):
    found, out, err = ran(*words, given="acks=1\nclient.id=주문\n".encode())

    assert (found, "Traceback" in err) == (code, False)
    assert out


@pytest.mark.parametrize(
    ("words", "shell", "code"),
    [
        (["explain", "-"], "<&-", 0),
        (["audit", "-"], "<&-", 2),
        (["explain", "7"], ">&-", 0),
        (["explain", "7"], ">/dev/full", 2),
        (["explain", "WRONG"], "2>&-", 2),
    ],
)
def test_a_stream_that_is_closed_or_full_is_no_traceback(words, shell, code):
    found, _, err = ran(*words, shell=shell)

    assert (found, "Traceback" in err, "Exception ignored" in err) == (code, False, False), err
