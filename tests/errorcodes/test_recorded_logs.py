"""The logs of real clients under faults: what must be found in them, in whatever format they are."""

import json
import re

import pytest

from kafka_producer_exporter.errorcodes.log_reader import read_log
from tests.paths import RECORDED
from tools.record_logs import FAULTS, LOGS, VERSIONS

HEADER = re.compile(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) \[(.*?)\] ([A-Z]+) (\S+) - ", re.MULTILINE)


def log(version, fault):
    return (LOGS / version / f"{fault}.log").read_text()


def errors(text, encoding="utf-8"):
    """Return client.id and error → count; the application's own entries have no client."""
    findings = read_log(text.encode(encoding).splitlines(keepends=True))
    assert {row.client.kind for row in findings.rows} <= {"producer", ""}
    return {(row.client.client_id, row.name): row.count for row in findings.rows}


def ids(text):
    findings = read_log(text.encode().splitlines(keepends=True))
    return {(ids.client_id, ids.transactional_id): list(ids.last) for ids in findings.ids}


def entries(text):
    """Yield date, time, thread, level, logger and text of each log entry."""
    headers = list(HEADER.finditer(text))
    ends = [*(header.start() for header in headers[1:]), len(text)]
    for header, end in zip(headers, ends, strict=True):
        yield *header.groups(), text[header.end() : end].rstrip("\n")


def abbreviated(logger):
    *packages, name = logger.split(".")
    return ".".join([*(package[0] for package in packages), name])


def logback(_date, time, thread, level, logger, text):
    return f"{time} [{thread}] {level:5} {abbreviated(logger)} -- {text}\n"


def log4j(date, time, thread, level, logger, text):
    return f"{date} {time.replace('.', ',')} [{thread}] {level:5} {logger} - {text}\n"


def log4j_of_kafka(date, time, _thread, level, logger, text):
    first, *rest = text.split("\n")
    return "\n".join([f"[{date} {time.replace('.', ',')}] {level} {first} ({logger})", *rest]) + "\n"


def spring_boot(date, time, thread, level, logger, text):
    return f"{date}T{time}+09:00 {level:>5} 1 --- [checkout] [{thread[-15:]:>15}] {abbreviated(logger):40} : {text}\n"


def coloured(date, time, thread, level, logger, text):
    return f"\x1b[2m{date} {time}\x1b[0;39m \x1b[31m{level}\x1b[0;39m [{thread}] \x1b[36m{logger}\x1b[0;39m - {text}\n"


def kubectl(date, time, thread, level, logger, text):
    lines = log4j(date, time, thread, level, logger, text).splitlines()
    return "".join(f"[pod/checkout-7d9f-x2b/checkout] {date}T{time}456789Z {line}\n" for line in lines)


def logstash(date, time, thread, level, logger, text):
    message, _, trace = text.partition("\n")
    record = {"@timestamp": f"{date}T{time}Z", "message": message, "logger_name": logger, "thread_name": thread}
    return json.dumps({**record, "level": level, **({"stack_trace": trace} if trace else {})}) + "\n"


def ecs(date, time, thread, level, logger, text):
    message, _, trace = text.partition("\n")
    record = {"@timestamp": f"{date}T{time}Z", "log.level": level, "message": message, "ecs.version": "1.2.0"}
    record |= {"process": {"thread": {"name": thread}}, "log": {"logger": logger}}
    return json.dumps({**record, **({"error": {"stack_trace": trace}} if trace else {})}) + "\n"


LINES = (logback, log4j, log4j_of_kafka, spring_boot, coloured, kubectl)
RECORDS = (logstash, ecs)


