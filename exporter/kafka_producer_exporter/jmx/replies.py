"""What the replies of a JMX agent mean: attribute values, names of MBeans, and the attributes that an MBean lists.

Pure: decoders in, values out. Every part of a reply is checked, because it may come from anything.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from kafka_producer_exporter.jmx.javastream import BoxedNumber, Decoder, Instance, JavaStreamError, StreamLimitError

MAX_NAMES = 65_536
"""How many names of a reply are kept, and as many of those that may be left out first."""
MAX_NAMES_BYTES = 8 << 20
"""How much memory they may need, approximately."""
_TEXT_BYTES = 80
"""What a text takes beside its characters: the object, and its places in a list and in a tuple."""
MAX_NAMES_SEEN = 1_000_000
"""How many names a reply may contain at all."""
MAX_NAME_BYTES = 0xFFFF
"""A request gives the length of a name in two bytes."""

_MAX_ATTRIBUTE_LENGTH = MAX_NAME_BYTES // 6
"""The same for the name of an attribute, of which a character may take six bytes."""

MAX_TEXT_LENGTH = 1000
"""Characters of an attribute that is a string. The rest is cut off: it would be a label, in memory for each series."""

# The declared types whose values can be a number or a string. Attributes of other types are not requested: each costs
# the JVM work, and some cannot be read at all.
_READABLE_TYPES = frozenset(
    {"boolean", "byte", "double", "float", "int", "long", "short"}
    | {f"java.lang.{name}" for name in ("Boolean", "Byte", "Double", "Float", "Integer", "Long", "Number", "Short")}
    | {"java.lang.Object", "java.lang.String"}
)


def decode_attribute_list(
    decoder: Decoder, requested: Mapping[str, str] | None = None
) -> tuple[tuple[str, ...], list[BoxedNumber | str | None]]:
    """Decode the javax.management.AttributeList of getAttributes. Return the names and their values.

    A value that is neither a number nor a string is None. If *requested* is given, it has the names that count, each
    mapped to itself, so that they are in memory once; others, and repeated ones, are left out.
    """
    names: list[str] = []
    values: list[BoxedNumber | str | None] = []
    seen: set[str] = set()
    for attribute in _instance(decoder.value(), "javax.management.AttributeList").annotations:
        if isinstance(attribute, bytes):
            continue  # the capacity of the list
        fields = _instance(attribute, "javax.management.Attribute").fields
        name = _text(fields.get("name"))
        if requested is not None:
            if name not in requested or name in seen:
                continue
            name = requested[name]
            seen.add(name)
        names.append(name)
        value = fields.get("value")
        values.append(_cut(value) if isinstance(value, (BoxedNumber, str)) else None)
    return tuple(names), values


class Names(NamedTuple):
    """The names of MBeans, as far as they can be used."""

    texts: tuple[str, ...]
    unusable: int = 0
    """How many were left out because they are too long for a request, or not names."""
    too_many: int = 0
    """How many were left out because there are too many."""
    complete: bool = True
    """Whether all of those left out may be left out first."""


def decode_names(
    decoder: Decoder,
    last: Sequence[str] = (),
    max_bytes: int = MAX_NAMES_BYTES,
    max_kept_bytes: int = 4 * MAX_NAMES_BYTES,
) -> Names:
    """Decode the java.util.Set of javax.management.ObjectName of queryNames, however large it is.

    If there are too many, or they have more than *max_bytes*, or keeping them needs more than *max_kept_bytes*, those
    that contain one of the texts *last* are left out first. These have bounds of their own, of the same size.
    """

    def sink_for(class_name: str) -> _NamesSink:
        if class_name != "java.util.HashSet":
            raise JavaStreamError("a java.util.HashSet was expected")
        return _NamesSink(last, max_bytes, max_kept_bytes)

    sink = decoder.annotations(sink_for)
    if not isinstance(sink, _NamesSink):
        raise JavaStreamError("a java.util.HashSet was expected")
    return sink.names()


class _NamesSink:
    """Takes the elements of a set of names."""

    def __init__(self, last: Sequence[str], max_bytes: int, max_kept_bytes: int) -> None:
        self._last = last
        self._max_bytes = max_bytes
        self._max_kept_bytes = max_kept_bytes
        self._texts: list[str] = []
        self.kept_bytes = 0
        self._unusable = self._too_many = 0
        self._complete = True
        self._counts, self._sizes = [0, 0], [0, 0]  # of the others, and of those that are left out first

    def append(self, element: object, /) -> None:
        if isinstance(element, bytes):
            return  # the capacity and the size of the set
        if len(self._texts) + self._unusable + self._too_many >= MAX_NAMES_SEEN:
            raise StreamLimitError(f"a reply of more than {MAX_NAMES_SEEN:,} names")
        text = element.annotations[0] if _is_object_name(element) else None
        if not isinstance(text, str) or len(text) > MAX_NAME_BYTES:
            self._unusable += 1
            return
        which = any(part in text for part in self._last)
        size = len(text) if text.isascii() else 4 * len(text)
        count, total = self._counts[which] + 1, self._sizes[which] + size
        if count > MAX_NAMES or total > self._max_bytes or total + count * _TEXT_BYTES > self._max_kept_bytes:
            self._too_many += 1
            self._complete = self._complete and which
            return
        self._counts[which], self._sizes[which] = count, total
        self._texts.append(text)
        self.kept_bytes += size + _TEXT_BYTES

    def names(self) -> Names:
        """Return what was taken."""
        return Names(tuple(self._texts), self._unusable, self._too_many, self._complete)


def _is_object_name(element: object) -> TypeGuard[Instance]:
    return (
        isinstance(element, Instance)
        and element.class_name == "javax.management.ObjectName"
        and bool(element.annotations)
    )


def decode_texts(decoder: Decoder) -> tuple[str, ...]:
    """Decode an array of strings."""
    value = decoder.value()
    if not isinstance(value, list):
        raise JavaStreamError("an array was expected")
    return tuple(_text(item) for item in value)


def decode_listed_attributes(decoder: Decoder) -> tuple[str, ...]:
    """Decode the javax.management.MBeanInfo of getMBeanInfo.

    Return the attributes that are readable, can be requested, and have a type that allows a number or a string.
    """
    value = decoder.value()
    attributes = value.fields.get("attributes") if isinstance(value, Instance) else None
    if not isinstance(attributes, list):
        raise JavaStreamError("an MBeanInfo was expected")
    listed = []
    for attribute in attributes:
        fields = attribute.fields if isinstance(attribute, Instance) else {}
        name, declared = _text(fields.get("name")), _text(fields.get("attributeType"))
        if fields.get("isRead") is True and declared in _READABLE_TYPES and len(name) <= _MAX_ATTRIBUTE_LENGTH:
            listed.append(name)
    return tuple(listed)


def _cut(value: BoxedNumber | str) -> BoxedNumber | str:
    return f"{value[:MAX_TEXT_LENGTH]}…" if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH else value


def _instance(value: object, class_name: str) -> Instance:
    if not isinstance(value, Instance) or value.class_name != class_name:
        raise JavaStreamError(f"a {class_name} was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise JavaStreamError("a text was expected")
    return value
