"""Versions of the Java client."""

import re
from typing import NamedTuple

_CONFLUENT = ("-ccs", "-ce")
_KAFKA_OF = {5: (2, 0), 6: (2, 6), 7: (3, 0), 8: (4, 0)}
"""Kafka's major version, and the minor version of the first release, for Confluent's own major versions."""


class ClientVersion(NamedTuple):
    """A version of the client. Without a patch number it stands for the newest patch."""

    major: int
    minor: int
    patch: int = 1_000

    @classmethod
    def parse(cls, text: str) -> "ClientVersion":
        """Parse ``3.9`` or ``3.9.2``, with or without a suffix, or Confluent's ``7.9.0-ccs``. Raise ValueError."""
        match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(-.*)?", text.strip(), re.ASCII)
        if match is None:
            raise ValueError("this is not a version of the client; write it like 3.9 or 3.9.2")
        major, minor, patch, suffix = match.groups()
        if suffix in _CONFLUENT and int(major) in _KAFKA_OF:
            kafka, first = _KAFKA_OF[int(major)]
            return cls(kafka, first + int(minor))
        return cls(int(major), int(minor)) if patch is None else cls(int(major), int(minor), int(patch))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch < 1_000 else "")


OLDEST = ClientVersion(2, 1)
"""The oldest version whose options and defaults are known here."""
NEWEST = ClientVersion(4, 4)
