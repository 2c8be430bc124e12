import argparse
import io
import subprocess
import sys

import pytest

from kafka_producer_exporter import __main__ as root
from kafka_producer_exporter import __version__
from kafka_producer_exporter.__main__ import VERBS, main
from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.config.schema import options
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
def test_an_unknown_verb_is_answered_with_the_nearest_or_all(capsys, word, advice):
    assert main([word]) == 2
    assert capsys.readouterr().err == f"kafka-producer-exporter: there is no verb {word}; {advice}\n"


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"kafka-producer-exporter {__version__}\n"


def test_an_unknown_flag_ends_with_the_code_of_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", "--nonsense"])

    assert ended.value.code == 2


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])

    assert ended.value.code == 0
    assert "exit codes: 0 success, 1 findings" in capsys.readouterr().out


def test_the_help_of_the_root_imports_no_verb():
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
def test_the_code_of_the_verb_is_the_code_of_the_program(code):
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


def test_a_reader_that_goes_away_is_no_error():
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


@pytest.fixture
def parsed():
    def parse(*words):
        parser = argparse.ArgumentParser()
        add_targets(parser)
        add_settings_arguments(parser, serving=True)
        return parser.parse_args(words)

    return parse


def test_every_option_of_the_table_is_a_flag(parsed):
    values = {"listen": "a:1", "listen-pages": "off", "profile": "full", "target": "a:1", "jmx-tls": "both"}
    values |= {"id-group": "connect", "log-format": "json", "log-level": "error", "jmx-username": "u"}
    words = [
        word for option in options() if (name := option.key.option) for word in (option.flag, values.get(name, "1"))
    ]

    arguments = vars(parsed(*words))

    assert all(arguments[option.flag] in (values.get(option.key.option, "1"), [values.get(option.key.option, "1")])
               for option in options())  # fmt: skip


def test_flags_become_settings(parsed):
    settings = settings_from(parsed("--target", "a=h:1", "--target", "b=h:2", "--listen-pages", "off"), {})

    assert [target.name for target in settings.targets] == ["a", "b"]
    assert settings.listen_pages is None


def test_an_address_that_is_no_target_is_read_with_what_targets_share(parsed, tmp_path):
    file = tmp_path / "exporter.yml"
    file.write_text(
        "defaults: {jmx: {username: u, password_env: PW}}\ntargets: [{name: a, jmx: {port: 1}}]\n", encoding="utf-8"
    )
    arguments = parsed("a", "h:2", "--config", str(file))

    targets = chosen_targets(settings_from(arguments, {"PW": "x"}), arguments.targets)

    assert [target.name for target in targets] == ["a", "h:2"]
    assert [target.jmx.username for target in targets] == ["u", "u"]


def test_only_the_named_targets_are_chosen(parsed):
    arguments = parsed("b", "b", "--target", "a=h:1", "--target", "b=h:2")

    targets = chosen_targets(settings_from(arguments, {}), arguments.targets)

    assert [target.name for target in targets] == ["b"]


def test_without_a_name_every_configured_target_is_chosen(parsed):
    arguments = parsed("--target", "a=h:1", "--target", "b=h:2")

    targets = chosen_targets(settings_from(arguments, {}), arguments.targets)

    assert [target.name for target in targets] == ["a", "b"]


@pytest.mark.parametrize("name", ["c", "c=h:1x", "1.2.3.4"])
def test_an_unknown_name_is_reported_with_the_known_ones(parsed, name):
    with pytest.raises(
        ConfigError, match=f"{name}: there is no such target; the configured targets are a; or write HOST:PORT"
    ):
        settings_from(parsed(name, "--target", "a=h:1"), {})


def test_the_help_names_a_value_for_each_flag():
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser, serving=True)

    parser.print_help(text := io.StringIO())

    assert "--limit-clients N" in text.getvalue()
