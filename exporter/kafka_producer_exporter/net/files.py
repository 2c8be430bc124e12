"""Read small files that somebody else named: never wait, and never read without end."""

import os
import stat
from pathlib import Path


def read_small_file(path: Path, *, max_bytes: int) -> bytes:
    """Return the content of *path*, a regular file of up to *max_bytes*.

    A FIFO would block until something writes to it, and a device such as /dev/zero has no end. Raise OSError if the
    file cannot be read, and ValueError with the reason if it is not a regular file or is too large.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"larger than {max_bytes} bytes")
    return content
