"""Chromium and the npm packages that drive it, for pictures and for the tests of pages."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.fetch import to_standard_error
from lab.jvm import built_folder, rename_or_leave
from lab.process import LabError, need, run

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
INSTALL_SECONDS = 900
"""A large project has half a gigabyte; a busy machine takes minutes for it."""


def chromium() -> str:
    """Return the path of Chromium."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    return found or need(CHROMIUM[0], package="chromium")


def flags() -> list[str]:
    """Return the flags that Chromium needs to run without a screen, also as root."""
    return ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def node() -> str:
    """Return the path of Node.js."""
    return need("node", package="nodejs")


def require_korean_font() -> None:
    """Raise LabError if no font has Korean letters."""
    if not run([need("fc-list", package="fontconfig"), ":lang=ko"], what="fc-list").strip():
        raise LabError("no font has Korean letters; install one (on Debian: apt-get install fonts-noto-cjk)")


def installed(project: Path, *, name: str, what: str) -> Path:
    """Return the folder in the user's cache where npm has installed what the lock file of *project* names.

    *name* begins the name of the folder; *what* says in a message what takes its time.
    """
    manifest = [project / file for file in ("package.json", "package-lock.json", ".npmrc")]
    place = built_folder() / f"{name}-{digest(manifest, project)}"
    if place.exists():
        return place
    to_standard_error(f"installing {what}")
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=built_folder()) as work:
        fresh = Path(work) / name
        fresh.mkdir()
        for file in manifest:
            shutil.copy(file, fresh)
        # No package here needs a script of its own to be installed.
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        command = [need("npm", package="npm"), "ci", *options]
        run(command, what="npm ci", cwd=fresh, timeout_seconds=INSTALL_SECONDS)
        rename_or_leave(fresh, place)
    return place


def digest(files: Sequence[Path], project: Path) -> str:
    """Return what names the contents of these files of a project."""
    content = hashlib.sha256()
    for file in files:
        content.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes())
    return content.hexdigest()[:12]
