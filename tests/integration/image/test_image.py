"""The image, built from the Dockerfile and run by podman: what is in it, and that it serves a real producer."""

import json
import re
import subprocess
import sys
import time
import urllib.request

import pytest

from lab.image import bytes_of, find_base, version
from lab.podman import ANY_USER, RESTRICTED, Contained
from lab.process import LabError, wait_until
from tests.integration.serving import Page
from tests.paths import ROOT

HOME = "/opt/kafka-producer-exporter"
NO_SHELL = [f"--volume=/dev/null:/usr/bin/{shell}:ro" for shell in ("dash", "bash")]
"""Hides what /bin/sh is a link to, so that a program that needs a shell cannot start."""

PROCESS = """\
import json, pathlib
status = dict(line.split(":\\t") for line in pathlib.Path("/proc/1/status").read_text().splitlines())
def refused(folder):
    try: pathlib.Path(folder, "x").write_text("")
    except OSError as error: return error.strerror
folders = ("/", "/tmp", "/opt/kafka-producer-exporter", "/root")
print(json.dumps([status["Uid"].split()[0], status["CapEff"], status["NoNewPrivs"], [refused(f) for f in folders]]))
"""

STARTS_SLOWLY = """\
import time
from kafka_producer_exporter import __main__
def parsed(*_):
    print("starts", flush=True)
    time.sleep(60)
__main__.parsed = parsed
__main__.main(["serve"])
"""


@pytest.fixture
def run(podman, image):
    """Run a verb of the image to its end, restricted as Kubernetes' strictest profile demands."""
    return lambda *words, options=(): podman.output(image, *words, options=[*RESTRICTED, "--network=none", *options])


@pytest.fixture
def serving(podman, image):
    """Start the image with a target, on this machine's network; return it with the address of its metrics."""
    running = []

    def start(*arguments):
        container = Contained(
            *(podman, image, "serve", "--listen=127.0.0.1:0", "--listen-pages=127.0.0.1:0", *arguments),
            options=[*RESTRICTED, *NO_SHELL, "--network=host"],
        )
        running.append(container)
        container.start()
        wait_until("serve logs its port", lambda: port_in(container.log()))
        return container, f"http://127.0.0.1:{port_in(container.log())}"

    yield start
    for container in running:
        container.close()


def port_in(log):
    found = re.search(r" port=(\d+).* message=serving", log)
    return found and int(found[1])


def locked_versions():
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) ", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE))


def test_the_image_is_the_wheel_of_this_version_and_starts_without_a_shell(run):
    assert run("--version", options=NO_SHELL) == f"kafka-producer-exporter {version()}"
    with pytest.raises(LabError, match="permission denied"):
        run("-c", "true", options=[*NO_SHELL, "--entrypoint=/bin/sh"])


def test_a_real_producer_is_scraped_under_an_unknown_user_id_without_rights_and_without_a_writable_file(
    serving, broker, producer_jvm
):
    broker.create_topic("through-the-image")
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap).send("through-the-image", 3)

    container, address = serving(f"--target=checkout=127.0.0.1:{jvm.jmx_port}")
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as response:
        page = Page(response.read().decode())
    facts = json.loads(container.execute("python3", "-c", PROCESS))

    assert page.value("kafka_producer_up", target="checkout") == 1
    sent = {"target": "checkout", "client_id": "orders", "topic": "through-the-image"}
    assert page.value("kafka_producer_topic_record_send_total", **sent) == 3
    assert facts == [str(ANY_USER), "0" * 16, "1", ["Read-only file system"] * 3 + ["Permission denied"]]


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


def test_it_adds_to_its_base_what_the_readme_states(podman, image, record_property):
    added = (bytes_of(podman, image) - bytes_of(podman, find_base(podman))) / 1e6
    record_property("megabytes_added_by_the_image", f"{added:.1f}")
    stated = re.search(r"The image adds (\d+) MB to its base", (ROOT / "README.md").read_text())[1]

    assert added == pytest.approx(int(stated), abs=1)


def test_each_locked_dependency_has_a_wheel_for_arm64_too(tmp_path):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version=3.13", "--implementation=cp", "--platform=manylinux2014_aarch64", "--platform=any"]
    subprocess.run([*pip, *target, "-r", ROOT / "requirements/run.txt", "-d", tmp_path], check=True, timeout=100)

    assert len(list(tmp_path.glob("*.whl"))) == len(locked_versions())
