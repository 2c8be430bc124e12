"""The transport that runs the jar, with a stand-in for ``java`` that prints what the real jar prints."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kafka_producer_exporter.jmx.jar import JarTransport
from kafka_producer_exporter.jmx.readings import LeftOut, Selection
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.waiting import wait_until

EVERYTHING = Selection("kafka.producer:*", lambda _, listed: listed)


def record(attribute: str, kind: str, value: str, *, name: str = "a:b=c", key: str = "", selection: int = 0) -> str:
    """Return a record as JMXMetric.toJSON prints it: only the quotes in names are escaped."""
    escaped = name.replace('"', r"\"")
    return (
        f'{{"metricName" : "{selection}","metricLabels" : {{}},"mBeanName" : "{escaped}", "attribute" : "{attribute}"'
        + (f', "attributeKey" : "{key}"' if key else "")
        + f', "attributeType" : "{kind}"'
        + (f', "value" : {value}' if value else "")
        + "}"
    )


def printed(*records: str) -> str:
    return "[\n" + ", \n".join(records) + "]\n"


@pytest.fixture
def java(tmp_path):
    """Makes programs that stand in for ``java``: they print *output* and save their arguments in a file."""

    def make(output: str, *, status: int = 0, then: str = "") -> str:
        (tmp_path / "output").write_text(output)
        program = tmp_path / "java"
        program.write_text(
            f"#!{sys.executable}\nimport sys, time, pathlib\nhere = pathlib.Path({str(tmp_path)!r})\n"
            "(here / 'called').write_text('\\n'.join(sys.argv[1:]))\n"
            f"sys.stdout.write((here / 'output').read_text())\nsys.stdout.flush()\n{then}\nsys.exit({status})\n"
        )
        program.chmod(0o755)
        return str(program)

    return make


def read(java: str, *selections: Selection, seconds: float = 10.0):
    return JarTransport("127.0.0.1", 9999, java=java).read(
        selections or [EVERYTHING], deadline=time.monotonic() + seconds
    )


def failure_of(java: str, *, seconds: float = 10.0) -> TransportError:
    with pytest.raises(TransportError) as error:
        read(java, seconds=seconds)
    return error.value


def test_numbers_and_strings_are_values_and_parts_of_composites_are_skipped(java):
    output = printed(
        record("rate", "Double", "0.5"),
        record("none", "Double", "NaN"),
        record("total", "Long", "7"),
        record("up", "Boolean", "true"),
        record("version", "String", '"4.4 "quoted" \\ text"'),
        record("heap", "Long", "1", key="used"),
        record("table", "TabularDataSupport", ""),
    )

    [reading] = read(java(output))

    assert reading.attributes == ("rate", "none", "total", "up", "version")
    assert repr(reading.values) == repr([0.5, float("nan"), 7, True, '4.4 "quoted" \\ text'])


def test_a_quoted_name_is_unescaped(java):
    [reading] = read(java(printed(record("x", "Long", "1", name=r'a:client-id="o\"r\*,eu"'))))

    assert reading.name.properties == {"client-id": 'o"r*,eu'}


def test_each_selection_chooses_among_its_own_attributes(java):
    output = printed(record("x", "Long", "1"), record("y", "Long", "2"), record("x", "Long", "3", selection=1))
    one = Selection("a:*", lambda _, listed: [each for each in listed if each == "y"])
    other = Selection("b:*", lambda *_: ("x",))

    readings = read(java(output), one, other)

    assert [(reading.attributes, reading.values) for reading in readings] == [(("y",), [2]), (("x",), [3])]


def test_the_names_of_all_mbeans_are_listed_whether_they_are_read_or_not(java):
    transport = JarTransport("127.0.0.1", 9999, java=java(printed(record("total", "Long", "7", name="kafka:type=x"))))

    readings = transport.read([Selection("kafka.producer:*", lambda *_: ())], deadline=time.monotonic() + 10.0)

    assert readings == []
    assert transport.listed == ("kafka:type=x",)


def test_a_jvm_without_such_mbeans_gives_an_empty_list(java):
    assert read(java("[\n]\n")) == []


def test_the_command_line_contains_the_patterns_and_no_user(java, tmp_path):
    read(java("[\n]\n"), EVERYTHING)

    called = Path(tmp_path / "called").read_text().splitlines()
    assert called[-4:] == ["-url", "service:jmx:rmi:///jndi/rmi://127.0.0.1:9999/jmxrmi", "-q", "0==kafka.producer:*"]
    assert "-u" not in called


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("java.net.ConnectException: Connection refused", Reason.REFUSED),
        ("java.rmi.UnknownHostException: Unknown host: nowhere", Reason.DNS),
        ("Authentication failed! Credentials required", Reason.AUTHENTICATION),
        ("non-JRMP server at remote endpoint", Reason.NOT_JMX),
        ("error during JRMP connection establishment", Reason.NOT_JMX),
        ("javax.net.ssl.SSLHandshakeException", Reason.TLS_MISMATCH),
        ("something new", Reason.PROTOCOL),
    ],
)
def test_an_error_message_of_the_jar_is_raised_with_its_reason(java, words, reason):
    output = f'{{ "error": "connection-error", "message":"{words}; nested\n\t{words}"}}'

    failure = failure_of(java(output, status=2))

    assert failure.reason is reason
    assert "127.0.0.1:9999" in str(failure)
    assert "\n" not in str(failure)


def test_a_java_that_prints_nothing_or_garbage_is_an_error_and_never_an_empty_list(java):
    assert failure_of(java("")).reason is Reason.PROTOCOL
    assert failure_of(java("[\ngarbage]\n")).reason is Reason.PROTOCOL
    assert failure_of(java(printed(record("x", "Long", "many")))).reason is Reason.PROTOCOL
    assert failure_of(java(printed(record("x", "Long", "1", name="nonsense")))).reason is Reason.PROTOCOL


def test_a_name_that_is_not_an_object_name_is_counted_and_the_others_are_read(java):
    output = printed(record("x", "Long", "1"), record("x", "Long", "1", name="nonsense"))
    transport = JarTransport("127.0.0.1", 9999, java=java(output))

    readings = transport.read([EVERYTHING], deadline=time.monotonic() + 10)

    assert len(readings) == 1
    assert transport.left_out == {LeftOut.NAME: 1}


def test_a_java_that_hangs_is_killed_at_the_deadline(java, tmp_path):
    program = java("[\n", then="(here / 'pid').write_text(str(__import__('os').getpid())); time.sleep(60)")
    began = time.monotonic()

    failure = failure_of(program, seconds=0.7)

    assert failure.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_missing_java_is_reported_with_what_to_do():
    with pytest.raises(TransportError, match=r"install a Java runtime, or use transport: rmi"):
        read("no-such-java")


@pytest.mark.parametrize("pattern", ["a:b=c;d", "a:b=c/d", "a:b=c==d"])
def test_a_pattern_that_the_jar_would_misread_is_rejected(java, pattern):
    with pytest.raises(ValueError, match=r"jmxquery cannot query|is not an ObjectName"):
        read(java("[\n]\n"), Selection(pattern, EVERYTHING.choose))


def test_the_jvm_gets_no_secret_of_our_environment(java, tmp_path, monkeypatch):
    monkeypatch.setenv("KAFKA_PASSWORD", "hunter2")
    program = java(printed(), then="import os; (here / 'environment').write_text(repr(dict(os.environ)))")

    read(program)

    assert "PATH" in (tmp_path / "environment").read_text()
    assert "hunter2" not in (tmp_path / "environment").read_text()


def test_the_jvm_dies_with_the_exporter(java, tmp_path):
    program = java("", then="import os; (here / 'pid').write_text(str(os.getpid())); time.sleep(60)")
    code = (
        "import time; from kafka_producer_exporter.jmx.jar import JarTransport; "
        f"JarTransport('127.0.0.1', 9999, java={program!r}).read([], deadline=time.monotonic() + 60)"
    )
    exporter = subprocess.Popen([sys.executable, "-c", code])
    try:
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), timeout_seconds=20.0)
        child = Path(f"/proc/{(tmp_path / 'pid').read_text()}")
        assert child.exists()
    finally:
        exporter.kill()
        exporter.wait()

    wait_until(lambda: not is_running(child))


def is_running(process: Path) -> bool:
    try:
        return ") Z " not in (process / "stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("selection", [1, 10**9, int("9" * 4000)])
def test_a_record_of_a_selection_that_was_not_asked_for_is_a_protocol_error(java, selection):
    hidden = record("x", "Long", "1").replace('"0"', f'"{selection}"')

    error = failure_of(java(printed(record("text", "String", f'"a"}}, \n{hidden}"'))))

    assert error.reason is Reason.PROTOCOL
