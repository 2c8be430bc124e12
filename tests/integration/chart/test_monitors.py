"""What Prometheus makes of the chart's PodMonitors: series with the labels that the alerts and their tests expect.

A real Prometheus scrapes a sidecar, and a fleet that logs in to its JVM over TLS. Files take the place of the API
server, with the labels that its discovery gives to pods.
"""

import json
import re
from contextlib import ExitStack

import pytest

from alerts import unit_tests
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.document import document
from lab.certificates import PASSWORD, make_certificates
from lab.pod_monitor import META, PORT, scrape_configs
from lab.process import Port, wait_until
from lab.producer import ProducerJvm, write_password_file
from lab.prometheus import Prometheus
from tests.integration.alerts.pods import Pod
from tests.integration.chart.workloads import FLEET, FOLDER, rendered
from tests.integration.serving import Serve
from tests.paths import DOCS

PAGE = DOCS / "kubernetes-fleet.md"
NOBODY = "127.0.0.1:9"
NAMESPACES = {"shop": True, "depot": False}
"""The namespaces of the pods → whether their PodMonitors have a jobLabel."""
SCALE = 60
"""The windows of the alerts are divided by it."""

OWNERS = {
    "a Deployment": ("orders", {"kind": "ReplicaSet", "name": "orders-7c9f8d"}, {"pod-template-hash": "7c9f8d"}, {}),
    "a ReplicaSet": ("orders-7c9f8d", {"kind": "ReplicaSet", "name": "orders-7c9f8d"}, {}, {}),
    "a StatefulSet": ("orders", {"kind": "StatefulSet", "name": "orders"}, {}, {}),
    "a DaemonSet": ("orders-1", {"kind": "DaemonSet", "name": "orders-1"}, {}, {}),
    "a CronJob": ("report", {"kind": "Job", "name": "report-29876543"}, {}, {}),
    "a Job": ("report-1", {"kind": "Job", "name": "report-1"}, {}, {}),
    "nobody": ("the-pod", {}, {}, {}),
    "an annotation": (
        *("Orders.v2", {"kind": "StatefulSet", "name": "orders"}, {}),
        {"kafka-producer-exporter.io/target": "Orders.v2"},
    ),
    "a bad annotation": (
        *("orders", {"kind": "StatefulSet", "name": "orders"}, {}),
        {"kafka-producer-exporter.io/target": "a,b"},
    ),
}
"""Who has made a pod → its workload, its controller, and its labels and annotations."""


def discovered(address, *, pod, namespace="shop", container="app", port, labels, annotations=None, owner=None):
    """Return a pod's port as Prometheus' discovery describes it."""

    def meta(kind, given):
        return {f"{META}pod_{kind}_{re.sub('[^a-zA-Z0-9_]', '_', key)}": value for key, value in given.items()}

    found = {
        "namespace": namespace,
        "pod_name": pod,
        "pod_phase": "Running",
        "pod_container_name": container,
        "pod_container_port_name": port,
        "pod_container_port_number": address.rpartition(":")[2],
        **{f"pod_controller_{key}": value for key, value in (owner or {}).items()},
    }
    described = {f"{META}{key}": value for key, value in found.items()}
    described |= meta("label", labels) | meta("labelpresent", dict.fromkeys(labels, "true"))
    return {"targets": [address], "labels": described | meta("annotation", annotations or {})}


def in_fleet(address, owner, labels, annotations, **options):
    labels = {"kafka-producer-exporter.io/fleet": "true", "app.kubernetes.io/name": "bills-app", **labels}
    return discovered(address, port="jmx", labels=labels, annotations=annotations, owner=owner, **options)


def fleet_jvm(folder, certificates, port):
    """Return a JVM with the flags of the page, and the files that they name."""
    write_password_file(folder, {"monitor": "secret"})
    (folder / "jmxremote.access").write_text("monitor readonly\n")
    keys = {"keyStore": certificates.elsewhere.key_store, "keyStorePassword": PASSWORD, "keyStoreType": "PKCS12"}
    file = folder / "ssl.properties"
    file.write_text("".join(f"javax.net.ssl.{key}={value}\n" for key, value in keys.items()))
    file.chmod(0o400)
    flags = re.search(r"^```\n((?:-D\S+\n)+)```$", PAGE.read_text(), re.MULTILINE)[1]
    flags = flags.replace("=/var/run/jmx/", f"={folder}/").replace("port=9999", f"port={port}")
    # Nothing of a test is open to the network.
    options = [*flags.split(), "-Dcom.sun.management.jmxremote.host=127.0.0.1"]
    return ProducerJvm(jmx=False, java_options=options)


