"""The commands of docs/kubernetes.md and of the README.

Each block runs as it stands there, in a checkout, with podman as ``docker`` and a registry on this machine in place of
``registry.example.com``. The pod that results runs under podman, with the image out of that registry, and is scraped.
"""

import base64
import itertools
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from kafka_producer_exporter.sidecar.parts import JVM, NAME, STATUS
from lab.docker import write_docker
from lab.orders import build_orders
from lab.process import wait_until
from lab.registry import Registry
from tests.blocks import PAGES, block, blocks, commands
from tests.integration.pods.orders import (
    APPLICATION,
    JMX_PORT,
    USER,
    Orders,
    broker_for_pods,
    is_up,
    user_of,
)
from tests.paths import DOCS, ROOT

pytestmark = pytest.mark.timeout(300)
README, KUBERNETES = ROOT / "README.md", DOCS / "kubernetes.md"
REGISTRY = "registry.example.com"
SECRET = "kafka-producer-exporter-jmx"
INJECTOR = "kafka-producer-exporter"
"""The release of the injector's block."""
OF_MONITORING = "app.kubernetes.io/instance=kafka-producers"
BLOCK_SECONDS = 100


@pytest.fixture(scope="module")
def registry(podman):
    """A registry with the image of the application."""
    with Registry() as registry:
        image = f"{registry.address}/orders:1.0.0"
        build_orders(podman, image)
        push_and_forget(podman, image)
        yield registry


@pytest.fixture(scope="module")
def broker(lab):
    """A broker that pods can reach."""
    with broker_for_pods() as broker:
        yield broker


@pytest.fixture(scope="module")
def programs(podman, tmp_path_factory):
    """A folder with the programs docker and pip, and what pip installs."""
    folder = tmp_path_factory.mktemp("programs")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    write_docker(podman, folder / "bin")
    return folder / "bin"


@pytest.fixture(scope="module")
def operator(api_server):
    """The definitions of the Prometheus Operator, and the namespace of the monitoring."""
    api_server.install_prometheus_operator()
    api_server.create_namespace("monitoring")


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


class Shop:
    """A namespace in which the blocks of a page are run, from a checkout."""

    def __init__(self, server, name, checkout, *, programs, registry):
        self.server = server
        self.name = name
        self.checkout = checkout
        self._registry = registry
        config = checkout.parent / "kubeconfig"
        content = yaml.safe_load(server.kubeconfig.read_text())
        content["contexts"][0]["context"]["namespace"] = name
        config.write_text(yaml.safe_dump(content))
        environment = server.environment
        self._environment = {
            **environment,
            "KUBECONFIG": str(config),
            "PATH": f"{programs}:{environment['PATH']}",
        }
        self._environment.pop("PYTHONPATH", None)
        server.create_namespace(name)

    def run(self, page, name):
        """Run a block of a page, and return what it printed; fail if one of its commands fails."""
        text = block(page, name).text.replace(REGISTRY, self._registry.address)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.checkout,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def write(self, deployment):
        """Write ``deployment.yaml``, which stands for the user's own."""
        text = yaml.safe_dump(deployment).replace(REGISTRY, self._registry.address)
        (self.checkout / "deployment.yaml").write_text(text)

    def pod(self, what, matches):
        """Return the pod that the controllers have made, once there is one that *matches*."""
        found = []

        def is_there():
            found[:] = [pod for pod in self.server.list("pods", namespace=self.name) if matches(pod)]
            return found

        wait_until(what, is_there, timeout_seconds=30)
        return found[0]

    def secrets(self):
        """Return name → key → value of the namespace's Secrets."""
        return {
            secret["metadata"]["name"]: {
                key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()
            }
            for secret in self.server.list("secrets", namespace=self.name)
        }


