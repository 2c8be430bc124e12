"""The injector: a policy that adds the sidecar to pods with a label.

Every pod here is created on the server with --dry-run=server, which runs all of admission and stores nothing.
"""

import dataclasses

import pytest
import yaml

from kafka_producer_exporter.sidecar.jvm import FOLDER
from kafka_producer_exporter.sidecar.parts import DOMAIN, INIT_NAME, JMX_VOLUME, JVM, NAME, STATUS, pod_parts
from lab.kubernetes.api_server import RESTRICTED
from lab.process import LabError, wait_until
from tests.integration.chart.rendering import CHART, require_parts
from tests.integration.kubernetes.admission import (
    IGNORED,
    INJECT,
    OPTIONS,
    VALUES,
    added,
    admit,
    container,
    is_injected,
    pod,
)

UNKNOWN = dataclasses.replace(OPTIONS, application_user=None)
FLAGS = " ".join(pod_parts(OPTIONS).jvm_flags)
VARIABLE = "JAVA_TOOL_OPTIONS"
LONG = 200_000
"""Characters; all annotations of a pod may have 256 KiB."""


@pytest.fixture(scope="module")
def server(api_server, tmp_path_factory):
    """The API server with the policy, and namespaces with and without injection."""
    for name, labels in (("shop", {}), ("strict", RESTRICTED), ("opted-out", {f"{DOMAIN}/inject": "false"})):
        api_server.create_namespace(name, labels)
    api_server.create_namespace("injector")
    values = tmp_path_factory.mktemp("values") / "values.yaml"
    values.write_text(yaml.safe_dump(VALUES))
    api_server.helm("install", "release", CHART, "--namespace=injector", f"--values={values}")
    try:
        wait_until("the policy is in force", lambda: is_injected(admit(api_server, pod())), timeout_seconds=60)
        yield api_server
    finally:
        api_server.helm("uninstall", "release", "--namespace=injector")


@pytest.fixture
def submit(server):
    return lambda given, **options: admit(server, given, **options)


def require_described(admitted, given, options, *, app="app", ignored=""):
    """Fail unless the policy has added the description, and has ignored what it must."""
    require_parts(added(admitted, given, app=app), options, app=app)
    assert admitted["metadata"]["annotations"].get(IGNORED, "") == ignored


def jvm(admitted):
    return admitted["metadata"]["annotations"][JVM]


def variables(admitted, name="app"):
    (found,) = (each for each in admitted["spec"]["containers"] if each["name"] == name)
    return found.get("env", [])


# Which pods.


def test_a_pod_with_the_label_gets_exactly_the_description(submit):
    given = pod()

    admitted = submit(given)

    require_described(admitted, given, OPTIONS)
    assert jvm(admitted) == f"start it with {FLAGS}"


@pytest.mark.parametrize(
    ("labels", "namespace"),
    [
        ({}, "shop"),
        ({f"{DOMAIN}/inject": "false"}, "shop"),
        ({f"{DOMAIN}/inject": "yes"}, "shop"),
        (INJECT, "opted-out"),
        (INJECT, "kube-system"),
        (INJECT, "kube-node-lease"),
    ],
    ids=["no label", "label false", "label yes", "namespace with label false", "kube-system", "kube-node-lease"],
)
def test_a_pod_is_left_alone_where_nobody_asked_for_the_sidecar(submit, labels, namespace):
    admitted = submit(pod(metadata={"labels": labels}), namespace=namespace)

    assert "initContainers" not in admitted["spec"]
    assert "annotations" not in admitted["metadata"]


def test_a_pod_that_has_the_sidecar_gets_no_second_one(submit):
    first = submit(pod())
    again = {**first, "metadata": {key: first["metadata"][key] for key in ("name", "labels", "annotations")}}

    second = submit(again)

    assert second["spec"] == first["spec"]
    assert second["metadata"]["annotations"] == first["metadata"]["annotations"]


def test_a_classic_sidecar_counts_too(submit):
    admitted = submit(pod(container(), container(NAME)))

    assert "initContainers" not in admitted["spec"]


def test_what_a_pod_has_already_stays_in_front(submit):
    given = pod(
        container(volumeMounts=[{"name": "data", "mountPath": "/data"}], env=[{"name": "A", "value": "1"}]),
        volumes=[{"name": "data", "emptyDir": {}}],
        initContainers=[container("first"), container("second", restartPolicy="Always")],
        annotations={"example.com/owner": "us"},
    )

    require_described(submit(given), given, OPTIONS)


