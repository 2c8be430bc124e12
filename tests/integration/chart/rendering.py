"""The options that every rendering is tried with, the chart's values for them, and a user's own chart."""

import shutil

import yaml

from kafka_producer_exporter.sidecar.options import Mode, Resources, SidecarOptions
from kafka_producer_exporter.sidecar.parts import NAME
from lab.helm import template
from tests.paths import ROOT

CHART = ROOT / "helm" / NAME

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
