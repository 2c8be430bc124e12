"""The parameters of the rules: a user's own values are checked, and put in where a rule names them."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.pack import durations

_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_MATCHER = rf'{_LABEL}\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"'
_LABELS = re.compile(rf"{_LABEL}(?:\s*,\s*{_LABEL})*")
_SELECTOR = re.compile(rf"(?:{_MATCHER}(?:\s*,\s*{_MATCHER})*)?")
_PLACE = re.compile(r"\$\{([a-z0-9_]+)(?:\.([a-z]+))?\}")


class Values(NamedTuple):
    """The values of all parameters. Durations are in milliseconds."""

    texts: Mapping[str, str]
    windows: Mapping[str, int]
    language: str

    def fill(self, template: str) -> str:
        """Return *template* with values for ``${name}``, ``${window.seconds}`` and ``${window.words}``."""
        return _PLACE.sub(lambda place: self._value(place[1], place[2]), template)

    def _value(self, name: str, form: str | None) -> str:
        if form is None and name in self.texts:
            return self.texts[name]
        length = self.windows[name]
        match form:
            case None:
                return durations.duration(length)
            case "seconds":
                return f"{length / 1000:g}"
            case "words":
                return durations.words(length, self.language)
        raise KeyError(f"{name}.{form}")


def values(
    table: Mapping[str, Mapping[str, Any]], given: Mapping[str, str], *, language: str = "en", scale: float = 1
) -> Values:
    """Return the default of each parameter in *table*, or the value that is given for it.

    Windows are divided by *scale*. Raise ConfigError with every problem of what is given.
    """
    problems = [problem for name, text in given.items() if (problem := _problem(table, name, text)) is not None]
    if problems:
        raise ConfigError("the parameters", problems)
    chosen = {name: given.get(name, str(parameter["default"])) for name, parameter in table.items()}
    windows = {name for name, parameter in table.items() if parameter["kind"] == "window"}
    return Values(
        {name: text for name, text in chosen.items() if name not in windows},
        {name: max(1, round(durations.milliseconds(chosen[name]) / scale)) for name in windows},
        language,
    )


def places(template: str) -> Sequence[str]:
    """Return the names of the parameters that *template* uses."""
    return [place[1] for place in _PLACE.finditer(template)]


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Return that a name is unknown, and the one that was meant."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"there is no {kind} of this name; " + (
        f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"
    )


def _problem(table: Mapping[str, Mapping[str, Any]], name: str, text: str) -> Problem | None:
    where = f"--set {name}"
    if name not in table:
        return Problem(where, unknown("parameter", name, sorted(table)))
    parameter = table[name]
    if parameter.get("fixed"):
        return Problem(where, f"{parameter['default']} is fixed, because names of recording rules contain it")
    match parameter["kind"]:
        case "threshold":
            if not _is_number(text):
                return Problem(where, f"{text!r} is not a number; the unit is {parameter['unit']}")
        case "window":
            try:
                durations.milliseconds(text)
            except ValueError as error:
                return Problem(where, str(error))
        case "labels":
            if not _LABELS.fullmatch(text):
                return Problem(where, f"{text!r} is not a list of labels; write it like {parameter['default']}")
        case "selector":
            if not _SELECTOR.fullmatch(text):
                return Problem(where, f'{text!r} is not a list of matchers; write it like namespace="shop",target!=""')
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
