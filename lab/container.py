"""A container without a container engine: its limits, its user and its read-only file system, for one command.

Control groups, mount namespaces and another user need root. Without root, only the limit of descriptors is set, and
``missing`` says what is not.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Self

from lab.cgroup import Cgroup
from lab.process import LabError

USER = 65532
"""User and group of the command; the "nonroot" of common base images."""

READ_ONLY = """\
while read -r _ place _; do mount -o remount,bind,ro "$place" 2>/dev/null; done < /proc/self/mounts
exec "$@"
"""


class Container:
    """Limits like those of a small container, for a command that is started with ``prefix``.

    ``with Container(memory_bytes=64 << 20, tasks=96, descriptors=64) as container: …``
    """

    def __init__(self, *, memory_bytes: int, tasks: int, descriptors: int) -> None:
        self.memory_bytes = memory_bytes
        self.tasks = tasks
        self.descriptors = descriptors
        self.missing: list[str] = []
        """The limits that this machine does not allow, each with the reason."""
        self.group: Cgroup | None = None
        self._prefix: list[str] = []
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # In this order: a command that has become another user on a read-only file system can enter no group.
        self._add("limits of memory and threads", self._limit_memory_and_tasks)
        self._add("a limit of open files", self._limit_descriptors)
        self._add("a read-only file system and a user other than root", self._confine)
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def prefix(self) -> list[str]:
        """Return a command prefix: the command runs in the container from its first instruction."""
        return self._prefix

    def kills(self) -> int:
        """Return how many processes the kernel has killed for using too much memory; 0 without a control group."""
        return self.group.kills() if self.group is not None else 0

    def _add(self, what: str, make: Callable[[], Sequence[str]]) -> None:
        try:
            self._prefix += make()
        except LabError as error:
            self.missing.append(f"{what}: {error}")

    def _limit_descriptors(self) -> Sequence[str]:
        prefix = ["prlimit", f"--nofile={self.descriptors}:{self.descriptors}", "--"]
        _try(prefix)
        return prefix

    def _limit_memory_and_tasks(self) -> Sequence[str]:
        group = Cgroup(memory_bytes=self.memory_bytes, tasks=self.tasks)
        self._resources.enter_context(group)
        self.group = group
        return group.prefix()

    def _confine(self) -> Sequence[str]:
        if os.geteuid() != 0:
            raise LabError("only root can change users and mounts")
        unshare = ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", READ_ONLY, "sh"]
        # A change of user clears the signal that lab.process asks for, so it is set again.
        ids = ["--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
        user = ["setpriv", *ids, "--no-new-privs", "--bounding-set=-all", "--pdeathsig", "KILL", "--"]
        _try([*unshare, *user])
        return [*unshare, *user]


def _try(prefix: Sequence[str]) -> None:
    """Run the interpreter of the tests with a prefix; raise LabError if that fails."""
    try:
        subprocess.run([*prefix, sys.executable, "-c", ""], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", "") or str(error)
        raise LabError(output.strip().splitlines()[-1]) from None
