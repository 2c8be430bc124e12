"""Every rendering of the sidecar equals its description."""

import dataclasses
import io
import re
import sys

import kubernetes_validate
import pytest
import yaml

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.sidecar.options import Mode
from kafka_producer_exporter.sidecar.parts import DOMAIN, INIT_NAME, NAME, pod_parts
from lab.helm import lint, template
from lab.process import LabError
from tests.integration.chart import cel
from tests.integration.chart.rendering import (
    CASES,
    CHART,
    POLICY,
    Parent,
    kustomization,
    line_about,
    require_parts,
    values_of,
    workload,
)
from tests.paths import DOCS
from tools import generate_kubernetes

KUBERNETES = [f"1.{minor}" for minor in range(25, 38)]


def require_valid(content, version):
    kubernetes_validate.validate(content, version, strict=True)


# The chart's templates.


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_charts_templates_render_the_description(parent, options):
    deployment = parent.render(values_of(options))

    pod = deployment["spec"]["template"]
    parts = pod_parts(options)
    require_parts(pod, options)
    assert pod["metadata"]["annotations"] == parts.annotations
    assert pod["spec"]["containers"][0]["command"] == ["java", *parts.jvm_flags]
    assert pod["spec"]["containers"][0]["env"][0]["value"] == " ".join(parts.jvm_flags)
    require_valid(deployment, "1.36.0")


def test_a_caller_overrides_values_and_an_alias_is_found(parent):
    options = CASES["a password"]
    values = values_of(
        dataclasses.replace(options, target="other", application_user=None, port=9000, labels={"a": "b"})
    )
    caller = '(dict "context" $ "target" "orders" "applicationUser" 10001 "port" 9797 "labels" dict)'

    require_parts(parent.render(values, sidecar=caller, alias="exporter")["spec"]["template"], options)


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_sidecar_is_native_only_where_the_cluster_has_that(parent, version):
    options = CASES["a password"]
    values = values_of(options)
    values["sidecar"]["mode"] = "auto"
    is_native = int(version.partition(".")[2]) >= 29

    deployment = parent.render(values, kubernetes=f"{version}.3-vendor.1")

    mode = Mode.NATIVE if is_native else Mode.CLASSIC
    require_parts(deployment["spec"]["template"], dataclasses.replace(options, mode=mode))
    require_valid(deployment, version)


# The policy.


def rendered_policy(options, generation, **injector):
    values = {**values_of(options), "injector": {"enabled": True, **injector}}
    return template(
        CHART, values, generation=generation, kubernetes="1.36.0", api_versions=[POLICY], namespace="monitoring"
    )


def variables_for(options):
    return {
        "image": options.image,
        "target": options.target,
        "port": options.port,
        "jmxPort": options.jmx_port,
        "secret": options.secret,
        "applicationUser": options.application_user,
        "applicationIsNotRoot": options.application_user != 0,
    }


APPLICATION = '"/spec/containers/" + string(variables.index)'
# A policy is for native sidecars, and takes the user from the pod.
IN_POLICY = {name: case for name, case in CASES.items() if name not in {"classic", "assigned users"}}


@pytest.mark.parametrize("options", IN_POLICY.values(), ids=IN_POLICY)
def test_the_policy_adds_the_description(generation, options):
    policy, binding = rendered_policy(options, generation)

    spec = policy["spec"]
    expression = spec["mutations"][0]["jsonPatch"]["expression"]
    variables = variables_for(options)
    added = cel.patches(expression, '"/spec/initContainers/-"', variables)
    volumes = cel.patches(expression, '"/spec/volumes/-"', variables)
    mounts = cel.patches(expression, f'{APPLICATION} + "/volumeMounts/-"', variables)
    sources = {each["name"]: each["expression"] for each in spec["variables"]}
    parts = pod_parts(options)
    has_files = bool(parts.application_mounts)
    if not options.open_jmx:
        # The policy has both forms, and chooses by the pod: with the user's id, and without.
        assert sources["hasFiles"] == 'variables.unchangedBecause == ""'
        added, volumes, mounts = (added, volumes, mounts) if has_files else (added[1:], volumes[:1], [])
    assert added == parts.init_containers
    assert volumes == parts.volumes
    assert mounts == parts.application_mounts
    if parts.jvm_flags:
        assert cel.text(sources["flags"], variables) == " ".join(parts.jvm_flags)
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    for content in (policy, binding):
        for version in ("1.36.0", "1.37.0"):
            require_valid(content, version)


