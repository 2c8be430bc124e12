import logging
import subprocess
import sys

import pytest

from kafka_producer_exporter.__main__ import parsed
from kafka_producer_exporter.commands.serve import SWITCH_SECONDS, _listeners_of, _reload
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Settings


class Program:
    """A program whose next reload ends as a test asks for."""

    def __init__(self, error):
        self.error = error
        self.settings = Settings()

    def reload(self):
        raise self.error


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread"), OSError(24, "EMFILE")])
def test_a_reload_that_fails_for_want_of_anything_keeps_the_configuration_and_is_logged(error, caplog):
    _reload(Program(error), Settings())

    [record] = caplog.records
    assert record.message == "the configuration could not be loaded; the current one stays in force"
    assert record.levelno == logging.ERROR
    assert record.exc_info[1] is error


def test_a_reload_of_an_invalid_configuration_is_left_to_the_program_to_log(caplog):
    _reload(Program(ConfigError("a.yml", [Problem("a.yml:1 listen", "wrong; do it right")])), Settings())

    assert not caplog.records


@pytest.mark.parametrize(
    ("words", "listen"),
    [
        (["--limit-clients=many", "--listen=:9000"], Address("", 9000)),
        (["--listen=nonsense"], Settings().listen),
    ],
)
def test_a_wrong_configuration_is_reported_where_it_says_that_it_listens_if_that_is_right(words, listen):
    _, arguments = parsed("serve", ["serve", *words])

    assert _listeners_of(arguments).listen == listen


def test_serve_lets_threads_take_turns_more_often_than_python_does():
    code = (
        "import sys; from kafka_producer_exporter.__main__ import main\n"
        "main(['serve', '--listen', 'nonsense']); print(sys.getswitchinterval())"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert float(ran.stdout) == SWITCH_SECONDS < sys.getswitchinterval()
