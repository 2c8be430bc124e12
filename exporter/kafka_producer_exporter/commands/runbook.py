"""The verb ``runbook``: prints what to do about an alert, or lists all runbooks."""

import argparse
import sys

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import runbooks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the name of an alert; default: list all runbooks")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="default: %(default)s")
    parser.add_argument("--format", choices=("text", "html"), default="text", help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Print the runbook or the list. Return the exit code; raise ConfigError if there is no such runbook."""
    if arguments.name is None:
        sys.stdout.write(_list(arguments.lang, as_html=arguments.format == "html"))
        return 0
    read = runbooks.page if arguments.format == "html" else runbooks.markdown
    try:
        sys.stdout.write(read(arguments.name, arguments.lang))
    except KeyError:
        raise ConfigError("NAME", [Problem(arguments.name, _advice(arguments.name))]) from None
    return 0


def _list(language: str, *, as_html: bool) -> str:
    if as_html:
        return runbooks.index_page(language)
    names = runbooks.names()
    width = max(map(len, names))
    return "".join(f"{name:{width}}  {runbooks.lead(name, language)}\n" for name in names)


def _advice(name: str) -> str:
    close = runbooks.close_names(name)
    if not close:
        return "there is no such runbook; run kafka-producer-exporter runbook for a list"
    return f"there is no such runbook; did you mean {' or '.join(close)}?"