EXPECTED = {
    "unknown-topic": [
        ("orders", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("", "UNKNOWN_TOPIC_OR_PARTITION", "3.9.2", "4.4.0"),  # 2.8 has no cause below the timeout
        ("", "TimeoutException (metadata)"),
    ],
    "record-too-large": [("", "RecordTooLargeException (client)"), ("orders", "MESSAGE_TOO_LARGE")],
    "fenced": [("orders-1", "PRODUCER_FENCED"), ("", "PRODUCER_FENCED")],
    "transaction-timeout": [
        ("orders", "INVALID_PRODUCER_EPOCH"),
        ("", "INVALID_PRODUCER_EPOCH"),
        ("orders", "PRODUCER_FENCED", "2.8.2", "3.9.2"),  # a client 4.x aborts without a new epoch
        ("", "PRODUCER_FENCED", "2.8.2", "3.9.2"),
    ],
    "not-enough-replicas": [
        ("orders", "REQUEST_TIMED_OUT"),  # until the dead replica has left the ISR
        ("orders", "NOT_ENOUGH_REPLICAS"),
        ("orders", "TimeoutException (delivery)"),
        ("orders", "connection not established", "4.4.0"),  # to the dead broker, as chance had it
        ("orders", "request timeout", "4.4.0"),
    ],
    "wrong-password": [
        ("orders", "SASL_AUTHENTICATION_FAILED"),
        ("", "SASL_AUTHENTICATION_FAILED"),
        ("orders", "bootstrap server disconnected"),
    ],
    "wrong-protocol": [("orders", "bootstrap server disconnected"), ("", "TimeoutException (metadata)")],
    "untrusted-certificate": [
        ("orders", "SslAuthenticationException"),
        ("", "SslAuthenticationException", "2.8.2", "3.9.2"),
        ("", "TimeoutException (metadata)", "4.4.0"),  # it was late with its first connection
        ("orders", "bootstrap server disconnected"),
    ],
    "no-rights": [
        ("orders", "TOPIC_AUTHORIZATION_FAILED"),
        ("", "TOPIC_AUTHORIZATION_FAILED"),
        ("orders", "CLUSTER_AUTHORIZATION_FAILED", "3.9.2", "4.4.0"),  # idempotence is the default
        ("payments", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"),
        ("", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"),
    ],
    "delivery-timeout": [
        ("orders", "TimeoutException (delivery)"),
        ("orders", "NETWORK_EXCEPTION", "2.8.2"),  # as the older client calls a request that was not answered
        ("orders", "request timeout", "3.9.2", "4.4.0"),
        ("orders", "REQUEST_TIMED_OUT", "3.9.2", "4.4.0"),
        ("", "TimeoutException (metadata)", "4.4.0"),  # it drops all connections, and the second record waits
        ("orders", "bootstrap server disconnected", "4.4.0"),
    ],
    "buffer-full": [("", "BufferExhaustedException"), ("orders", "NETWORK_EXCEPTION")],  # and then the network is cut
    "broker-down": [
        ("orders", "connection not established"),
        ("orders", "bootstrap server disconnected"),
        ("", "TimeoutException (metadata)"),
    ],
    "unknown-host": [("", "bootstrap server not resolved"), ("", "ConfigException")],
    "duplicate-client-id": [("orders", "duplicate client.id")],
    "idempotence-disabled": [
        ("orders", "idempotence disabled", "3.9.2", "4.4.0")
    ],  # 2.8 has it only if it is configured
    "contradiction": [("", "ConfigException")],
    "healthy": [],
}
"""Fault → client.id, error, and, unless all have it, the versions that have it."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_the_errors_of_the_fault_are_found(fault, version):
    expected = {(client, name) for client, name, *versions in EXPECTED[fault] if not versions or version in versions}

    assert set(errors(log(version, fault))) == expected


def test_every_recorded_log_is_one_that_the_recorder_makes():
    assert {path.relative_to(LOGS).as_posix() for path in LOGS.rglob("*.log")} == {
        f"{version}/{fault}.log" for version in VERSIONS for fault in FAULTS
    }
    assert LOGS == RECORDED / "logs"


@pytest.mark.parametrize("layout", [*LINES, *RECORDS])
def test_the_format_of_the_log_changes_nothing_but_what_it_leaves_out(layout):
    for version in VERSIONS:
        for fault in FAULTS:
            original = log(version, fault)
            found = errors("".join(layout(*entry) for entry in entries(original)))
            expected = errors(original)
            if layout is log4j_of_kafka:  # has no thread, from which the client of an application's entry is known
                found, expected = ({name: 0 for _, name in each} for each in (found, expected))

            assert found == expected, (version, fault)


def test_a_log_in_utf_16_says_the_same():
    text = log("4.4.0", "fenced")

    assert errors(text, "utf-16") == errors(text)


def test_the_producer_ids_of_each_client_and_transactional_id_are_shown():
    for version in VERSIONS:
        fenced = ids(log(version, "fenced"))
        ((first, epoch),), ((second, later),) = fenced["orders-1", "orders"], fenced["orders-2", "orders"]
        assert (first, later > epoch) == (second, True)
        assert len(ids(log(version, "healthy"))) == (1 if version == "2.8.2" else 2)


def test_an_epoch_that_rises_after_a_lost_record_is_shown():
    for version in ("3.9.2", "4.4.0"):
        (producer_id, epoch), (same, next_epoch) = ids(log(version, "record-too-large"))["orders", ""]

        assert (same, next_epoch) == (producer_id, epoch + 1)
