"""What the program says of itself: its version, whether its configuration is good, and what its process costs.

The process's figures are read here and not by prometheus-client, whose import costs 8 MB: see docs/adr/0008.
"""

import contextlib
import os
import platform
import resource
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from kafka_producer_exporter import __version__
from kafka_producer_exporter.catalogue import exporter
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import NO_LABELS, Family, Labels

_BUILD = Labels({"version": __version__, "python_version": platform.python_version()})
_PROC = Path("/proc")


def own_families(*, config_valid: bool, config_loaded: float | None, proc: Path = _PROC) -> list[Family]:
    """Return the families about the program; ``config_loaded`` is in seconds since the epoch, None for never."""
    families = [
        Family(exporter.BUILD_INFO, [(_BUILD, 1.0)]),
        Family(exporter.CONFIG_VALID, [(NO_LABELS, float(config_valid))]),
    ]
    if config_loaded is not None:
        families.append(Family(exporter.CONFIG_LAST_RELOAD_SUCCESS, [(NO_LABELS, config_loaded)]))
    with contextlib.suppress(OSError):  # no /proc, or no file descriptor left to read it with
        for name, value in _process(proc):
            families.append(Family(METRICS[f"kafka_producer_exporter_process_{name}"], [(NO_LABELS, value)]))
    return families


def _process(proc: Path) -> Iterator[tuple[str, float]]:
    # proc(5): the program's name, the second field, may hold blanks and brackets; what is 14 there is 11 here.
    fields = (proc / "self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    user, system, started, virtual, resident = (int(fields[place]) for place in (11, 12, 19, 20, 21))
    ticks = os.sysconf("SC_CLK_TCK")
    yield "virtual_memory_bytes", float(virtual)
    yield "resident_memory_bytes", float(resident * os.sysconf("SC_PAGE_SIZE"))
    yield "start_time_seconds", _booted(proc) + started / ticks
    yield "cpu_seconds_total", (user + system) / ticks
    yield "open_fds", float(sum(1 for _ in (proc / "self/fd").iterdir()))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY:
        yield "max_fds", float(most)


@cache
def _booted(proc: Path) -> float:
    """Return when the machine was started. Read once: the kernel reckons it anew each time, and it would jitter."""
    lines = (proc / "stat").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))
