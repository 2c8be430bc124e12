"""Files in the style of environment variables: ``NAME=value`` per line, as in ``.env`` or the output of ``env``."""

import re

from kafka_producer_exporter.audit.entries import Document, Entry

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"\s*(?:#.*)?|'([^']*)'\s*(?:#.*)?")


def read_environment(text: str) -> list[Document]:
    """Return the variables of *text*. Lines that assign nothing are skipped."""
    entries = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        match = _LINE.fullmatch(line)
        if match is not None:
            entries.append(Entry(match[1], _value(match[2]), number))
    return [Document(tuple(entries))]


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text.strip())
    if quoted is None:
        return re.sub(r"\s+#.*", "", text).strip()
    return quoted[2] if quoted[1] is None else re.sub(r"\\(.)", r"\1", quoted[1])