class Cluster:
    """A sidecar and a fleet, each with a producer's JVM, and a Prometheus that finds both in two namespaces."""

    def __init__(self, folder, certificates, stack):
        self._folder = folder
        self.objects = {}
        port = Port()
        stack.callback(port.close)
        self.jmx_address = f"127.0.0.1:{port.number}"
        self.jvms = [ProducerJvm(), fleet_jvm(folder / "jvm", certificates, port.number)]
        for jvm in self.jvms:
            stack.enter_context(jvm)
            jvm.new("p", NOBODY)
        for namespace, has_job_label in NAMESPACES.items():
            self.objects[namespace] = self._rendered(port.number, has_job_label)
        target = f"orders=127.0.0.1:{self.jvms[0].jmx_port}"
        self.sidecar = self._serve(stack, "sidecar", "--target", target, "--label", "kafka_cluster=eu")
        self.fleet = self._serve(stack, "fleet", "--config", self._fleet_file(certificates))
        configs = [self._config(*place) for name in NAMESPACES for place in ((name, "sidecars"), (name, "fleet"))]
        rule_file = folder / "rules.yaml"
        rule_file.write_text(document(rules.render(scale=SCALE), "prometheus"))
        self.prometheus = stack.enter_context(Prometheus(configs, rule_files=[rule_file]))

    def _rendered(self, port, has_job_label):
        monitor = {"enabled": True} | ({} if has_job_label else {"jobLabel": ""})
        fleet = {"networks": ["127.0.0.0/8"], "jmxPorts": {"jmx": port}, "labels": {"kafka_cluster": "eu"}}
        fleet["tls"] = {"serverName": "broker.example"}
        return rendered(FLEET, {"podMonitor": monitor, "fleet": fleet})

    def _serve(self, stack, name, *arguments):
        place = self._folder / name
        place.mkdir()
        return stack.enter_context(Serve(*arguments, folder=place))

    def _fleet_file(self, certificates):
        """Write the configuration of the ConfigMap, and the files of the Secrets."""
        text = self.objects["shop"]["ConfigMap", "-fleet"]["data"]["exporter.yml"]
        file = self._folder / "exporter.yml"
        file.write_text(text.replace(FOLDER, str(self._folder / "etc")))
        for name, secret in (("jmx-ca/ca.crt", certificates.ca.read_text()), ("jmx-password/password", "secret\n")):
            place = self._folder / "etc" / name
            place.parent.mkdir(parents=True)
            place.write_text(secret)
            place.chmod(0o440)
        return file

    def _config(self, namespace, what):
        objects = self.objects[namespace]
        file = self._folder / f"{namespace}-{what}.json"
        file.write_text(json.dumps(list(self._pods(namespace, what))))
        monitor = objects["PodMonitor", f"-{what}"]
        (config,) = scrape_configs(monitor, {"file_sd_configs": [{"files": [str(file)]}]})
        config["job_name"] += f"/{namespace}"  # there is one release of the chart in reality
        service = objects["Service", "-fleet"]
        address = f"{service['metadata']['name']}.monitoring.svc:{service['spec']['ports'][0]['port']}"
        for rule in config["relabel_configs"]:
            if rule.get("target_label") == "__address__":
                assert rule["replacement"] == address
                rule["replacement"] = self.fleet.address
        return config

    def _pods(self, namespace, what):
        if what == "sidecars":
            labels = {"kafka-producer-exporter.io/sidecar": "true", "app.kubernetes.io/name": "orders-app"}
            options = {"namespace": namespace, "container": "kafka-producer-exporter", "labels": labels}
            yield discovered(self.sidecar.address, pod="orders-7c9f8d-x", port=PORT, **options)
            yield discovered("127.0.0.1:1", pod="orders-7c9f8d-x", port="http", **options)
            yield discovered("127.0.0.1:2", pod="other", port=PORT, **{**options, "labels": {}})
            return
        _, owner, labels, annotations = OWNERS["a Deployment"]
        bills = json.loads(json.dumps(owner).replace("orders", "bills"))
        yield in_fleet(self.jmx_address, bills, labels, annotations, pod="bills-7c9f8d-x", namespace=namespace)
        if namespace == "shop":
            for number, (_, *given) in enumerate(OWNERS.values(), 1):
                yield in_fleet(f"127.1.0.{number}:9999", *given, pod="the-pod", namespace="owners")
            ended = in_fleet("127.1.1.1:9999", {}, {}, {}, pod="ended")
            ended["labels"][f"{META}pod_phase"] = "Succeeded"
            yield ended

    def look(self):
        """Remember the series and the targets of this moment: one of the tests ends the JVMs."""
        self.series = [one["metric"] for one in self.prometheus.query('{__name__=~".+"}')]
        self.targets = [one["labels"] for one in self.prometheus.targets()]

    def up(self, namespace, target):
        """Return the labels of ``kafka_producer_up``."""
        wanted = {"__name__": "kafka_producer_up", "namespace": namespace, "target": target}.items()
        (found,) = [labels for labels in self.series if wanted <= labels.items()]
        return found

    def labels(self, namespace, target):
        """Return metric → the sets of label names of its series, for a service."""
        found = {}
        for labels in self.series:
            if (labels.get("namespace"), labels.get("target")) == (namespace, target):
                found.setdefault(labels["__name__"], set()).add(frozenset(labels) - {"__name__"})
        return {metric: names for metric, names in found.items() if metric in METRICS}


