"""The process of the exporter: its CPU time, memory and file descriptors, and the memory limit that it runs under.

Read from the kernel directly and not by prometheus-client, whose import costs 8 MB: see docs/adr/0008.
"""

import contextlib
import gc
import os
import resource
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import NO_LABELS, Family

PROC = Path("/proc")
CGROUP_MOUNT = Path("/sys/fs/cgroup")

LIMIT_FILES = ("memory.max", "memory.high", "memory.limit_in_bytes")
"""The limits of a control group: in version 2 the hard limit and the one above which the kernel slows a process down to
a crawl; in version 1 the hard limit."""

UNLIMITED_BYTES = 1 << 60
"""Version 1 reports "no limit" as a number near 2**63; no machine has this much memory."""


MANY_DESCRIPTORS = 1 << 16

MALLOC_OPTIONS = {"M_ARENA_MAX": (-8, 1), "M_MMAP_THRESHOLD": (-3, 128 << 10), "M_TRIM_THRESHOLD": (-1, 128 << 10)}
"""Numbers and values of mallopt(3). One arena for all threads, instead of one for each that keeps what its largest
reply took; and large blocks of their own, which free() returns to the kernel, whatever was freed before."""


def return_freed_memory() -> None:
    """Make the C library return freed memory to the kernel soon, if it is glibc; others do."""
    import ctypes  # noqa: PLC0415 - costs 0.4 MB, and only a process that runs for long needs it

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in MALLOC_OPTIONS.values():
            mallopt(option, value)


def trim_memory() -> None:
    """Free what only refers to itself, and return to the kernel the free pages between those in use, if possible now.

    Takes some hundredths of a second.
    """
    import ctypes  # noqa: PLC0415 - see above

    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def max_descriptors() -> int:
    """Return how many file descriptors this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else MANY_DESCRIPTORS


def raise_descriptor_limit() -> None:
    """Allow this process as many file descriptors as it may allow itself, up to ``MANY_DESCRIPTORS``.

    Container runtimes leave the soft limit at 1024, for programs that use select(2). This one does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MANY_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def process_families(proc: Path = PROC) -> list[Family]:
    """Return the families about this process; none where ``/proc`` cannot be read."""
    families = []
    with contextlib.suppress(OSError):  # there is no /proc, or no file descriptor left to read it with
        for name, value in _figures(proc):
            families.append(Family(METRICS[f"kafka_producer_exporter_process_{name}"], [(NO_LABELS, value)]))
    return families


def resident_bytes(proc: Path = PROC) -> int:
    """Return the resident memory of this process in bytes."""
    return _memory(proc)[1]


def memory_limit(proc: Path = PROC, cgroup_mount: Path = CGROUP_MOUNT) -> int | None:
    """Return the smallest limit, in bytes, of the control groups that this process is in; None without a limit."""
    limits = [
        limit
        for folder in _cgroup_folders(proc, cgroup_mount)
        for file in LIMIT_FILES
        if (limit := _number(folder / file)) is not None and limit < UNLIMITED_BYTES
    ]
    return min(limits, default=None)


def _figures(proc: Path) -> Iterator[tuple[str, float]]:
    vsize, rss = _memory(proc)
    # proc(5): the second field of stat, the program's name, may contain blanks and brackets. The fields after it begin
    # with the third, so utime, which is field 14, has index 11 here.
    fields = (proc / "self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    utime, stime, starttime = int(fields[11]), int(fields[12]), int(fields[19])
    ticks_per_second = os.sysconf("SC_CLK_TCK")
    yield "virtual_memory_bytes", float(vsize)
    yield "resident_memory_bytes", float(rss)
    yield "start_time_seconds", _btime(proc) + starttime / ticks_per_second
    yield "cpu_seconds_total", (utime + stime) / ticks_per_second
    yield "open_fds", float(sum(1 for _ in (proc / "self/fd").iterdir()))
    max_fds = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if max_fds != resource.RLIM_INFINITY:
        yield "max_fds", float(max_fds)


def _memory(proc: Path) -> tuple[int, int]:
    """Return virtual and resident memory in bytes."""
    size, resident, *_ = (proc / "self/statm").read_text(encoding="ascii").split()
    page_size = os.sysconf("SC_PAGE_SIZE")
    return int(size) * page_size, int(resident) * page_size


@cache
def _btime(proc: Path) -> float:
    """Return when the machine booted. Read once, because the kernel computes it at each read and it jitters."""
    lines = (proc / "stat").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))


def _cgroup_folders(proc: Path, mount: Path) -> Iterator[Path]:
    """Yield the folders where the control groups of this process may be, and those around them; not all of them exist.

    Inside a container the root of the mount is the container's own group, and the path in ``/proc/self/cgroup`` is
    ``/``, or a path on the host that is invisible from inside.
    """
    versions = {"": (mount, mount / "unified"), "memory": (mount / "memory",)}
    for roots in versions.values():
        yield from roots
    for line in _text(proc / "self/cgroup").splitlines():
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
