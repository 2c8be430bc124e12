"""The command ``docker`` of documents, as podman: a script that builds, pushes and runs as this machine can.

``docker build`` uses the base image that is here and the package index of this machine; ``docker push`` needs no TLS.
"""

import shlex
from pathlib import Path

from lab.image import find_base, own_index
from lab.podman import Podman

SCRIPT = """\
#!/bin/sh
verb=$1
shift
case $verb in
  build) exec {build} "$@" ;;
  push) exec {podman} push --quiet --tls-verify=false "$@" ;;
  run) exec {podman} run --network=none "$@" ;;
esac
echo "docker $verb: the lab has no such command" >&2
exit 2
"""


def write_docker(podman: Podman, folder: Path) -> None:
    """Write the program ``docker`` into a folder, for the PATH of a command line."""
    base = f"--build-arg=BASE={find_base(podman)}"
    build = podman.command(
        *("build", "--isolation=chroot", "--network=host", "--pull=never", "--quiet", base, *own_index(folder))
    )
    program = folder / "docker"
    program.write_text(SCRIPT.format(build=_quoted(build), podman=_quoted(podman.command())))
    program.chmod(0o755)


def _quoted(words: list[str | Path]) -> str:
    return shlex.join(str(word) for word in words)
