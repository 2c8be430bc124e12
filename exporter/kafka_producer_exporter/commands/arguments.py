"""The flags of the configuration, which serve, scrape and check share, and the settings that they come to."""

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kafka_producer_exporter.config.environment import FILE_VARIABLE, Overrides
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.schema import Option, options
from kafka_producer_exporter.config.shapes import Choice, FilePath, Integer, VariableName
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Settings, Target

METAVARS = {("targets",): "[NAME=]HOST:PORT", ("id_groups",): "PRESET", ("broker", "bootstrap_servers"): "HOST:PORT"}
"""What stands for the value of a flag that may be repeated."""

SERVING = ("listen", "listen-pages")
"""Options that mean nothing to a verb that does not serve."""


def add_settings_arguments(parser: argparse.ArgumentParser, *, serving: bool = False) -> None:
    """Add the flags of the configuration: all of them for a verb that serves, else all but those of listeners."""
    group = parser.add_argument_group(
        "configuration", f"Each also as an environment variable: --config as {FILE_VARIABLE}. Flags come first."
    )
    group.add_argument("--config", metavar="FILE", type=Path, help="YAML file; docs/configuration.md has all its keys")
    for option in options():
        if serving or option.key.option not in SERVING:
            group.add_argument(
                option.flag,
                dest=option.flag,  # no argument of a verb's own can have this name
                metavar=_metavar(option),
                action="append" if option.repeatable else "store",
                help=option.key.help.replace("`", "").replace("%", "%%"),
            )


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Add the targets that a verb is pointed at."""
    parser.add_argument("targets", metavar="TARGET", nargs="*", help="a configured name, or HOST:PORT; default: all")


def settings_from(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of file, environment and flags; may be called again for a reload. Raises ConfigError.

    An address among a verb's TARGETs becomes a target too, with what targets share; a name must be configured.
    """
    settings = load(file=arguments.config, environment=environment, overrides=_overrides(arguments))
    known = {target.name for target in settings.targets}
    named = dict.fromkeys(getattr(arguments, "targets", ()))
    further = [_at(name, settings, arguments, environment) for name in named if name not in known]
    return dataclasses.replace(settings, targets=(*settings.targets, *further))


def chosen_targets(settings: Settings, names: Sequence[str]) -> Sequence[Target]:
    """Return the targets of these names, all of them without a name; there is at least one. Raises ConfigError."""
    if not settings.targets:
        raise ConfigError("TARGET", [Problem("targets", "there is none; write HOST:PORT, or give --config FILE")])
    by_name = {target.name: target for target in settings.targets}
    return [by_name[name] for name in dict.fromkeys(names)] or settings.targets


def _at(name: str, settings: Settings, arguments: argparse.Namespace, environment: Mapping[str, str]) -> Target:
    try:
        Address.parse(name)
    except ValueError:
        names = ", ".join(target.name for target in settings.targets)
        there = f"the configured ones are {names}" if names else "none is configured"
        problem = Problem(name, f"there is no such target, {there}; or write HOST:PORT")
        raise ConfigError("TARGET", [problem]) from None
    overrides = {**_overrides(arguments), "target": [name]}
    (target,) = load(file=arguments.config, environment=environment, overrides=overrides).targets
    return target


def _overrides(arguments: argparse.Namespace) -> Overrides:
    given = ((option.key.option, getattr(arguments, option.flag, None)) for option in options())
    return {name: words for name, words in given if words is not None}


def _metavar(option: Option) -> str:
    if option.path in METAVARS:
        return METAVARS[option.path]
    match option.key.shape:
        case Choice(names=names):
            return "{" + ",".join(names) + "}"
        case FilePath():
            return "FILE"
        case Integer():
            return "N"
        case VariableName():
            return "VARIABLE"
        case shape:
            return shape.words.upper().replace(" OR ", "|")
