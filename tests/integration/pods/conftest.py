"""A broker that pods can reach; and what pods are made of is fetched before the first test, which has a deadline."""

import pytest

from lab import orders
from lab.fetch import default_fetcher
from lab.process import LabError
from tests.integration.pods.orders import broker_for_pods

FOLDER = "tests/integration/pods/"


@pytest.fixture(scope="session")
def broker(lab):
    """A broker for all pods, in place of the one on loopback only."""
    with broker_for_pods() as broker:
        yield broker


def pytest_collection_finish(session):
    """Fetch the JDK and the client of the application."""
    if not any(item.nodeid.startswith(FOLDER) for item in session.items):
        return
    fetcher = default_fetcher(report=session.config.pluginmanager.get_plugin("terminalreporter").write_line)
    try:
        for part in orders.PARTS:
            fetcher.fetch(part)
    except LabError as error:
        raise pytest.UsageError(f"no application can be put into an image\n{error}") from None
