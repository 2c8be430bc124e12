"""The pods that the commands of docs/kubernetes.md describe.

Each block runs as it stands there, in a checkout, with podman as ``docker``, a registry on this machine in place of
``registry.example.com``, and without a cluster: what it would apply is kept. The pod that it describes then runs under
podman, with the image out of that registry, and is scraped.
"""

import base64
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from kafka_producer_exporter.sidecar.parts import NAME
from lab.docker import write_docker
from lab.fetch import fetch
from lab.helm import PARTS
from lab.orders import build_orders
from lab.registry import Registry
from tests.blocks import block
from tests.integration.pods import offline
from tests.integration.pods.orders import APPLICATION, JMX_PORT, USER, Orders, is_up, user_of
from tests.paths import DOCS, ROOT

KUBERNETES = DOCS / "kubernetes.md"
REGISTRY = "registry.example.com"
BLOCK_SECONDS = 100

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def registry(podman):
    """A registry with the image of the application."""
    with Registry() as registry:
        image = f"{registry.address}/orders:1.0.0"
        build_orders(podman, image)
        podman.run("push", "--quiet", "--tls-verify=false", image)
        podman.run("untag", image)
        yield registry


@pytest.fixture(scope="module")
def programs(podman, tmp_path_factory):
    """A folder with docker, kubectl and helm."""
    folder = tmp_path_factory.mktemp("programs")
    write_docker(podman, folder)
    for name in ("kubectl", "helm"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {offline.__file__} {name} "$@"\n')
        program.chmod(0o755)
    return folder


@pytest.fixture
def checkout(tmp_path):
    """A copy of the files that git knows, and those that it would add."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            place = tmp_path / "checkout" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
    return tmp_path / "checkout"


class Commands:
    """Runs blocks of the page in a checkout, and knows what they would have applied."""

    def __init__(self, checkout, *, programs, registry):
        self._checkout = checkout
        self._registry = registry
        self._applied = checkout.parent / "applied"
        self._applied.mkdir()
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "OFFLINE_PROGRAMS": str(fetch(PARTS[4])),
            "OFFLINE_APPLIED": str(self._applied),
        }

    def write(self, deployment):
        """Write ``deployment.yaml``, which stands for the user's own."""
        text = yaml.safe_dump(deployment).replace(REGISTRY, self._registry.address)
        (self._checkout / "deployment.yaml").write_text(text)

    def run(self, name):
        """Run a block; fail if one of its commands fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block(KUBERNETES, name).text.replace(REGISTRY, self._registry.address)],
            cwd=self._checkout,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"

    def pod(self):
        """Return the pod of the Deployment that was applied last."""
        found = [each for each in self._objects() if each["kind"] == "Deployment"]
        return found[-1]["spec"]["template"]

    def secrets(self):
        """Return name → key → value of the Secrets."""
        return {
            each["metadata"]["name"]: {key: base64.b64decode(text).decode() for key, text in each["data"].items()}
            for each in self._objects()
            if each["kind"] == "Secret"
        }

    def _objects(self):
        files = sorted(self._applied.glob("*.yaml"))
        return [content for file in files for content in yaml.safe_load_all(file.read_text()) if content]


@pytest.fixture
def page(checkout, programs, registry):
    """The commands of the page, in a checkout of the test's own."""
    return Commands(checkout, programs=programs, registry=registry)


def deployment():
    """Return a Deployment without a sidecar."""
    container = {"name": APPLICATION, "image": f"{REGISTRY}/orders:1.0.0", "securityContext": {"runAsUser": USER}}
    labels = {"app": APPLICATION}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APPLICATION},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def snippet_without_sidecar():
    """Return the snippet as a user of kustomize copies from it: with the flags and the password file of the JVM."""
    content = yaml.safe_load((DOCS / "kubernetes-snippet.yaml").read_text())
    template = content["spec"]["template"]
    template["metadata"] = {"labels": {"app.kubernetes.io/name": APPLICATION}}
    spec = template["spec"]
    spec["initContainers"] = [each for each in spec["initContainers"] if each["name"] != NAME]
    return content


def kind_of(pod):
    """Return how a pod has the sidecar: native or classic."""
    native = [each for each in pod["spec"].get("initContainers", []) if each["name"] == NAME]
    classic = [each for each in pod["spec"]["containers"] if each["name"] == NAME]
    assert len(native) + len(classic) == 1
    assert all(each["restartPolicy"] == "Always" for each in native)
    return "native" if native else "classic"


def require_scraped(podman, broker, page):
    """Run the pod, and fail unless its producer is read from outside, and JMX cannot be reached there."""
    pod = page.pod()
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    image = next(each["image"] for each in containers if each["name"] == NAME)
    if podman.has_image(image):
        podman.run("untag", image)  # it must come from the registry
    with Orders(podman, broker, pod, secrets=page.secrets()) as orders:
        metrics = orders.page_once("the producer is read", is_up)

        assert metrics.value("kafka_producer_up", target=APPLICATION) == 1
        with pytest.raises(ConnectionRefusedError):
            orders.wire.connect(JMX_PORT)
        assert user_of(orders.application) == USER


@pytest.mark.parametrize("way", ["inject", "chart"])
def test_a_block_describes_a_pod_with_a_native_sidecar_and_then_with_a_classic_one_and_each_is_scraped(
    way, page, podman, broker
):
    page.write(deployment())

    for name, kind in ((way, "native"), (f"{way}-classic", "classic")):
        page.run(name)
        assert kind_of(page.pod()) == kind
        require_scraped(podman, broker, page)


def test_the_kustomize_block_describes_a_pod_that_is_scraped_with_flags_and_files_of_the_snippet(page, podman, broker):
    page.write(snippet_without_sidecar())

    page.run("kustomize")

    assert kind_of(page.pod()) == "native"
    require_scraped(podman, broker, page)


def test_a_command_that_does_not_work_fails_the_block(page):
    with pytest.raises(AssertionError, match=r"deployment\.yaml: No such file or directory"):
        page.run("inject")
