"""Find the processes that a test has started, and those that these have started, by a mark in their environment."""

import uuid
from pathlib import Path

VARIABLE = "LAB_TEST_MARK"


def new_mark():
    """Return an environment with a mark that no other process has; children inherit it."""
    return {VARIABLE: uuid.uuid4().hex}


def processes_with(mark):
    """Return the ids of the processes that have the mark in their environment."""
    (wanted,) = (f"{name}={value}".encode() for name, value in mark.items())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # it has ended meanwhile, or belongs to another user
            continue
    return found
