"""The product's image: built from the Dockerfile on the base that it names, or on a stand-in made of Debian packages.

``python -m lab.image`` builds it and writes an archive that ``podman load`` and ``docker load`` accept; with ``--lock``
it writes the digest of the base into the Dockerfile instead. WITHOUT_CONTAINERS=1 skips the build, and says so.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.fetch import to_standard_error
from lab.podman import Podman
from lab.process import LabError, exit_on_sigterm, need, run

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
ARCHIVE = ROOT / "build" / "image.tar"
SUITE = "trixie"
"""The Debian release that python:3.13-slim consists of."""

STAND_IN = f"localhost/kafka-producer-exporter-base:{SUITE}"
PYTHON = ("python3", "python3-venv")
LIKE_PYTHON_SLIM = (
    'ln -s /usr/bin/python3 "$1/usr/local/bin/python3"',
    'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
)
CERTIFICATES = Path("/etc/ssl/certs")
WAIVED = "WITHOUT_CONTAINERS=1: whatever needs containers is skipped"

_BASE = re.compile(r"^ARG BASE=(\S+)$", re.MULTILINE)


def waived() -> bool:
    """Return True if the user has asked to skip whatever needs containers."""
    return os.environ.get("WITHOUT_CONTAINERS") == "1"


def version() -> str:
    """Return the version of the program."""
    project: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project["version"]


def base_in(dockerfile: str) -> str:
    """Return the base that a Dockerfile names."""
    found = _BASE.search(dockerfile)
    if found is None:
        raise LabError("Dockerfile: no line ARG BASE=IMAGE:TAG")
    return found[1]


def with_digest(dockerfile: str, digest: str) -> str:
    """Return the Dockerfile with the digest of its base, which replaces an older one."""
    name = base_in(dockerfile).partition("@")[0]
    return _BASE.sub(f"ARG BASE={name}@{digest}", dockerfile, count=1)


def digest_of(image: str) -> str:
    """Return the digest of an image in its registry: that of its index, which covers every architecture."""
    skopeo = need("skopeo", package="skopeo")
    found = subprocess.run([skopeo, "inspect", "--raw", f"docker://{image}"], capture_output=True, check=False)
    if found.returncode:
        raise LabError(f"skopeo inspect {image}: {found.stderr.decode(errors='replace').strip()}")
    return f"sha256:{hashlib.sha256(found.stdout).hexdigest()}"


def find_base(podman: Podman, report: Callable[[str], None] = to_standard_error, *, retry: bool = False) -> str:
    """Return the base to build on: the Dockerfile's, or a stand-in if it cannot be pulled.

    A stand-in that is there already is used without another attempt to pull, unless *retry* asks for one. Raises
    LabError if there is neither.
    """
    named = base_in(DOCKERFILE.read_text())
    if podman.has_image(named):
        return named
    has_stand_in = podman.has_image(STAND_IN)
    if has_stand_in and not retry:
        return STAND_IN
    try:
        podman.run("pull", "--quiet", named, what=f"podman pull {named}", timeout_seconds=120)
    except LabError as error:
        report(f"the base image cannot be pulled: {str(error).splitlines()[-1]}")
    else:
        return named
    if not has_stand_in:
        report(f"a stand-in is made of the packages of Debian {SUITE}; this takes a minute")
        import_debian(podman, STAND_IN, packages=PYTHON, hooks=LIKE_PYTHON_SLIM)
    return STAND_IN


def import_debian(podman: Podman, name: str, *, packages: Sequence[str] = (), hooks: Sequence[str] = ()) -> None:
    """Make an image of a minimal Debian with these packages; each hook is a shell command, with the root as ``$1``."""
    mmdebstrap = need("mmdebstrap", package="mmdebstrap")
    with tempfile.TemporaryDirectory(dir=podman.folder) as folder:
        root = Path(folder) / "root.tar"
        run(
            [
                *(mmdebstrap, "--quiet", "--variant=minbase", f"--include={','.join(['ca-certificates', *packages])}"),
                *(f"--customize-hook={hook}" for hook in hooks),
                *(SUITE, root),
            ],
            what=f"mmdebstrap {SUITE}",
            timeout_seconds=600,
        )
        changes = ("ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", 'CMD ["python3"]')
        podman.run("import", "--quiet", *(f"--change={change}" for change in changes), root, name)


def build(podman: Podman, *, base: str, tag: str, revision: str = "unknown") -> str:
    """Build the image, name it *tag*, and return its id; raise LabError, with the end of the output, if that fails.

    pip uses the package index and the certificates of this machine.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dockerfile = folder / "Dockerfile"
        # Not as --build-arg: podman 4.3 takes a layer with a label from its cache whatever the argument is.
        dockerfile.write_text(DOCKERFILE.read_text().replace("${REVISION}", revision))
        options = [f"--build-arg=BASE={base}", *own_index(folder)]
        image = build_from(podman, dockerfile, context=ROOT, tag=tag, options=options)
    podman.remove_old_images()
    return image


