"""The configuration of the process that serves beside us."""

import argparse

import pytest

from kafka_producer_exporter.commands import diagnose
from kafka_producer_exporter.commands.serving import Serving, arguments_of, is_configured, serving_process


@pytest.fixture
def proc(tmp_path):
    """Return a function that adds a process."""

    def add(pid, *words, environment=None, folder="/app"):
        place = tmp_path / str(pid)
        place.mkdir()
        (place / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
        variables = (environment or {}).items()
        (place / "environ").write_bytes(b"".join(f"{name}={value}".encode() + b"\0" for name, value in variables))
        (place / "cwd").symlink_to(folder)
        return tmp_path

    return add


@pytest.mark.parametrize(
    "program",
    [
        ("/usr/bin/kafka-producer-exporter",),
        ("/usr/bin/python3", "/usr/local/bin/kafka-producer-exporter"),
        ("python", "-m", "kafka_producer_exporter"),
        ("python", "/app/kafka_producer_exporter/__main__.py"),
    ],
)
def test_the_process_is_found_however_it_was_started(proc, program):
    environment = {"KAFKA_PRODUCER_EXPORTER_LIMITS_CLIENTS": "5"}
    folder = proc(1, *program, "serve", "--target", "a=h:1", environment=environment)

    found = serving_process(folder)

    assert found.words == ["--target", "a=h:1"]
    assert found.environment == environment


def test_other_programs_and_other_verbs_are_not_it(proc):
    proc(1, "java", "-jar", "app.jar", "serve")
    proc(2, "kafka-producer-exporter", "scrape", "serve")
    folder = proc(30, "kafka-producer-exporter", "serve")

    assert serving_process(folder).pid == 30


def test_none_is_found_where_none_serves(proc):
    assert serving_process(proc(1, "sleep", "1")) is None


def test_a_relative_file_is_where_the_process_was_started(proc):
    words = ("kafka-producer-exporter", "serve", "--config", "exporter.yml", "--tolerant")
    folder = proc(1, *words, folder="/etc/exporter")

    assert str(arguments_of(serving_process(folder)).config) == "/etc/exporter/exporter.yml"


def test_a_process_of_another_user_shows_its_arguments_but_no_environment(proc):
    folder = proc(1, "kafka-producer-exporter", "serve")
    (folder / "1" / "environ").unlink()

    assert serving_process(folder).environment == {}


def parse(*words):
    parser = argparse.ArgumentParser()
    diagnose.add_arguments(parser)
    return parser.parse_args(words)


def test_any_flag_of_the_configuration_counts_and_no_other():
    assert not is_configured(parse("--interval", "5", "--format", "json", "checkout"))
    assert is_configured(parse("--target", "a=h:1"))
    assert is_configured(parse("--config", "exporter.yml"))


@pytest.fixture
def _serves(monkeypatch):
    serving = Serving(7, ["--target", "checkout=h:1", "--profile", "minimal"], {}, None)
    monkeypatch.setattr(diagnose, "serving_process", lambda: serving)


@pytest.mark.usefixtures("_serves")
def test_without_flags_the_settings_are_those_of_the_serving_process(capsys):
    settings = diagnose.settings_of(parse("checkout"))

    assert [target.name for target in settings.targets] == ["checkout"]
    assert "pid 7" in capsys.readouterr().err


@pytest.mark.usefixtures("_serves")
def test_flags_win_over_the_serving_process():
    settings = diagnose.settings_of(parse("--target", "mine=h:2"))

    assert [target.name for target in settings.targets] == ["mine"]