def test_no_patch_of_the_policy_has_a_list_of_objects_as_its_value(generation):
    # kubernetes/kubernetes #142181: the API server panics, and failurePolicy does not help.
    policy, _ = rendered_policy(CASES["everything else"], generation)

    expression = policy["spec"]["mutations"][0]["jsonPatch"]["expression"]
    assert expression.count("JSONPatch{") > 10
    assert not re.search(r"value:\s*\[(?!\])", expression)


def test_the_policy_never_keeps_a_pod_from_starting(generation):
    policy, _ = rendered_policy(CASES["a password"], generation)

    assert policy["spec"]["failurePolicy"] == "Ignore"
    assert policy["spec"]["reinvocationPolicy"] == "IfNeeded"
    assert {each["patchType"] for each in policy["spec"]["mutations"]} == {"JSONPatch"}
    assert "paramKind" not in policy["spec"]  # nothing that could be missing


def test_the_policy_is_off_by_default_and_refused_on_a_cluster_without_the_api(generation):
    values = values_of(CASES["a password"])

    assert template(CHART, values, generation=generation) == []
    with pytest.raises(LabError, match=r"injector\.enabled: this cluster has no MutatingAdmissionPolicy"):
        template(CHART, {**values, "injector": {"enabled": True}}, generation=generation, kubernetes="1.35.0")


# Values.


def changed(path, value):
    values = values_of(CASES["a password"])
    place = values
    *above, last = path.split(".")
    for key in above:
        place = place.setdefault(key, {})
    place[last] = value
    return values


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("image.repository", "R.io/E xporter"),
        ("image.tag", "a b"),
        ("image.digest", "sha256:1"),
        ("image.pullPolicy", "Sometimes"),
        ("image.repositry", "r.io/e"),
        ("sidecar.mode", "sidecar"),
        ("sidecar.target", "a,b"),
        ("sidecar.port", 80),
        ("sidecar.port", 99999),
        ("sidecar.port", "9797"),
        ("sidecar.port", 9798),
        ("sidecar.jmxPort", 0),
        ("sidecar.jmxport", 9999),
        ("sidecar.passwordSecret", "Not_A_Name"),
        ("sidecar.openJmx", "yes"),
        ("sidecar.applicationUser", "root"),
        ("sidecar.user", 0),
        ("sidecar.labels", {"1st": "x"}),
        ("sidecar.labels", {"team": "a,b"}),
        ("sidecar.extraArgs", "--profile=minimal"),
        ("sidecar.resources", {"requests": {"memory": "1Mi"}, "limits": {"memory": "lots"}}),
        ("sidecar.guaranteed", 1),
        ("injector.enabled", "true"),
        ("injector.namespaces", ["x"]),
        ("injector.excludedNamespaces", ["A B"]),
        ("nameOverride", "A B"),
        ("commonLabels", {"a": 1}),
        ("sidecars", {}),
    ],
)
def test_the_schema_refuses_a_wrong_value_with_its_key(generation, path, value):
    with pytest.raises(LabError) as caught:
        template(CHART, changed(path, value), generation=generation)

    assert line_about(path, str(caught.value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("image.repository", "", "image.repository: missing"),
        ("sidecar.target", "", "sidecar.target: "),
        ("sidecar.passwordSecret", "", "sidecar.passwordSecret: missing"),
        ("sidecar.openJmx", True, "sidecar.openJmx: sidecar.passwordSecret is set, too"),
        ("sidecar.jmxPort", 9797, "sidecar.jmxPort: 9797 is also"),
        ("sidecar.guaranteed", True, "sidecar.resources.limits.cpu: missing"),
    ],
)
def test_a_template_refuses_what_the_schema_cannot_with_the_key(parent, path, value, message):
    with pytest.raises(LabError) as caught:
        parent.render(changed(path, value))

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("caller", "message"),
    [
        ('(dict "context" $ "tarjet" "orders")', "tarjet: the sidecar has no such option"),
        ('(dict "context" $ "port" 99999)', "sidecar.port: 99999 is not a port"),
        ('(dict "context" $ "target" "a b")', 'sidecar.target: "a b" is not a name'),
    ],
)
def test_a_template_refuses_a_wrong_option_of_its_caller(parent, caller, message):
    with pytest.raises(LabError) as caught:
        parent.render(values_of(CASES["a password"]), sidecar=caller)

    assert message in str(caught.value)


