"""Follows the advice in an error message as an operator would: by its words."""

import dataclasses
import re
from typing import Any, TypeVar

from kafka_producer_exporter.settings import Broker, Jmx, TlsMode

Section = TypeVar("Section", Jmx, Broker)

NAMES = "a name in the certificate: "


def follow(settings: Section, message: str, **known: Any) -> Section:
    """Return the settings after the first advice of a message that names keys.

    A value that the message does not give (``set jmx.username``) is taken from *known*, which is what the operator
    knows. It may have further keys of the same section, such as the key of a certificate. ``remove`` restores the
    default. A message without such advice, or a value that nobody knows, fails the test.
    """
    keys = re.compile(rf"\b{type(settings).__name__.lower()}(?:\.[a-z_]+)+")
    advice = [part for part in message.split("; ")[1:] if keys.search(part)]
    assert advice, f"no advice names a key: {message}"
    for key in keys.findall(advice[0]):
        *parents, name = key.split(".")[1:]
        values = dict(known)
        if name not in values:
            values[name] = None if f"remove {key}" in advice[0] else _value(advice[0], key)
        settings = _replaced(settings, parents, values)
    return settings


def _value(advice: str, key: str) -> object:
    match = re.search(rf"{re.escape(key)} (?:to )?(?:{NAMES})?([^\s,;]+)", advice)
    assert match, f"what to set {key} to is neither known nor said: {advice}"
    return TlsMode(match[1]) if key.endswith("tls.mode") else match[1]


def _replaced(settings: Any, parents: list[str], values: dict[str, object]) -> Any:
    if not parents:
        return dataclasses.replace(settings, **values)
    first, *rest = parents
    return dataclasses.replace(settings, **{first: _replaced(getattr(settings, first), rest, values)})
