import copy

import pytest

from kafka_producer_exporter.sidecar.options import Mode, SidecarOptions
from kafka_producer_exporter.sidecar.parts import JVM, pod_parts
from kafka_producer_exporter.sidecar.workload import TEMPLATE_PATHS, WorkloadError, has_sidecar, inject, is_workload

VERSIONS = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
OPTIONS = SidecarOptions(image="r/exporter:1", target="orders", secret="jmx")
FLAGS = " ".join(pod_parts(SidecarOptions(image="i", target="t", secret="jmx", application_user=1)).jvm_flags)


def manifest(kind="Deployment", *, containers=None, **spec):
    template = {
        "metadata": {"labels": {"app": "orders"}},
        "spec": {"containers": containers or [application()], "securityContext": {"runAsUser": 10001}, **spec},
    }
    result = {"apiVersion": VERSIONS.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": "orders"}}
    if kind == "Pod":
        return {**result, **template}
    for key in reversed(TEMPLATE_PATHS[kind]):
        template = {key: template}
    return {**result, **template}


def application(**given):
    return {"name": "app", "image": "app:1", **given}


def pod_of(result):
    for key in TEMPLATE_PATHS[result["kind"]]:
        result = result[key]
    return result


@pytest.mark.parametrize("kind", TEMPLATE_PATHS)
def test_each_kind_of_workload_gets_exactly_the_described_parts(kind):
    original = manifest(kind, initContainers=[{"name": "first"}], volumes=[{"name": "data"}])
    before = copy.deepcopy(original)

    result = inject(original, OPTIONS).manifest

    parts = pod_parts(SidecarOptions(image="r/exporter:1", target="orders", secret="jmx", application_user=10001))
    pod = pod_of(result)
    assert original == before
    assert pod["spec"]["initContainers"] == [{"name": "first"}, *parts.init_containers]
    assert pod["spec"]["volumes"] == [{"name": "data"}, *parts.volumes]
    assert pod["spec"]["containers"] == [application(volumeMounts=parts.application_mounts)]
    assert pod["metadata"] == {"labels": {"app": "orders", **parts.labels}, "annotations": parts.annotations}
    assert has_sidecar(result)
    assert not has_sidecar(original)


def test_a_classic_sidecar_comes_last_in_the_containers():
    classic = SidecarOptions(image="r/exporter:1", target="orders", secret="jmx", mode=Mode.CLASSIC)

    containers = pod_of(inject(manifest(), classic).manifest)["spec"]["containers"]

    assert [container["name"] for container in containers] == ["app", "kafka-producer-exporter"]


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_a_classic_sidecar_is_refused_for_a_job_because_it_would_never_complete(kind):
    classic = SidecarOptions(image="r/exporter:1", target="orders", secret="jmx", mode=Mode.CLASSIC)

    with pytest.raises(WorkloadError, match="never completes"):
        inject(manifest(kind), classic)


@pytest.mark.parametrize(
    ("env", "value"),
    [
        ([], FLAGS),
        ([{"name": "OTHER", "value": "x"}], FLAGS),
        ([{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}], f"-Xmx1g {FLAGS}"),
        ([{"name": "JAVA_TOOL_OPTIONS"}], FLAGS),
    ],
)
def test_flags_are_added_to_the_variable(env, value):
    result = inject(manifest(containers=[application(env=env)]), OPTIONS, set_jvm_flags=True).manifest

    variables = pod_of(result)["spec"]["containers"][0]["env"]
    assert next(each["value"] for each in variables if each["name"] == "JAVA_TOOL_OPTIONS") == value
    assert len(variables) == len({each["name"] for each in [*env, {"name": "JAVA_TOOL_OPTIONS"}]})
    assert pod_of(result)["metadata"]["annotations"][JVM] == "flags in JAVA_TOOL_OPTIONS of app"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"env": [{"name": "JAVA_TOOL_OPTIONS", "valueFrom": {}}]}, "from elsewhere"),
        (
            {"env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Dcom.sun.management.jmxremote.port=1"}]},
            "JMX port already",
        ),
        ({"envFrom": [{"configMapRef": {"name": "x"}}]}, "would hide"),
        ({"securityContext": {"runAsUser": None}}, None),
    ],
)
def test_a_jvm_with_settings_of_its_own_is_left_alone_and_the_pod_says_why(given, reason):
    result = inject(manifest(containers=[application(**given)]), OPTIONS, set_jvm_flags=True).manifest

    pod = pod_of(result)
    if reason is None:  # the pod's own runAsUser applies
        assert pod["metadata"]["annotations"][JVM].startswith("flags")
        return
    assert reason in pod["metadata"]["annotations"][JVM]
    assert pod["spec"]["containers"] == [application(**given)]
    assert [container["name"] for container in pod["spec"]["initContainers"]] == ["kafka-producer-exporter"]


def test_without_a_user_id_the_application_is_left_as_it_is():
    original = manifest(securityContext={})

    injected = inject(original, OPTIONS, set_jvm_flags=True)

    assert pod_of(injected.manifest)["spec"]["containers"] == [application()]
    assert "unchanged: the user id" in injected.notes[-1]


def test_the_containers_own_user_id_takes_precedence():
    containers = [application(securityContext={"runAsUser": 7})]

    result = inject(manifest(containers=containers), OPTIONS).manifest

    assert pod_of(result)["spec"]["initContainers"][0]["securityContext"]["runAsUser"] == 7


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ({"containers": [application(), {"name": "proxy"}]}, "container", "app, proxy"),
        ({"containers": [application(ports=[{"containerPort": 9797}])]}, "port", "app has port 9797"),
        ({"os": {"name": "windows"}}, "spec.os", "runs on Windows"),
        ({"containers": [application(securityContext={"runAsUser": "root"})]}, "securityContext.runAsUser", "root"),
        ({"volumes": [{"name": "kafka-producer-exporter-jmx"}]}, "spec.volumes", "without the sidecar"),
        (
            {"initContainers": [{"name": "kafka-producer-exporter-password"}]},
            "spec.initContainers",
            "without the sidecar",
        ),
        (
            {
                "containers": [
                    application(volumeMounts=[{"name": "x", "mountPath": "/var/run/kafka-producer-exporter"}])
                ]
            },
            "volumeMounts",
            "app has something at",
        ),
        ({"volumes": {"name": "x"}}, "volumes", "not a list"),
        ({"containers": ["app"]}, "containers", "not a list of mappings"),
    ],
)
def test_a_pod_that_cannot_have_the_sidecar_is_refused_with_the_place(change, where, what):
    with pytest.raises(WorkloadError, match=what) as caught:
        inject(manifest(**change), OPTIONS)

    assert caught.value.problem.where == where


def test_a_container_that_does_not_exist_is_refused():
    with pytest.raises(WorkloadError, match="there is no main; the pod has app"):
        inject(manifest(), SidecarOptions(image="i", target="t", secret="s", container="main"))


def test_the_network_of_the_node_is_noted():
    assert "every process on the node" in inject(manifest(hostNetwork=True), OPTIONS).notes[0]


@pytest.mark.parametrize(
    "other", [None, [], "x", {"kind": "Deployment"}, {"apiVersion": "example.com/v1", "kind": "Deployment"}]
)
def test_other_objects_are_no_workloads(other):
    assert not is_workload(other)