def own_index(folder: Path) -> list[str]:
    """Return options for a build whose pip uses the package index and the certificates of this machine.

    Its configuration is written into *folder*.
    """
    pip = folder / "pip.conf"
    pip.write_text(pip_configuration(run([sys.executable, "-m", "pip", "config", "list"], what="pip config list")))
    certificates = [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.is_dir() else []
    return [f"--volume={pip}:/etc/pip.conf:ro", *certificates]


def build_from(podman: Podman, dockerfile: Path, *, context: Path, tag: str, options: Sequence[str] = ()) -> str:
    """Build any Dockerfile, name the image *tag*, and return its id."""
    with tempfile.TemporaryDirectory() as folder:
        id_file = Path(folder) / "id"
        podman.run(
            *("build", "--isolation=chroot", "--network=host", "--pull=never", *options),
            *("--tag", tag, "--iidfile", id_file, "--file", dockerfile, context),
            what=f"build {tag}",
            timeout_seconds=900,
        )
        return id_file.read_text().strip()


def pip_configuration(listed: str) -> str:
    """Return a configuration file with what ``pip config list`` says about the index; the rest is about this machine.

    The certificates are this machine's, which the build mounts.
    """
    kept = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
    found = dict(re.findall(rf"^(?:global|install|:env:)\.({'|'.join(kept)})='(.*)'$", listed, re.MULTILINE))
    return "\n".join(["[global]", *(f"{key} = {value}" for key, value in found.items()), ""])


def bytes_of(podman: Podman, image: str) -> int:
    """Return the size of an image with everything that it is based on, not compressed."""
    return int(podman.run("image", "inspect", "--format={{.Size}}", image))


def revision() -> str:
    """Return the commit that is checked out, marked if files differ from it; ``unknown`` outside of a repository."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return "unknown"
    return run(
        ["git", "describe", "--always", "--abbrev=40", "--match=", "--dirty"], what="git describe", cwd=ROOT
    ).strip()


def main(arguments: Sequence[str]) -> int:
    """Build the image or lock its base; return 0, or 3 if this machine cannot."""
    parser = argparse.ArgumentParser(prog="python -m lab.image", description=__doc__)
    name = f"localhost/kafka-producer-exporter:{version()}"
    parser.add_argument("--image", metavar="NAME", default=name, help="its name; default: %(default)s")
    parser.add_argument("--lock", action="store_true", help="write the base image's digest into the Dockerfile")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    try:
        if options.lock:
            lock()
        elif waived():
            print(WAIVED)
        else:
            make(options.image)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    return 0


def lock() -> None:
    """Write the digest of the base into the Dockerfile."""
    text = DOCKERFILE.read_text()
    name = base_in(text).partition("@")[0]
    DOCKERFILE.write_text(with_digest(text, digest_of(name)))
    print(f"Dockerfile: {base_in(DOCKERFILE.read_text())}")


def make(image: str) -> None:
    """Build the image and write the archive, with a line for each step."""
    started = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - started:5.0f} s  {line}", flush=True)

    podman = Podman()
    base = find_base(podman, report, retry=True)
    report(f"base: {base}")
    podman.require_containers(base)
    built = build(podman, base=base, tag=image, revision=revision())
    added = (bytes_of(podman, built) - bytes_of(podman, base)) / 1e6
    report(f"image: {image}, {added:.1f} MB more than its base")
    ARCHIVE.parent.mkdir(exist_ok=True)
    ARCHIVE.unlink(missing_ok=True)
    podman.run("save", "--format=docker-archive", f"--output={ARCHIVE}", image)
    report(f"archive: {ARCHIVE.relative_to(ROOT)}, for podman load or docker load")
    if base == STAND_IN:
        report("the base is a stand-in: do not publish this image")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
