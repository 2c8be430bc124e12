"""The options that every rendering is tried with, the chart's values for them, and what a user has of their own."""

import re
import shutil

import yaml

from kafka_producer_exporter.sidecar.options import Mode, Resources, SidecarOptions
from kafka_producer_exporter.sidecar.parts import JVM, NAME, pod_parts
from lab.helm import kustomize, template
from tests.paths import ROOT
from tools import generate_kubernetes

CHART = ROOT / "helm" / NAME
POLICY = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"

DIGEST = "sha256:" + "0123456789abcdef" * 4
CASES = {
    "a password": SidecarOptions(image="r.io/e:1.0", target="orders", secret="jmx", application_user=10001),
    "an unknown user": SidecarOptions(image="r.io/e:1.0", target="orders", secret="jmx"),
    "root": SidecarOptions(image="r.io/e:1.0", target="orders", secret="jmx", application_user=0),
    "assigned users": SidecarOptions(image="r.io/e:1.0", target="orders", secret="jmx", user=None),
    "a large user id": SidecarOptions(
        image="r.io/e:1.0", target="orders", secret="jmx", user=1000650000, application_user=1000650000
    ),
    "open JMX": SidecarOptions(image="localhost:5000/a/e:1.0", target="orders.v2", open_jmx=True),
    "classic": SidecarOptions(
        image="r.io/e:1.0", target="orders", secret="jmx", mode=Mode.CLASSIC, application_user=10001
    ),
    "everything else": SidecarOptions(
        image=f"r.io/e:1.0@{DIGEST}",
        target="orders",
        port=12345,
        jmx_port=54321,
        secret="jmx.orders",
        application_user=1,
        user=1234,
        pull_policy="Always",
        labels={"team": "a \"b\" <c> & 'd'", "kafka_cluster": "eu-1"},
        resources=Resources(
            cpu_request="1m", memory_request="40Mi", cpu_limit="0.5", memory_limit="96Mi", guaranteed=True
        ),
        extra_args=("--profile=minimal", '--log-format="json"'),
    ),
}


def values_of(options):
    """Return the chart's values for these options."""
    reference, _, digest = options.image.partition("@")
    repository, _, tag = reference.rpartition(":")
    resources = options.resources
    return {
        "image": {"repository": repository, "tag": tag, "digest": digest, "pullPolicy": options.pull_policy},
        "sidecar": {
            "mode": str(options.mode),
            "target": options.target,
            "port": options.port,
            "jmxPort": options.jmx_port,
            "passwordSecret": options.secret,
            "openJmx": options.open_jmx,
            "applicationUser": "unknown" if options.application_user is None else options.application_user,
            "user": "assigned" if options.user is None else options.user,
            "labels": dict(options.labels),
            "extraArgs": list(options.extra_args),
            "resources": {
                "requests": {"cpu": resources.cpu_request, "memory": resources.memory_request},
                "limits": {"memory": resources.memory_limit}
                | ({"cpu": resources.cpu_limit} if resources.cpu_limit else {}),
            },
            "guaranteed": resources.guaranteed,
        },
    }


TEMPLATE = """\
{{- $sidecar := SIDECAR }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata:
      labels:
        app: orders
        {{- include "kafka-producer-exporter.podLabels" $sidecar | nindent 8 }}
      annotations: {{- include "kafka-producer-exporter.podAnnotations" $sidecar | nindent 8 }}
    spec:
      initContainers: {{- include "kafka-producer-exporter.initContainers" $sidecar | nindent 8 }}
      containers:
        - name: app
          image: app:1
          command: [java, {{ include "kafka-producer-exporter.jvmFlagList" $sidecar }}]
          env:
            - {name: FLAGS, value: {{ include "kafka-producer-exporter.jvmFlags" $sidecar | quote }}}
          volumeMounts: {{- include "kafka-producer-exporter.volumeMounts" $sidecar | nindent 12 }}
        {{- include "kafka-producer-exporter.containers" $sidecar | nindent 8 }}
      volumes: {{- include "kafka-producer-exporter.volumes" $sidecar | nindent 8 }}
"""


