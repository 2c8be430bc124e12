"""The lab for the tests: started when first needed, shared where that is safe, gone at the end whatever happens."""

import contextlib
import os

import pytest

from lab.broker import Broker, Cluster
from lab.fetch import fetch
from lab.process import LabError, need
from lab.producer import ProducerJvm
from lab.prometheus import Prometheus

REQUIRED = os.environ.get("REQUIRE_INTEGRATION") == "1"


@pytest.fixture(scope="session")
def lab():
    """The programs that the lab cannot bring along; without them its tests are skipped."""
    try:
        need("java", package="openjdk-17-jdk-headless")
        need("javac", package="openjdk-17-jdk-headless")
        need("mvn", package="maven")
        need("setpriv", package="util-linux")
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def broker(lab):
    """One broker for the whole run: tests make topics of their own, and neither stop nor reconfigure it."""
    with Broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def cluster(lab):
    """Three brokers for the whole run: a test that takes one away brings it back."""
    with Cluster(3) as cluster:
        yield cluster


@pytest.fixture
def producer_jvm(lab):
    """Starts producer JVMs that end with the test: ``producer_jvm("3.9.2", jmx=False)``."""
    with contextlib.ExitStack() as running:
        yield lambda *arguments, **options: running.enter_context(ProducerJvm(*arguments, **options))


@pytest.fixture
def prometheus(lab):
    """Starts Prometheus servers that end with the test: ``prometheus([job("a", "127.0.0.1:9797")], generation=2)``."""
    with contextlib.ExitStack() as running:
        yield lambda *arguments, **options: running.enter_context(Prometheus(*arguments, **options))


@pytest.fixture(scope="session", autouse=True)
def fetched():
    """What nearly every test needs, before any of them is timed: a cold cache takes longer than a test may."""
    with contextlib.suppress(LabError):  # the tests that need it say so themselves
        for part in ("kafka-broker-4.4.0", "kafka-clients-2.4.1", "kafka-clients-4.4.0"):
            fetch(part)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip into an error where the integration tests are required: a skip is not a pass."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Do the same for a module that is skipped as a whole."""
    return _refuse_skip((yield))


def _refuse_skip(report):
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_INTEGRATION=1: {report.longrepr[2]}"
    return report


def pytest_terminal_summary(terminalreporter):
    """Say how many ran, so that a run without the lab does not look like one with it."""
    count = {
        outcome: sum("tests/integration/" in report.nodeid for report in terminalreporter.getreports(outcome))
        for outcome in ("passed", "failed", "error", "skipped")
    }
    ran = count["passed"] + count["failed"]
    terminalreporter.write_line(f"integration tests: {ran} ran, {count['skipped']} skipped, {count['error']} errors")
