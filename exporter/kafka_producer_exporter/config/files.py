"""Check that files named in the configuration can be read, and that secrets are hidden from other users."""

import os
import stat
from pathlib import Path


def examine_file(path: Path) -> None:
    """Raise ValueError, which says what to do, unless *path* is a readable file."""
    _examine(path, str(path))


def examine_secret_file(path: Path) -> None:
    """Raise ValueError, which says what to do, unless *path* is a readable, non-empty file hidden from other users.

    Its group may read it: with an fsGroup, Kubernetes always lets the group read the files of a secret. The error names
    the path only if it exists: a secret that was written under the key of its file must not be shown.
    """
    _examine(path, str(path) if _exists(path) else "")
    status = path.stat()
    if status.st_mode & 0o007:
        raise ValueError(f"every user may read {path}; chmod 600 {path} (for a Kubernetes secret, defaultMode: 0440)")
    if status.st_size == 0:
        raise ValueError(f"{path} is empty; write the secret into it")


def _examine(path: Path, shown: str) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"there is no file {shown or 'of this name'}; create it, or correct the path") from None
    except OSError as error:
        what = (error.strerror or "unusable").lower()
        raise ValueError(f"{shown or 'this path'}: {what}; correct the path") from None
    if not stat.S_ISREG(mode):
        raise ValueError(f"{shown} is not a file; correct the path")
    if not os.access(path, os.R_OK):
        raise ValueError(f"user id {os.geteuid()} cannot read {shown}; change its owner or group")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
