"""The flags of the configuration, which serve, scrape and check share, and the settings that they come to."""

import argparse
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from kafka_producer_exporter.config.environment import FILE_VARIABLE, Overrides
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.schema import Option, options
from kafka_producer_exporter.config.shapes import Choice, FilePath, Integer, VariableName
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.settings import Settings, Target

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


def settings_from(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of file, environment and flags; may be called again for a reload. Raises ConfigError.

    An address that stands in a verb's argument TARGET (``target``, or ``targets`` for several) becomes a target too,
    with what targets share.
    """
    settings = load(file=arguments.config, environment=environment, overrides=_overrides(arguments))
    named = getattr(arguments, "targets", None) or [getattr(arguments, "target", None)]
    known = {target.name for target in settings.targets}
    further = [_at(name, settings, arguments, environment) for name in named if name and name not in known]
    return dataclasses.replace(settings, targets=(*settings.targets, *further))


def one_target(settings: Settings, name: str) -> Target:
    """Return the target of this name. Raises ConfigError."""
    for target in settings.targets:
        if target.name == name:
            return target
    raise _no_target(settings, name)


def _at(name: str, settings: Settings, arguments: argparse.Namespace, environment: Mapping[str, str]) -> Target:
    if "=" in name:
        raise _no_target(settings, name)
    overrides = {**_overrides(arguments), "target": [name]}
    try:
        (target,) = load(file=arguments.config, environment=environment, overrides=overrides).targets
    except ConfigError as error:
        if any(problem.where == "--target[0]" for problem in error.problems):
            raise _no_target(settings, name) from None
        raise
    return target


def _no_target(settings: Settings, name: str) -> ConfigError:
    names = ", ".join(target.name for target in settings.targets)
    there = f"the configured ones are {names}" if names else "none is configured"
    return ConfigError("TARGET", [Problem(name, f"there is no such target, {there}; or write HOST:PORT")])


def _overrides(arguments: argparse.Namespace) -> Overrides:
    given = ((option.key.option, getattr(arguments, option.flag, None)) for option in options())
    return {name: words for name, words in given if words is not None}


def _metavar(option: Option) -> str:
    if option.path == ("targets",):
        return "[NAME=]HOST:PORT"
    if option.repeatable:
        return "PRESET"
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
