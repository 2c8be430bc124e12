"""Values for the chart, pods for its policy, and what the API server has made of them."""

import copy
import json

import yaml

from kafka_producer_exporter.sidecar.options import SidecarOptions
from kafka_producer_exporter.sidecar.parts import DOMAIN, NAME
from tests.integration.chart.rendering import CHART

INJECT = {f"{DOMAIN}/inject": "true"}
IGNORED = f"{DOMAIN}/ignored"
OPTIONS = SidecarOptions(image="r.io/e:1.0", target="orders", secret="jmx", application_user=10001)
"""What the policy adds to ``pod()``."""
VALUES = {
    "injector": {"enabled": True},
    "image": {"repository": "r.io/e", "tag": "1.0"},
    "sidecar": {"passwordSecret": "jmx"},
}


def _merged(values):
    """Return several choices of values as one."""
    result = {}
    for each in values:
        for key, value in each.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = _merged([result[key], value]) if both else value
    return result


CI_VALUES = {
    file.stem.removesuffix("-values"): yaml.safe_load(file.read_text())
    for file in sorted((CHART / "ci").glob("*.yaml"))
}
"""Name → values with which the chart installs something."""
CI_VALUES["everything"] = _merged(
    [
        *CI_VALUES.values(),
        {"dashboards": {"language": "en"}},  # the language of the alerts, which link to them
        {"serviceMonitor": {"enabled": False}},  # the PodMonitors do the same
    ]
)
FROM_SERVER = ("terminationMessagePath", "terminationMessagePolicy")
TOKEN = "kube-api-access-"


def container(name="app", **fields):
    return {"name": name, "image": f"{name}:1", **fields}


def pod(*containers, annotations=None, metadata=None, **spec):
    """Return a pod for the injector; annotations without a domain are the exporter's."""
    given = {key if "/" in key else f"{DOMAIN}/{key}": value for key, value in (annotations or {}).items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "orders", "labels": dict(INJECT), **({"annotations": given} if given else {})}
        | (metadata or {}),
        "spec": {"containers": list(containers) or [container()], "securityContext": {"runAsUser": 10001}, **spec},
    }


def admit(server, given, *, namespace="shop"):
    """Return what a pod becomes when it is created; raise LabError if the API server refuses it."""
    words = ("create", "--dry-run=server", "--output=json", f"--namespace={namespace}", "--filename=-")
    return json.loads(server.kubectl(*words, text=json.dumps(given)))


def is_injected(admitted):
    return any(each["name"] == NAME for each in admitted["spec"].get("initContainers", []))


def added(admitted, given, *, app="app"):
    """Return an admitted pod with only what the policy has added to it, beside the container of its application.

    Fails if the policy has changed or moved anything else, or if a container of ours has a token of the pod's account.
    """
    result = without_servers_part(admitted)
    spec, metadata = result["spec"], result["metadata"]
    for key in ("initContainers", "volumes"):
        before = given["spec"].get(key, [])
        assert [each["name"] for each in spec.get(key, [])][: len(before)] == [each["name"] for each in before]
        spec[key] = spec.get(key, [])[len(before) :]
    assert [each["name"] for each in spec["containers"]] == [each["name"] for each in given["spec"]["containers"]]
    for now, before in zip(spec["containers"], given["spec"]["containers"], strict=True):
        mounts = before.get("volumeMounts", [])
        assert now.get("volumeMounts", [])[: len(mounts)] == mounts
        now["volumeMounts"] = now.get("volumeMounts", [])[len(mounts) :]
        assert now["name"] == app or not now["volumeMounts"]
        assert now["name"] == app or now.get("env") == before.get("env")
    spec["containers"] = [each for each in spec["containers"] if each["name"] == app] or spec["containers"][:1]
    before = given["metadata"].get("annotations", {})
    assert before.items() <= metadata["annotations"].items()
    metadata["annotations"] = {
        key: value for key, value in metadata["annotations"].items() if key not in before and key != IGNORED
    }
    return result


def without_servers_part(admitted):
    """Return an admitted pod without what the API server itself adds to every pod."""
    result = copy.deepcopy(admitted)
    spec = result["spec"]
    spec["volumes"] = [each for each in spec.get("volumes", []) if not each["name"].startswith(TOKEN)]
    for each in [*spec["containers"], *spec.get("initContainers", [])]:
        mounts = each.get("volumeMounts", [])
        if each["name"].startswith(NAME):
            assert not any(mount["name"].startswith(TOKEN) for mount in mounts), each
        each["volumeMounts"] = [mount for mount in mounts if not mount["name"].startswith(TOKEN)]
        for key in FROM_SERVER:
            each.pop(key, None)
    return result
