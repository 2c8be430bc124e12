"""What the files of the image say, without building it."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from lab.image import base_in, pip_configuration, version, with_digest
from lab.process import LabError
from tests.paths import ROOT
from tools import package_data

DOCKERFILE = (ROOT / "Dockerfile").read_text()
DIGEST = f"sha256:{'a' * 64}"


def test_the_label_has_the_version_of_the_program():
    assert f"ARG VERSION={version()}\n" in DOCKERFILE


IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
LET_IN = {line[1:] for line in IGNORED if line.startswith("!")}


def test_everything_that_is_copied_is_let_in():
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)

    assert {name for line in copied for name in line.split()} == LET_IN
    assert all((ROOT / name).exists() for name in LET_IN)


def test_the_data_of_the_wheel_is_the_same_when_only_the_copied_files_are_there(tmp_path):
    kept_out = [line.removeprefix("**/") for line in IGNORED if line not in {"*", *(f"!{name}" for name in LET_IN)}]

    def ignored(folder, names):
        paths = {name: (Path(folder) / name).relative_to(ROOT).as_posix() for name in names}
        return [
            name for name, path in paths.items() if any(fnmatch(at, out) for out in kept_out for at in (name, path))
        ]

    for name in LET_IN:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    code = "import sys; sys.path[:0] = ['.', 'exporter']; from tools.package_data import write; write()"
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, timeout=60)

    written = tmp_path / package_data.FOLDER.relative_to(ROOT)
    package_data.write(tmp_path / "here")
    assert contents(written) == contents(tmp_path / "here")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_lock_adds_the_digest_of_the_base_and_changes_nothing_else():
    base = base_in(DOCKERFILE).partition("@")[0]

    locked = with_digest(DOCKERFILE, DIGEST)

    assert base_in(locked) == f"{base}@{DIGEST}"
    assert locked.replace(f"@{DIGEST}", "") == DOCKERFILE.replace(base_in(DOCKERFILE), base)


def test_a_later_lock_replaces_the_digest():
    old = with_digest(DOCKERFILE, f"sha256:{'b' * 64}")

    assert with_digest(old, DIGEST) == with_digest(DOCKERFILE, DIGEST)


def test_a_dockerfile_without_a_base_is_named():
    with pytest.raises(LabError, match="Dockerfile: no line ARG BASE=IMAGE:TAG"):
        base_in("FROM python\n")


def test_the_build_has_the_package_index_of_this_machine_and_none_of_its_paths():
    listed = (
        "global.index-url='https://index/simple'\nglobal.cert='/home/x.pem'\n:env:.timeout='60'\n:env:.find-links='/x'"
    )

    assert pip_configuration(listed) == "[global]\nindex-url = https://index/simple\ntimeout = 60\n"
