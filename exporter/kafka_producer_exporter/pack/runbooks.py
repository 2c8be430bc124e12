"""The runbooks, one per alert, in each language: as a page, and as text for a terminal.

Both are data of the package, which the build makes of ``alerts/runbooks`` (see ``alerts/runbook_pages.py``).
"""

import difflib
from collections.abc import Sequence

from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack.data import FOLDER

MAX_CLOSE_NAMES = 5
_RUNBOOKS = FOLDER.joinpath("runbooks")


def names() -> Sequence[str]:
    """Return the names of all runbooks, which are those of the alerts, in alphabetical order."""
    entries = (entry.name for entry in _RUNBOOKS.joinpath(LANGUAGES[0]).iterdir())
    return sorted(name.removesuffix(".md") for name in entries if name.endswith(".md"))


def page(name: str, language: str) -> str:
    """Return a runbook as an HTML page. Raise KeyError if there is no runbook *name*."""
    return _text(_known(name), language, "html")


def markdown(name: str, language: str) -> str:
    """Return a runbook as Markdown. Raise KeyError if there is no runbook *name*."""
    return _text(_known(name), language, "md")


def index_page(language: str) -> str:
    """Return the HTML page that lists all runbooks."""
    return _text("index", language, "html")


def lead(name: str, language: str) -> str:
    """Return the sentence of a runbook that says what has happened. Raise KeyError if there is no runbook *name*."""
    _, paragraph, *_ = markdown(name, language).split("\n\n", maxsplit=2)
    return " ".join(paragraph.split())


def close_names(word: str) -> Sequence[str]:
    """Return the names that are most like *word*, or contain it; at most MAX_CLOSE_NAMES, perhaps none."""
    by_lower = {name.lower(): name for name in names()}
    wanted = word.lower()
    containing = [lower for lower in by_lower if wanted and wanted in lower]
    close = difflib.get_close_matches(wanted, by_lower, n=MAX_CLOSE_NAMES)
    return [by_lower[lower] for lower in dict.fromkeys([*close, *containing])][:MAX_CLOSE_NAMES]


def _known(name: str) -> str:
    """Return *name* if it is a runbook's: it may come from a URL, and must not lead to another file."""
    if name not in names():
        raise KeyError(name)
    return name


def _text(name: str, language: str, suffix: str) -> str:
    return _RUNBOOKS.joinpath(language, f"{name}.{suffix}").read_text(encoding="utf-8")
