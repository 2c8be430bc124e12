"""One line of a log, from bytes to the texts in it.

A line may have any encoding, because what is looked for is ASCII. It may be wrapped: in terminal colours, in the
prefixes of a container runtime or of ``kubectl logs --prefix --timestamps``, or in JSON.
"""

import json
import re
from collections.abc import Iterator

MAX_DEPTH = 5
"""How deep strings may be nested in a JSON record."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PREFIX = re.compile(
    r"(?:\[[\w.-]+/[\w./-]+\] )?"
    r"(?:\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d) (?:std(?:out|err) [FP] )?"
    r"(?! *(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b))?"  # where a level follows, the time is the application's own
)


def plain(line: bytes) -> str:
    """Return a line as text, without colours and its end."""
    text = line.replace(b"\0", b"").decode("utf-8", "replace").rstrip("\r\n")  # without its zeros, UTF-16 is ASCII
    return _COLOUR.sub("", text) if "\x1b" in text else text


def without_prefix(text: str) -> str:
    """Return what the application wrote, without the pod's name, the time and the stream before it."""
    prefix = _PREFIX.match(text)
    return text[prefix.end() :] if prefix else text


def json_texts(text: str) -> list[str] | None:
    """Return the strings of a JSON record in their order, split into lines; None if *text* is no JSON object."""
    text = text.strip()
    if not text.startswith("{") or not text.endswith("}"):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [line for string in _strings(record, MAX_DEPTH) for line in string.splitlines()]


def _strings(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict):
        for each in value.values():
            yield from _strings(each, depth - 1)
    elif depth and isinstance(value, list):
        for each in value:
            yield from _strings(each, depth - 1)
