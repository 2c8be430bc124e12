"""Shapes of a single configured value or list. Each reads a value, describes itself, and writes its JSON schema."""

# ruff: noqa: D102 - Shape states the contract of these methods

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, cast

from kafka_producer_exporter.config.context import LoadContext, Rejected
from kafka_producer_exporter.config.located import Located
from kafka_producer_exporter.net.printable import printable

JsonSchema = dict[str, object]


class Shape(Protocol):
    """What a value must look like."""

    @property
    def syntax(self) -> str:
        """What to write, for people: ``HOST:PORT``, ``1 to 65535``."""

    def read(self, located: Located, context: LoadContext) -> object:
        """Return the parsed value. Raises Rejected after reporting to *context* why there is none."""

    def json_schema(self) -> JsonSchema:
        """Return the same check as JSON schema, as far as JSON schema can express it."""


class SpecialShape(Shape, Protocol):
    """A shape that recognizes its values at sight, so that another shape can stand beside it."""

    def claims(self, value: object) -> bool:
        """Return whether this shape, and no other, must read the value."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string that matches a pattern. ``parse`` returns its value, or raises ValueError with what is wrong."""

    syntax: str
    pattern: str
    """Must match the whole text. Valid in ECMAScript, for the JSON schema, and in Python."""
    advice: str
    """What to write instead."""
    parse: Callable[[str], object] = str

    def read(self, located: Located, context: LoadContext) -> object:
        if not isinstance(located.value, str):
            context.reject(located, f"{quoted(located.value)} is not text; {self.advice}")
        if not re.fullmatch(self.pattern, located.value):
            context.reject(located, f"{quoted(located.value)} is not valid here; {self.advice}")
        try:
            return self.parse(located.value)
        except ValueError as error:
            context.reject(located, str(error))

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer within bounds."""

    minimum: int
    maximum: int
    noun: str
    """With its article, for messages: ``a port``."""

    @property
    def syntax(self) -> str:
        return f"{self.minimum} to {self.maximum}"

    def read(self, located: Located, context: LoadContext) -> int:
        if not isinstance(located.value, int) or isinstance(located.value, bool):
            context.reject(located, f"{quoted(located.value)} is not an integer; use {self.syntax}")
        if not self.minimum <= located.value <= self.maximum:
            context.reject(located, f"{located.value} is not {self.noun}; use {self.syntax}")
        return located.value

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few names; ``make`` turns the name into its value."""

    names: tuple[str, ...]
    make: Callable[[str], object]

    @property
    def syntax(self) -> str:
        return ", ".join(self.names)

    def claims(self, value: object) -> bool:
        return isinstance(value, str)

    def read(self, located: Located, context: LoadContext) -> object:
        name = located.value if isinstance(located.value, str) else ""
        if name not in self.names:
            context.reject(
                located, f"{quoted(located.value)} is not one of {self.syntax}{did_you_mean(name, self.names)}"
            )
        return self.make(name)

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self.names)}


def choice_of(enumeration: type[StrEnum]) -> Choice:
    """Return the shape of an enumeration's values."""
    return Choice(tuple(enumeration), enumeration)


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path, relative to the configuration file. ``examine`` raises ValueError for a file that cannot be used."""

    examine: Callable[[Path], None]
    secret: bool = False
    """The file holds a secret. The value is never quoted then: it may be the secret itself, written under this key."""
    syntax: str = "path of a file"

    def read(self, located: Located, context: LoadContext) -> Path:
        if not isinstance(located.value, str) or not located.value or "\0" in located.value:
            what = "this" if self.secret else quoted(located.value)
            context.reject(located, f"{what} is not a path; write the path of a file")
        path = located.directory / located.value
        try:
            self.examine(path)
        except ValueError as error:
            context.reject(located, str(error))
        return path

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1, "pattern": r"^[^\x00]*$"}


@dataclass(frozen=True, slots=True)
class VariableName:
    """The name of an environment variable that is set."""

    syntax: str = "name of a variable"

    _PATTERN = "[A-Za-z_][A-Za-z0-9_]*"

    def read(self, located: Located, context: LoadContext) -> str:
        if not isinstance(located.value, str) or not re.fullmatch(self._PATTERN, located.value):
            # The value is not quoted: it may be the password itself, written under the wrong key.
            context.reject(located, "this is not the name of an environment variable; use letters, digits and _")
        if not context.environment.get(located.value):
            context.reject(located, "the exporter's environment has no such variable; set it, or correct the name")
        return located.value

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^{self._PATTERN}$"}


@dataclass(frozen=True, slots=True)
class Off:
    """The word ``off``, for None."""

    syntax: str = "off"

    def claims(self, value: object) -> bool:
        return value in (None, "off") or value is False  # YAML 1.1 reads off as false

    def read(self, located: Located, context: LoadContext) -> None:  # noqa: ARG002 - as Shape has it
        return None

    def json_schema(self) -> JsonSchema:
        return {"enum": ["off", False, None]}


@dataclass(frozen=True, slots=True)
class Switch:
    """The word ``on`` or ``off``, which YAML 1.1 reads as true and false."""

    syntax: str = "on or off"

    def claims(self, value: object) -> bool:
        return value in ("on", "off") or isinstance(value, bool)

    def read(self, located: Located, context: LoadContext) -> bool:
        if not self.claims(located.value):
            context.reject(located, f"{quoted(located.value)} is neither on nor off")
        return located.value in (True, "on")

    def json_schema(self) -> JsonSchema:
        return {"enum": ["on", "off", True, False]}


@dataclass(frozen=True, slots=True)
class FromHostname:
    """The word ``from_hostname``: the number at the end of a StatefulSet pod's host name."""

    number: Integer
    syntax: str = "from_hostname"

    def claims(self, value: object) -> bool:
        return value == self.syntax

    def read(self, located: Located, context: LoadContext) -> int:
        name = context.environment.get("HOSTNAME", "")
        ordinal = re.fullmatch(r".+-([0-9]{1,9})", name)
        if ordinal is None:
            state = f"HOSTNAME is {quoted(name)}, which does not end in -NUMBER" if name else "HOSTNAME is not set"
            context.reject(located, f"{state}; run in a StatefulSet, or write the number itself")
        return self.number.read(located._replace(value=int(ordinal[1])), context)

    def json_schema(self) -> JsonSchema:
        return {"const": self.syntax}


