"""Deadlines: instants of ``time.monotonic()``, in seconds, by which a call returns."""

import time

SHORTEST_SECONDS = 0.001
"""Never 0: a socket takes that as "do not block", and fails at once instead of with a timeout."""


def remaining_seconds(deadline: float) -> float:
    """Return the time left until *deadline*, at least a millisecond."""
    return max(SHORTEST_SECONDS, deadline - time.monotonic())
