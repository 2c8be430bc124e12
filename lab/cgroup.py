"""Control groups that limit memory and threads like a container's: the kernel enforces both."""

import contextlib
import uuid
from pathlib import Path
from typing import Self

from lab.process import LabError, wait_until

MOUNT = Path("/sys/fs/cgroup")


class Cgroup:
    """A control group with limits, in cgroup version 1 or 2: whichever limits memory on this machine.

    The kernel kills a process that exceeds *memory_bytes*, and refuses a thread or process beyond *tasks*.

    ``with Cgroup(memory_bytes=96 << 20) as group: Process("serve", [*group.prefix(), "serve"], …)``
    """

    def __init__(self, *, memory_bytes: int | None = None, tasks: int | None = None) -> None:
        self._limits = {"memory": memory_bytes, "pids": tasks}
        self._first_version = (MOUNT / "memory").is_dir()
        name = f"lab-{uuid.uuid4().hex[:12]}"
        wanted = [controller for controller, limit in self._limits.items() if limit is not None]
        # Version 1 has a tree of groups for each controller, version 2 one tree for all.
        self._folders = {
            controller: (MOUNT / controller if self._first_version else MOUNT) / name for controller in wanted
        }

    def __enter__(self) -> Self:
        """Create the group; raise LabError if this machine does not allow it."""
        try:
            for controller, folder in self._folders.items():
                if not self._first_version:
                    (MOUNT / "cgroup.subtree_control").write_text(f"+{controller}")
                folder.mkdir(exist_ok=True)
                self._set(controller, self._limits[controller])
        except OSError as error:
            self._remove()
            what = f"cannot create a control group with a limit in {MOUNT}: {error.strerror}"
            raise LabError(f"{what}; run as root, outside a container or in a privileged one") from None
        return self

    def __exit__(self, *_: object) -> None:
        wait_until(
            "the control group is empty",
            lambda: not any((folder / "cgroup.procs").read_text() for folder in self._folders.values()),
        )
        self._remove()

    def prefix(self) -> list[str]:
        """Return a command prefix: the command runs in the group from its first instruction."""
        files = [str(folder / "cgroup.procs") for folder in dict.fromkeys(self._folders.values())]
        return ["/bin/sh", "-c", 'for group in $0; do echo $$ > "$group" || exit; done; exec "$@"', " ".join(files)]

    def limit_tasks(self, tasks: int | None) -> None:
        """Change the limit of threads and processes; None removes it. What runs already keeps running."""
        self._set("pids", tasks)

    def tasks(self) -> int:
        """Return how many threads and processes are in the group."""
        return int((self._folders["pids"] / "pids.current").read_text())

    def kills(self) -> int:
        """Return how many processes of the group the kernel's out-of-memory killer has killed."""
        return self.number("memory.oom_control" if self._first_version else "memory.events", "oom_kill")

    def limit_hits(self) -> int:
        """Return how often the group reached its memory limit and the kernel had to reclaim memory."""
        return self.number("memory.failcnt") if self._first_version else self.number("memory.events", "max")

    def peak_bytes(self) -> int:
        """Return the group's peak memory usage, page cache included."""
        return self.number("memory.max_usage_in_bytes" if self._first_version else "memory.peak")

    def number(self, file: str, key: str = "") -> int:
        """Return the number in one of the files about memory, or the one after *key*; 0 if there is none."""
        lines = [line.split() for line in (self._folders["memory"] / file).read_text().splitlines()]
        return next((int(words[-1]) for words in lines if words[:-1] == ([key] if key else [])), 0)

    def _set(self, controller: str, limit: int | None) -> None:
        files = {"pids": ["pids.max"], "memory": ["memory.max", "memory.swap.max"]}[controller]
        if self._first_version and controller == "memory":
            files = ["memory.limit_in_bytes"]
        for file in files:
            with contextlib.suppress(FileNotFoundError):  # this kernel does not account for swap
                text = "max" if limit is None else "0" if "swap" in file else str(limit)
                (self._folders[controller] / file).write_text(text)

    def _remove(self) -> None:
        for folder in self._folders.values():
            with contextlib.suppress(OSError):
                folder.rmdir()


class MemoryCgroup(Cgroup):
    """A control group that limits memory only."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(memory_bytes=limit_bytes)