@pytest.fixture(scope="module")
def cluster(lab, prometheus_programs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitors")
    with ExitStack() as stack:
        cluster = Cluster(folder, make_certificates(folder / "certificates"), stack)
        services = {(namespace, target) for namespace in NAMESPACES for target in ("orders", "bills")}

        def up():
            series = cluster.prometheus.query("kafka_producer_up == 1")
            return {(one["metric"]["namespace"], one["metric"]["target"]) for one in series} == services

        wait_until("Prometheus has scraped each service", up, timeout_seconds=60)
        cluster.look()
        yield cluster


def test_each_pod_has_its_own_labels_and_its_workload(cluster):
    for namespace, has_job_label in NAMESPACES.items():
        monitors = cluster.objects[namespace]
        for target, container, endpoint, what in (
            ("orders", "kafka-producer-exporter", PORT, "sidecars"),
            ("bills", "app", "jmx", "fleet"),
        ):
            name = monitors["PodMonitor", f"-{what}"]["metadata"]["name"]
            assert cluster.up(namespace, target) == {
                "__name__": "kafka_producer_up",
                "namespace": namespace,
                "target": target,
                "kafka_cluster": "eu",
                "pod": f"{target}-7c9f8d-x",
                "container": container,
                "endpoint": endpoint,
                "job": f"{target}-app" if has_job_label else f"monitoring/{name}",
                "instance": cluster.sidecar.address if target == "orders" else cluster.jmx_address,
            }


def test_the_series_of_a_fleet_have_the_labels_of_a_sidecars(cluster):
    for namespace in NAMESPACES:
        sidecar, fleet = (cluster.labels(namespace, target) for target in ("orders", "bills"))

        assert len(sidecar) > 30
        assert fleet == sidecar


def test_the_pods_of_the_alert_tests_have_these_labels(cluster):
    expected = {}
    for series in Pod(name="orders-0").series():
        metric, labels = re.fullmatch(r"(\w+)\{(.*)\}", series["series"]).groups()
        expected.setdefault(metric, set()).add(frozenset(re.findall(r'(\w+)="', labels)))

    for namespace in NAMESPACES:
        found = cluster.labels(namespace, "orders")
        compared = [metric for metric in expected if metric in found]
        assert len(compared) > 30
        for metric in compared:
            assert found[metric] == expected[metric], metric


def test_no_unit_test_of_an_alert_uses_a_label_of_a_target_that_there_is_not(cluster):
    there = set(cluster.up("shop", "orders"))

    tests = "".join(file.read_text() for file in unit_tests.TESTS.glob("*.yaml"))
    found = re.findall(r"^ *- series: (\w+)\{(.*)\}$", tests, re.MULTILINE)
    assert len(found) > 500
    for metric, labels in found:
        if metric in METRICS:
            assert set(re.findall(r'(\w+)="', labels)) <= there | set(METRICS[metric].labels), (metric, labels)


def test_a_pod_in_a_fleet_is_named_after_its_workload(cluster):
    found = {one["instance"]: one["target"] for one in cluster.targets if one["namespace"] == "owners"}

    expected = {f"127.1.0.{number}:9999": name for number, (name, *_) in enumerate(OWNERS.values(), 1)}
    assert found == expected


def test_nothing_else_is_scraped(cluster):
    """Neither another port of the pod, nor a pod without the label, nor one that has ended."""
    instances = {one["instance"] for one in cluster.targets}

    assert instances - {cluster.sidecar.address, cluster.jmx_address} == {
        f"127.1.0.{number + 1}:9999" for number in range(len(OWNERS))
    }


def test_an_alert_names_the_service_whose_jvms_are_down(cluster):
    for jvm in cluster.jvms:
        jvm.process.kill()

    def firing():
        alerts = [one for one in cluster.prometheus.alerts() if one["labels"]["alertname"] == "KafkaProducerTargetDown"]
        return {
            (one["labels"]["namespace"], one["labels"]["target"], one["labels"]["kafka_cluster"])
            for one in alerts
            if one["state"] == "firing"
        }

    services = {(namespace, target, "eu") for namespace in NAMESPACES for target in ("orders", "bills")}
    wait_until("the alert fires for each service", lambda: firing() == services, timeout_seconds=60)
    assert {rule["health"] for rule in cluster.prometheus.rules()} <= {"ok", "unknown"}
