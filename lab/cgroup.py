"""A control group with a memory limit, like a container's: the kernel kills a process that exceeds it."""

import contextlib
import uuid
from pathlib import Path
from typing import Self

from lab.process import LabError, wait_until

MOUNT = Path("/sys/fs/cgroup")


class MemoryCgroup:
    """A control group, in cgroup version 1 or 2: whichever limits memory on this machine.

    ``with MemoryCgroup(96 << 20) as group: Process("serve", [*group.prefix(), "serve"], …)``
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._first_version = (MOUNT / "memory").is_dir()
        parent = MOUNT / "memory" if self._first_version else MOUNT
        self.folder = parent / f"lab-{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> Self:
        """Create the group; raise LabError if this machine does not allow it."""
        try:
            if not self._first_version:
                (MOUNT / "cgroup.subtree_control").write_text("+memory")
            self.folder.mkdir()
            for file in self._limit_files():
                with contextlib.suppress(FileNotFoundError):  # this kernel does not account for swap
                    (self.folder / file).write_text(str(self._limit_bytes if "swap" not in file else 0))
        except OSError as error:
            self._remove()
            what = f"cannot create a control group with a memory limit in {MOUNT}: {error.strerror}"
            raise LabError(f"{what}; run as root, outside a container or in a privileged one") from None
        return self

    def __exit__(self, *_: object) -> None:
        wait_until("the control group is empty", lambda: not self.number("cgroup.procs"))
        self._remove()

    def prefix(self) -> list[str]:
        """Return a command prefix: the command runs in the group from its first instruction."""
        return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.folder / "cgroup.procs")]

    def kills(self) -> int:
        """Return how many processes of the group the kernel's out-of-memory killer has killed."""
        return self.number("memory.oom_control" if self._first_version else "memory.events", "oom_kill")

    def limit_hits(self) -> int:
        """Return how often the group reached its limit and the kernel had to reclaim memory."""
        return self.number("memory.failcnt") if self._first_version else self.number("memory.events", "max")

    def peak_bytes(self) -> int:
        """Return the group's peak memory usage, page cache included."""
        return self.number("memory.max_usage_in_bytes" if self._first_version else "memory.peak")

    def number(self, file: str, key: str = "") -> int:
        """Return the number in one of the group's files, or the one after *key*; 0 if there is none."""
        lines = [line.split() for line in (self.folder / file).read_text().splitlines()]
        return next((int(words[-1]) for words in lines if words[:-1] == ([key] if key else [])), 0)

    def _limit_files(self) -> list[str]:
        if self._first_version:
            return ["memory.limit_in_bytes"]
        return ["memory.max", "memory.swap.max"]

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()
