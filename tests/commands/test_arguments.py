import argparse
import io

import pytest

from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.config.schema import options
from kafka_producer_exporter.errors import ConfigError


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
    words = [word for option in options() for word in (option.flag, values.get(option.key.option, "1"))]

    arguments = vars(parsed(*words))

    for option in options():
        value = values.get(option.key.option, "1")
        assert arguments[option.flag] == ([value] if option.repeatable else value)


def test_flags_become_settings(parsed):
    settings = settings_from(parsed("--target", "a=h:1", "--target", "b=h:2", "--listen-pages", "off"), {})

    assert [target.name for target in settings.targets] == ["a", "b"]
    assert settings.listen_pages is None


def test_an_address_becomes_a_target_with_the_configured_defaults(parsed, tmp_path):
    file = tmp_path / "exporter.yml"
    file.write_text(
        "defaults: {jmx: {username: u, password_env: PW}}\ntargets: [{name: a, jmx: {port: 1}}]\n", encoding="utf-8"
    )
    arguments = parsed("a", "h:2", "--config", str(file))

    targets = chosen_targets(settings_from(arguments, {"PW": "x"}), arguments.targets)

    assert [target.name for target in targets] == ["a", "h:2"]
    assert [target.jmx.username for target in targets] == ["u", "u"]


def test_an_address_may_be_spelled_in_more_than_one_way(parsed):
    arguments = parsed("h:09999")

    (target,) = chosen_targets(settings_from(arguments, {}), arguments.targets)

    assert (target.name, target.jmx.port) == ("h:09999", 9999)


def test_only_the_named_targets_are_chosen(parsed):
    arguments = parsed("b", "b", "--target", "a=h:1", "--target", "b=h:2")

    targets = chosen_targets(settings_from(arguments, {}), arguments.targets)

    assert [target.name for target in targets] == ["b"]


def test_without_a_name_every_configured_target_is_chosen(parsed):
    arguments = parsed("--target", "a=h:1", "--target", "b=h:2")

    targets = chosen_targets(settings_from(arguments, {}), arguments.targets)

    assert [target.name for target in targets] == ["a", "b"]


@pytest.mark.parametrize("name", ["c", "c=h:1x", "c=h:1", "1.2.3.4"])
def test_an_unknown_name_is_reported_with_the_known_ones(parsed, name):
    with pytest.raises(
        ConfigError, match=f"{name}: there is no such target; the configured targets are a; or write HOST:PORT"
    ):
        settings_from(parsed(name, "--target", "a=h:1"), {})


def test_the_help_names_the_values_of_flags():
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser, serving=True)

    parser.print_help(text := io.StringIO())

    for usage in ("--limit-clients N", "--shard N|from_hostname", "--listen-pages HOST:PORT|off", "--id-group PRESET"):
        assert usage in text.getvalue()
