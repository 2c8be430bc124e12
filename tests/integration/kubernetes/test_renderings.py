"""Everything that is rendered: strict validation, and the profile restricted.

The API server reads each object with --dry-run=server and --validate=strict, which refuses what it does not know.
"""

import io
import sys

import pytest
import yaml

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.sidecar.options import Mode
from lab.helm import template
from lab.kubernetes.api_server import RESTRICTED
from lab.process import LabError
from tests.integration.chart.rendering import CASES, CHART, Parent, kustomization, values_of, workload
from tests.integration.kubernetes.admission import CI_VALUES
from tests.paths import DOCS

DRY = ["--dry-run=server"]
HARDENED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture(scope="module")
def server(api_server):
    api_server.install_prometheus_operator()
    api_server.create_namespace("restricted", RESTRICTED)
    return api_server


@pytest.fixture(scope="module")
def api_versions(server):
    """What the server serves, in the words that Helm has for it."""
    lines = [line.split() for line in server.kubectl("api-resources", "--no-headers").splitlines()]
    kinds = {(words[-3], words[-1]) for words in lines}
    return sorted({version for version, _ in kinds} | {f"{version}/{kind}" for version, kind in kinds})


def pod_of(deployment):
    """Return the pod that a Deployment makes, whose application does what the profile restricted asks of it."""
    made = deployment["spec"]["template"]
    made["spec"]["containers"][0].setdefault("securityContext", {}).update(HARDENED)
    return {"apiVersion": "v1", "kind": "Pod", **made, "metadata": {**made["metadata"], "name": "orders"}}


@pytest.mark.parametrize("values", CI_VALUES.values(), ids=CI_VALUES)
def test_the_chart_is_valid_with_each_of_its_example_values(server, api_versions, generation, values, found):
    contents = template(
        CHART, values, generation=generation, kubernetes=server.version, api_versions=api_versions, namespace="default"
    )

    server.apply(*contents, options=DRY)

    found(", ".join(sorted({each["kind"] for each in contents})))


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_a_deployment_of_a_users_own_chart_is_valid(server, generation, tmp_path, options):
    server.apply(Parent(tmp_path / "shop", generation).render(values_of(options)), options=DRY)


def test_what_the_kustomize_component_makes_is_valid(server, generation, tmp_path, found):
    contents = kustomization(tmp_path, generation)

    server.apply(*contents, options=DRY)

    found(", ".join(sorted({each["kind"] for each in contents})))


def test_the_snippet_is_valid(server):
    server.apply(yaml.safe_load((DOCS / "kubernetes-snippet.yaml").read_text()), options=DRY)


@pytest.mark.parametrize(
    ("kind", "version", "mode"),
    [
        *(("Deployment", "apps/v1", mode) for mode in Mode),
        *(("StatefulSet", "apps/v1", mode) for mode in Mode),
        *(("DaemonSet", "apps/v1", mode) for mode in Mode),
        ("Job", "batch/v1", Mode.NATIVE),
    ],
)
def test_what_inject_writes_is_valid(server, monkeypatch, capsys, kind, version, mode):
    manifest = workload(kind, version).replace("{containers", "{securityContext: {runAsUser: 7}, containers")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(manifest.encode())))

    assert main(["inject", "--image", "r.io/e:1", "--secret", "jmx", "--mode", str(mode), "--jvm-flags"]) == 0

    server.apply(yaml.safe_load(capsys.readouterr().out), options=DRY)


def test_a_misspelt_field_would_have_been_refused(server, tmp_path):
    deployment = Parent(tmp_path / "shop", 4).render(values_of(CASES["a password"]))
    deployment["spec"]["template"]["spec"]["initContainers"][0]["imagePulPolicy"] = "Always"

    with pytest.raises(LabError, match=r"unknown field .*imagePulPolicy"):
        server.apply(deployment, options=DRY)


RESTRICTABLE = {name: case for name, case in CASES.items() if name != "root"}


@pytest.mark.parametrize("options", RESTRICTABLE.values(), ids=RESTRICTABLE)
def test_a_restricted_namespace_admits_the_pod(server, tmp_path, options):
    deployment = Parent(tmp_path / "shop", 4).render(values_of(options))

    server.apply(pod_of(deployment), options=DRY, namespace="restricted")


def test_a_restricted_namespace_admits_the_pod_of_the_snippet(server):
    deployment = yaml.safe_load((DOCS / "kubernetes-snippet.yaml").read_text())

    server.apply(pod_of(deployment), options=DRY, namespace="restricted")


def test_a_restricted_namespace_admits_the_pods_of_the_kustomize_component(server, tmp_path):
    (deployment,) = (
        each for each in kustomization(tmp_path, 4) if each["kind"] == "Deployment" and each["metadata"]["name"] == "w"
    )

    server.apply(pod_of(deployment), options=DRY, namespace="restricted")


def test_only_the_init_container_of_an_application_that_runs_as_root_is_root(server, tmp_path, found):
    deployment = Parent(tmp_path / "shop", 4).render(values_of(CASES["root"]))

    with pytest.raises(LabError, match="violates PodSecurity") as refused:
        server.apply(pod_of(deployment), options=DRY, namespace="restricted")

    assert 'runAsUser=0 (container "kafka-producer-exporter-password"' in str(refused.value).replace(
        "must not set ", ""
    )
    found("refused because of kafka-producer-exporter-password, which runs as the application's user, 0")
