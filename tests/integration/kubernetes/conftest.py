"""A real API server for the tests of this folder, and the record of what they have found.

``make kubernetes`` runs them. When every test of a module has passed, its rows are written to ``recorded/kubernetes``,
and the page docs/kubernetes-proof.md with them.
"""

import contextlib
import subprocess

import pytest

from lab import orders, registry
from lab.fetch import default_fetcher, fetch
from lab.helm import PARTS
from lab.kubernetes.api_server import CRDS, ETCD, NEEDED, WAIVED, ApiServer, waived
from lab.process import LabError
from tests.integration.kubernetes.page import Row, Section, save, write_page

FOLDER = "tests/integration/kubernetes/"
_collected: dict[str, list[pytest.Item]] = {}
"""Module → its tests in the order of their definition."""
_passed: dict[str, str] = {}
"""Test → what it has found."""


@pytest.fixture(scope="session")
def kubernetes():
    """Everything that an API server consists of is on this machine."""
    if waived():
        pytest.skip(WAIVED)


@pytest.fixture(scope="session")
def api_server(kubernetes):
    """The API server that most tests share: each has names of its own in it, and changes nothing of others."""
    with _without_panic(ApiServer()) as server:
        yield server


@pytest.fixture
def found(request):
    """Note what a test has seen, for its row: ``found("refused: …")``."""
    texts = []
    yield texts.append
    request.node.user_properties.append(("found", "; ".join(texts)))


@contextlib.contextmanager
def _without_panic(server):
    with server:
        yield server
        # kubernetes/kubernetes #142181: a policy may do that, and the client sees only a stream that is cut.
        panics = [line for line in server.log().splitlines() if "panic" in line.lower()]
        assert not panics, panics[:3]


def pytest_itemcollected(item):
    if item.nodeid.startswith(FOLDER):
        _collected.setdefault(item.path.stem, []).append(item)


def pytest_collection_finish(session):
    """Fetch everything before the first test: the API server is built from source, which takes minutes."""
    if waived() or not any(item.nodeid.startswith(FOLDER) for item in session.items):
        return
    fetcher = default_fetcher(report=session.config.pluginmanager.get_plugin("terminalreporter").write_line)
    try:
        for part in (*NEEDED, *orders.PARTS, registry.PART):
            fetcher.fetch(part)
    except LabError as error:
        raise pytest.UsageError(f"no API server can run on this machine\n{error}") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "teardown" and report.passed and item.stash.get(_called, False):
        _passed[item.nodeid] = dict(item.user_properties).get("found", "")
    if report.when == "call":
        item.stash[_called] = report.passed
    return report


_called = pytest.StashKey[bool]()


def pytest_sessionfinish(session):
    """Record the modules of which every test has passed."""
    complete = {name: items for name, items in _collected.items() if all(item.nodeid in _passed for item in items)}
    if not complete:
        return
    versions = _versions()
    for name, items in complete.items():
        save(name, Section(versions=versions, rows=[_row(item) for item in items]))
    write_page()


def _row(item):
    case = item.callspec.id if hasattr(item, "callspec") else ""
    return Row(test=item.originalname, case=case, found=_passed[item.nodeid])


def _versions():
    etcd = subprocess.run(
        [fetch(ETCD) / "usr" / "bin" / "etcd", "--version"], capture_output=True, text=True, check=True
    )
    parts = default_fetcher().parts
    return {
        "Kubernetes": parts["kubernetes"].version,
        "etcd": etcd.stdout.split()[2],
        "Helm": " and ".join(part.removeprefix("helm-") for part in PARTS.values()),
        "Prometheus Operator's definitions": parts[CRDS].module.partition("@v")[2],
    }
