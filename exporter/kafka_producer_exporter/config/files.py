"""Examines the files that the configuration names: whether they can be used, and are kept from others."""

import os
import stat
from pathlib import Path


def examine_file(path: Path) -> None:
    """Raise ValueError, with what to do, unless this is a file that we may read."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}; create it, or correct the path") from None
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or 'unusable').lower()}; correct the path") from None
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is not a file; correct the path")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{path} may not be read by user id {os.geteuid()}; change its owner or group")


def examine_password_file(path: Path) -> None:
    """Raise ValueError, with what to do, unless this file holds something and is kept from other users.

    Its group may read it: with an fsGroup Kubernetes always gives a secret's files group read.
    """
    examine_file(path)
    status = path.stat()
    if status.st_mode & 0o007:
        raise ValueError(f"every user may read {path}; chmod 600 {path} (for a Kubernetes secret, defaultMode: 0440)")
    if status.st_size == 0:
        raise ValueError(f"{path} is empty; write the password into it")
