"""How much of a scrape's time the page itself needs, after the reads of the targets.

Reads get what is left of the timeout. A page that is late is lost as a whole, with every healthy target on it. So on a
busy machine, or beside targets whose replies are long, the reads get less.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LEAST_SECONDS = 0.5
MARGIN = 2.0
"""The next page may take this many times as long as recent ones."""
DECAY = 0.9
"""Per page: a slow page is remembered for some twenty others."""


class PageTime:
    """What recent pages took. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent_seconds = 0.0
        self._lock = threading.Lock()

    def reads_seconds(self, timeout_seconds: float) -> float:
        """Return how much of a scrape timeout the reads get: at least half of it."""
        with self._lock:
            page_seconds = max(LEAST_SECONDS, MARGIN * self._recent_seconds)
        return max(timeout_seconds - page_seconds, timeout_seconds / 2)

    @contextmanager
    def after_reads(self, until: float) -> Iterator[None]:
        """Measure the making of a page, from the end of its reads; if they end after *until*, also their delay."""
        began = min(self._clock(), until)
        yield
        seconds = self._clock() - began
        with self._lock:
            self._recent_seconds = max(seconds, DECAY * self._recent_seconds)
