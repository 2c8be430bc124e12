import io

import pytest

from kafka_producer_exporter.commands.report_language import report_language

KOREAN = {"LANG": "ko_KR.UTF-8"}


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that gives standard output an encoding."""
    return lambda encoding: monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))


def test_the_language_is_that_of_the_flag_or_of_the_locale(terminal, capsys):
    terminal("utf-8")

    assert report_language(None, KOREAN) == "ko"
    assert report_language("en", KOREAN) == "en"
    assert report_language("ko", {}) == "ko"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("asked", "environment"), [("ko", {}), (None, KOREAN)])
def test_a_terminal_that_cannot_show_korean_gets_english_and_a_note(terminal, asked, environment, capsys):
    terminal("ascii")

    assert report_language(asked, environment) == "en"
    assert capsys.readouterr().err == "the encoding ascii cannot show Korean; this is English\n"
