"""The format of the log: one line per event in logfmt or JSON, ``target`` first, printable text only."""

import io
import json
import logging
import os
import select
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TextIO

from kafka_producer_exporter.settings import LogFormat, Logging

OURS = "kafka_producer_exporter"

LINES_OF_A_KIND = 10
WINDOW_SECONDS = 60.0
"""Within this time, a place in the code writes ten lines about one target. The others are counted in one line later."""

# pipe(7): a pipe that poll(2) calls writable takes this many bytes without blocking.
_PIPE_BUF = select.PIPE_BUF

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(settings: Logging, stream: TextIO | None = None) -> None:
    """Log to the stream, by default to standard error. May be called again with other settings.

    Our own logger has the configured level. Libraries log from WARNING on: the jmxquery package logs a password at
    DEBUG. kafka-python is silent: see ``broker.client.connection``.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = LineHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(json_line if settings.format is LogFormat.JSON else logfmt_line))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)
    logging.raiseExceptions = False  # a closed standard error must not cause tracebacks about itself


class Repetitions:
    """Limits how many lines of a kind are written. Not thread-safe; a handler's lock protects it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._window_ends = 0.0
        self._counts: dict[tuple[str, int, str], int] = {}
        self._last: dict[tuple[str, int, str], tuple[int, str]] = {}

    def reduced(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """Return what to write now: counts of what was left out before, and *record* unless there are enough of it."""
        now = self._clock()
        written = []
        if now >= self._window_ends:
            written = [self._summary(kind, *last) for kind, last in self._last.items()]
            self._counts.clear()
            self._last.clear()
            self._window_ends = now + WINDOW_SECONDS
        kind = (record.name, record.lineno, str(getattr(record, "target", "")))
        self._counts[kind] = count = self._counts.get(kind, 0) + 1
        if count <= LINES_OF_A_KIND:
            return [*written, record]
        self._last[kind] = record.levelno, record.getMessage()
        return written

    def _summary(self, kind: tuple[str, int, str], level: int, message: str) -> logging.LogRecord:
        name, _, target = kind
        left_out = self._counts[kind] - LINES_OF_A_KIND
        values = {"name": name, "levelno": level, "levelname": logging.getLevelName(level)}
        values["msg"] = f"{left_out} more line{'s' * (left_out != 1)} like this: {message}"
        return logging.makeLogRecord(values | ({"target": target} if target else {}))


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines, but neither endless repetitions nor to a pipe that nobody reads, which would block every thread."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._repetitions = Repetitions()
        self._lost = 0
        self._is_line_cut = False
        try:
            self._descriptor: int | None = stream.fileno()
        except (AttributeError, OSError, io.UnsupportedOperation):  # closed, or in memory
            self._descriptor = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, as far as it is written at all. Never wait."""
        for one in self._repetitions.reduced(record):
            if self._descriptor is None:
                super().emit(one)
                continue
            try:
                self._write(self._descriptor, one)
            except Exception:  # noqa: BLE001 - as every handler does it
                self.handleError(one)

    def _write(self, descriptor: int, record: logging.LogRecord) -> None:
        text = self.format(record) + "\n"
        if self._lost:
            lost = {"name": OURS, "levelno": logging.WARNING, "levelname": "WARNING"}
            lost["msg"] = f"{self._lost} lines of the log were lost because nobody read them"
            text = self.format(logging.makeLogRecord(lost)) + "\n" + text
        if self._is_line_cut:
            text = "\n" + text
        rest = memoryview(text.encode("utf-8", "backslashreplace"))
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        while rest:
            if not poll.poll(0):
                self._lost += 1
                self._is_line_cut = self._is_line_cut or len(rest) < len(text)
                return
            rest = rest[os.write(descriptor, rest[:_PIPE_BUF]) :]
        self._lost, self._is_line_cut = 0, False


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
