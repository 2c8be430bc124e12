"""The language of what a verb prints for people: a flag, and what it means to a terminal."""

import argparse
import os
import sys
from collections.abc import Mapping

from kafka_producer_exporter.languages import LANGUAGES, of_locale
from kafka_producer_exporter.text import encodable

NAMES = {"en": "English", "ko": "Korean"}
SAMPLES = {"en": "a", "ko": "가"}


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add ``--lang``."""
    parser.add_argument("--lang", choices=LANGUAGES, help="language; default: that of the locale, else English")


def report_language(asked: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the language that is asked for, or that of the locale; English if standard output cannot show it.

    Standard error then says so.
    """
    language = asked or of_locale(environment)
    if encodable(SAMPLES[language], sys.stdout):
        return language
    print(f"the encoding {sys.stdout.encoding} cannot show {NAMES[language]}; this is English", file=sys.stderr)
    return LANGUAGES[0]
