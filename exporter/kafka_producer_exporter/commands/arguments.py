"""The configuration's flags, which several verbs share, and the settings that result from them."""

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kafka_producer_exporter.config.environment import FILE_VARIABLE, Overrides
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.schema import Option, options
from kafka_producer_exporter.config.shapes import Choice, FilePath, Integer, OneOf, Shape, Switch, VariableName
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Settings, Target

METAVARS = {
    ("targets",): "[NAME=]HOST:PORT",
    ("defaults", "labels"): "NAME=VALUE",
    ("id_groups",): "PRESET",
    ("broker", "bootstrap_servers"): "HOST:PORT",
}
"""Placeholders in the help for the values of repeatable flags, by the key's path."""

SERVING = ("listen", "listen-pages", "http-reload")
"""Options that only a verb that serves has."""


def add_settings_arguments(parser: argparse.ArgumentParser, *, serving: bool = False) -> None:
    """Add the configuration's flags; those of the listeners only if *serving*."""
    group = parser.add_argument_group(
        "configuration",
        f"Each flag can also be set by an environment variable, --config by {FILE_VARIABLE}. Flags take precedence.",
    )
    group.add_argument("--config", metavar="FILE", type=Path, help="YAML file; docs/configuration.md lists its keys")
    for option in options():
        if serving or option.key.option not in SERVING:
            group.add_argument(
                option.flag,
                dest=option.flag,  # cannot collide with an argument of the verb itself
                metavar=_metavar(option),
                action="append" if option.repeatable else "store",
                help=_help(option),
            )


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Add the positional arguments that name targets."""
    parser.add_argument("targets", metavar="TARGET", nargs="*", help="a configured name, or HOST:PORT; default: all")


def settings_from(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of file, environment and flags. Call it again to reload. Raises ConfigError.

    A TARGET that is an address becomes a target with the configured defaults. A TARGET that is a name must be
    configured.
    """
    settings = load(file=arguments.config, environment=environment, overrides=_overrides(arguments))
    known = {target.name for target in settings.targets}
    named = dict.fromkeys(getattr(arguments, "targets", ()))
    added = [_target_at(name, settings, arguments, environment) for name in named if name not in known]
    return dataclasses.replace(settings, targets=(*settings.targets, *added))


def chosen_targets(settings: Settings, names: Sequence[str]) -> Sequence[Target]:
    """Return the targets with these names, or all targets if *names* is empty. Raises ConfigError if there is none."""
    if not settings.targets:
        raise ConfigError("TARGET", [Problem("targets", "no target is configured; write HOST:PORT, or use --config")])
    by_name = {target.name: target for target in settings.targets}
    return [by_name[name] for name in dict.fromkeys(names)] or settings.targets


def _target_at(name: str, settings: Settings, arguments: argparse.Namespace, environment: Mapping[str, str]) -> Target:
    try:
        is_address = "=" not in Address.parse(name).host  # NAME=HOST:PORT is for --target
    except ValueError:
        is_address = False
    if not is_address:
        names = ", ".join(target.name for target in settings.targets)
        configured = f"the configured targets are {names}" if names else "no target is configured"
        problem = Problem(name, f"there is no such target; {configured}; or write HOST:PORT")
        raise ConfigError("TARGET", [problem])
    overrides = {**_overrides(arguments), "target": [name]}
    (target,) = load(file=arguments.config, environment=environment, overrides=overrides).targets
    return dataclasses.replace(target, name=name)  # as given, even if the address has another spelling


def _overrides(arguments: argparse.Namespace) -> Overrides:
    given = ((option.key.option, getattr(arguments, option.flag, None)) for option in options())
    return {name: words for name, words in given if words is not None}


def _help(option: Option) -> str:
    plain = option.key.help.replace("`", "").replace("%", "%%")
    return f"{plain} May be repeated, or take a comma-separated list." if option.repeatable else plain


def _metavar(option: Option) -> str:
    return METAVARS.get(option.path) or _placeholder(option.key.shape)


def _placeholder(shape: Shape) -> str:
    match shape:
        case Choice(names=names):
            return "{" + ",".join(names) + "}"
        case Switch():
            return "on|off"
        case FilePath():
            return "FILE"
        case Integer():
            return "N"
        case VariableName():
            return "VARIABLE"
        case OneOf(ordinary=ordinary, special=special):
            return f"{_placeholder(ordinary)}|{special.syntax}"
        case _:
            return shape.syntax.upper()


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add ``--set NAME=VALUE`` for the parameters of the rules and dashboards."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="given",
        help="value of a parameter; repeatable",
    )


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """Return what ``--set`` gives; raise ConfigError for each text without a ``=``."""
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise ConfigError("the parameters", [Problem(f"--set {text}", "write it like NAME=VALUE") for text in wrong])
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in texts)}