def test_a_namespace_without_the_secret_gets_the_sidecar_all_the_same(submit, server):
    assert server.list("secrets", namespace="shop") == []

    admitted = submit(pod())

    references = [each["env"][0]["valueFrom"]["secretKeyRef"] for each in admitted["spec"]["initContainers"]]
    assert [(each["name"], each["optional"]) for each in references] == [("jmx", True), ("jmx", True)]


# The user of the application.


@pytest.mark.parametrize(
    ("given", "user"),
    [
        (pod(), 10001),
        (pod(container(securityContext={"runAsUser": 77})), 77),
        (pod(container(securityContext={"runAsUser": 0})), 0),
        (pod(container(securityContext={"readOnlyRootFilesystem": True})), 10001),
        (pod(securityContext={}), None),
        (pod(securityContext=None), None),
    ],
    ids=["of the pod", "of the container", "root", "of the pod, beside other settings", "unknown", "no settings"],
)
def test_the_user_of_the_application_is_taken_from_the_pod(submit, found, given, user):
    admitted = submit(given)

    require_described(admitted, given, dataclasses.replace(OPTIONS, application_user=user))
    found(jvm(admitted) if user is None else f"the password file belongs to {user}")


def test_a_restricted_namespace_admits_the_pod_with_the_sidecar(submit, found):
    restricted = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    given = pod(container(securityContext=restricted))

    require_described(submit(given, namespace="strict"), given, OPTIONS)
    with pytest.raises(LabError, match="violates PodSecurity") as refused:
        submit(pod(), namespace="strict")
    assert NAME not in str(refused.value)  # only the application's container is to blame
    found("the same pod without the application's own settings is refused, and only its application is to blame")


# Annotations.


def test_annotations_override_the_values(submit):
    chosen = {"port": "9000", "jmx-port": "9001", "target": "t.x", "image": "r.io:5000/a/b:2", "secret": "other"}
    given = pod(annotations=chosen)
    options = dataclasses.replace(
        OPTIONS, port=9000, jmx_port=9001, target="t.x", image=chosen["image"], secret="other"
    )

    require_described(submit(given), given, options)


BAD = [
    *(("port", each) for each in ("99999", "65536", "0", "80", "1023", "-1", "x", "9797.5", "09797", " 9000")),
    *(("port", each) for each in ("9798", "9999")),
    *(("jmx-port", each) for each in ("99999", "0", "80", "x", "9798", "9797")),
    *(("image", each) for each in (" ", "A B", "r.io/Up:1", "x\ny", "http://x", "a:b:c", "x:" + "t" * 129, "-x")),
    *(("secret", each) for each in ("A B", "Upper", "-x", "a/b", "x" * 254)),
    *(("target", each) for each in ("a,b", "a b", "-", "a=b", 'a"b', "x" * 254, "Größe")),
    *(("jvm-flags", each) for each in ("maybe", "True", "1")),
    *(("container", each) for each in ("A B", "x" * 64, "-x", "x" * LONG)),
    *((name, "9" * LONG) for name in ("port", "jmx-port")),
]


def shown(value):
    return repr(value) if len(value) < 30 else f"{len(value)} characters"


@pytest.mark.parametrize(("annotation", "value"), BAD, ids=[f"{name}: {shown(value)}" for name, value in BAD])
def test_a_bad_annotation_is_ignored_and_the_pod_says_so(submit, annotation, value):
    given = pod(annotations={annotation: value})

    require_described(submit(given), given, OPTIONS, ignored=f"{annotation}: not a value for it")


@pytest.mark.parametrize("annotation", ["port", "jmx-port", "image", "secret", "target", "container", "jvm-flags"])
def test_an_empty_annotation_is_none(submit, annotation):
    given = pod(annotations={annotation: ""})

    require_described(submit(given), given, OPTIONS)


