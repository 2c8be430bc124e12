"""How much memory the kernel lets us have, and what is left out before it acts."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")

LIMIT_FILES = ("memory.max", "memory.high", "memory.limit_in_bytes")
"""Of version 2 the limit, and the line above which a process is slowed down to a crawl; the limit of version 1."""

UNLIMITED = 1 << 60
"""Version 1 says "no limit" by a number near 2**63; no machine has this much."""

CEILING = 0.8
"""The share of the limit that we fill. The rest is for slow clients, whose pages wait (16 MB at most), for what the
kernel keeps for our sockets, and for what the allocator holds back."""

ALARM = 0.9
"""The share of the limit that shows that the reckoning was wrong; it is of the peak, so the ceiling is reached."""

# What reading one more MBean costs at its peak, with two scrapers at once: names, kept texts, values, its lines on the
# page. Fitted to docs/benchmark.md, "Memory": 26 MB for 4400 MBeans with 20 000 attributes, 41 MB for 5600 with 41 600.
MBEAN_BYTES = 3500
ATTRIBUTE_BYTES = 200
LABEL_COPIES = 4
"""How often an attribute's labels are in memory while two pages are made: each as families' text and as the page."""


def mbean_bytes(attributes: int, label_length: int) -> int:
    """Return what it costs to serve so many attributes of an MBean, whose labels are so long."""
    return MBEAN_BYTES + attributes * (ATTRIBUTE_BYTES + LABEL_COPIES * label_length)


def memory_limit(groups: Path = GROUPS, mount: Path = MOUNT) -> int | None:
    """Return the least limit in bytes of the control groups that this process is in; None where there is none."""
    limits = [
        limit
        for folder in _group_folders(groups, mount)
        for file in LIMIT_FILES
        if (limit := _number(folder / file)) is not None and limit < UNLIMITED
    ]
    return min(limits, default=None)


def _group_folders(groups: Path, mount: Path) -> Iterator[Path]:
    """Yield where our own groups, and those around them, may be; not each of these is there.

    Inside a container the mount's root is the container's own group, and the path in /proc/self/cgroup is ``/``, or one
    of the host's that cannot be seen from inside.
    """
    versions = {"": (mount, mount / "unified"), "memory": (mount / "memory",)}
    for roots in versions.values():
        yield from roots
    for line in _text(groups).splitlines():
        _, controllers, path = line.split(":", 2)
        inner = PurePosixPath(path).parts[1:]
        for controller in controllers.split(","):
            for root in versions.get(controller, ()):
                yield from (root.joinpath(*inner[:depth]) for depth in range(1, len(inner) + 1))


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def resident_bytes() -> int:
    """Return this process's resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class MemoryGuard:
    """Says whether one more MBean may be read. One for the process, shared by all targets.

    The first page after a start is the dangerous one: nothing was measured yet. So a budget is reckoned beforehand,
    from what the process has before its first MBean; what is then really resident only ever makes the budget smaller.
    """

    def __init__(self, limit: int | None, resident: Callable[[], int] = resident_bytes) -> None:
        """``limit`` in bytes; None: everything is let in."""
        self._ceiling = None if limit is None else int(limit * CEILING)
        self._alarm = None if limit is None else int(limit * ALARM)
        self._resident = resident
        self._base: int | None = None
        self._worst = 0
        self._scale = 1.0
        self._admitted = 0
        self._lock = threading.Lock()
        self.generation = 0
        """Rises when the budget shrinks: whoever has admitted MBeans gives them back and asks anew."""

    def admit(self, cost: int, *, needed: bool = False) -> bool:
        """Whether there is room for an MBean of this cost (``mbean_bytes``); where there is, it is taken.

        One that is needed is let in whatever it costs, and leaves less room for others.
        """
        if self._ceiling is None:
            return True
        with self._lock:
            if self._base is None:
                self._base = self._resident()
            if not needed and self._base + (self._admitted + cost) * self._scale > self._ceiling:
                return False
            self._admitted += cost
            return True

    def release(self, cost: int) -> None:
        """Give back what MBeans that were admitted had cost."""
        if self._ceiling is None:
            return
        with self._lock:
            self._admitted -= cost

    def check(self) -> None:
        """Shrink the budget if more is resident than reckoned, by far, and more than at the last time.

        An allocator gives little back, so memory that stays high after a shrink is no reason for another.
        """
        if self._alarm is None:
            return
        resident = self._resident()
        with self._lock:
            if resident > self._alarm and resident > self._worst * 1.02:
                self._worst = resident
                self._scale *= 1.5
                self.generation += 1