class Parent:
    """A chart of a user's own: ours is its dependency, and its Deployment has the sidecar."""

    def __init__(self, folder, generation):
        self.folder = folder
        self._generation = generation

    def render(self, values, *, sidecar="$", alias=NAME, kubernetes="1.36.0"):
        """Return the Deployment; *sidecar* is the argument of the templates."""
        (self.folder / "templates").mkdir(parents=True, exist_ok=True)
        shutil.copytree(CHART, self.folder / "charts" / NAME, dirs_exist_ok=True)
        dependency = {"name": NAME, "version": "*"} | ({"alias": alias} if alias != NAME else {})
        chart = {"apiVersion": "v2", "name": "shop", "version": "1.0.0", "dependencies": [dependency]}
        (self.folder / "Chart.yaml").write_text(yaml.safe_dump(chart))
        (self.folder / "templates" / "deployment.yaml").write_text(TEMPLATE.replace("SIDECAR", sidecar))
        (deployment,) = template(self.folder, {alias: values}, generation=self._generation, kubernetes=kubernetes)
        return deployment


def line_about(path, message):
    """Return the line in which Helm's refusal names a key of the values; empty if none does."""
    words = [re.escape(word) for word in path.split(".")]
    found = re.search(rf"\b{words[0]}\b.*\b{words[-1]}\b" if words[1:] else rf"\b{words[0]}\b", message)
    return message[found.start() :].splitlines()[0] if found else ""


def require_parts(pod, options, *, app="app"):
    """Fail unless a pod has exactly the described parts, and nothing else beside the container of its application."""
    parts = pod_parts(options)
    spec = pod["spec"]
    application = next(each for each in spec["containers"] if each["name"] == app)
    assert (spec.get("initContainers") or []) == parts.init_containers
    assert [each for each in spec["containers"] if each is not application] == parts.containers
    assert spec["volumes"] == parts.volumes
    assert (application.get("volumeMounts") or []) == parts.application_mounts
    assert parts.labels.items() <= pod["metadata"]["labels"].items()
    assert {key: value for key, value in pod["metadata"]["annotations"].items() if key != JVM} == {
        key: value for key, value in parts.annotations.items() if key != JVM
    }


WORKLOAD = """\
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, labels: {{kafka-producer-exporter.io/inject: "{inject}"}}}}
spec:
  {own}
  template:
    metadata: {{labels: {{app: x}}}}
    spec: {{containers: [{{name: app, image: "app:1"}}]{more}}}
"""


def workload(kind, version, *, name="w", inject="true"):
    """Return the text of a workload without the sidecar."""
    own, more = "selector: {matchLabels: {app: x}}", ""
    if kind == "StatefulSet":
        own += "\n  serviceName: x"
    if kind == "Job":
        own, more = "backoffLimit: 1", ", restartPolicy: Never"
    return WORKLOAD.format(kind=kind, version=version, name=name, inject=inject, own=own, more=more)


def kustomization(folder, generation, literals=("image=r.io/e:1", "target=orders"), *, further=()):
    """Return what a kustomization with the component builds: a workload of each kind, one without the label, and more.

    *further* are the texts of other objects.
    """
    kinds = [(kind, "batch/v1" if kind == "Job" else "apps/v1") for kind in generate_kubernetes.KINDS]
    workloads = [workload(kind, version) for kind, version in kinds]
    other = workload("Deployment", "apps/v1", name="other", inject="false")
    (folder / "app").mkdir()
    (folder / "kustomize").symlink_to(ROOT / "kustomize")
    (folder / "app" / "workloads.yaml").write_text("---\n".join([*workloads, other, *further]))
    local = {"annotations": {"config.kubernetes.io/local-config": "true"}}
    config_map = {"name": generate_kubernetes.CONFIG_MAP, "literals": list(literals), "options": local}
    content = {"resources": ["workloads.yaml"], "components": ["../kustomize"], "configMapGenerator": [config_map]}
    (folder / "app" / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return kustomize(folder / "app", generation=generation)