@pytest.mark.parametrize("annotation", ["image", "secret", "target"])
def test_an_annotation_of_almost_the_size_that_a_pod_may_have_does_not_stop_the_pod(submit, found, annotation):
    admitted = submit(pod(annotations={annotation: "x" * LONG}))

    found(admitted["metadata"]["annotations"].get(IGNORED, "") or "the policy gave up, and the pod is as it was")


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_a_pod_without_room_for_more_annotations_is_left_alone(submit, letter):
    most = (256 << 10) // len(letter.encode()) - 20  # the name of the annotation counts, too

    admitted = submit(pod(annotations={"example.com/x": letter * most}))

    assert not is_injected(admitted)
    assert list(admitted["metadata"]["annotations"]) == ["example.com/x"]


def test_several_bad_annotations_are_listed(submit):
    given = pod(annotations={"port": "1", "image": "A B", "jvm-flags": "?"})

    require_described(submit(given), given, OPTIONS, ignored="image, port, jvm-flags: not a value for it")


# The container of the application.

TWO = (container("web"), container("app", env=[{"name": "A", "value": "1"}]))


@pytest.mark.parametrize("annotation", ["container", "kubectl.kubernetes.io/default-container"])
def test_the_container_of_the_application_can_be_named(submit, annotation):
    given = pod(*TWO, annotations={annotation: "app"})

    require_described(submit(given), given, OPTIONS)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (pod(*TWO), f"the pod has several containers; name the application's in the annotation {DOMAIN}/container"),
        (pod(*TWO, annotations={"container": "nope"}), "there is no container nope"),
        (pod(annotations={"container": "nope", "jvm-flags": "true"}), "there is no container nope"),
    ],
    ids=["two containers", "unknown container", "unknown container, with flags"],
)
def test_without_the_container_nothing_is_changed_about_the_jvm(submit, found, given, reason):
    admitted = submit(given)

    require_described(admitted, given, dataclasses.replace(OPTIONS, leave_jvm=reason))
    assert jvm(admitted) == f"unchanged: {reason}"
    found(reason)
    assert not any(each["name"] == VARIABLE for name in ("app",) for each in variables(admitted, name))


# The JVM's flags.


def with_flags(*env, **fields):
    return pod(container(**({"env": list(env)} if env else {}), **fields), annotations={"jvm-flags": "true"})


OTHER = {"name": "A", "value": "1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (with_flags(), [{"name": VARIABLE, "value": FLAGS}]),
        (with_flags(OTHER), [OTHER, {"name": VARIABLE, "value": FLAGS}]),
        (
            with_flags({"name": VARIABLE, "value": "-Xmx1g"}, OTHER),
            [{"name": VARIABLE, "value": f"-Xmx1g {FLAGS}"}, OTHER],
        ),
        (with_flags(OTHER, {"name": VARIABLE, "value": ""}), [OTHER, {"name": VARIABLE, "value": FLAGS}]),
        (with_flags({"name": VARIABLE}), [{"name": VARIABLE, "value": FLAGS}]),
        (
            with_flags({"name": VARIABLE, "value": ""}, envFrom=[{"configMapRef": {"name": "x"}}]),
            [{"name": VARIABLE, "value": FLAGS}],
        ),
        (
            with_flags({"name": VARIABLE, "value": 'a "b" $(A) \\'}),
            [{"name": VARIABLE, "value": f'a "b" $(A) \\ {FLAGS}'}],
        ),
    ],
    ids=[
        "no variables",
        "another variable",
        "a value",
        "an empty value",
        "no value",
        "an empty value and envFrom",
        "quotes",
    ],
)
def test_the_flags_are_added_to_the_variable_of_the_container(submit, given, expected):
    admitted = submit(given)

    require_described(admitted, given, OPTIONS)
    assert variables(admitted) == expected
    assert jvm(admitted) == f"flags in {VARIABLE} of app"


