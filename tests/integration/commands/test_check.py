"""What ``check`` prints for a JVM without JMX, followed word by word: the JVM is read."""

import contextlib
import re
from dataclasses import replace

import pytest

from kafka_producer_exporter.commands.check import StepState, as_text, check
from kafka_producer_exporter.settings import Jmx, JmxTls, Target, TlsMode, TransportKind
from kafka_producer_exporter.targets.transports import transport_for
from lab.certificates import PASSWORD, make_certificates
from lab.process import Port

NOBODY = "127.0.0.1:9"  # a producer registers its MBeans whether a broker answers or not


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def written(text, folder, values):
    """Write the files that the text describes, with *values* for its words in capitals."""
    for name, line in re.findall(r"^  Write this line to ([\w.]+)[^:\n]*: (.+)$", text, re.MULTILINE):
        file = folder / name
        key = next((key for key in values if key in line), "PASSWORD")
        file.touch(mode=0o600)
        with file.open("a") as lines:
            lines.write(re.sub(r"(FILE|PASSWORD)$", values.get(key, ""), line) + "\n")


@pytest.mark.parametrize(
    ("host", "mode", "transport"),
    [
        ("::1", TlsMode.NONE, TransportKind.JMXQUERY),
        ("127.0.0.1", TlsMode.RMI, TransportKind.RMI),
        ("127.0.0.1", TlsMode.BOTH, TransportKind.RMI),
    ],
)
def test_a_jvm_that_is_started_as_check_says_is_read(lab, producer_jvm, certificates, tmp_path, host, mode, transport):
    ours = tmp_path / "password"
    ours.write_text("secret\n")
    with contextlib.closing(Port()) as port:
        tls = JmxTls(mode=mode, ca_file=certificates.ca if mode is not TlsMode.NONE else None)
        target = Target(name="orders", transport=transport, jmx=Jmx(host=host, port=port.number, tls=tls))

        text = as_text([check(target, transport_for=transport_for)])
        flags = re.findall(r"^    (-D.+)$", text, re.MULTILINE)
        values = {"keyStore=": str(certificates.server.key_store), "keyStorePassword=": PASSWORD, "monitor": "secret"}
        written(text, tmp_path, values)
        jvm = producer_jvm(jmx=False, java_options=[flag.replace("/etc/jmx", str(tmp_path)) for flag in flags])
        jvm.new("orders", NOBODY)
        advised = re.search(r"set jmx\.username and jmx\.password_file(?:; set transport: (\w+))?", text)
        target = replace(target, jmx=replace(target.jmx, username="monitor", password_file=ours))
        if advised[1]:
            target = replace(target, transport=TransportKind(advised[1]))
        report = check(target, transport_for=transport_for)

    assert "start the JVM with the flags below" in text
    assert target.transport is TransportKind.RMI
    assert {step.state for step in report.steps} == {StepState.GOOD}
    assert report.advice == ()
