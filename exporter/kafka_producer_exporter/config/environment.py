"""Flags and environment variables to found values: the layers above the file."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from kafka_producer_exporter.config.found import Findings, Found, overlay, within
from kafka_producer_exporter.config.schema import ENVIRONMENT_PREFIX, Option, options
from kafka_producer_exporter.config.shapes import Integer
from kafka_producer_exporter.net.address import Address

Overrides = Mapping[str, str | Sequence[str]]
"""What flags say, by the name of the option without its dashes; a list where the flag was repeated."""

FILE_VARIABLE = f"{ENVIRONMENT_PREFIX}CONFIG"


def found_in_environment(findings: Findings) -> Found:
    """Return what the environment says; a variable that is set to nothing counts as not set."""
    found = Found({}, "environment")
    variables = {option.variable: option for option in options()}
    for name, text in sorted(findings.environment.items()):
        if option := variables.get(name):
            if text:
                words = [word.strip() for word in text.split(",") if word.strip()] if option.repeatable else text
                found = overlay(found, within(option.path, _found(option, words, name, findings)))
        elif name.startswith(ENVIRONMENT_PREFIX) and name != FILE_VARIABLE:
            _refuse_misspelt(name, [*variables, FILE_VARIABLE], findings)
    return found


def found_in_flags(overrides: Overrides, findings: Findings) -> Found:
    """Return what the flags say."""
    found = Found({}, "flags")
    for option in options():
        if (words := overrides.get(option.key.option)) is not None:
            found = overlay(found, within(option.path, _found(option, words, option.flag, findings)))
    return found


def _refuse_misspelt(name: str, known: Iterable[str], findings: Findings) -> None:
    """Refuse a variable that is nearly one of ours.

    Others of our prefix are left alone: Kubernetes sets KAFKA_PRODUCER_EXPORTER_PORT and more of the kind where a
    Service has our name, and a password's variable may have any name.
    """
    suffixes = {each.removeprefix(ENVIRONMENT_PREFIX): each for each in known}
    if close := difflib.get_close_matches(name.removeprefix(ENVIRONMENT_PREFIX), suffixes, n=1, cutoff=0.85):
        findings.add(name, f"unknown variable; did you mean {suffixes[close[0]]}?")


def _found(option: Option, words: str | Sequence[str], where: str, findings: Findings) -> Found:
    if not option.repeatable:
        text = words if isinstance(words, str) else words[-1]
        return Found(_number(text) if isinstance(option.key.shape, Integer) else text, where)
    entries = [words] if isinstance(words, str) else words
    if option.path == ("targets",):
        targets = (_target(entry, f"{where}[{index}]", findings) for index, entry in enumerate(entries))
        return Found([target for target in targets if target], where)
    return Found([Found(entry, f"{where}[{index}]") for index, entry in enumerate(entries)], where)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _target(text: str, where: str, findings: Findings) -> Found | None:
    """Return a target of ``[NAME=]HOST:PORT``. A text that is none is not shown: it may hold a password."""
    name, _, address = text.rpartition("=")
    try:
        host, port = Address.parse(address)
    except ValueError as error:
        findings.add(where, f"{error}; a target is [NAME=]HOST:PORT")
        return None
    keys = {"jmx": Found({"host": Found(host, where), "port": Found(port, where)}, where)}
    return Found(({"name": Found(name, where)} if name else {}) | keys, where)
