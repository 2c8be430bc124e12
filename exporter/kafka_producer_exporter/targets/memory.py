"""The memory budget: what may be read without exceeding the memory limit of the container."""

import threading
from collections.abc import Callable

from kafka_producer_exporter.process import resident_bytes

CEILING = 0.8
"""The share of the limit that we fill. The rest is for slow clients, whose pages wait in memory (up to 16 MB), for
socket buffers in the kernel, and for memory that the allocator holds back."""

ALARM = 0.9
"""The share of the limit that shows that the estimate was too low. It is compared with the peak, so reaching the
ceiling alone does not raise it."""

# The cost of one more MBean at its peak, with two scrapers at once: names, label texts, values, lines of the page.
# Fitted to docs/benchmark.md, "Memory": 26 MB for 4400 MBeans with 20 000 attributes, 41 MB for 5600 with 41 600.
MBEAN_BYTES = 3500
ATTRIBUTE_BYTES = 200
LABEL_COPIES = 4
"""How many copies of an attribute's labels are in memory while two pages are made: each page holds them once as the
text of its families and once as its bytes."""


def mbean_bytes(attributes: int, label_length: int) -> int:
    """Return the estimated cost of serving *attributes* attributes of an MBean with labels of *label_length*."""
    return MBEAN_BYTES + attributes * (ATTRIBUTE_BYTES + LABEL_COPIES * label_length)


class MemoryGuard:
    """Decides whether one more MBean fits into memory. The process has one guard, which all targets share.

    The first page after a start is the dangerous one, because nothing has been measured yet. So the guard estimates a
    budget from the memory in use before the first MBean; later measurements only ever make the budget smaller.
    """

    def __init__(self, limit: int | None, resident: Callable[[], int] = resident_bytes) -> None:
        """*limit* is in bytes; with None everything is admitted."""
        self._ceiling = None if limit is None else int(limit * CEILING)
        self._alarm = None if limit is None else int(limit * ALARM)
        self._resident = resident
        self._base: int | None = None
        self._worst = 0
        self._scale = 1.0
        self._admitted = 0
        self._lock = threading.Lock()
        self.generation = 0
        """Rises when the budget shrinks. Each holder of admitted MBeans then releases them and asks again."""

    def admit(self, cost: int, *, needed: bool = False) -> bool:
        """Return whether an MBean of this cost (``mbean_bytes``) fits, and if so take its room.

        An MBean that is *needed* is always admitted, and leaves less room for others.
        """
        if self._ceiling is None:
            return True
        with self._lock:
            if self._base is None:
                self._base = self._measured()
            if not needed and (self._base or 0) + (self._admitted + cost) * self._scale > self._ceiling:
                return False
            self._admitted += cost
            return True

    def release(self, cost: int) -> None:
        """Give back the room of admitted MBeans."""
        if self._ceiling is None:
            return
        with self._lock:
            self._admitted -= cost

    def check(self) -> None:
        """Shrink the budget if far more memory is resident than estimated, and more than at the last shrink.

        An allocator returns little memory, so memory that stays high after a shrink is no reason for another.
        """
        if self._alarm is None:
            return
        resident = self._measured()
        with self._lock:
            if resident is None:
                return
            if resident > self._alarm and resident > self._worst * 1.02:
                self._worst = resident
                self._scale *= 1.5
                self.generation += 1

    def _measured(self) -> int | None:
        """Return the resident memory; None if no descriptor is left to measure it with, so that the next read tries."""
        try:
            return self._resident()
        except OSError:
            return None
