import argparse
import stat

import pytest

from kafka_producer_exporter.commands import credentials
from kafka_producer_exporter.errors import ConfigError


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the verb with a password, and returns the content of both files."""

    def run(password, directory=tmp_path):
        if password is None:
            monkeypatch.delenv("JMX_PASSWORD", raising=False)
        else:
            monkeypatch.setenv("JMX_PASSWORD", password)
        parser = argparse.ArgumentParser()
        credentials.add_arguments(parser)
        words = ["--password-env", "JMX_PASSWORD", "--directory", str(directory)]
        assert credentials.run(parser.parse_args(words)) == 0
        return [(tmp_path / name).read_text() for name in ("jmxremote.password", "jmxremote.access")]

    return run


def test_the_files_let_a_reader_in(run):
    assert run("open-sesame") == ["monitor open-sesame\n", "monitor readonly\n"]


def test_only_the_user_may_read_the_files_and_nothing_else_is_left(run, tmp_path):
    run("open-sesame")

    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {
        "jmxremote.password": 0o400,
        "jmxremote.access": 0o400,
    }


def test_files_of_an_earlier_start_are_replaced(run):
    run("old")

    assert run("new")[0] == "monitor new\n"


@pytest.mark.parametrize("password", [None, "", "two words", "back\\slash"])
def test_a_password_that_cannot_be_used_closes_jmx_and_the_application_starts(run, capsys, password):
    first, second = run(password)[0], run(password)[0]

    user, unknown = first.split()
    assert user == "monitor"
    assert len(unknown) > 30
    assert first != second
    error = capsys.readouterr().err
    assert "JMX_PASSWORD cannot be used" in error
    assert unknown not in error
    assert not password or password not in error


def test_a_folder_that_does_not_exist_is_an_error_with_its_name(run, tmp_path):
    with pytest.raises(ConfigError, match=r"gone.*no such file"):
        run("open-sesame", tmp_path / "gone")