FROM = [{"configMapRef": {"name": "x"}}]
KEY = {"name": "x", "key": "y"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            with_flags({"name": VARIABLE, "valueFrom": {"configMapKeyRef": KEY}}),
            f"{VARIABLE} has its value from elsewhere",
        ),
        (
            with_flags({"name": VARIABLE, "valueFrom": {"secretKeyRef": KEY}}),
            f"{VARIABLE} has its value from elsewhere",
        ),
        (
            with_flags({"name": VARIABLE, "value": "-Dcom.sun.management.jmxremote.port=1"}),
            f"{VARIABLE} has a JMX port already",
        ),
        (
            with_flags(envFrom=FROM),
            f"envFrom may have a {VARIABLE}, which one in env would hide; write it into env, even if it is empty",
        ),
        (
            with_flags(OTHER, envFrom=FROM),
            f"envFrom may have a {VARIABLE}, which one in env would hide; write it into env, even if it is empty",
        ),
    ],
    ids=["valueFrom a ConfigMap", "valueFrom a Secret", "a JMX port", "envFrom", "envFrom and another variable"],
)
def test_a_variable_that_is_not_ours_to_change_is_left_alone(submit, found, given, reason):
    admitted = submit(given)

    require_described(admitted, given, dataclasses.replace(OPTIONS, leave_jvm=reason))
    assert variables(admitted) == given["spec"]["containers"][0].get("env", [])
    assert jvm(admitted) == f"unchanged: {reason}"
    found(reason)


def test_the_flags_reach_only_the_named_container(submit):
    given = pod(*TWO, annotations={"container": "app", "jvm-flags": "true"})

    admitted = submit(given)

    assert [each["name"] for each in variables(admitted, "app")] == ["A", VARIABLE]
    assert variables(admitted, "web") == []


# What the sidecar could spoil.


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (pod(hostNetwork=True), "on the network of the node, JMX would be open to the whole node"),
        (pod(container(ports=[{"containerPort": 9797}])), "another container has port 9797"),
        (
            pod(initContainers=[container("i", restartPolicy="Always", ports=[{"containerPort": 9797}])]),
            "another container has port 9797",
        ),
        (pod(volumes=[{"name": JMX_VOLUME, "emptyDir": {}}]), "a part of the sidecar is there already"),
        (pod(initContainers=[container(INIT_NAME)]), "a part of the sidecar is there already"),
        (pod(container(), container(INIT_NAME)), "a part of the sidecar is there already"),
        (
            pod(os={"name": "windows"}, securityContext={}),
            "the pod runs on Windows, and the sidecar's image is for Linux",
        ),
        (
            pod(resources={"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}}),
            "the pod has resources of its own (spec.resources), which the sidecar may exceed",
        ),
    ],
    ids=[
        "hostNetwork",
        "its port",
        "its port in a sidecar",
        "its volume",
        "its init container",
        "a container with its name",
        "Windows",
        "pod resources",
    ],
)
def test_a_pod_that_the_sidecar_would_spoil_is_left_as_it_was_and_says_why(submit, found, given, reason):
    admitted = submit(given)

    assert not is_injected(admitted)
    assert admitted["metadata"]["annotations"][STATUS] == f"ignored: {reason}"
    found(reason)
    bare = {**given, "metadata": {"name": "orders"}}
    unlabelled = submit(bare)
    for each in (admitted, unlabelled):
        each["spec"].pop("volumes", None)  # the name of the token's volume is random
        for one in each["spec"]["containers"] + each["spec"].get("initContainers", []):
            one.pop("volumeMounts", None)
    assert admitted["spec"] == unlabelled["spec"]


def test_a_folder_that_is_taken_stays_the_applications(submit):
    given = pod(container(volumeMounts=[{"name": "v", "mountPath": FOLDER}]), volumes=[{"name": "v", "emptyDir": {}}])

    admitted = submit(given)

    reason = f"something else is mounted at {FOLDER}"
    require_described(admitted, given, dataclasses.replace(OPTIONS, leave_jvm=reason))


def test_what_the_kubelet_reports_of_a_static_pod_is_left_alone(submit):
    mirror = {"kubernetes.io/config.mirror": "1", "kubernetes.io/config.source": "file"}

    admitted = submit(pod(annotations=mirror, nodeName="node"))

    assert not is_injected(admitted)


# Limits of the namespace.


@pytest.fixture
def limited(server, request):
    """A namespace with a LimitRange."""
    name = f"limited-{request.param[0]}"
    server.create_namespace(name)
    limits = {"limits": [{"type": "Container", **request.param[1]}]}
    server.apply(
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": limits}, namespace=name
    )
    return name


DEFAULTS = {"default": {"cpu": "200m", "memory": "1Gi"}, "defaultRequest": {"cpu": "100m", "memory": "512Mi"}}


