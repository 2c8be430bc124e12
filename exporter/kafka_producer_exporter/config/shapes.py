"""Shapes that a configured value may have: each checks what was found, writes its JSON schema, and names itself."""

# ruff: noqa: D102 - the contract of all these methods is that of Shape

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, cast

from kafka_producer_exporter.config.found import Findings, Found, Unusable
from kafka_producer_exporter.net.printable import printable

JsonSchema = dict[str, object]


class Shape(Protocol):
    """What a value must look like."""

    @property
    def words(self) -> str:
        """The shape for a person: ``HOST:PORT``, ``1 to 65535``."""

    def read(self, found: Found, findings: Findings) -> object:
        """Return the value. Raises Unusable, with the problems on record in *findings*, where there is none."""

    def json_schema(self) -> JsonSchema:
        """Return the same check as JSON schema, so far as that can say it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of a certain pattern; ``parse`` returns the value, or raises ValueError with what is wrong."""

    words: str
    pattern: str
    """Written for ECMAScript and Python alike; it must match the whole text."""
    advice: str
    """What to write instead."""
    parse: Callable[[str], object] = str

    def read(self, found: Found, findings: Findings) -> object:
        if not isinstance(found.value, str):
            findings.refuse(found, f"{shown(found.value)} is not text; {self.advice}")
        if not re.fullmatch(self.pattern, found.value):
            findings.refuse(found, f"{shown(found.value)} cannot be used here; {self.advice}")
        try:
            return self.parse(found.value)
        except ValueError as error:
            findings.refuse(found, str(error))

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds."""

    words: str
    minimum: int
    maximum: int
    noun: str

    def read(self, found: Found, findings: Findings) -> int:
        if not isinstance(found.value, int) or isinstance(found.value, bool):
            findings.refuse(found, f"{shown(found.value)} is not a whole number; use {self.words}")
        if not self.minimum <= found.value <= self.maximum:
            findings.refuse(found, f"{found.value} is not {self.noun}; use {self.words}")
        return found.value

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few names."""

    names: tuple[str, ...]
    make: Callable[[str], object] = str

    @property
    def words(self) -> str:
        return ", ".join(self.names)

    def read(self, found: Found, findings: Findings) -> object:
        name = found.value if isinstance(found.value, str) else ""
        if name not in self.names:
            findings.refuse(found, f"{shown(found.value)} is none of {self.words}{nearest(name, self.names)}")
        return self.make(name)

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self.names)}


