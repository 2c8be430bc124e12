"""All entries, and how one is found by what a person types or a log says."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from kafka_producer_exporter.errorcodes.entry import Entry
from kafka_producer_exporter.errorcodes.exceptions import EXCEPTIONS, RENAMED
from kafka_producer_exporter.errorcodes.other_codes import OTHER_CODES
from kafka_producer_exporter.errorcodes.producer_codes import PRODUCER_CODES
from kafka_producer_exporter.errorcodes.symptoms import SYMPTOMS

ENTRIES: Sequence[Entry] = (*PRODUCER_CODES, *OTHER_CODES, *EXCEPTIONS, *SYMPTOMS)
CODES: Mapping[int, Entry] = {entry.code: entry for entry in ENTRIES if entry.code is not None}
BY_NAME: Mapping[str, Entry] = {entry.name: entry for entry in ENTRIES}


def _by_exception(entries: Iterable[Entry]) -> Mapping[str, Sequence[Entry]]:
    """Return the entries of each class name; those that a message tells apart are first."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.exception:
            found.setdefault(entry.exception, []).append(entry)
    return {name: sorted(each, key=lambda entry: not entry.message) for name, each in found.items()}


BY_EXCEPTION = _by_exception(ENTRIES)
BY_SIMPLE_EXCEPTION: Mapping[str, Sequence[Entry]] = {
    name.rpartition(".")[2]: entries for name, entries in BY_EXCEPTION.items()
}


def find(words: str) -> Sequence[Entry]:
    """Return the entries for a code, a name, or an exception with or without its package and message.

    Upper and lower case are the same. A message chooses the variant of an exception; without one, all variants are
    returned, the likeliest first. The result is empty if nothing fits.
    """
    name, _, message = words.strip().partition(":")
    name = name.strip()
    if re.fullmatch(r"-?\d{1,9}", name):
        return [CODES[int(name)]] if int(name) in CODES else []
    key = _key(name)
    entries = _LOOKUP.get(key) or _LOOKUP.get(f"{key}exception", [])
    return [variant(entries, message)] if entries and message.strip() else entries


def variant(entries: Sequence[Entry], message: str) -> Entry:
    """Return the first entry that *message* fits; if none does, the one that every message may have."""
    return next((entry for entry in entries if re.search(entry.message, message)), entries[-1])


def close_names(words: str) -> Sequence[str]:
    """Return up to three names that are most like *words*."""
    key = _key(words.partition(":")[0].strip())
    close = difflib.get_close_matches(key, _LOOKUP, n=6, cutoff=0.5)
    names = dict.fromkeys(_spelling(each, _LOOKUP[each][0]) for each in close)
    return list(names)[:3]


def _spelling(key: str, entry: Entry) -> str:
    return entry.simple_exception if entry.simple_exception.lower() == key else entry.name


def _key(name: str) -> str:
    simple = name.rpartition(".")[2] if re.fullmatch(r"[\w.$]+", name) else name  # a name such as "client.id" stays
    return simple.lower()


def _lookup() -> Mapping[str, Sequence[Entry]]:
    found: dict[str, Sequence[Entry]] = {name.lower(): entries for name, entries in BY_SIMPLE_EXCEPTION.items()}
    found |= {entry.name.lower(): [entry] for entry in ENTRIES if entry.name.lower() not in found}
    return found | {old.lower(): found[new.lower()] for old, new in RENAMED.items()}


_LOOKUP = _lookup()
