"""The lab for the tests: started when first needed, shared where that is safe, and taken down however the run ends.

No integration test can run without Java, Maven, openssl and Kafka's jars. Where one of these is missing, the run ends
at once with an error that says what to install. A control group with a memory limit, a Prometheus or podman is needed
by a few tests only. Where this machine has none, those tests are reported as not run, with the reason, and the others
run; REQUIRE_INTEGRATION=1 makes that an error. WITHOUT_CONTAINERS=1 asks not to run the tests that need podman, and
WITHOUT_KUBERNETES=1 those that need an API server.
"""

import contextlib
import os
from collections import Counter

import pytest

from lab import image as images
from lab.alertmanager import alertmanager_binary, amtool_binary
from lab.broker import Broker, Cluster
from lab.cgroup import MemoryCgroup
from lab.fetch import default_fetcher
from lab.helm import PARTS as PARTS_OF_HELM
from lab.image import build, find_base, waived
from lab.jvm import java
from lab.kubernetes import api_server as servers
from lab.podman import Podman
from lab.process import LabError, need
from lab.producer import ProducerJvm
from lab.prometheus import Prometheus, prometheus_binary, promtool_binary

PARTS = (
    "kafka-broker-4.4.0",
    *(f"kafka-clients-{version}" for version in ("2.4.1", "2.8.2", "3.9.2", "4.4.0")),
    *(
        "kafka-tools-4.3.1",
        "jmx-exporter-0.20.0",
        "jmx-exporter-1.0.1",
        "micrometer-1.15.4",
        "helm-3.17.2",
        "helm-4.3.1",
    ),
)
PROMETHEUS_PARTS = ("prometheus-2", "prometheus-3", "alertmanager")
WAIVED = (images.WAIVED, servers.WAIVED)
REQUIRED = os.environ.get("REQUIRE_INTEGRATION") == "1"


@pytest.fixture(scope="session")
def lab():
    """Everything that the lab consists of is on this machine: ``pytest_collection_finish`` has seen to it."""


@pytest.fixture(params=PARTS_OF_HELM, ids=lambda generation: f"helm{generation}")
def generation(request, lab):
    """Each generation of Helm, and the kubectl of its time."""
    return request.param


@pytest.fixture(scope="session")
def prometheus_programs(lab):
    """Prometheus and promtool of both generations; without them the test is not run."""
    try:
        for generation in (2, 3):
            prometheus_binary(generation)
            promtool_binary(generation)
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def alertmanager_program(lab):
    """Alertmanager and amtool; without them the test is not run."""
    try:
        alertmanager_binary()
        amtool_binary()
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def control_groups():
    """Control groups with a memory limit, which need root and a writable cgroup; without them the test is not run."""
    try:
        with MemoryCgroup(64 << 20):
            return
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def podman():
    """Podman with a base image whose containers run; without it the test is not run."""
    if waived():
        pytest.skip(images.WAIVED)
    try:
        podman = Podman()
        podman.require_containers(find_base(podman))
    except LabError as error:
        pytest.skip(str(error))
    return podman


@pytest.fixture(scope="session")
def image(podman):
    """The id of the product's image, built from this folder."""
    return built_image(podman)


def built_image(podman):
    """Build the image, which takes a second if nothing has changed since the last time; return its id."""
    return build(podman, base=find_base(podman), tag="localhost/kafka-producer-exporter:test")


@pytest.fixture(scope="session")
def broker(lab):
    """One broker for the whole run: tests create their own topics, and neither stop nor reconfigure it."""
    with Broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def cluster(lab):
    """Three brokers for the whole run: a test that takes one down brings it back."""
    with Cluster(3) as cluster:
        yield cluster


@pytest.fixture
def producer_jvm(lab):
    """Start producer JVMs that end with the test: ``producer_jvm("3.9.2", jmx=False)``."""
    with contextlib.ExitStack() as running:
        yield lambda *arguments, **options: running.enter_context(ProducerJvm(*arguments, **options))


@pytest.fixture
def prometheus(prometheus_programs):
    """Start Prometheus servers that end with the test: ``prometheus([job("a", "127.0.0.1:9797")], generation=2)``."""
    with contextlib.ExitStack() as running:
        yield lambda *arguments, **options: running.enter_context(Prometheus(*arguments, **options))


def pytest_itemcollected(item):
    """Mark every test in this folder as an integration test, so that no module can forget to."""
    item.add_marker(pytest.mark.integration)


def pytest_collection_finish(session):
    """Fetch everything before the first test: with a cold cache that takes longer than a test may take."""
    if not any(item.get_closest_marker("integration") for item in session.items):
        return
    missing = missing_programs()
    if missing:
        raise pytest.UsageError("\n".join(["no integration test can run on this machine", *missing]))
    fetcher = default_fetcher(report=session.config.pluginmanager.get_plugin("terminalreporter").write_line)
    try:
        for part in PARTS:
            fetcher.fetch(part)
    except LabError as error:
        raise pytest.UsageError(f"no integration test can run on this machine\n{error}") from None
    with contextlib.suppress(LabError):  # the fixtures of these programs report it
        for part in PROMETHEUS_PARTS:
            fetcher.fetch(part)
    if any("podman" in item.fixturenames for item in session.items) and not waived():
        with contextlib.suppress(LabError):
            built_image(Podman())


def missing_programs():
    """Return a line for each program that no integration test can do without and this machine does not have."""
    lines = []
    needs = [
        *(lambda program=program: java(program) for program in ("java", "javac", "keytool")),
        *(
            lambda program=program, package=package: need(program, package=package)
            for program, package in (("mvn", "maven"), ("openssl", "openssl"), ("setpriv", "util-linux"))
        ),
    ]
    for find in needs:
        try:
            find()
        except LabError as error:
            lines.append(str(error))
    return lines


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip into an error where the integration tests are required: a skip is not a pass."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Do the same for a module that is skipped as a whole."""
    return _refuse_skip((yield))


def _refuse_skip(report):
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail") and reason_of(report) not in WAIVED:
        report.outcome = "failed"
        report.longrepr = f"not run, though REQUIRE_INTEGRATION=1: {reason_of(report)}"
    return report


def reason_of(report):
    """Return in one line why a test was skipped; pytest provides file, line and text."""
    return "; ".join(report.longrepr[2].removeprefix("Skipped: ").splitlines())


def pytest_terminal_summary(terminalreporter):
    """Report how many integration tests ran, and which did not and why: a run without them must not look like one."""
    reports = {
        outcome: [r for r in terminalreporter.getreports(outcome) if r.nodeid.startswith("tests/integration/")]
        for outcome in ("passed", "failed", "error", "skipped")
    }
    ran, not_run = len(reports["passed"]) + len(reports["failed"]), len(reports["skipped"])
    reasons = Counter(reason_of(report) for report in reports["skipped"])
    why = f" ({'; '.join(f'{count} × {reason}' for reason, count in reasons.items())})" if reasons else ""
    loud = {"yellow": True, "bold": True} if not_run else {}
    line = f"integration tests: {ran} ran, {not_run} not run{why}, {len(reports['error'])} errors"
    terminalreporter.write_line(line, **loud)
