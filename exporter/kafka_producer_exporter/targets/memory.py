"""How much memory the kernel lets us have, and what is left out before it acts."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

# cgroup v2, then v1. Inside a container the mount's root is the container's own group.
LIMIT_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))

UNLIMITED = 1 << 60
"""Version 1 says "no limit" by a number near 2**63; no machine has this much."""

CEILING = 0.8
"""The share of the limit that we fill. The rest is for a page in the making and for what the allocator holds back."""

MBEAN_BYTES = 6 * 1024
"""What reading one more MBean of a topic or node costs at its peak: names, kept texts, values, its part of the page."""


def memory_limit() -> int | None:
    """Return this container's memory limit in bytes; None where there is none."""
    for file in LIMIT_FILES:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < UNLIMITED:
            return int(text)
    return None


def resident_bytes() -> int:
    """Return this process's resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class MemoryGuard:
    """Says whether one more MBean may be read. One for the process, shared by all targets.

    The first page after a start is the dangerous one: nothing was measured yet. So a budget of MBeans is reckoned
    beforehand, from what a bare process has; what is then really resident only ever makes the budget smaller.
    """

    def __init__(self, limit: int | None, resident: Callable[[], int] = resident_bytes) -> None:
        """``limit`` in bytes; None: everything is let in."""
        self._ceiling = None if limit is None else int(limit * CEILING)
        self._resident = resident
        self._base = resident()
        self._worst = 0
        self._mbean_bytes = float(MBEAN_BYTES)
        self._admitted = 0
        self._lock = threading.Lock()
        self.generation = 0
        """Rises when the budget shrinks: whoever has admitted MBeans gives them back and asks anew."""

    def admit(self) -> bool:
        """Whether there is room for one more MBean; where there is, it is taken."""
        if self._ceiling is None:
            return True
        with self._lock:
            if self._base + (self._admitted + 1) * self._mbean_bytes > self._ceiling:
                return False
            self._admitted += 1
            return True

    def release(self, count: int) -> None:
        """Give back MBeans that were admitted."""
        with self._lock:
            self._admitted -= count

    def check(self) -> None:
        """Shrink the budget if more is resident than the ceiling, and more than at the last time.

        An allocator gives little back, so memory that stays high after a shrink is no reason for another.
        """
        if self._ceiling is None:
            return
        resident = self._resident()
        with self._lock:
            if resident > self._ceiling and resident > self._worst * 1.02:
                self._worst = resident
                self._mbean_bytes *= 1.5
                self.generation += 1
