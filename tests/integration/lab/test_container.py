"""The container of the lab: what a command in it may do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.container import USER, Container
from lab.process import LabError

FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", str(Path.cwd()))
FACTS = (
    f"FOLDERS = {FOLDERS}"
    + """
import json, os, pathlib, resource, threading
def fails(function, *arguments):
    try: function(*arguments)
    except (OSError, RuntimeError) as error: return str(error)
threads = [threading.Thread(target=threading.Event().wait, args=(2,), daemon=True) for _ in range(20)]
print(json.dumps({
    "user": os.getuid(), "groups": os.getgroups(),
    "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE),
    "write": [fails(pathlib.Path(folder, "not-written").write_text, "") for folder in FOLDERS],
    "threads": any([fails(thread.start) for thread in threads]),
}))
"""
)


def python(container, code):
    command = [*container.prefix(), sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def container(control_groups):
    with Container(memory_bytes=32 << 20, tasks=10, descriptors=24) as container:
        assert container.missing == []
        yield container


def test_a_command_has_another_user_a_read_only_file_system_and_few_threads_and_descriptors(container):
    facts = json.loads(python(container, FACTS).stdout)

    assert facts == {
        "user": USER,
        "groups": [],
        "descriptors": [24, 24],
        "write": [f"[Errno 30] Read-only file system: '{folder}/not-written'" for folder in FOLDERS],
        "threads": True,
    }


def test_the_kernel_kills_a_command_that_takes_more_memory(container):
    ran = python(container, "x = bytearray(64 << 20)")

    assert (ran.returncode, container.kills()) == (-9, 1)


def test_what_this_machine_does_not_allow_is_named_and_the_rest_is_set(monkeypatch):
    def refused(self):
        raise LabError("run as root")

    monkeypatch.setattr("lab.cgroup.Cgroup.__enter__", refused)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with Container(memory_bytes=32 << 20, tasks=10, descriptors=24) as container:
        limits = python(container, "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))").stdout

    assert limits == "(24, 24)\n"
    assert container.missing == [
        "limits of memory and threads: run as root",
        "a read-only file system and a user other than root: only root can change users and mounts",
    ]
