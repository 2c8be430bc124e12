import importlib
import io
import json
import logging
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer_exporter.logs import Repetitions, fields_of, json_line, logfmt_line, set_up
from kafka_producer_exporter.settings import LogFormat, Logging, LogLevel


@pytest.fixture
def log_of():
    """A function that sets up the log and returns our logger and the stream it writes to."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions

    def make(**settings):
        stream = io.StringIO()
        set_up(Logging(**settings), stream)
        return logging.getLogger("kafka_producer_exporter.test"), stream

    yield make
    root.handlers[:], logging.raiseExceptions = before[0], before[2]
    root.setLevel(before[1])
    logging.getLogger("kafka_producer_exporter").setLevel(logging.NOTSET)


def test_a_line_has_time_level_and_target_first_and_the_message_last(log_of):
    log, stream = log_of()

    log.warning("nothing listens there", extra={"reason": "refused", "target": "checkout"})

    time, rest = stream.getvalue().split(" ", 1)
    assert time.startswith("time=20")
    assert time.endswith("Z")
    assert rest == 'level=warning target=checkout reason=refused message="nothing listens there"\n'


def test_json_has_the_same_fields_in_the_same_order(log_of):
    log, stream = log_of(format=LogFormat.JSON)

    log.warning("nothing listens there", extra={"reason": "refused", "target": "checkout"})

    line = json.loads(stream.getvalue())
    assert list(line) == ["time", "level", "target", "reason", "message"]
    assert line["target"] == "checkout"


def test_the_level_is_the_configured_one(log_of):
    log, stream = log_of(level=LogLevel.WARNING)

    log.info("quiet")
    log.warning("loud")

    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_libraries_log_from_warning_on_even_at_debug(log_of):
    _, stream = log_of(level=LogLevel.DEBUG)

    logging.getLogger("jmxquery").info("connecting")
    logging.getLogger("jmxquery").debug("-p hunter2")
    logging.getLogger("jmxquery").warning("closed")

    assert stream.getvalue().count("\n") == 1
    assert "logger=jmxquery message=closed" in stream.getvalue()


def test_the_library_of_the_brokers_says_nothing_whenever_the_log_is_set_up(log_of):
    importlib.import_module("kafka_producer_exporter.broker.client.connection")
    _, stream = log_of(level=LogLevel.DEBUG)

    logging.getLogger("kafka.net.connection").error("Connection lost")

    assert stream.getvalue() == ""


def test_a_log_that_is_set_up_again_writes_each_line_once(log_of):
    log_of()
    log, stream = log_of(format=LogFormat.JSON)

    log.info("once")

    assert stream.getvalue().count("once") == 1


def test_an_exception_is_one_line_with_its_traceback(log_of):
    log, stream = log_of()

    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("unexpected error", extra={"target": "checkout"})

    assert stream.getvalue().count("\n") == 1
    assert r"\nZeroDivisionError: division by zero" in stream.getvalue()


def test_text_of_a_server_can_neither_forge_a_line_nor_steer_a_terminal():
    line = logfmt_line({"message": 'a\nlevel=error "b" \x1b[31m\u2028\u202e\x85'})

    assert line == r'message="a\nlevel=error \"b\" \u001b[31m\u2028\u202e\u0085"'


def test_an_empty_value_is_written_in_quotes():
    assert logfmt_line({"a": "", "b": "c"}) == 'a="" b=c'


@given(st.text())
def test_every_text_becomes_one_printable_line_in_both_forms(text):
    fields = {"message": text}

    assert logfmt_line(fields).isprintable()
    assert json_line(fields).isprintable()
    assert json.loads(json_line(fields)) == fields


def test_arguments_are_put_into_the_message():
    record = logging.makeLogRecord({"msg": "%s of %d", "args": ("one", 2), "name": "kafka_producer_exporter"})

    assert fields_of(record)["message"] == "one of 2"


def test_after_ten_lines_of_a_kind_the_others_are_counted():
    now = [1000.0]
    repetitions = Repetitions(lambda: now[0])

    def written(lineno, message, **extra):
        record = logging.makeLogRecord({"name": "a", "lineno": lineno, "msg": message, "levelno": 30, **extra})
        return [one.getMessage() for one in repetitions.reduced(record)]

    assert [bool(written(1, f"refused {number}", target="checkout")) for number in range(13)] == [True] * 10 + [
        False
    ] * 3
    assert written(1, "refused", target="billing") == ["refused"]
    assert written(2, "closed", target="checkout") == ["closed"]
    now[0] += 60.0
    assert written(1, "refused", target="checkout") == ["3 more lines like this: refused 12", "refused"]
    now[0] += 60.0
    assert written(1, "refused", target="checkout") == ["refused"]


def test_a_pipe_that_nobody_reads_blocks_nothing_and_the_loss_is_reported(log_of):
    log_of()
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as read, os.fdopen(writer, "w") as stream:
        set_up(Logging(), stream)
        log = logging.getLogger("kafka_producer_exporter.test")

        for number in range(200):
            log.warning("line %d of many %s", number, "x" * 5000, extra={"target": str(number)})
        received = read.read(1 << 20)
        log.warning("read again")
        received += read.read(1 << 20)

    lines = received.decode().splitlines()
    assert lines[0].endswith('x"')
    assert "lines of the log were lost because nobody read them" in lines[-2]
    assert lines[-1].endswith('message="read again"')
