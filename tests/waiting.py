"""Waiting for what another thread is about to do."""

import time


def wait_until(condition, *, timeout_seconds=5.0):
    """Wait until the condition holds; fail after *timeout_seconds*."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.005)
