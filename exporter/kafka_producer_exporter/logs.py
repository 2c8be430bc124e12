"""The format of the log: one line per event in logfmt or JSON, ``target`` first, printable text only."""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TextIO

from kafka_producer_exporter.settings import LogFormat, Logging

OURS = "kafka_producer_exporter"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(settings: Logging, stream: TextIO | None = None) -> None:
    """Log to the stream, by default to standard error. May be called again with other settings.

    Our own logger has the configured level. Libraries log from WARNING on: kafka-python logs each reconnection at INFO,
    and the jmxquery package logs a password at DEBUG.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(json_line if settings.format is LogFormat.JSON else logfmt_line))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)
    logging.getLogger("kafka").setLevel(max(level, logging.WARNING))
    logging.raiseExceptions = False  # a closed standard error must not cause tracebacks about itself


class LineFormatter(logging.Formatter):
    """Formats a record as one line, with a function of its fields."""

    def __init__(self, line: Callable[[Mapping[str, str]], str]) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self._line(fields_of(record))


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """Return the fields of a line: time, level, target if there is one, the rest of ``extra``, message, traceback."""
    extra = {name: str(value) for name, value in vars(record).items() if name not in _STANDARD}
    fields = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
    }
    if "target" in extra:
        fields["target"] = extra.pop("target")
    fields |= extra
    if not record.name.startswith(OURS):
        fields["logger"] = record.name
    fields["message"] = record.getMessage()
    if record.exc_info:
        fields["traceback"] = logging.Formatter().formatException(record.exc_info)
    return fields


def logfmt_line(fields: Mapping[str, str]) -> str:
    """Return ``name=value name="a value"``."""
    return " ".join(f"{name}={_logfmt_value(value)}" for name, value in fields.items())


def json_line(fields: Mapping[str, str]) -> str:
    """Return one JSON object in ASCII. Any other character is escaped."""
    return json.dumps(fields)


def _logfmt_value(value: str) -> str:
    if value and value.isprintable() and not set(value) & set(' ="\\'):
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    # Parts of a message come from peers: a line break would forge a line, an escape sequence steer a terminal.
    if character in '"\\':
        return "\\" + character
    if character == " " or character.isprintable():
        return character
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\u{ord(character):04x}")