def choice_of(names: type[StrEnum]) -> Choice:
    """Return the shape of an enumeration's values."""
    return Choice(tuple(names), names)


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path, relative to the configuration file; ``examine`` raises ValueError for a file that cannot be used."""

    examine: Callable[[Path], None]
    words: str = "path of a file"

    def read(self, found: Found, findings: Findings) -> Path:
        if not isinstance(found.value, str) or not found.value or "\0" in found.value:
            findings.refuse(found, f"{shown(found.value)} is not a path; write the path of a file")
        path = found.directory / found.value
        try:
            self.examine(path)
        except ValueError as error:
            findings.refuse(found, str(error))
        return path

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1, "pattern": r"^[^\x00]*$"}


@dataclass(frozen=True, slots=True)
class VariableName:
    """The name of an environment variable that must be set."""

    words: str = "name of a variable"

    def read(self, found: Found, findings: Findings) -> str:
        if not isinstance(found.value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", found.value):
            # Not shown: whoever mistakes the key writes the password itself here.
            findings.refuse(found, "this is not the name of an environment variable; use letters, digits and _")
        if not findings.environment.get(found.value):
            findings.refuse(found, "no such variable is set in the exporter's environment; set it, or correct the name")
        return found.value

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}


@dataclass(frozen=True, slots=True)
class Off:
    """Another shape, or off."""

    shape: Shape

    @property
    def words(self) -> str:
        return f"{self.shape.words} or off"

    def read(self, found: Found, findings: Findings) -> object:
        if found.value in (None, "off") or found.value is False:  # YAML 1.1 reads off as false
            return None
        return self.shape.read(found, findings)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.shape.json_schema(), {"enum": ["off", False, None]}]}


@dataclass(frozen=True, slots=True)
class Several:
    """A list of one shape."""

    shape: Shape
    minimum: int = 0
    flat: bool = False
    """Each entry stands for several values."""

    @property
    def words(self) -> str:
        return f"list of {self.shape.words}"

    def read(self, found: Found, findings: Findings) -> tuple[object, ...]:
        if not isinstance(found.value, list):
            findings.refuse(found, f"{shown(found.value)} is not a list; start each entry with a dash")
        if len(found.value) < self.minimum:
            findings.refuse(found, "the list is empty; give at least one entry")
        values: list[object] = []
        for item in found.value:
            try:
                value = self.shape.read(item, findings)
                values.extend(cast(tuple[object, ...], value) if self.flat else [value])
            except Unusable:  # go on, so that all problems are told at once
                continue
        return tuple(values)

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self.shape.json_schema()}
        return schema | {"minItems": self.minimum} if self.minimum else schema


@dataclass(frozen=True, slots=True)
class Labels:
    """Label names and their values."""

    reserved: tuple[str, ...]
    words: str = "names and values"

    _NAME = r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*"

    def read(self, found: Found, findings: Findings) -> dict[str, str]:
        if not isinstance(found.value, dict):
            findings.refuse(found, f"{shown(found.value)} is not a mapping; write NAME: VALUE")
        labels = {}
        for name, below in found.value.items():
            if name in self.reserved:
                findings.add(below.where, "the exporter's own series have a label of this name; choose another")
            elif not re.fullmatch(self._NAME, name):
                findings.add(below.where, "not a label name; use letters, digits and _, no digit first, no __ first")
            elif not isinstance(below.value, str):
                findings.add(below.where, f"{shown(below.value)} is not text; put it in quotes")
            else:
                labels[name] = below.value
        return labels

    def json_schema(self) -> JsonSchema:
        names = {"pattern": f"^{self._NAME}$", "not": {"enum": list(self.reserved)}}
        return {"type": "object", "propertyNames": names, "additionalProperties": {"type": "string"}}


@dataclass(frozen=True, slots=True)
class Either:
    """A name from a list, or a section of one's own."""

    choice: Choice
    section: "Section"

    @property
    def words(self) -> str:
        return f"{self.choice.words}, or {self.section.words}"

    def read(self, found: Found, findings: Findings) -> object:
        return (self.choice if isinstance(found.value, str) else self.section).read(found, findings)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.choice.json_schema(), self.section.json_schema()]}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a section."""

    name: str
    shape: Shape
    help: str
    required: bool = False
    example: str = ""
    """As it stands in the example of the documentation; empty: not there."""
    option: str = ""
    """The name that it has as a flag; as an environment variable in capitals, with ``_`` for ``-``. Empty: none."""
    kept: bool = True
    """False: checked here, and taken up elsewhere."""


Check = Callable[[Mapping[str, object], Found, Findings], None]


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping with known keys, of which ``make`` makes the value; defaults are those of its fields."""

    make: Callable[..., object]
    keys: tuple[Key, ...]
    alternatives: tuple[str, ...] = ()
    """Keys of which at most one may be there."""
    inherits: bool = False
    """A required key may come from ``defaults``, which JSON schema cannot say."""
    secret: str = ""
    """A key that many would write a secret into, and must not."""
    check: Check | None = None
    """What holds between keys; it is handed the values that are good in themselves."""

    @property
    def words(self) -> str:
        return "{" + ", ".join(key.name for key in self.keys) + "}"

    def key(self, name: str) -> Key:
        """Return the key of this name. Raises KeyError."""
        return {key.name: key for key in self.keys}[name]

    def default(self, name: str) -> object:
        """Return what holds where the key is not there; None where nothing does."""
        if not (isinstance(self.make, type) and is_dataclass(self.make)):
            return None
        declared = {field.name: field for field in fields(self.make)}.get(name)
        return None if declared is None or declared.default is MISSING else declared.default

    def read(self, found: Found, findings: Findings) -> object:
        if not isinstance(found.value, dict):
            nothing = "nothing stands here" if found.value is None else f"{shown(found.value)} is not a mapping"
            findings.refuse(found, f"{nothing}; its keys are {', '.join(key.name for key in self.keys)}")
        self._refuse_others(found, findings)
        values = {}
        whole = True
        for key in self.keys:
            if key.name in found.value:
                try:
                    values[key.name] = key.shape.read(found.value[key.name], findings)
                except Unusable:
                    whole = False
            elif key.required:
                findings.add(f"{found.where}.{key.name}", f"missing; write {key.name}: {key.example}")
                whole = False
        if self.check:
            self.check(values, found, findings)
        if not whole:
            raise Unusable
        return self.make(**{key.name: values[key.name] for key in self.keys if key.kept and key.name in values})

    def _refuse_others(self, found: Found, findings: Findings) -> None:
        names = [key.name for key in self.keys]
        deeper = [
            f"{key.name}.{below.name}"
            for key in self.keys
            if isinstance(key.shape, Section)
            for below in key.shape.keys
        ]
        for name, below in found.keys.items():
            if name == self.secret:
                findings.add(below.where, f"a password does not belong here; use {' or '.join(self.alternatives)}")
            elif name not in names:
                near = nearest(name, names) or nearest(name, deeper, cutoff=0.8)
                findings.add(below.where, f"unknown key{near or '; the keys here are ' + ', '.join(names)}")
        both = [name for name in self.alternatives if name in found.keys]
        if len(both) > 1:
            findings.add(found.keys[both[-1]].where, f"{' and '.join(both)} are both there; keep one of them")

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "object", "additionalProperties": False}
        schema["properties"] = {key.name: {"description": key.help} | key.shape.json_schema() for key in self.keys}
        if required := [key.name for key in self.keys if key.required and not self.inherits]:
            schema["required"] = required
        if self.alternatives:
            schema["not"] = {"required": list(self.alternatives)}
        return schema


def loosened(section: Section, *, without: Sequence[str] = ()) -> Section:
    """Return the section of defaults: the same keys, none of them required, and nothing made of them."""
    keys = (
        replace(key, required=False, shape=loosened(key.shape) if isinstance(key.shape, Section) else key.shape)
        for key in section.keys
        if key.name not in without
    )
    return replace(section, make=dict, keys=tuple(keys), check=None)


def shown(value: object) -> str:
    """Return a value as a problem shows it: short, on one line, strings in quotes."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f'"{printable(value, limit=60)}"'
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return str(value)


def nearest(name: str, names: Sequence[str], *, cutoff: float = 0.6) -> str:
    """Return a question that names the nearest of the names by their last parts, or nothing."""
    plain = name.lower().replace("-", "_")
    known = {each.rpartition(".")[2].lower().replace("-", "_"): each for each in names}
    close = difflib.get_close_matches(plain, known, n=1, cutoff=cutoff)
    return f"; did you mean {known[close[0]]}?" if close else ""
