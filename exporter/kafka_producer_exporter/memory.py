"""The memory of the process: one limit, and which part of it each use may take.

Everything whose size depends on a JVM, a broker or a client asks here before it takes memory. What is refused is left
out, and the page and the log say so: a process that the kernel kills serves nothing at all.
"""

import threading
import time
from collections.abc import Callable

from kafka_producer_exporter.net.pool import Pool
from kafka_producer_exporter.process import resident_bytes, trim_memory

# The shares of the limit. What is left, a twentieth, is for the kernel's socket buffers.
LASTING = 0.7
"""The interpreter, and what is kept from scrape to scrape and from poll to poll: labels, values, state."""
LASTING_NEEDED = 0.9
"""As far as what is needed most may go beyond ``LASTING``, at the expense of the other shares."""
SHORT_LIVED = 0.1
"""What is decoded from a single answer of a JVM or a broker."""
PAGES = 0.15
"""Pages that clients have not yet taken."""

MAX_SHORT_LIVED_BYTES = 64 << 20
MAX_PAGES_BYTES = 16 << 20
"""The bounds for a process without a limit, and the most that one with a limit needs."""

TIDY = 0.8
"""The share of the limit above which memory that is free goes back to the kernel, before it is missing."""
TIDY_SECONDS = 5.0
"""How long to wait before it is done again."""
ALARM = 0.9
"""The share of the limit that shows that the estimate was too low. It is compared with the peak, so reaching the
ceiling alone does not raise it."""

MAX_SCALE = 2.25
"""How far below the truth the estimates can be, at the most. Memory beyond that is not what was admitted, so to admit
less would not free it, and would only take the place of those that need little."""


class MemoryBudget:
    """Decides what fits into memory. The process has one budget, which everything in it shares. Thread-safe.

    ``admit`` is for what lasts, and takes estimates. The first page after a start is the dangerous one, because nothing
    has been measured yet. So the budget starts from the memory in use before the first admission; later measurements
    only ever make it smaller. ``short_lived`` is for what is gone after a moment, and counts it exactly.
    """

    def __init__(
        self,
        limit: int | None,
        resident: Callable[[], int] = resident_bytes,
        tidy: Callable[[], None] = trim_memory,
    ) -> None:
        """*limit* is in bytes; with None everything that lasts is admitted. *tidy* makes *resident* less, if it can."""
        self._limit = limit
        self._resident = resident
        self._tidy = tidy
        self._tidy_at = 0.0
        self._base: int | None = None
        self._worst = 0
        self._scale = 1.0
        self._admitted = 0
        self._lock = threading.Lock()
        self.generation = 0
        """Rises when the budget shrinks. Each holder of admitted memory then releases what it can do without."""
        self.short_lived = Pool(_share(limit, SHORT_LIVED, MAX_SHORT_LIVED_BYTES))
        """For the answers that are being decoded."""
        self.pages_bytes = _share(limit, PAGES, MAX_PAGES_BYTES)
        """How much of their pages all clients together may leave unsent."""

    @property
    def limit_bytes(self) -> int | None:
        """The limit of the process; None without one."""
        return self._limit

    def admit(self, cost: int, *, needed: bool = False, own: int = 0) -> bool:
        """Return whether something lasting of this estimated cost, in bytes, fits; if so take its room.

        What is *needed* may take a part of the other shares, and leaves less room for others. One holder, which has
        *own* bytes of them already, leaves a quarter of what it could have, so that others are not without any.
        """
        if self._limit is None:
            return True
        with self._lock:
            if self._base is None:
                self._base = self._measured()
            after = (self._base or 0) + (self._admitted + cost) * self._scale
            if after > int(self._limit * LASTING):
                left = int(self._limit * LASTING_NEEDED) - after
                if not needed or left < max(0.0, own * self._scale / 3):
                    return False
            self._admitted += cost
            return True

    def take(self, cost: int) -> None:
        """Take the room of something that is in memory already, so that less is left for others."""
        if self._limit is not None:
            with self._lock:
                self._admitted += cost

    def release(self, cost: int) -> None:
        """Give back the room of what was admitted."""
        if self._limit is None:
            return
        with self._lock:
            self._admitted -= cost

    def check(self) -> None:
        """Shrink the budget if far more memory is resident than estimated, and more than at the last shrink.

        An allocator returns little memory, so memory that stays high after a shrink is no reason for another.
        """
        if self._limit is None:
            return
        resident = self._measured()
        if resident is not None and resident > int(self._limit * TIDY) and self._tidy_due():
            self._tidy()
            resident = self._measured()
        with self._lock:
            if resident is None:
                return
            if resident > int(self._limit * ALARM) and resident > self._worst * 1.02:
                self._worst = resident
                self._scale = min(self._scale * 1.5, MAX_SCALE)
                self.generation += 1

    def _tidy_due(self) -> bool:
        """Return whether to return free memory now. One thread does it at a time."""
        with self._lock:
            now = time.monotonic()
            due = now >= self._tidy_at
            if due:
                self._tidy_at = now + TIDY_SECONDS
            return due

    def _measured(self) -> int | None:
        """Return the resident memory; None if no descriptor is left to measure it with, so that the next read tries."""
        try:
            return self._resident()
        except OSError:
            return None


def _share(limit: int | None, share: float, at_most: int) -> int:
    return at_most if limit is None else min(at_most, int(limit * share))
