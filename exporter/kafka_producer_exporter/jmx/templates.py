"""Replies read by comparing them with earlier ones, which is 50 times as fast as taking them apart.

A Java stream says where it ends, so a reply that begins with all the fixed bytes of an earlier one is of that shape,
and ends where that one did. What matches none is taken apart: a template is never the reason for an error or a wrong
number. The UID in each reply's head is passed over.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from kafka_producer_exporter.jmx.javastream import Decoder, Instance, JavaStreamError, NeedMore
from kafka_producer_exporter.jmx.jrmp import REPLY_BODY, REPLY_HEAD, read_reply
from kafka_producer_exporter.jmx.readings import Value

_TEMPLATES: Final = 4
"""Kept for one list of attributes: more shapes than that do not come back."""
_LONGEST_NAME: Final = 0xFFFF // 3
"""A request gives a name's length in two bytes, and a character may take three."""
_NUMBERS: Final = (bool, int, float)


class Answer(NamedTuple):
    """The attributes that one MBean answered with; ``attributes`` is one object for all answers that have the same."""

    attributes: tuple[str, ...]
    values: Sequence[Value]


class AnswerReader:
    """Reads the replies to getAttributes with one and the same list of attributes."""

    def __init__(self) -> None:
        self._templates: list[_Template] = []
        self._known_attributes: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __call__(self, buffer: bytearray, start: int) -> tuple[object, int]:
        """Read one reply: an Answer, or a RemoteFailure."""
        have = len(buffer) - start
        for template in self._templates:
            if have >= template.size:
                values = template.match(buffer, start)
                if values is not None:
                    return Answer(template.attributes, values), start + template.size
            elif template.may_match(buffer, start):
                raise NeedMore(have + 1)  # no more than that: it may yet prove to be another, shorter one
        return read_reply(buffer, start, lambda decoder: self._take_apart(decoder, buffer, start))

    def _take_apart(self, decoder: Decoder, buffer: bytearray, start: int) -> Answer:
        attributes, values = _attribute_list(decoder.value())
        if len(self._known_attributes) > 4 * _TEMPLATES:
            self._known_attributes.clear()
        answer = Answer(self._known_attributes.setdefault(attributes, attributes), values)
        reply = bytes(buffer[start : decoder.position])
        if len(self._templates) < _TEMPLATES and reply.startswith(REPLY_HEAD):
            template = _Template.of(reply, decoder, answer)
            if template is not None:
                self._templates.append(template)
        return answer


class _Template:
    """The fixed bytes of a reply, and where in it the numbers are."""

    __slots__ = ("_constants", "_layout", "_slots", "_statics", "attributes", "size")

    def __init__(self, layout: struct.Struct, statics: tuple[bytes, ...], answer: Answer) -> None:
        self._layout = layout
        self._statics = statics
        self.size = layout.size
        self.attributes = answer.attributes
        self._slots = [index for index, value in enumerate(answer.values) if isinstance(value, _NUMBERS)]
        # None where every value is a number, as it is in nearly every MBean.
        self._constants = None if len(self._slots) == len(answer.values) else list(answer.values)

    @classmethod
    def of(cls, reply: bytes, decoder: Decoder, answer: Answer) -> "_Template | None":
        """Make a template of a reply; None where its numbers do not stand one by one where we can find them."""
        layout, statics, at = f">{REPLY_BODY}x", [], REPLY_BODY
        for hole in decoder.holes:
            layout += f"{hole.offset - at}s{hole.format}"
            statics.append(reply[at : hole.offset])
            at = hole.offset + struct.calcsize(f">{hole.format}")
        layout += f"{len(reply) - at}s"
        statics.append(reply[at:])
        template = cls(struct.Struct(layout), tuple(statics), answer)
        # A number that is sent once and referred to again, or one inside of a composite, shows itself here.
        if len(template._slots) != len(decoder.holes):
            return None
        values = template.match(bytearray(reply), 0)
        return template if values is not None and repr(list(values)) == repr(list(answer.values)) else None

    def match(self, buffer: bytearray, start: int) -> Sequence[Value] | None:
        """Return the values of a reply of this shape, None for any other."""
        parts = self._layout.unpack_from(buffer, start)
        if parts[::2] != self._statics or not buffer.startswith(REPLY_HEAD, start):
            return None
        numbers = parts[1::2]
        if self._constants is None:
            return numbers
        values = self._constants.copy()
        for slot, number in zip(self._slots, numbers, strict=True):
            values[slot] = number
        return values

    def may_match(self, buffer: bytearray, start: int) -> bool:
        """Whether an incomplete reply is of this shape as far as it goes."""
        have = len(buffer) - start
        if not buffer.startswith(REPLY_HEAD[:have], start):
            return False
        numbers = [struct.calcsize(f">{code}") for code in self._layout.format if code in "bhiqfd?"]
        at = REPLY_BODY
        for static, number in zip(self._statics, [*numbers, 0], strict=True):
            if at >= have:
                break
            if not buffer.startswith(static[: have - at], start + at):
                return False
            at += len(static) + number
        return True


