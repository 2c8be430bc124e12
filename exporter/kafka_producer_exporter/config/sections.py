"""Sections: mappings with known keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace

from kafka_producer_exporter.config.context import LoadContext, Rejected
from kafka_producer_exporter.config.located import Located
from kafka_producer_exporter.config.shapes import JsonSchema, Shape, did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a section."""

    name: str
    shape: Shape
    help: str
    required: bool = False
    example: str = ""
    """An example value, which is shown if the key is required and missing."""
    option: str = ""
    """Name of its flag, without dashes, and of its environment variable. Empty if it has neither."""
    check_only: bool = False
    """The key is checked, but not passed to ``make``."""


Check = Callable[[Mapping[str, object], Located, LoadContext], None]
"""Reports problems between the keys of a section. Takes the values that are valid by themselves, and the section."""


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping with known keys. Calls ``make`` with their values."""

    make: Callable[..., object]
    """Usually a dataclass of ``settings``, whose fields hold the defaults."""
    keys: tuple[Key, ...]
    alternatives: tuple[str, ...] = ()
    """Keys of which at most one may be set."""
    inherits: bool = False
    """A required key may come from ``defaults``, which JSON schema cannot express."""
    secret: str = ""
    """A key that does not exist, but under which people might write a secret."""
    check: Check | None = None

    @property
    def syntax(self) -> str:
        """The names of the keys, to show to people."""
        return "{" + ", ".join(self._names) + "}"

    @property
    def _names(self) -> list[str]:
        return [key.name for key in self.keys]

    def default(self, name: str) -> object:
        """Return the value of a key that is not set, or None if it has no default."""
        if not (isinstance(self.make, type) and is_dataclass(self.make)):
            return None
        declared = {field.name: field for field in fields(self.make)}.get(name)
        return None if declared is None or declared.default is MISSING else declared.default

    def read(self, located: Located, context: LoadContext) -> object:
        """Return the section's value. Raises Rejected if a key that it needs is missing or has no usable value."""
        if not isinstance(located.value, dict):
            what = "nothing is set here" if located.value is None else f"{quoted(located.value)} is not a mapping"
            context.reject(located, f"{what}; the keys here are {', '.join(self._names)}")
        self._report_unknown_keys(located, context)
        both = [name for name in self.alternatives if name in located.entries]
        if len(both) > 1:
            context.report(located.entries[both[-1]].where, f"{' and '.join(both)} are both set; keep one of them")
        values = {}
        complete = True
        for key in self.keys:
            if key.name in located.entries:
                try:
                    values[key.name] = key.shape.read(located.entries[key.name], context)
                except Rejected:
                    complete = False
            elif key.required:
                context.report(f"{located.where}.{key.name}", f"missing; write {key.name}: {key.example}")
                complete = False
        if self.check:
            self.check(values, located, context)
        if not complete:
            raise Rejected
        return self.make(
            **{key.name: values[key.name] for key in self.keys if key.name in values and not key.check_only}
        )

    def _report_unknown_keys(self, located: Located, context: LoadContext) -> None:
        nested = [
            f"{key.name}.{below.name}"
            for key in self.keys
            if isinstance(key.shape, Section)
            for below in key.shape.keys
        ]
        for name, entry in located.entries.items():
            if name == self.secret:
                context.report(
                    entry.where, f"a password must not be written here; use {' or '.join(self.alternatives)}"
                )
            elif name not in self._names:
                guess = did_you_mean(name, self._names) or did_you_mean(name, nested, cutoff=0.8)
                context.report(entry.where, f"unknown key{guess or '; the keys here are ' + ', '.join(self._names)}")

    def json_schema(self) -> JsonSchema:
        """Return the same check as JSON schema, as far as JSON schema can express it."""
        schema: JsonSchema = {"type": "object", "additionalProperties": False}
        schema["properties"] = {key.name: {"description": key.help} | key.shape.json_schema() for key in self.keys}
        if required := [key.name for key in self.keys if key.required and not self.inherits]:
            schema["required"] = required
        if self.alternatives:
            schema["not"] = {"required": list(self.alternatives)}
        return schema


def section_of_defaults(section: Section, *, without: Sequence[str] = ()) -> Section:
    """Return a section with the same keys, all of them optional, which is only checked: its value is a plain dict."""
    keys = (
        replace(
            key, required=False, shape=section_of_defaults(key.shape) if isinstance(key.shape, Section) else key.shape
        )
        for key in section.keys
        if key.name not in without
    )
    return replace(section, make=dict, keys=tuple(keys), check=None)
