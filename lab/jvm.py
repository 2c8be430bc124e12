"""Java for the lab: where to find it, memory flags, class paths of fetched parts, and compiled classes."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from lab.fetch import cache_folder, fetch
from lab.process import need, run

# Flags for many JVMs on a small machine: no parallel collector, no second compiler.
SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-Djava.awt.headless=true")


def java(program: str = "java") -> str:
    """Return the path of a JDK program, from JAVA_HOME if it is there, else from the PATH."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / program).exists():
        return str(Path(home) / "bin" / program)
    return need(program, package="openjdk-17-jdk-headless")


@cache
def java_version(java_path: str) -> str:
    """Return the version that a ``java`` reports, such as ``17.0.15+6-Debian-1deb12u1``."""
    output = subprocess.run([java_path, "-Xinternalversion"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"[^\w.+-]", "", output.split(" for ")[0].partition("(")[2])


def class_path(part: str) -> str:
    """Return the class path of a part's jars. Their order is fixed, because a shared class archive depends on it."""
    return ":".join(str(jar) for jar in sorted(fetch(part).glob("*.jar")))


def compiled(source: Path, *, part: str, beside: str = "") -> Path:
    """Compile a source file for Java 8, unless the cache has it; return the folder of classes.

    It is compiled against a part's jars, and the class path *beside*.
    """
    digest = hashlib.sha256(source.read_bytes() + part.encode() + beside.encode()).hexdigest()[:12]
    folder = built_folder() / f"{source.stem}-{digest}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(prefix=".compiling-", dir=built_folder()) as work:
            classes = Path(work) / "classes"
            options = ["--release", "8", "-Xlint:-options", "-encoding", "UTF-8"]
            options += ["-cp", f"{class_path(part)}:{beside}"]
            run([java("javac"), *options, "-d", classes, source], what=f"compile {source.name}")
            if not folder.exists():
                rename_or_leave(classes, folder)
    return folder


def built_folder() -> Path:
    """Return the cache folder for files that are built rather than fetched."""
    folder = cache_folder() / "built"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def rename_or_leave(made: Path, place: Path) -> None:
    """Move a built folder into its place, unless another process has put its own there meanwhile."""
    try:
        made.rename(place)
    except OSError:
        if not place.exists():
            raise
        shutil.rmtree(made, ignore_errors=True)
