"""Check that files named in the configuration can be read, and that secrets are hidden from other users."""

import os
import stat
from pathlib import Path


def examine_file(path: Path) -> None:
    """Raise ValueError, which says what to do, unless *path* is a readable file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}; create it, or correct the path") from None
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or 'unusable').lower()}; correct the path") from None
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is not a file; correct the path")
    if not os.access(path, os.R_OK):
        raise ValueError(f"user id {os.geteuid()} cannot read {path}; change its owner or group")


def examine_secret_file(path: Path) -> None:
    """Raise ValueError, which says what to do, unless *path* is a readable, non-empty file hidden from other users.

    Its group may read it: with an fsGroup, Kubernetes always lets the group read the files of a secret.
    """
    examine_file(path)
    status = path.stat()
    if status.st_mode & 0o007:
        raise ValueError(f"every user may read {path}; chmod 600 {path} (for a Kubernetes secret, defaultMode: 0440)")
    if status.st_size == 0:
        raise ValueError(f"{path} is empty; write the secret into it")
