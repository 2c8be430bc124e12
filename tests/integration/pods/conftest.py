"""What the pods of this folder are made of is fetched before the first test, which has a deadline."""

import pytest

from lab import orders
from lab.fetch import default_fetcher
from lab.process import LabError

FOLDER = "tests/integration/pods/"


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
