"""The image, built from the Dockerfile and run by podman: what is in it, and how it starts and ends."""

import json
import re
import subprocess
import sys
import time

import pytest

from lab.image import version
from lab.podman import RESTRICTED, Contained
from lab.process import LabError, wait_until
from tests.integration.image.options import NO_SHELL
from tests.paths import ROOT

HOME = "/opt/kafka-producer-exporter"
STARTS_SLOWLY = """\
import time
from kafka_producer_exporter import __main__
def parsed(*_):
    print("starts", flush=True)
    time.sleep(60)
__main__.parsed = parsed
__main__.main(["serve"])
"""


def locked_versions():
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) ", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE))


def test_the_image_is_the_wheel_of_this_version_and_starts_without_a_shell(run):
    assert run("--version", options=NO_SHELL) == f"kafka-producer-exporter {version()}"
    with pytest.raises(LabError, match="permission denied"):
        run("-c", "true", options=[*NO_SHELL, "--entrypoint=/bin/sh"])


def test_the_person_on_call_finds_the_program_on_the_path(serving):
    container, _ = serving()

    assert container.execute("kafka-producer-exporter", "--version").endswith(version())


def test_sigterm_ends_it_at_once_with_exit_code_0(serving):
    container, _ = serving()
    started = time.monotonic()

    container.signal("TERM")

    assert container.exit_code(timeout_seconds=5) == 0
    assert time.monotonic() - started < 2  # most of it is podman's own


def test_sigterm_while_it_starts_ends_it_with_exit_code_0_too(podman, image):
    options = [*RESTRICTED, "--network=none", "--entrypoint=python3"]
    with Contained(podman, image, "-c", STARTS_SLOWLY, options=options) as container:
        wait_until("it starts", lambda: "starts" in container.log())

        container.signal("TERM")

        assert container.exit_code(timeout_seconds=5) == 0


def test_the_configuration_says_how_it_runs(podman, image):
    (found,) = json.loads(podman.run("image", "inspect", image))
    config = found["Config"]

    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == [f"{HOME}/bin/kafka-producer-exporter"]
    assert config["Cmd"] == ["serve"]
    assert list(config["ExposedPorts"]) == ["9797/tcp"]
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert labels.items() >= {
        ("title", "kafka-producer-exporter"),
        ("version", version()),
        ("licenses", "Apache-2.0"),
        ("revision", "unknown"),
    }


def test_the_bill_of_materials_lists_each_locked_package_with_its_version(run):
    code = f"print(open('{HOME}/sbom.cdx.json').read())"
    bill = json.loads(run("-c", code, options=["--entrypoint=python3"]))

    program = bill["metadata"]["component"]
    assert bill["bomFormat"] == "CycloneDX"
    assert (program["name"], program["version"]) == ("kafka-producer-exporter", version())
    assert {each["purl"] for each in bill["components"]} == {
        f"pkg:pypi/{name}@{number}" for name, number in locked_versions().items()
    }


def test_each_locked_dependency_has_a_wheel_for_arm64_too(tmp_path):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version=3.13", "--implementation=cp", "--platform=manylinux2014_aarch64", "--platform=any"]
    subprocess.run([*pip, *target, "-r", ROOT / "requirements/run.txt", "-d", tmp_path], check=True, timeout=100)

    assert len(list(tmp_path.glob("*.whl"))) == len(locked_versions())