class SameBytesReader:
    """Reads replies of which most are equal to an earlier one; what was made of that one is returned again."""

    def __init__(self, extract: Callable[[Decoder], object], *, keep: int) -> None:
        self._extract = extract
        self._keep = keep
        self._known: list[tuple[bytes, object]] = []  # the last one met comes first

    def __call__(self, buffer: bytearray, start: int) -> tuple[object, int]:
        """Read one reply: what was extracted of it, or a RemoteFailure."""
        have = len(buffer) - start
        if have >= REPLY_BODY and buffer.startswith(REPLY_HEAD, start):
            body = start + REPLY_BODY
            for index, (known, value) in enumerate(self._known):
                if buffer.startswith(known, body):
                    if index:
                        self._known.insert(0, self._known.pop(index))
                    return value, body + len(known)
                if have < REPLY_BODY + len(known) and known.startswith(buffer[body:]):
                    raise NeedMore(have + 1)
        return read_reply(buffer, start, lambda decoder: self._remember(decoder, buffer, start))

    def _remember(self, decoder: Decoder, buffer: bytearray, start: int) -> object:
        value = self._extract(decoder)
        if buffer.startswith(REPLY_HEAD, start):
            self._known.insert(0, (bytes(buffer[start + REPLY_BODY : decoder.position]), value))
            del self._known[self._keep :]
        return value


# What the replies mean. Everything is checked: they may come from anything.


def _attribute_list(value: object) -> tuple[tuple[str, ...], list[Value]]:
    """Take apart a javax.management.AttributeList."""
    names: list[str] = []
    values: list[Value] = []
    for attribute in _instance(value, "javax.management.AttributeList").annotations:
        if isinstance(attribute, bytes):
            continue  # the capacity of the list
        fields = _instance(attribute, "javax.management.Attribute").fields
        names.append(_text(fields.get("name")))
        found = fields.get("value")
        values.append(found if isinstance(found, (*_NUMBERS, str)) else None)
    return tuple(names), values


def extract_names(decoder: Decoder) -> tuple[str, ...]:
    """Take apart the java.util.Set of javax.management.ObjectName that queryNames answers with."""
    found = _instance(decoder.value(), "java.util.HashSet").annotations
    names = tuple(
        _text(next(iter(_instance(name, "javax.management.ObjectName").annotations), None))
        for name in found
        if not isinstance(name, bytes)
    )
    if any(len(name) > _LONGEST_NAME for name in names):
        raise JavaStreamError("a name that is too long to be asked for")
    return names


# The declared types whose values can be a number or a string. Others are not asked for: each costs the JVM work, and
# some cannot be read at all.
_READABLE_TYPES: Final = frozenset(
    {"boolean", "byte", "double", "float", "int", "long", "short"}
    | {f"java.lang.{name}" for name in ("Boolean", "Byte", "Double", "Float", "Integer", "Long", "Number", "Short")}
    | {"java.lang.Object", "java.lang.String"}
)


def extract_listed(decoder: Decoder) -> tuple[str, ...]:
    """Take apart a javax.management.MBeanInfo: the attributes that can be read and can be a number or a string."""
    value = decoder.value()
    attributes = value.fields.get("attributes") if isinstance(value, Instance) else None
    if not isinstance(attributes, list):
        raise JavaStreamError("MBeanInfo expected")
    listed = []
    for attribute in attributes:
        fields = attribute.fields if isinstance(attribute, Instance) else {}
        name, declared = _text(fields.get("name")), _text(fields.get("attributeType"))
        if fields.get("isRead") is True and declared in _READABLE_TYPES:
            listed.append(name)
    return tuple(listed)


def _instance(value: object, class_name: str) -> Instance:
    if not isinstance(value, Instance) or value.class_name != class_name:
        raise JavaStreamError(f"{class_name} expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise JavaStreamError("text expected")
    return value
