"""The pods that the commands of docs/kubernetes.md describe.

Each block runs as it stands there, in a checkout, with podman as ``docker``, a registry on this machine in place of
``registry.example.com``, and without a cluster: what it would apply is kept. The pod that it describes then runs under
podman, with the image out of that registry, and is scraped.
"""

import pytest
import yaml

from kafka_producer_exporter.sidecar.parts import NAME
from lab.docker import write_docker
from lab.orders import build_orders
from lab.registry import Registry
from tests.integration.pods.commands import REGISTRY, Commands, copy_checkout, write_programs
from tests.integration.pods.orders import APPLICATION, JMX_PORT, USER, Orders, is_up, user_of
from tests.paths import DOCS

KUBERNETES = DOCS / "kubernetes.md"

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
    folder = write_programs(tmp_path_factory.mktemp("programs"))
    write_docker(podman, folder)
    return folder


@pytest.fixture
def page(tmp_path, programs, registry):
    """The commands of the page, in a checkout of the test's own."""
    return Commands(copy_checkout(tmp_path / "checkout"), KUBERNETES, programs=[programs], registry=registry.address)


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
