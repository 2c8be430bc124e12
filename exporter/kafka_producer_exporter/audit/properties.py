"""Java properties, as java.util.Properties reads them, and the documents of a Spring properties file."""

import re

from kafka_producer_exporter.audit.entries import Document, Entry, UnreadableError

_SEPARATOR = re.compile(r"[#!]---\s*")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read_properties(text: str) -> list[Document]:
    """Return the documents of *text*; there is one unless ``#---`` separates several. Raise UnreadableError."""
    documents: list[list[Entry]] = [[]]
    lines = re.split(r"\r\n|\r|\n", text)
    number = 0
    while number < len(lines):
        first = number
        line = lines[number].lstrip(" \t\f")
        number += 1
        if _SEPARATOR.fullmatch(line):
            documents.append([])
            continue
        if line in ("", "\\") or line[0] in "#!":  # Java sees no line yet where there is nothing before a backslash
            continue
        parts = [line]
        while _is_continued(parts[-1]) and number < len(lines):
            parts[-1] = parts[-1][:-1]
            parts.append(lines[number].lstrip(" \t\f"))
            number += 1
        if _is_continued(parts[-1]):
            parts[-1] = parts[-1][:-1]
        key, value = _split("".join(parts))
        documents[-1].append(Entry(_unescaped(key, first + 1), _unescaped(value, first + 1), first + 1))
    return [Document(tuple(entries)) for entries in documents]


def _is_continued(line: str) -> bool:
    """Return whether the line ends in an odd number of backslashes."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _split(line: str) -> tuple[str, str]:
    """Split at the first ``=``, ``:`` or white space that no backslash escapes."""
    end = 0
    while end < len(line) and line[end] not in "=: \t\f":
        end += 2 if line[end] == "\\" else 1
    rest = line[end:].lstrip(" \t\f")
    return line[:end], rest[1:].lstrip(" \t\f") if rest[:1] in ("=", ":") else rest


def _unescaped(text: str, line: int) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1], 16))
        if match[2] == "u":
            raise UnreadableError(
                r"a \u is not followed by four hexadecimal digits; Java would not read this file", line
            )
        return _ESCAPES.get(match[2], match[2])

    plain = re.sub(r"\\(?:u([0-9A-Fa-f]{4})|(.))", replaced, text, flags=re.DOTALL)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins the halves of a pair
