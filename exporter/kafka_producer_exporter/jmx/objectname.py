"""Names of MBeans, parsed and unquoted as javax.management.ObjectName does it."""

import re
import sys
from collections.abc import Mapping


class ObjectName:
    """An MBean's name, or a pattern of names. Two are equal if their texts are.

    ``properties`` are the key properties, unquoted and in the order of the text. Kafka quotes a value that contains
    anything but ``[A-Za-z0-9_%. -]`` and tabs (see its Sanitizer.jmxSanitize), so ``client-id="orders,eu"`` is legal.
    """

    __slots__ = ("domain", "properties", "text")

    def __init__(self, text: str) -> None:
        """Parse a name. Raise ValueError for an empty one, and for any that javax.management.ObjectName rejects."""
        self.text = text
        self.domain, self.properties = _parse(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectName) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"ObjectName({self.text!r})"


# javax.management.ObjectName, "Quoted values": inside the quotes a backslash escapes a quote, a star, a question mark,
# a newline (as \n) or itself. Nothing else may be escaped, and a literal newline is not allowed.
_QUOTED = r'"(?:[^"\\\n]|\\["*?n\\])*"'
_PROPERTY = re.compile(rf'(?P<key>[^=,:*?\n]+)=(?P<value>{_QUOTED}|[^",=:\n]*)(?P<end>,|\Z)')
_ESCAPE = re.compile(r"\\(.)")


def _parse(text: str) -> tuple[str, Mapping[str, str]]:
    domain, colon, rest = text.partition(":")
    if not colon:
        raise _malformed(text, "it has no ':' after the domain")
    if "\n" in domain:
        raise _malformed(text, "its domain contains a newline")
    properties: dict[str, str] = {}
    starred, at, more = False, 0, True
    while more:
        if rest.startswith("*", at) and rest[at + 1 : at + 2] in {"", ","} and not starred:  # "and any other property"
            starred, more, at = True, rest[at + 1 : at + 2] == ",", at + 2
            continue
        match = _PROPERTY.match(rest, at)
        if match is None:
            raise _malformed(text, f"no key=value at {rest[at : at + 40]!r}")
        key, value = sys.intern(match["key"]), match["value"]
        if key in properties:
            raise _malformed(text, f"it has the key {key!r} twice")
        properties[key] = _unquoted(value) if value.startswith('"') else value
        more, at = match["end"] == ",", match.end()
    return domain, properties


def _unquoted(value: str) -> str:
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], value[1:-1])


def _malformed(text: str, problem: str) -> ValueError:
    return ValueError(f"{text!r} is not an ObjectName: {problem}")
