"""What the files of the image say, without building it."""

import re

import pytest

from lab.image import base_in, pip_configuration, version, with_digest
from lab.process import LabError
from tests.paths import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
DIGEST = f"sha256:{'a' * 64}"


def test_the_label_has_the_version_of_the_program():
    assert f"ARG VERSION={version()}\n" in DOCKERFILE


def test_everything_that_is_copied_is_let_in():
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert {name for line in copied for name in line.split()} == let_in
    assert all((ROOT / name).exists() for name in let_in)


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