@dataclass(frozen=True, slots=True)
class OneOf:
    """The special shape where that claims the value, otherwise the ordinary one."""

    ordinary: Shape
    special: SpecialShape

    @property
    def syntax(self) -> str:
        return f"{self.ordinary.syntax} or {self.special.syntax}"

    def read(self, located: Located, context: LoadContext) -> object:
        shape = self.special if self.special.claims(located.value) else self.ordinary
        return shape.read(located, context)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.ordinary.json_schema(), self.special.json_schema()]}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items have one shape."""

    shape: Shape
    minimum: int = 0
    flat: bool = False
    """Each item yields a tuple of values, and the list is their concatenation."""
    may_be_text: bool = False
    """The list may also be written as one text, with commas between the items. *shape* must be Text then."""

    @property
    def syntax(self) -> str:
        return f"list; each: {self.shape.syntax}"

    def read(self, located: Located, context: LoadContext) -> tuple[object, ...]:
        items = located.value
        if self.may_be_text and isinstance(items, str):
            words = enumerate(split_at_commas(items))
            items = [located._replace(value=word, where=f"{located.where}[{index}]") for index, word in words]
        if not isinstance(items, list):
            context.reject(located, f"{quoted(items)} is not a list; start each item with a dash")
        if len(items) < self.minimum:
            context.reject(located, "the list is empty; add at least one item")
        values: list[object] = []
        for item in items:
            try:
                value = self.shape.read(item, context)
            except Rejected:  # continue, so that all problems are reported at once
                continue
            values.extend(cast(tuple[object, ...], value) if self.flat else [value])
        return tuple(values)

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self.shape.json_schema()}
        if self.minimum:
            schema["minItems"] = self.minimum
        if self.may_be_text and isinstance(self.shape, Text):
            item = f"({self.shape.pattern})"
            text = rf"^[\s,]*{item}(\s*,[\s,]*{item})*[\s,]*$"
            return {"anyOf": [schema, {"type": "string", "pattern": text}]}
        return schema


@dataclass(frozen=True, slots=True)
class Labels:
    """Label names and their values."""

    reserved: tuple[str, ...]
    """Names that the exporter's own series use."""
    syntax: str = "names and values"

    _NAME = r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*"

    def read(self, located: Located, context: LoadContext) -> dict[str, str]:
        if not isinstance(located.value, dict):
            context.reject(located, f"{quoted(located.value)} is not a mapping; write NAME: VALUE")
        labels = {}
        for name, label in located.value.items():
            if name in self.reserved:
                context.report(label.where, "the exporter's own series use this label name; choose another")
            elif not re.fullmatch(self._NAME, name):
                advice = "use letters, digits and _, and start with neither a digit nor __"
                context.report(label.where, f"this is not a label name; {advice}")
            elif not isinstance(label.value, str):
                context.report(label.where, f"{quoted(label.value)} is not text; put it in quotes")
            else:
                labels[name] = label.value
        return labels

    def json_schema(self) -> JsonSchema:
        names = {"pattern": f"^{self._NAME}$", "not": {"enum": list(self.reserved)}}
        return {"type": "object", "propertyNames": names, "additionalProperties": {"type": "string"}}


def split_at_commas(text: str) -> list[str]:
    """Return the items of a comma-separated list, without the spaces around them and without empty ones.

    A text with an @ stays whole: it may hold USER:PASSWORD, and a password that is cut would be quoted in part.
    """
    return [text] if "@" in text else [word.strip() for word in text.split(",") if word.strip()]


def quoted(value: object) -> str:
    """Return a value as a problem quotes it: short, on one line, text in quotation marks.

    What stands before an @ is left out: it may be USER:PASSWORD of an address.
    """
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        before, at, after = value.rpartition("@")
        return f'"{printable("…" + at + after if before else value, limit=60)}"'
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return str(value)


def did_you_mean(name: str, names: Sequence[str], *, cutoff: float = 0.6) -> str:
    """Return ``; did you mean NAME?`` with the most similar of *names*, or an empty text if none is similar.

    Dotted names are compared by their last part.
    """
    plain = name.lower().replace("-", "_")
    known = {each.rpartition(".")[2].lower().replace("-", "_"): each for each in names}
    close = difflib.get_close_matches(plain, known, n=1, cutoff=cutoff)
    return f"; did you mean {known[close[0]]}?" if close else ""
