import argparse
import os
import subprocess
import sys

import pytest

from kafka_producer_exporter import __main__ as root
from kafka_producer_exporter import __version__
from kafka_producer_exporter.__main__ import VERBS, main, parsed
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.errors import Reason, TransportError


class Verb:
    """A verb that does what a test asks for."""

    def __init__(self, does):
        self.does = does

    def add_arguments(self, parser):
        pass

    def run(self, arguments):
        return self.does()


def running(does):
    return root.run(Verb(does), argparse.Namespace())


def raising(error):
    def do():
        raise error

    return do


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_without_a_verb_the_help_goes_to_standard_error(capsys):
    code = main([])

    assert code == 2
    assert "serve the producers' metrics" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "advice"), [("metric", "did you mean metrics?"), ("xyz", f"the verbs are {', '.join(VERBS)}")]
)
def test_an_unknown_verb_is_reported_with_the_most_similar_verb_or_all_verbs(capsys, word, advice):
    assert main([word]) == 2
    assert capsys.readouterr().err == f"kafka-producer-exporter: there is no verb {word}; {advice}\n"


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"kafka-producer-exporter {__version__}\n"


def test_an_unknown_flag_ends_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", "--nonsense"])

    assert ended.value.code == 2


def test_a_tolerant_serve_keeps_where_it_listens_if_another_argument_is_wrong(capsys):
    words = ["serve", "--tolerant", "--listen=:9000", "--listen-pages", "off", "--label", "--nonsense"]

    _, arguments = parsed("serve", words)

    assert arguments.rejected
    assert (getattr(arguments, "--listen"), getattr(arguments, "--listen-pages")) == (":9000", "off")
    assert "--label: expected one argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["serve", "--nonsense"], ["serve", "--tolerant", "--help"], ["scrape", "--tolerant"]]
)
def test_nothing_else_starts_in_spite_of_a_wrong_argument(words):
    with pytest.raises(SystemExit):
        parsed(words[0], words)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])

    assert ended.value.code == 0
    assert "exit codes: 0 (success), 1 (problems found)" in capsys.readouterr().out


def test_the_help_of_the_program_imports_no_verb():
    code = (
        "import sys; from kafka_producer_exporter.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if 'commands.' in name or name in ('yaml', 'socket', 'kafka')])"
    )

    assert python("-c", code).stdout.endswith("[]\n")


def test_the_program_runs_as_a_module():
    assert python("-m", "kafka_producer_exporter", "--version").stdout == f"kafka-producer-exporter {__version__}\n"


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_exit_code_of_the_verb_is_that_of_the_program(code):
    assert running(lambda: code) == code


def test_a_bad_configuration_is_reported_and_ends_with_2(capsys):
    assert running(raising(ConfigError("a.yml", [Problem("a.yml:1 x", "wrong; do it right")]))) == 2
    assert capsys.readouterr().err == "a.yml: 1 problem\n  a.yml:1 x: wrong; do it right\n"


def test_an_unreachable_target_is_reported_and_ends_with_3(capsys):
    assert running(raising(TransportError(Reason.REFUSED, "nothing listens; start it"))) == 3
    assert capsys.readouterr().err == "kafka-producer-exporter: nothing listens; start it\n"


def test_an_interrupt_ends_quietly(capsys):
    assert running(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == ""


def test_a_closed_pipe_is_not_an_error():
    pipe = subprocess.Popen(
        [sys.executable, "-m", "kafka_producer_exporter", "metrics", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    pipe.stdout.close()

    with pipe:
        complaint = pipe.stderr.read()

    assert complaint == b""
    assert pipe.returncode == 141


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
@pytest.mark.parametrize("verb", [["metrics"], ["check", "127.0.0.1:1"]])
def test_a_terminal_that_is_not_utf_8_shows_what_it_can(verb, encoding):
    shown = subprocess.run(
        [sys.executable, "-m", "kafka_producer_exporter", *verb],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )

    assert shown.returncode in (0, 3)
    assert shown.stderr == b""
    assert shown.stdout.decode(encoding)
    assert b"x reachable" in shown.stdout or verb == ["metrics"]
