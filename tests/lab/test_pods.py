"""How a pod's manifest becomes containers of podman."""

import pytest

from lab.pods import RunningPod
from lab.process import LabError

STATE = {"{{.State.Running}}": "false", "{{.State.ExitCode}}": "0"}


class Recorder:
    """Stands in for podman: it has every image, and each container ends at once with *exit_code*."""

    def __init__(self, exit_code="0"):
        self.created = []
        self._state = {**STATE, "{{.State.ExitCode}}": exit_code}

    def has_image(self, name):
        return name != "missing:1"

    def run(self, *words, **_):
        if words[0] == "pull":
            raise LabError(f"pull {words[-1]}: no such host")
        if words[0] == "create":
            self.created.append(words)
            return f"id-{len(self.created)}"
        if words[:2] == ("container", "inspect"):
            return self._state[words[2].removeprefix("--format=")]
        return ""


def started(podman, spec, **options):
    """Return a pod that has been started, with its folders removed again."""
    with RunningPod(podman, {"spec": spec}, network="ns:/x", **{"secrets": {}, **options}) as pod:
        return pod


def container(name="app", **fields):
    return {"name": name, "image": f"{name}:1", **fields}


def images_of(podman):
    return [next(word for word in words if word.endswith(":1")) for words in podman.created]


def test_init_containers_are_started_before_the_others_in_their_order():
    podman = Recorder()
    native = container("native", restartPolicy="Always")

    started(podman, {"initContainers": [container("first"), native, container("second")], "containers": [container()]})

    assert images_of(podman) == ["first:1", "native:1", "second:1", "app:1"]


def test_the_application_is_not_started_after_an_init_container_that_fails():
    podman = Recorder(exit_code="137")

    with pytest.raises(LabError, match="init container first: exit code 137"):
        started(podman, {"initContainers": [container("first")], "containers": [container()]})

    assert images_of(podman) == ["first:1"]


def test_the_application_is_started_beside_a_container_whose_image_cannot_be_pulled():
    podman = Recorder()

    pod = started(podman, {"containers": [container("missing"), container()]})

    assert images_of(podman) == ["app:1"]
    assert list(pod.waiting) == ["missing"]


def test_users_limits_and_rights_are_those_of_the_manifest():
    podman = Recorder()
    restricted = {
        "runAsUser": 7,
        "runAsGroup": 8,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    limited = container(securityContext=restricted, resources={"limits": {"memory": "64Mi"}}, command=["java", "-x"])

    started(podman, {"securityContext": {"runAsUser": 1}, "containers": [limited, container("other")]})

    first, second = podman.created
    assert {
        *("--user=7:8", "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL"),
        *("--security-opt=no-new-privileges", "--memory=64m", "--memory-swap=64m", '--entrypoint=["java", "-x"]'),
        "--network=ns:/x",
    } <= set(first)
    assert "--user=1:0" in second
    assert not {"--read-only", "--cap-drop=ALL"} & set(second)


def test_a_secret_becomes_a_variable_and_one_that_is_missing_may_be_optional():
    podman = Recorder()

    def reference(name, **optional):
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": name, "key": "password", **optional}}}

    variables = [{"name": "A", "value": "b"}, reference("jmx"), reference("none", optional=True)]
    started(podman, {"containers": [container(env=variables)]}, secrets={"jmx": {"password": "p"}})

    assert [word for word in podman.created[0] if word.startswith("--env=")] == ["--env=A=b", "--env=jmx=p"]
    pod = started(podman, {"containers": [container(env=[reference("none")])]})
    assert "there is no Secret none" in pod.waiting["app"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"livenessProbe": {}}, "livenessProbe is not understood"),
        ({"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}, "runs as root, in spite of runAsNonRoot"),
    ],
)
def test_what_cannot_be_run_as_the_manifest_says_is_not_started(fields, text):
    assert text in started(Recorder(), {"containers": [container(**fields)]}).waiting["app"]


def test_a_volume_of_another_kind_is_an_error():
    with pytest.raises(LabError, match="volume x: neither emptyDir nor projected"):
        started(Recorder(), {"volumes": [{"name": "x", "hostPath": {}}], "containers": []})
