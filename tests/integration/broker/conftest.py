"""What all tests of the broker view have in common."""

import pytest


def pytest_itemcollected(item):
    """Ignore sockets that kafka-python leaves to the garbage collector when it cannot connect."""
    item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