@pytest.mark.parametrize("limited", [("defaults", DEFAULTS)], indirect=True, ids=["defaults"])
def test_a_limit_range_fills_in_only_what_the_sidecar_leaves_open(submit, found, limited):
    wait_until(
        "the LimitRange is in force", lambda: submit(pod(), namespace=limited)["spec"]["containers"][0]["resources"]
    )
    admitted = submit(pod(), namespace=limited)

    for each in admitted["spec"]["initContainers"]:
        assert each["resources"] == {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "200m", "memory": "64Mi"},
        }
    found("its own memory stays, and it gets the namespace's default limit on CPU, 200m")


MAXIMUM = {"max": {"memory": "48Mi"}, "default": {"memory": "40Mi"}}


@pytest.mark.parametrize("limited", [("maximum", MAXIMUM)], indirect=True, ids=["maximum"])
def test_a_limit_range_that_allows_less_than_the_sidecar_may_use_refuses_the_pod(submit, found, limited):
    # Admission asks the LimitRange after the policy, which cannot know it: the only pods that are refused.
    def refusal():
        try:
            submit(pod(), namespace=limited)
        except LabError as error:
            return str(error)
        return ""

    wait_until("the LimitRange is in force", refusal)

    assert "maximum memory usage per Container is 48Mi, but limit is 64Mi" in refusal()
    found("refused: maximum memory usage per Container is 48Mi, but limit is 64Mi")


# Who makes the pod.


def owned(kind, owner_name, **metadata):
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": owner_name, "uid": "1", "controller": True}
    return pod(metadata={"ownerReferences": [owner], **metadata})


@pytest.mark.parametrize(
    ("given", "target"),
    [
        (pod(metadata={"name": None, "generateName": "orders-"}), "orders"),
        (pod(metadata={"name": "orders-7"}), "orders-7"),
        (
            owned(
                "ReplicaSet", "orders-6d5f8", name="orders-6d5f8-abcde", labels={**INJECT, "pod-template-hash": "6d5f8"}
            ),
            "orders",
        ),
        (owned("ReplicaSet", "orders", name="orders-abcde"), "orders"),
        (owned("StatefulSet", "orders", name="orders-0"), "orders"),
        (owned("Job", "nightly-29000000", name="nightly-29000000-x"), "nightly"),
        (owned("Job", "nightly", name="nightly-x"), "nightly"),
    ],
    ids=["generateName", "name", "ReplicaSet of a Deployment", "ReplicaSet", "StatefulSet", "Job of a CronJob", "Job"],
)
def test_the_target_is_the_workload_that_the_pod_belongs_to(submit, given, target):
    require_described(submit(given), given, dataclasses.replace(OPTIONS, target=target))


def test_a_pod_of_which_the_server_makes_up_the_name_is_injected(submit):
    given = pod(metadata={"name": None, "generateName": "orders-"})

    assert submit(given)["metadata"]["name"].startswith("orders-")


TEMPLATE = {
    "metadata": {"labels": {"app": "x", **INJECT}},
    "spec": {"containers": [container()], "securityContext": {"runAsUser": 10001}},
}
SELECTOR = {"matchLabels": {"app": "x"}}
ONCE = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}


@pytest.mark.parametrize(
    ("kind", "version", "spec"),
    [
        ("Deployment", "apps/v1", {"selector": SELECTOR, "template": TEMPLATE}),
        ("StatefulSet", "apps/v1", {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "x"}),
        ("ReplicaSet", "apps/v1", {"selector": SELECTOR, "template": TEMPLATE}),
        ("Job", "batch/v1", {"template": ONCE}),
    ],
    ids=["Deployment", "StatefulSet", "ReplicaSet", "Job"],
)
def test_the_pods_that_a_controller_makes_have_the_sidecar(server, kind, version, spec):
    namespace = f"made-by-{kind.lower()}"
    server.create_namespace(namespace)
    workload = {"apiVersion": version, "kind": kind, "metadata": {"name": "orders"}, "spec": spec}
    server.apply(workload, namespace=namespace)
    wait_until("its pod exists", lambda: server.list("pods", namespace=namespace))

    (made,) = server.list("pods", namespace=namespace)

    given = {"metadata": {"labels": INJECT}, "spec": spec["template"]["spec"]}
    require_described(made, given, OPTIONS)
    template = server.get(kind, "orders", namespace=namespace)["spec"]["template"]
    assert "initContainers" not in template["spec"]  # nothing for a GitOps tool to find
