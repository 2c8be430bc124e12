"""Deadlines: instants of ``time.monotonic()``, in seconds, by which a call has returned."""

import time

SHORTEST_SECONDS = 0.001
"""A socket takes a timeout of 0 as "do not block", which is an error of its own."""


def remaining_seconds(deadline: float) -> float:
    """Return the time left until *deadline*, at least a millisecond."""
    return max(SHORTEST_SECONDS, deadline - time.monotonic())