def test_a_native_sidecar_is_refused_on_a_cluster_that_has_none(parent):
    with pytest.raises(LabError, match=r"sidecar\.mode: native needs Kubernetes 1\.29"):
        parent.render(values_of(CASES["a password"]), kubernetes="1.28.9")


def test_the_chart_passes_helm_lint(generation):
    assert "0 chart(s) failed" in lint(CHART, {}, generation=generation)


# The kustomize component.


def test_the_kustomize_component_adds_the_description(generation, tmp_path):
    results = {(each["kind"], each["metadata"]["name"]): each for each in kustomization(tmp_path, generation)}

    options = dataclasses.replace(generate_kubernetes.IN_COMPONENT, image="r.io/e:1", target="orders")
    assert len(results) == len(generate_kubernetes.KINDS) + 1
    assert list(results["Deployment", "other"]["spec"]["template"]["spec"]) == ["containers"]
    for kind in generate_kubernetes.KINDS:
        pod = results[kind, "w"]["spec"]["template"]
        require_parts(pod, options)
        assert pod["metadata"]["annotations"] == pod_parts(options).annotations
    for version in (KUBERNETES[4], KUBERNETES[-1]):
        for content in results.values():
            require_valid(content, version)


def test_the_kustomize_component_changes_no_other_container_of_ours(generation, tmp_path):
    copied = yaml.safe_load((DOCS / "kubernetes-snippet.yaml").read_text())
    copied["metadata"]["labels"] = {f"{DOMAIN}/inject": "true"}
    spec = copied["spec"]["template"]["spec"]
    spec["initContainers"] = [each for each in spec["initContainers"] if each["name"] == INIT_NAME]

    results = kustomization(tmp_path, generation, further=[yaml.safe_dump(copied)])

    (found,) = (each for each in results if each["metadata"]["name"] == "orders")
    containers = {each["name"]: each for each in found["spec"]["template"]["spec"]["initContainers"]}
    assert containers[INIT_NAME] == spec["initContainers"][0]
    assert containers[NAME]["image"] == "r.io/e:1"


def test_the_kustomize_component_is_refused_without_an_image(generation, tmp_path):
    with pytest.raises(LabError, match="image"):
        kustomization(tmp_path, generation, ["target=orders"])


# The snippet, and inject.


def test_the_snippet_is_a_workload_with_the_description():
    deployment = yaml.safe_load((DOCS / "kubernetes-snippet.yaml").read_text())

    pod = deployment["spec"]["template"]
    require_parts(pod, generate_kubernetes.IN_SNIPPET, app="orders")
    assert pod["metadata"]["annotations"] == pod_parts(generate_kubernetes.IN_SNIPPET).annotations
    for version in KUBERNETES[4:]:
        require_valid(deployment, version)


@pytest.mark.parametrize(
    ("name", "version"),
    [("a password", version) for version in KUBERNETES[4:]] + [("classic", version) for version in KUBERNETES],
)
def test_inject_adds_the_description(name, version, monkeypatch, capsys):
    options = CASES[name]
    manifest = workload("Deployment", "apps/v1", name="orders").replace(
        "spec: {containers", "spec: {securityContext: {runAsUser: 10001}, containers"
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(manifest.encode())))

    assert main(["inject", "--image", options.image, "--secret", options.secret, "--mode", str(options.mode)]) == 0

    deployment = yaml.safe_load(capsys.readouterr().out)
    require_parts(deployment["spec"]["template"], options)
    assert deployment["spec"]["template"]["metadata"]["annotations"] == pod_parts(options).annotations
    require_valid(deployment, version)


def test_the_newest_kubernetes_that_can_be_validated_is_tested():
    assert kubernetes_validate.latest_version().startswith(KUBERNETES[-1])


def test_a_misspelt_field_does_not_pass_validation(generation, tmp_path):
    deployment = Parent(tmp_path / "shop", generation).render(values_of(CASES["a password"]))
    deployment["spec"]["template"]["spec"]["initContainers"][0]["imagePulPolicy"] = "Always"

    with pytest.raises(kubernetes_validate.ValidationError, match="imagePulPolicy"):
        require_valid(deployment, "1.36.0")
