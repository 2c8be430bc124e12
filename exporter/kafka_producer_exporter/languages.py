"""The languages of reports, runbooks, boards and pages, and which of them a reader wants. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

LANGUAGES = ("en", "ko")
"""The first one is for readers of any other language."""


class Text(NamedTuple):
    """A text in each of the languages."""

    en: str
    ko: str

    def of(self, language: str) -> str:
        """Return the text in *language*, one of ``LANGUAGES``."""
        text: str = getattr(self, language)
        return text


OWN_NAMES = Text("English", "한국어")
"""Each language in its own words, for those who look for it."""


def of_locale(environment: Mapping[str, str]) -> str:
    """Return the language of the locale; English if it is none of ours."""
    names = (environment.get(variable) for variable in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    language = re.split(r"[_.@]", locale)[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


def of_header(accept_language: str) -> str:
    """Return the language that an ``Accept-Language`` header prefers, the first of equals; English if it names none.

    A region is ignored: ``ko-KR`` is Korean.
    """
    best, best_quality = LANGUAGES[0], 0.0
    for entry in accept_language.lower().split(","):
        tag, *parameters = (part.strip() for part in entry.split(";"))
        quality = _quality(parameters)
        language = LANGUAGES[0] if tag == "*" else tag.partition("-")[0]
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameters: Sequence[str]) -> float:
    try:
        return next((float(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
    except ValueError:
        return 0.0
