"""The release: install, upgrade, rollback and uninstall, and what is refused at install.

A server of its own, in which nothing else happens meanwhile.
"""

import pytest
import yaml

from lab.helm import objects
from lab.kubernetes.api_server import ApiServer
from lab.process import LabError, wait_until
from tests.integration.chart.rendering import CHART, line_about
from tests.integration.kubernetes.admission import CI_VALUES, VALUES

NAMESPACE = "monitoring"
CHANGED = ("--set=commonLabels.changed=yes", "--set=image.tag=2.0")


@pytest.fixture(scope="module")
def server(kubernetes):
    with ApiServer() as server:
        server.install_prometheus_operator()
        server.create_namespace(NAMESPACE)
        wait_until("every namespace has what the controllers put into it", lambda: is_settled(server))
        yield server


@pytest.fixture
def helm(server, generation, tmp_path):
    """Run Helm on the release; values go into a file."""

    def run(*words, values=None):
        given = [f"--namespace={NAMESPACE}"]
        if values is not None:
            (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
            given += [CHART, f"--values={tmp_path / 'values.yaml'}"]
        return server.helm(*words, *given, generation=generation)

    yield run
    run("uninstall", "release", "--ignore-not-found")


def is_settled(server):
    certificates = [each for each in server.list("configmaps") if each["metadata"]["name"] == "kube-root-ca.crt"]
    return len(certificates) == len(server.list("namespaces")) and everything(server) == everything(server)


def everything(server):
    """Return kind, namespace and name of every object in the server, with its id."""
    names = server.kubectl("api-resources", "--verbs=list,get", "--output=name").split()
    listed = [name for name in names if name not in {"events", "events.events.k8s.io", "componentstatuses"}]
    return {
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each["metadata"]["uid"]
        for each in server.list(*listed)
    }


def live(server, manifest):
    """Return what the server has of the objects of a manifest: all but its own notes in metadata and status."""
    kept = {}
    for each in objects(manifest):
        content = server.get(each["kind"], each["metadata"]["name"], namespace=NAMESPACE)
        kept[each["kind"], each["metadata"]["name"]] = {
            **{key: value for key, value in content.items() if key not in {"metadata", "status"}},
            "labels": content["metadata"].get("labels"),
        }
    return kept


@pytest.mark.parametrize("values", CI_VALUES.values(), ids=CI_VALUES)
def test_install_upgrade_rollback_and_uninstall_leave_nothing_behind(server, helm, values, found):
    before = everything(server)

    helm("install", "release", values=values)
    first = live(server, helm("get", "manifest", "release"))
    helm("upgrade", "release", *CHANGED, values=values)
    second = live(server, helm("get", "manifest", "release"))
    helm("rollback", "release", "1")
    third = live(server, helm("get", "manifest", "release"))
    during = everything(server)
    helm("uninstall", "release")

    assert first
    assert second != first
    assert third == first
    kinds = {kind for kind, _, _ in during.keys() - before.keys()}
    wait_until("nothing is left", lambda: everything(server) == before, timeout_seconds=60)
    found(", ".join(sorted(kinds)))


REFUSED = [
    ("image.repository", "", "image.repository: missing"),
    ("image.repositry", "r.io/e", ""),
    ("image.pullPolicy", "Sometimes", ""),
    ("sidecar.port", "9797", ""),
    ("sidecar.port", 99999, ""),
    ("sidecar.jmxPort", 9797, "sidecar.jmxPort: 9797 is also"),
    ("sidecar.passwordSecret", "", "sidecar.passwordSecret: missing"),
    ("sidecar.passwordSecret", "Not_A_Name", ""),
    ("sidecar.openJmx", True, "sidecar.openJmx: sidecar.passwordSecret is set, too"),
    ("sidecar.labels", {"1st": "x"}, ""),
    ("sidecar.guaranteed", True, "sidecar.resources.limits.cpu: missing"),
    ("injector.enabled", "true", ""),
    ("injector.namespaces", ["x"], ""),
    ("sidecars", {}, ""),
]
"""Key, value, and what the chart itself says; empty if its schema refuses the value, in Helm's words."""


@pytest.mark.parametrize(("path", "value", "text"), REFUSED, ids=[f"{path}: {value!r}" for path, value, _ in REFUSED])
def test_a_wrong_value_is_refused_at_install_with_its_key(server, helm, found, path, value, text):
    values = yaml.safe_load(yaml.safe_dump(VALUES))
    *above, last = path.split(".")
    place = values
    for name in above:
        place = place.setdefault(name, {})
    place[last] = value

    with pytest.raises(LabError) as refused:
        helm("install", "release", values=values)

    message = str(refused.value)
    said = message[message.index(text) :].splitlines()[0] if text else line_about(path, message)
    assert said
    assert server.list("secrets", "mutatingadmissionpolicies") == []
    found(said)


@pytest.fixture(scope="module")
def older_server(kubernetes):
    """What the API server is like without the policy's API: it emulates the release before."""
    with ApiServer(controllers=False, emulated_version="1.35") as server:
        server.create_namespace(NAMESPACE)
        yield server


def test_the_injector_is_refused_clearly_by_a_cluster_that_has_no_such_policy(
    older_server, generation, tmp_path, found
):
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(VALUES))
    words = ("install", "release", CHART, f"--namespace={NAMESPACE}", f"--values={tmp_path / 'values.yaml'}")

    with pytest.raises(LabError) as refused:
        older_server.helm(*words, generation=generation)

    message = str(refused.value)
    assert "injector.enabled: this cluster has no MutatingAdmissionPolicy" in message
    assert "which Kubernetes has since 1.36" in message
    assert older_server.list("secrets", namespace=NAMESPACE) == []
    found(message[message.index("injector.enabled") :].splitlines()[0])


def test_a_cluster_that_has_no_such_policy_takes_the_chart_without_the_injector(older_server, generation, tmp_path):
    (tmp_path / "values.yaml").write_text(yaml.safe_dump({**VALUES, "injector": {"enabled": False}}))
    words = ("install", "release", CHART, f"--namespace={NAMESPACE}", f"--values={tmp_path / 'values.yaml'}")

    older_server.helm(*words, generation=generation)

    older_server.helm("uninstall", "release", f"--namespace={NAMESPACE}", generation=generation)
    assert older_server.list("secrets", namespace=NAMESPACE) == []
