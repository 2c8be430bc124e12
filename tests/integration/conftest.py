"""The lab for the tests: started when first needed, shared where that is safe, gone at the end whatever happens."""

import contextlib
import os

import pytest

from lab.broker import Broker, Cluster
from lab.fetch import default_fetcher, fetch
from lab.process import LabError, need
from lab.producer import ProducerJvm
from lab.prometheus import Prometheus

PROGRAMS = {
    "java": "openjdk-17-jdk-headless",
    "javac": "openjdk-17-jdk-headless",
    "mvn": "maven",
    "setpriv": "util-linux",
}
PARTS = (
    "kafka-broker-4.4.0",
    *(f"kafka-clients-{version}" for version in ("2.4.1", "2.8.2", "3.9.2", "4.4.0")),
    *("prometheus-2", "prometheus-3"),
)
REQUIRED = os.environ.get("REQUIRE_INTEGRATION") == "1"


@pytest.fixture(scope="session")
def lab():
    """What the lab is made of; where that cannot be had its tests are skipped."""
    try:
        need_programs()
        for part in PARTS:
            fetch(part)
    except LabError as error:
        pytest.skip(str(error))


def need_programs():
    for program, package in PROGRAMS.items():
        need(program, package=package)


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


def pytest_collection_finish(session):
    """Fetch what most tests need before any of them is timed: with a cold cache that takes longer than a test may."""
    if any(item.get_closest_marker("integration") for item in session.items):
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        with contextlib.suppress(LabError):  # the fixture lab says what is wrong
            need_programs()
            for part in PARTS:
                default_fetcher(report=reporter.write_line).fetch(part)


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
