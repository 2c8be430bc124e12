"""The verb ``explain``: says what an error of Kafka means, or reads an application's log and explains its errors."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import BinaryIO

from kafka_producer_exporter.commands.report_language import add_language, report_language
from kafka_producer_exporter.errorcodes import report
from kafka_producer_exporter.errorcodes.log_reader import Findings, LogReader
from kafka_producer_exporter.errorcodes.table import CODES, close_names, find
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.printable import printable

MAX_LINE = 1 << 20
"""Bytes of a line that are read; the rest of a longer line is skipped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument(
        "error",
        metavar="CODE|EXCEPTION|-",
        help="a code (7), a name (REQUEST_TIMED_OUT) or an exception, with or without its package and message; "
        "- reads an application's log from standard input",
    )
    add_language(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Explain. Return 0, or 1 if a log has errors; raise ConfigError if there is no such code or exception."""
    language = report_language(arguments.lang)
    as_json = arguments.format == "json"
    if arguments.error == "-":
        findings = _read(sys.stdin.buffer)
        sys.stdout.write(_json(report.log_json(findings, language)) if as_json else report.log_text(findings, language))
        return 1 if findings.rows else 0
    entries = find(arguments.error)
    if not entries:
        raise ConfigError("CODE", [Problem(printable(arguments.error), _advice(arguments.error))])
    if as_json:
        sys.stdout.write(_json([report.entry_json(entry, language) for entry in entries]))
    else:
        sys.stdout.write("\n".join(report.entry_text(entry, language) for entry in entries))
    return 0


def _advice(word: str) -> str:
    if close := close_names(word):
        return f"there is no such code or exception; did you mean {' or '.join(close)}?"
    return f"there is no such code or exception; the codes are {min(CODES)} to {max(CODES)}"


def _read(stream: BinaryIO) -> Findings:
    """Read a log to its end, or until Ctrl-C ends a log that is followed."""
    reader = LogReader()
    try:
        for line in _lines(stream):
            reader.feed(line)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return reader.findings()


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE):
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE)
        yield line


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
