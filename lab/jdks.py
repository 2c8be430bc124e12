"""JDKs beside this machine's own: Debian packages, unpacked with the C library of their suite and run in a chroot.

The network is shared, so producers on these JDKs reach brokers on loopback, and the exporter reaches them. Needs root.
"""

import os
import re
import shlex
import tempfile
from pathlib import Path

from lab import jvm
from lab.fetch import cache_folder, fetch
from lab.process import LabError, need, run

SCRIPT = """\
set -e
root=$1 java=$2 temporary=$3 cache=$4
shift 4
for folder in /proc /dev "$temporary" "$cache"; do
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
done
exec chroot "$root" "$java" "$@"
"""
"""Runs in a mount namespace of its own, so the mounts end with the JVM. Each step replaces itself with the next one, so
the process id is the JVM's."""


def demand_root() -> None:
    """Raise LabError, saying what is missing, unless this user may mount and chroot."""
    if os.geteuid() != 0:
        raise LabError("the other JDKs run in a chroot, which needs root, on Debian; run this as root")
    run([need("unshare", package="util-linux"), "--mount", "true"], what="a mount namespace, which the other JDKs need")


def launcher(version: int) -> str:
    """Return the path of a program that behaves like the ``java`` of that JDK, after fetching it if necessary."""
    root = fetch(f"jdk-{version}")
    words = ["/bin/sh", "-c", SCRIPT, "sh", root, java_in(root), Path(tempfile.gettempdir()).resolve(), cache_folder()]
    command = " ".join(shlex.quote(str(word)) for word in ["unshare", "--mount", "--propagation", "private", *words])
    place = jvm.built_folder() / f"java-{version}"
    with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as file:
        file.write(f'#!/bin/sh\nexec {command} "$@"\n')
    Path(file.name).chmod(0o755)
    Path(file.name).rename(place)
    return str(place)


def java_in(root: Path) -> Path:
    """Return the path of ``java`` as it is inside a root."""
    homes = sorted(folder for folder in (root / "usr" / "lib" / "jvm").glob("java-*") if not folder.is_symlink())
    found = [
        home / place / "java" for home in homes for place in ("jre/bin", "bin") if (home / place / "java").exists()
    ]
    if not found:
        raise LabError(f"{root}: the packages contain no program java")
    return Path("/") / found[0].relative_to(root)


def release(java: str) -> str:
    """Return what a ``java`` calls itself, such as ``1.8.0_482`` or ``21.0.10``."""
    return release_in(run([java, "-version"], what=f"{java} -version"))


def release_in(output: str) -> str:
    """Return the release from the output of ``java -version``."""
    found = re.search(r'version "([^"]+)"', output)
    if found is None:
        raise LabError(f"no release in the output of java -version: {output}")
    return found[1]


def major(release: str) -> int:
    """Return the number by which a release is known: 8 for ``1.8.0_482``, 21 for ``21.0.10``, 26 for ``26-ea``."""
    numbers = [int(number) for number in re.findall(r"\d+", release)]
    return numbers[1] if numbers[0] == 1 else numbers[0]
