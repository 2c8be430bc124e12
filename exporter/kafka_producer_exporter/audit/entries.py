"""The keys and values of a file, before anyone knows what they mean."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A key and its value, with the line where the key stands. The value is None if the file only refers to it."""

    key: str
    value: str | None
    line: int


class Document(NamedTuple):
    """A file, or a part of it that stands for itself."""

    entries: tuple[Entry, ...]
    name: str = ""
    """Which part of the file; empty for the whole."""


class UnreadableError(Exception):
    """A file cannot be read. The text says where and what to do, and quotes nothing, since that may be a secret."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line
