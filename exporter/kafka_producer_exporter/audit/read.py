"""From the bytes of a file to the producers' configurations in it, whatever its format."""

import codecs
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from kafka_producer_exporter.audit.configuration import Configuration
from kafka_producer_exporter.audit.entries import Document, Entry, UnreadableError
from kafka_producer_exporter.audit.environment import VARIABLE, read_environment
from kafka_producer_exporter.audit.properties import read_properties
from kafka_producer_exporter.audit.recognise import Source, configurations, from_variables, has_variables
from kafka_producer_exporter.audit.version import ClientVersion


class Format(StrEnum):
    """How a file is written."""

    PROPERTIES = "properties"
    YAML = "yaml"
    ENVIRONMENT = "environment"


_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PROFILE_KEYS = ("spring.config.activate.on-profile", "spring.profiles")


def read(content: bytes, name: str, version: ClientVersion) -> list[Configuration]:
    """Return the producers' configurations in a file; *name* tells its format, and where findings are.

    Raise UnreadableError if the file is damaged, or if it holds none.
    """
    text = decoded(content)
    found = list(_read(text, name, Source(name), version))
    if not found:
        raise UnreadableError(
            "no option of a Kafka producer was found in it; give the file that sets acks, bootstrap.servers or the like"
        )
    return found


def decoded(content: bytes) -> str:
    """Return the text: UTF-8, UTF-16 with a mark, or else Latin-1, as in old properties. Raise UnreadableError."""
    bom, encoding = next(((bom, encoding) for bom, encoding in _BOMS if content.startswith(bom)), (b"", "utf-8"))
    body = content[len(bom) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        if bom:
            raise UnreadableError(f"it begins like {encoding.upper()}, but is not; save the file as UTF-8") from None
        text = body.decode("latin-1")
    if "\0" in text:
        raise UnreadableError("this is not a text file; give the configuration as text in UTF-8")
    return text


def _read(text: str, name: str, source: Source, version: ClientVersion) -> Iterator[Configuration]:
    form = format_of(name, text)
    if form is Format.YAML:
        yield from _from_yaml(text, source, version)
    elif form is Format.ENVIRONMENT:
        for document in read_environment(text):
            yield from from_variables(document.entries, source, version)
    else:
        yield from _from_documents(read_properties(text), source, version)


def format_of(name: str, text: str) -> Format:
    """Return the format that a file's name says it has. If the name says nothing, return what its lines look like."""
    suffix = re.search(r"\.(\w+)$", name.lower())
    if suffix and suffix[1] in ("yaml", "yml", "json"):
        return Format.YAML
    if suffix and suffix[1] in ("properties", "props"):
        return Format.PROPERTIES
    if (suffix and suffix[1] == "env") or re.search(r"(?:^|/)\.env\b", name.lower()):
        return Format.ENVIRONMENT
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and line[0] not in "#!"]
    variables = sum(re.match(rf"(?:export\s+)?{VARIABLE.pattern}=", line) is not None for line in lines)
    assignments = sum(re.match(r"[^\s:={]+\s*=", line) is not None for line in lines)
    if variables and variables * 2 >= len(lines):
        return Format.ENVIRONMENT
    return Format.PROPERTIES if assignments * 2 >= max(1, len(lines)) else Format.YAML


def _from_documents(documents: Sequence[Document], source: Source, version: ClientVersion) -> Iterator[Configuration]:
    """Yield the configurations of the documents; one for a profile adds to those that are for all."""
    common = tuple(entry for document in documents if _profile(document.entries) is None for entry in document.entries)
    if has_variables(common) and not any("." in entry.key for entry in common):
        yield from from_variables(common, source, version)
        return
    yield from configurations(common, source, version)
    for document in documents:
        profile = _profile(document.entries)
        if profile is not None:
            part = ", ".join(filter(None, (source.part, f"profile {profile}")))
            yield from configurations(document.entries, source._replace(part=part), version, base=common)


def _profile(entries: Sequence[Entry]) -> str | None:
    return next((entry.value for entry in entries if entry.key in _PROFILE_KEYS and entry.value), None)


def _from_yaml(text: str, source: Source, version: ClientVersion) -> Iterator[Configuration]:
    from kafka_producer_exporter.audit.document import read_yaml  # noqa: PLC0415 - PyYAML takes 1 MB and 25 ms

    plain = []
    for document in read_yaml(text):
        if document.variables:
            yield from from_variables(document.variables, source, version)
        if document.kind in ("ConfigMap", "Secret"):
            yield from _from_documents([Document(document.entries)], source, version)
            for key, embedded, before in document.embedded:
                inner = Source(source.file, key, source.lines_before + before)
                try:
                    yield from _read(embedded, key, inner, version)
                except UnreadableError as error:
                    line = None if error.line is None else error.line + inner.lines_before
                    raise UnreadableError(f"{key}: {error}", line) from None
        elif has_variables(document.entries) and not any(entry.key.startswith("spring.") for entry in document.entries):
            yield from from_variables(document.entries, source, version)
        else:
            plain.append(Document(document.entries))
    if plain:
        yield from _from_documents(plain, source, version)