@pytest.fixture
def shop(api_server, operator, request, checkout, programs, registry):
    """A namespace of the test's own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-40:].strip("-")
    return Shop(api_server, name, checkout, programs=programs, registry=registry)


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


def push_and_forget(podman, image):
    podman.run("push", "--quiet", "--tls-verify=false", image)
    podman.run("untag", image)


def kind_of(pod):
    """Return how a pod has the sidecar: native, classic, or not at all."""
    native = [each for each in pod["spec"].get("initContainers", []) if each["name"] == NAME]
    classic = [each for each in pod["spec"]["containers"] if each["name"] == NAME]
    assert len(native) + len(classic) <= 1
    assert all(each["restartPolicy"] == "Always" for each in native)
    return "native" if native else "classic" if classic else ""


def require_scraped(podman, broker, shop, pod):
    """Run a pod, and fail unless its producer is read from outside, and JMX cannot be reached there."""
    image = next(each["image"] for each in every_container(pod) if each["name"] == NAME)
    if podman.has_image(image):
        podman.run("untag", image)  # it must come from the registry
    with Orders(podman, broker, pod, secrets=shop.secrets()) as orders:
        page = orders.page_once("the producer is read", is_up)

        assert page.value("kafka_producer_up", target=APPLICATION) == 1
        with pytest.raises(ConnectionRefusedError):
            orders.wire.connect(JMX_PORT)
        assert user_of(orders.application) == USER


def name_of(pod):
    return pod["metadata"]["name"]


def every_container(pod):
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


@pytest.mark.parametrize("way", ["inject", "chart"])
def test_a_block_deploys_a_native_sidecar_and_then_a_classic_one_and_each_is_scraped(way, shop, podman, broker):
    shop.write(deployment())

    for name, kind in ((way, "native"), (f"{way}-classic", "classic")):
        shop.run(KUBERNETES, name)
        pod = shop.pod(f"the Deployment has a pod with a {kind} sidecar", lambda pod, kind=kind: kind_of(pod) == kind)
        require_scraped(podman, broker, shop, pod)


def test_the_kustomize_block_deploys_a_sidecar_beside_flags_and_files_of_the_snippet(shop, podman, broker):
    shop.write(snippet_without_sidecar())

    shop.run(KUBERNETES, "kustomize")

    pod = shop.pod("the Deployment has its pod", lambda pod: kind_of(pod) == "native")
    require_scraped(podman, broker, shop, pod)


def test_the_injectors_block_adds_a_sidecar_which_the_monitoring_finds_and_uninstalling_leaves_nothing(
    shop, podman, broker
):
    shop.write(deployment())
    shop.server.kubectl("apply", f"--namespace={shop.name}", f"--filename={shop.checkout / 'deployment.yaml'}")

    shop.run(KUBERNETES, "injector")

    pod = shop.pod("the new pod has a sidecar", lambda pod: kind_of(pod) == "native")
    assert pod["metadata"]["annotations"][STATUS] == "injected"
    assert "JAVA_TOOL_OPTIONS" in pod["metadata"]["annotations"][JVM]
    require_scraped(podman, broker, shop, pod)
    shop.run(KUBERNETES, "monitoring")
    require_monitored(shop, pod)
    shop.run(KUBERNETES, "restart")
    shop.pod("another pod has one, too", lambda other: kind_of(other) and name_of(other) != name_of(pod))
    shop.run(KUBERNETES, "uninstall")
    policies = shop.server.list("mutatingadmissionpolicies", "mutatingadmissionpolicybindings")
    assert [each for each in policies if each["metadata"]["labels"].get("app.kubernetes.io/instance") == INJECTOR] == []
    assert SECRET not in shop.secrets()


def require_monitored(shop, pod):
    """Fail unless the objects of the monitoring find a pod, and have the labels that Prometheus and Grafana ask for."""
    [monitor] = shop.server.list("podmonitors", namespace="monitoring", selector=OF_MONITORING)
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert monitor["spec"]["namespaceSelector"] == {"any": True}
    ports = [port["name"] for each in every_container(pod) for port in each.get("ports", [])]
    assert [each["port"] for each in monitor["spec"]["podMetricsEndpoints"]] == ports
    [rules] = shop.server.list("prometheusrules", namespace="monitoring", selector=OF_MONITORING)
    assert rules["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert (
        len(shop.server.list("configmaps", namespace="monitoring", selector=f"grafana_dashboard=1,{OF_MONITORING}"))
        == 5
    )


@pytest.mark.parametrize("name", ["fleet", "collector"])
def test_the_block_of_a_fleet_and_of_a_collector_makes_its_pod(name, shop):
    (shop.checkout / "ca.crt").write_text("a certificate")

    shop.run(KUBERNETES, name)

    component = {"fleet": "fleet", "collector": "broker"}[name]
    selector = f"kafka-producer-exporter.io/component={component}"
    wait_until("the pod is there", lambda: shop.server.list("pods", namespace="monitoring", selector=selector))


def test_the_blocks_of_the_readme_load_boards_and_alerts(shop):
    shop.run(README, "boards")
    shop.run(README, "alerts")
    shop.run(README, "boards")  # again, as for a new version

    boards = shop.server.get("configmap", "kafka-producer-boards", namespace="monitoring")
    assert boards["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert sorted(boards["data"]) == sorted(file.name for file in (shop.checkout / "boards").iterdir())
    assert len(boards["data"]) == 5
    rules = shop.server.get("prometheusrule", "kafka-producer-exporter", namespace="monitoring")
    assert rules["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert len([rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]) > 10


def test_every_flag_of_kubectl_and_helm_exists(api_server):
    for page in PAGES:
        for command in (command for each in blocks(page) for command in commands(each.text)):
            if command[0] in {"kubectl", "helm"}:
                own = command[: command.index("--")] if "--" in command else command
                verbs = itertools.takewhile(lambda word: not word.startswith("-"), own[1:])
                run = api_server.kubectl if command[0] == "kubectl" else api_server.helm
                text = run(*verbs, "--help") + (run("options") if command[0] == "kubectl" else "")
                for flag in (word.partition("=")[0] for word in own if re.fullmatch("--?[a-zA-Z][a-z-]*(=.*)?", word)):
                    assert re.search(rf"(^|\s){flag}[=,\s]", text), f"{' '.join(own)}: {flag}"


def test_a_command_that_does_not_work_fails_the_block(shop):
    with pytest.raises(AssertionError, match="no objects passed to apply"):
        shop.run(KUBERNETES, "inject")
