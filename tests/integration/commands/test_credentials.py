"""A JVM that is started with the sidecar's files and flags lets the exporter in, and nobody else."""

import argparse
import contextlib
import stat

import pytest

from kafka_producer_exporter.commands import credentials
from kafka_producer_exporter.commands.check import StepState, check
from kafka_producer_exporter.settings import Jmx, Target
from kafka_producer_exporter.sidecar.jvm import FOLDER, jvm_flags
from kafka_producer_exporter.sidecar.options import SidecarOptions
from kafka_producer_exporter.targets.transports import transport_for
from lab.process import Port

NOBODY = "127.0.0.1:9"  # a producer registers its MBeans whether a broker answers or not


def started(producer_jvm, folder, port):
    """Start a JVM as the sidecar's description says, with the files in *folder*."""
    options = SidecarOptions(
        image="r/e:1", target="orders", secret="jmx", application_user=10001, jmx_port=port, port=65000
    )
    flags = [flag.replace(FOLDER, str(folder)) for flag in jvm_flags(options)]
    jvm = producer_jvm(jmx=False, java_options=flags)
    jvm.new("orders", NOBODY)
    return jvm


@pytest.fixture
def port():
    with contextlib.closing(Port()) as port:
        yield port.number


def wrote(folder):
    parser = argparse.ArgumentParser()
    credentials.add_arguments(parser)
    return credentials.run(parser.parse_args(["--password-env=JMX_PASSWORD", f"--directory={folder}"])) == 0


@pytest.mark.parametrize("password", ["s3cret", "a=b:c#d!&*()[]{}'\"<>$@~`|;,.?/^%+_-"])
def test_the_jvm_lets_the_exporter_in_with_the_password_of_the_secret(
    lab, producer_jvm, port, tmp_path, monkeypatch, password
):
    monkeypatch.setenv("JMX_PASSWORD", password)
    assert wrote(tmp_path)

    started(producer_jvm, tmp_path, port)
    jmx = Jmx(port=port, username="monitor", password_env="JMX_PASSWORD")
    report = check(Target(name="orders", jmx=jmx), transport_for=transport_for)

    assert {step.state for step in report.steps} == {StepState.GOOD}
    assert stat.S_IMODE((tmp_path / "jmxremote.password").stat().st_mode) == 0o400


def test_without_the_secret_the_application_starts_and_its_jmx_is_closed(
    lab, producer_jvm, port, tmp_path, monkeypatch
):
    monkeypatch.delenv("JMX_PASSWORD", raising=False)
    assert wrote(tmp_path)

    started(producer_jvm, tmp_path, port)
    monkeypatch.setenv("JMX_PASSWORD", "a guess")
    jmx = Jmx(port=port, username="monitor", password_env="JMX_PASSWORD")
    report = check(Target(name="orders", jmx=jmx), transport_for=transport_for)

    assert any("rejected the user 'monitor' or the password" in step.detail for step in report.steps)
