"""The chart's own pods, the collector, the fleet and the runbooks, and what finds them."""

import json
import re

import kubernetes_validate
import pytest
import yaml

from kafka_producer_exporter.__main__ import parsed
from kafka_producer_exporter.config.load import load
from kafka_producer_exporter.config.schema import BROKER, SASL
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.server.bounds import DEFAULT_BOUNDS
from kafka_producer_exporter.server.routes import metrics_handler
from kafka_producer_exporter.settings import TlsMode
from kafka_producer_exporter.targets.probed import IDLE_SECONDS
from lab.helm import template
from lab.pod_monitor import PORT, for_exporters
from lab.process import LabError
from tests.integration.chart.rendering import CHART
from tests.integration.chart.workloads import COLLECTOR, FLEET, FOLDER, IMAGE, RUNBOOKS, merged, rendered
from tests.paths import DOCS
from tests.server.asking import Program, ask

KUBERNETES = [f"1.{minor}" for minor in range(25, 38)]
COMPONENT = "kafka-producer-exporter.io/component"
PROMETHEUS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
EVERYTHING = {
    **COLLECTOR,
    **FLEET,
    **RUNBOOKS,
    "podMonitor": {"enabled": True, "labels": {"release": "kps"}, "sampleLimit": 100_000, "interval": "30s"},
    "networkPolicy": {"enabled": True, "from": PROMETHEUS},
    "pods": {
        "labels": {"team": "kafka"},
        "annotations": {"a/b": "c"},
        "imagePullSecrets": ["registry"],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "kafka", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "high",
    },
}

SERVICE_MONITOR = {"serviceMonitor": {"enabled": True, "labels": {"release": "kps"}, "sampleLimit": 5}}
SHARDS = {"broker": {"shards": 3}}
LOGIN = {
    "broker": {
        "config": {"sasl": {"mechanism": "SCRAM-SHA-512", "username": "exporter"}},
        "saslSecret": {"name": "user", "key": "p"},
        "tls": {"enabled": True, "caSecret": "kafka-cluster-ca-cert", "certSecret": "cert"},
    }
}
RENDERED = {
    "everything": [EVERYTHING],
    "shards": [EVERYTHING, SHARDS],
    "a login": [COLLECTOR, LOGIN],
    "runbooks alone": [RUNBOOKS],
    "a ServiceMonitor": [COLLECTOR, SERVICE_MONITOR],
    "nothing": [{}],
}
"""Each is rendered by both generations of Helm, and validated."""

pytestmark = pytest.mark.usefixtures("lab")


def pod_of(objects, kind, part):
    return objects[kind, f"-{part}"]["spec"]["template"]


def container_of(pod):
    (container,) = pod["spec"]["containers"]
    return container


def settings_of(objects, kind, part, folder, *, pod_name="exporter-0"):
    """Return the settings that the part's container loads, with its volumes in a folder, by the real loader."""
    pod = pod_of(objects, kind, part)
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    for mount in container_of(pod)["volumeMounts"]:
        place = folder / mount["mountPath"].removeprefix("/")
        place.mkdir(parents=True)
        volume = volumes[mount["name"]]
        if "configMap" in volume:
            assert volume["configMap"]["name"] == objects["ConfigMap", f"-{part}"]["metadata"]["name"]
            text = objects["ConfigMap", f"-{part}"]["data"]["exporter.yml"]
            (place / "exporter.yml").write_text(text.replace(FOLDER, f"{folder}{FOLDER}"))
        for item in volume.get("secret", {}).get("items", ()):
            (place / item["path"]).write_text("secret")
            (place / item["path"]).chmod(volume["secret"]["defaultMode"])
    (file,) = [arg.removeprefix("--config=") for arg in container_of(pod)["args"] if arg.startswith("--config=")]
    return load(file=folder / file.removeprefix("/"), environment={"HOSTNAME": pod_name}, overrides={})


# The collector.


def test_the_collector_loads_its_configuration(tmp_path):
    objects = rendered(COLLECTOR)

    broker = settings_of(objects, "Deployment", "broker", tmp_path).broker
    assert [str(server) for server in broker.bootstrap_servers] == ["kafka-1:9092", "[fd00::1]:9092"]
    assert (broker.tls, broker.sasl, broker.total_shards) == (None, None, 1)


def test_every_key_of_the_collector_arrives(tmp_path):
    config = {
        "cluster_id": "abc",
        "labels": {"kafka_cluster": "1"},
        "topics": [r"pay\..*"],
        "dlq_topics": [".*-dlq"],
        "lookback_records": 1_000_000,
        "poll_seconds": 60,
        "request_timeout_seconds": 9,
    }
    groups = ["kafka_streams", {"pattern": r"a-(\d+)", "group": r"a-\1"}]

    objects = rendered(COLLECTOR, {"broker": {"config": config, "idGroups": groups}})
    settings = settings_of(objects, "Deployment", "broker", tmp_path)

    broker = settings.broker
    assert (broker.cluster_id, broker.labels, broker.lookback_records) == ("abc", {"kafka_cluster": "1"}, 1_000_000)
    assert [pattern.pattern for pattern in (*broker.topics, *broker.dlq_topics)] == [r"pay\..*", ".*-dlq"]
    assert (broker.poll_seconds, broker.request_timeout_seconds) == (60, 9)
    assert settings.id_groups[-1].group == r"a-\1"


LOGINS = {
    "a password": ({"mechanism": "SCRAM-SHA-512", "username": "exporter"}, {}, {"password_file": "secret"}),
    "a token": ({"mechanism": "OAUTHBEARER"}, {}, {"token_file": "secret"}),
    "a client secret": (
        {"mechanism": "OAUTHBEARER", "token_url": "https://id.example/token", "client_id": "e", "scope": "kafka"},
        {"tokenCaKey": "id-ca.crt"},
        {"client_secret_file": "secret", "token_ca_file": "ca.crt"},
    ),
}


@pytest.mark.parametrize(("sasl", "secret", "files"), LOGINS.values(), ids=LOGINS)
def test_the_collector_logs_in_with_files_from_existing_secrets(tmp_path, sasl, secret, files):
    values = {
        "config": {"sasl": sasl},
        "saslSecret": {"name": "user", "key": "p", **secret},
        "tls": {"enabled": True, "caSecret": "kafka-cluster-ca-cert", "certSecret": "cert"},
    }

    objects = rendered(COLLECTOR, {"broker": values})
    broker = settings_of(objects, "Deployment", "broker", tmp_path).broker

    assert {name: getattr(broker.sasl, name).name for name in files} == files
    assert (broker.sasl.mechanism, broker.sasl.username) == (sasl["mechanism"], sasl.get("username"))
    tls = broker.tls
    assert (tls.ca_file.name, tls.cert_file.name, tls.key_file.name) == ("ca.crt", "tls.crt", "tls.key")
    volumes = pod_of(objects, "Deployment", "broker")["spec"]["volumes"]
    named = {volume["secret"]["secretName"]: volume["secret"]["items"] for volume in volumes if "secret" in volume}
    assert named["user"][-1] == {"key": "p", "path": "secret"}
    assert set(named) == {"user", "kafka-cluster-ca-cert", "cert"}


def test_tls_without_a_secret_trusts_the_cas_of_the_image(tmp_path):
    objects = rendered(COLLECTOR, {"broker": {"tls": {"enabled": True}}})

    tls = settings_of(objects, "Deployment", "broker", tmp_path).broker.tls
    assert (tls.ca_file, tls.cert_file) == (None, None)


def test_shards_are_a_stateful_set_whose_pods_take_their_number_from_their_names(tmp_path):
    objects = rendered(COLLECTOR, SHARDS)

    stateful_set = objects["StatefulSet", "-broker"]
    assert ("Deployment", "-broker") not in objects
    assert stateful_set["spec"]["replicas"] == 3
    service = objects["Service", "-broker"]
    assert (stateful_set["spec"]["serviceName"], service["spec"]["clusterIP"]) == (service["metadata"]["name"], "None")
    for number in range(3):
        folder = tmp_path / str(number)
        name = f"{stateful_set['metadata']['name']}-{number}"
        broker = settings_of(objects, "StatefulSet", "broker", folder, pod_name=name).broker
        assert (broker.shard, broker.total_shards) == (number, 3)


def test_a_collector_can_be_divided_into_shards_later():
    # Kubernetes refuses to remove the address of a Service.
    assert rendered(COLLECTOR)["Service", "-broker"] == rendered(COLLECTOR, SHARDS)["Service", "-broker"]


def test_a_new_configuration_restarts_the_pods(lab):
    hashes = [
        pod_of(objects, "Deployment", "broker")["metadata"]["annotations"]
        for objects in (
            rendered(COLLECTOR),
            rendered(COLLECTOR, {"podMonitor": {"enabled": True}}),
            rendered(COLLECTOR, {"broker": {"config": {"poll_seconds": 5}}}),
        )
    ]

    assert hashes[0] == hashes[1] != hashes[2]


# The fleet.


def test_the_fleet_reads_pods_of_its_networks_over_tls_with_a_password(tmp_path):
    given = {
        "networks": ["10.244.0.0/16", "fd00::/8"],
        "jmxPorts": {"jmx": 9999, "jmx-2": 9998},
        "tls": {"mode": "rmi", "certSecret": "cert"},
        "labels": {"kafka_cluster": "eu"},
        "idGroups": ["flink"],
    }

    objects = rendered(FLEET, {"fleet": given})
    settings = settings_of(objects, "Deployment", "fleet", tmp_path)

    assert [str(allowed.network) for allowed in settings.probe] == ["10.244.0.0/16", "fd00::/8"]
    for allowed in settings.probe:
        assert (allowed.ports, allowed.labels) == ((9998, 9999), {"kafka_cluster": "eu"})
        assert (allowed.jmx.username, allowed.jmx.password_file.name) == ("monitor", "password")
        tls = allowed.jmx.tls
        assert (tls.mode, tls.server_name, tls.ca_file.name) == (TlsMode.RMI, "pods.example", "ca.crt")
        assert (tls.cert_file.name, tls.key_file.name) == ("tls.crt", "tls.key")
    assert settings.id_groups
    assert not settings.targets
    assert settings.broker is None


# All pods.


def all_pods(objects):
    return [each["spec"]["template"] for (kind, _), each in objects.items() if kind in {"Deployment", "StatefulSet"}]


@pytest.mark.parametrize("name", RENDERED)
def test_every_object_is_valid_in_the_oldest_and_in_the_newest_version_of_kubernetes_or_in_each(name):
    for (kind, _), content in rendered(*RENDERED[name]).items():
        for version in KUBERNETES if name == "shards" else (KUBERNETES[0], KUBERNETES[-1]):
            if not kind.endswith("Monitor"):
                kubernetes_validate.validate(content, version, strict=True)


@pytest.mark.parametrize("values", RENDERED.values(), ids=RENDERED)
def test_both_generations_of_helm_render_the_same(values):
    assert rendered(*values, generation=3) == rendered(*values, generation=4)


def test_every_pod_meets_the_restricted_profile_and_has_no_token(lab):
    pods = [*all_pods(rendered(EVERYTHING)), *all_pods(rendered(RUNBOOKS))]

    assert len(pods) == 3
    for pod in pods:
        spec, own = pod["spec"], container_of(pod)["securityContext"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            **dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), 65532),
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert (own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"]) == (True, False)
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert "hostPath" not in json.dumps(pod)


def test_users_that_the_cluster_assigns_are_named_nowhere(lab):
    for pod in all_pods(rendered(EVERYTHING, {"pods": {"user": "assigned"}})):
        assert pod["spec"]["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_what_all_pods_have_in_common_is_set_once(lab):
    for pod in all_pods(rendered(EVERYTHING)):
        assert pod["metadata"]["labels"]["team"] == "kafka"
        assert pod["metadata"]["annotations"]["a/b"] == "c"
        assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
        assert pod["spec"]["priorityClassName"] == "high"


def test_a_label_of_a_user_does_not_replace_one_that_a_selector_needs(lab):
    taken = {"app.kubernetes.io/name": "x", COMPONENT: "x"}
    objects = rendered(EVERYTHING, {"pods": {"labels": taken}, "commonLabels": taken})

    for (kind, _), each in objects.items():
        if kind == "Deployment":
            wanted = each["spec"]["selector"]["matchLabels"]
            assert wanted.items() <= each["spec"]["template"]["metadata"]["labels"].items()


def test_the_probes_ask_for_pages_that_the_program_serves(lab):
    handler = metrics_handler(Program())
    for pod in [*all_pods(rendered(EVERYTHING)), *all_pods(rendered(RUNBOOKS))]:
        container = container_of(pod)
        (port,) = container["ports"]
        assert f"--listen=:{port['containerPort']}" in container["args"]
        for probe in ("livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["port"] == port["containerPort"]
            assert ask(handler, container[probe]["httpGet"]["path"]).status == 200


def test_a_wrong_configuration_fails_readiness_and_not_liveness(lab):
    container = container_of(pod_of(rendered(COLLECTOR), "Deployment", "broker"))
    broken = metrics_handler(Program(broken=ConfigError("exporter.yml", [Problem("a", "b")])))

    assert "--tolerant" in container["args"]
    assert ask(broken, container["livenessProbe"]["httpGet"]["path"]).status == 200
    assert ask(broken, container["readinessProbe"]["httpGet"]["path"]).status == 503


def test_the_arguments_are_those_of_the_command_line(lab):
    given = ["--profile=minimal", "--log-format=json", "--limit-transactional-ids=2000"]
    extra = {"broker": {"extraArgs": given}, "fleet": {"extraArgs": given}}

    for pod in all_pods(rendered(EVERYTHING, extra)):
        _, arguments = parsed("serve", container_of(pod)["args"])
        assert arguments.tolerant


def test_the_collector_requests_what_the_benchmark_says(lab):
    row = re.search(r"^\| collector of one cluster .*$", (DOCS / "benchmark.md").read_text(), re.MULTILINE)[0]
    cpu, memory, limit = [cell.strip() for cell in row.split("|")[2:5]]

    assert container_of(pod_of(rendered(COLLECTOR), "Deployment", "broker"))["resources"] == {
        "requests": {"cpu": cpu, "memory": memory},
        "limits": {"memory": limit},
    }


@pytest.mark.parametrize("part", ["broker", "fleet", "runbooks"])
def test_a_guaranteed_pod_requests_its_limits(part):
    values = {part: {"guaranteed": True, "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}}
    base = RUNBOOKS if part == "runbooks" else EVERYTHING

    resources = container_of(pod_of(rendered(base, values), "Deployment", part))["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "500m", "memory": "1Gi"}


def test_long_names_stay_within_what_kubernetes_allows(lab):
    objects = template(
        CHART, merged(IMAGE, EVERYTHING, {"fullnameOverride": "a" * 63}), generation=4, namespace="monitoring"
    )

    for each in objects:
        limit = 52 if each["kind"] in {"Deployment", "StatefulSet"} else 63
        name = each["metadata"]["name"]
        assert len(name) <= (253 if each["kind"] == "PodMonitor" else limit), name


def test_no_secret_is_in_a_config_map_or_an_argument(lab):
    objects = rendered(EVERYTHING, LOGIN)

    keys = re.findall(r"(\w*(?:password|secret|token)\w*):", json.dumps([objects["ConfigMap", "-broker"]["data"]]))
    assert keys == ["password_file"]
    assert not [each for (kind, _), each in objects.items() if kind == "Secret"]
    for pod in all_pods(objects):
        assert "env" not in container_of(pod)


# Runbooks.


def test_the_runbooks_have_a_pod_of_their_own_only_if_no_other_pod_serves_them(lab):
    alone = rendered(RUNBOOKS)
    beside = rendered(RUNBOOKS, COLLECTOR)

    assert set(alone) == {("Service", "-runbooks"), ("Deployment", "-runbooks")}
    assert ("Deployment", "-runbooks") not in beside
    for objects, part in ((alone, "runbooks"), (beside, "broker")):
        service = objects["Service", "-runbooks"]["spec"]
        pod = pod_of(objects, "Deployment", part)
        assert service["selector"].items() <= pod["metadata"]["labels"].items()
        assert service["ports"][0]["targetPort"] == container_of(pod)["ports"][0]["containerPort"]


def test_the_address_of_the_runbooks_in_the_documentation_is_that_of_the_service(lab):
    text = (CHART / "values.yaml").read_text()
    service = rendered(RUNBOOKS)["Service", "-runbooks"]
    (port,) = service["spec"]["ports"]

    name = service["metadata"]["name"].removesuffix("-runbooks")
    documented = re.search(r"http://NAME-runbooks\.NAMESPACE\.svc:(\d+)(/runbooks) for", " ".join(text.split()))
    assert name == "release-kafka-producer-exporter"
    assert int(documented[1]) == port["port"]
    assert ask(metrics_handler(Program()), f"{documented[2]}/").status == 200


# What finds the pods, and who may reach them.


@pytest.mark.parametrize("values", [COLLECTOR, {"broker": {"shards": 2}}, FLEET, RUNBOOKS], ids=str)
def test_each_service_leads_to_pods_of_its_own(values):
    objects = rendered(EVERYTHING, values)
    pods = all_pods(objects)

    for (kind, name), service in objects.items():
        if kind == "Service":
            selector = service["spec"]["selector"].items()
            assert len([pod for pod in pods if selector <= pod["metadata"]["labels"].items()]) == 1, name


def matches(selector, labels):
    expressions = selector.get("matchExpressions", ())
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"] for each in expressions
    )


def test_the_network_policy_selects_the_charts_own_pods_and_none_of_an_application(lab):
    policy = rendered(EVERYTHING)["NetworkPolicy", ""]["spec"]
    own = [pod["metadata"]["labels"] for pod in all_pods(rendered(EVERYTHING))]
    named_alike = {"app.kubernetes.io/name": "kafka-producer-exporter", "app.kubernetes.io/instance": "release"}
    sidecar = {"kafka-producer-exporter.io/sidecar": "true", "kafka-producer-exporter.io/fleet": "true"}

    assert [matches(policy["podSelector"], labels) for labels in own] == [True, True]
    assert not matches(policy["podSelector"], named_alike | sidecar)
    assert policy["policyTypes"] == ["Ingress"]
    assert policy["ingress"] == [{"from": PROMETHEUS, "ports": [{"port": 9797, "protocol": "TCP"}]}]


def test_there_is_no_network_policy_and_no_monitor_by_default(lab):
    kinds = {kind for kind, _ in rendered(COLLECTOR, FLEET, RUNBOOKS)}

    assert kinds == {"ConfigMap", "Deployment", "Service"}


def test_the_pod_monitors_are_those_of_the_fault_runs_but_for_what_they_select(lab):
    for job_label in (True, False):
        values = {"podMonitor": {"enabled": True} | ({} if job_label else {"jobLabel": ""})}
        objects = rendered(COLLECTOR, values)
        for name in ("-sidecars", ""):
            spec = dict(objects["PodMonitor", name]["spec"])
            assert spec.pop("selector")
            spec.pop("namespaceSelector", None)
            wanted = dict(for_exporters("any", "any", job_label=job_label)["spec"])
            wanted.pop("selector")
            assert spec == wanted


def test_a_pod_monitor_takes_labels_and_limits(lab):
    given = {
        "labels": {"release": "kps"},
        "annotations": {"a": "b"},
        "namespaces": ["shop"],
        "podTargetLabels": ["team"],
        "interval": "30s",
        "scrapeTimeout": "20s",
        "sampleLimit": 1_000_000,
        "targetLimit": 1000,
        "labelLimit": 30,
        "labelNameLengthLimit": 64,
        "labelValueLengthLimit": 1024,
        "relabelings": [{"targetLabel": "region", "replacement": "eu"}],
        "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": "x"}],
    }
    objects = rendered(FLEET, {"podMonitor": {"enabled": True, **given}})

    for name in ("-sidecars", "", "-fleet"):
        monitor = objects["PodMonitor", name]
        assert monitor["metadata"]["labels"]["release"] == "kps"
        assert monitor["metadata"]["annotations"] == {"a": "b"}
        for limit in ("sampleLimit", "targetLimit", "labelLimit", "labelNameLengthLimit", "labelValueLengthLimit"):
            assert monitor["spec"][limit] == given[limit]
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("30s", "20s")
        assert endpoint["relabelings"][-1] == given["relabelings"][0]
        assert endpoint["metricRelabelings"][-1] == given["metricRelabelings"][0]
    assert objects["PodMonitor", "-sidecars"]["spec"]["namespaceSelector"] == {"matchNames": ["shop"]}


def test_the_shards_of_a_prometheus_divide_the_pods_of_a_fleet():
    """The Operator hashes ``__tmp_hash``, or without it ``__address__``, which is the Service for all of them."""
    monitor = rendered(FLEET, {"podMonitor": {"enabled": True}})["PodMonitor", "-fleet"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    rules = [(rule.get("sourceLabels"), rule["targetLabel"]) for rule in endpoint["relabelings"]]

    assert rules.index((["__address__"], "__tmp_hash")) < rules.index((None, "__address__"))


def test_a_service_monitor_finds_the_sidecars_of_its_namespace_and_the_collector(lab):
    objects = rendered(COLLECTOR, SERVICE_MONITOR)

    monitor = objects["ServiceMonitor", ""]
    services = [each for (kind, _), each in objects.items() if kind == "Service"]
    assert len(services) == 2
    for service in services:
        assert matches(monitor["spec"]["selector"], service["metadata"]["labels"])
        assert [port["name"] for port in service["spec"]["ports"]] == [PORT]
    assert objects["Service", "-sidecars"]["spec"]["selector"] == {"kafka-producer-exporter.io/sidecar": "true"}
    assert monitor["spec"]["endpoints"] == [{"port": PORT}]
    assert (monitor["metadata"]["labels"]["release"], monitor["spec"]["sampleLimit"]) == ("kps", 5)


# The page about them.


def yaml_blocks(page):
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]


def test_the_values_the_policy_and_the_figures_of_the_page_are_right(tmp_path):
    page = (DOCS / "kubernetes-fleet.md").read_text()
    fleet, policy, collector = yaml_blocks(page)

    objects = rendered(fleet)
    (allowed,) = settings_of(objects, "Deployment", "fleet", tmp_path / "fleet").probe
    pod = pod_of(objects, "Deployment", "fleet")["metadata"]["labels"]
    (from_fleet, _) = policy["spec"]["ingress"]
    assert matches(from_fleet["from"][0]["podSelector"], pod)
    assert [port["port"] for port in from_fleet["ports"]] == list(allowed.ports)
    assert policy["spec"]["podSelector"] == objects["PodMonitor", "-fleet"]["spec"]["selector"]
    for version in KUBERNETES:
        kubernetes_validate.validate(policy, version, strict=True)
    assert re.search(r"session\s+from the fleet after ten minutes", page)
    assert IDLE_SECONDS == 10 * 60
    assert "each Prometheus has eight" in page
    assert DEFAULT_BOUNDS.max_threads_per_client == 8
    objects = rendered(collector)
    assert settings_of(objects, "Deployment", "broker", tmp_path / "broker").broker.sasl.username == "exporter"
    assert ("Service", "-runbooks") in objects


# Values.


def of_path(path, value):
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


WRONG = [
    ("broker.enabled", "yes"),
    ("broker.shard", 2),
    ("broker.shards", 0),
    ("broker.config.bootstrap_servers", "kafka-1:9092"),
    ("broker.config.bootstrap_servers", ["kafka-1"]),
    ("broker.config.bootstrap_server", ["kafka-1:9092"]),
    ("broker.config.poll_seconds", "30"),
    ("broker.config.labels", {"a-b": "c"}),
    ("broker.config.tls", {}),
    ("broker.config.sasl", {"username": "u"}),
    ("broker.config.sasl.password", "x"),
    ("broker.config.sasl.password_file", "/x"),
    ("broker.config.sasl.password_env", "X"),
    ("broker.config.sasl.mechanism", "MAGIC"),
    ("broker.tls.caSecret", "Not_A_Name"),
    ("broker.tls.ca", "x"),
    ("broker.saslSecret", "user"),
    ("broker.saslSecret.key", "a/b"),
    ("broker.idGroups", ["streams"]),
    ("broker.resources", {"limits": {"memory": "1Gi", "cpus": 1}}),
    ("broker.guaranteed", 1),
    ("fleet.networks", ["everything"]),
    ("fleet.jmxPorts", {"jmx": "9999"}),
    ("fleet.jmxPorts", {"JMX": 9999}),
    ("fleet.tls.mode", "none"),
    ("fleet.password", "x"),
    ("fleet.passwordSecret", "A B"),
    ("fleet.namespaces", "shop"),
    ("fleet.selector.matchLabel", {"a": "b"}),
    ("runbooks.port", 80),
    ("pods.user", 0),
    ("pods.tolerations", [{"effect": "Never"}]),
    ("pods.imagePullSecrets", [{"name": "registry"}]),
    ("podMonitor.label", {"release": "x"}),
    ("podMonitor.sampleLimit", "10"),
    ("podMonitor.interval", "30"),
    ("podMonitor.relabelings", [{"source_labels": ["a"]}]),
    ("serviceMonitor.jobLabel", "x"),
    ("networkPolicy.from", [{"podselector": {}}]),
    ("networkPolicy.ingress", []),
]


AT_ONCE = 4
"""Of a longer message only the end is shown."""


def groups(cases):
    """Return the cases in few groups, each of which has one short message; no value of a group is within another."""
    found = []
    for path, value in cases:
        for group in found:
            nested = [other for other, _ in group if f"{path}.".startswith(f"{other}.") or other.startswith(f"{path}.")]
            if not nested and len(group) < AT_ONCE:
                group.append((path, value))
                break
        else:
            found.append([(path, value)])
    return found


def test_the_schema_refuses_wrong_values_each_with_its_key(generation):
    for group in groups(WRONG):
        with pytest.raises(LabError) as caught:
            rendered(EVERYTHING, *(of_path(path, value) for path, value in group), generation=generation)
        lines = str(caught.value).splitlines()
        for path, _ in group:
            assert [line for line in lines if all(re.search(rf"\b{part}\b", line) for part in path.split("."))], path


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("broker.config.bootstrap_servers", [], "broker.config.bootstrap_servers: missing"),
        ("broker.tls.caSecret", "ca", "broker.tls.enabled: false"),
        ("broker.config.sasl", {"mechanism": "PLAIN", "username": "u"}, "broker.saslSecret.name: missing"),
        ("broker.saslSecret.name", "user", "broker.saslSecret.name: no effect"),
        ("broker.guaranteed", True, "broker.resources.limits.cpu: missing"),
        ("fleet.networks", [], "fleet.networks: missing"),
        ("fleet.passwordSecret", "", "fleet.passwordSecret: missing"),
        ("fleet.tls.caSecret", "", "fleet.tls.caSecret: missing"),
        ("fleet.guaranteed", True, "fleet.resources.limits.cpu: missing"),
        ("networkPolicy.from", [], "networkPolicy.from: missing"),
        ("serviceMonitor.enabled", True, "serviceMonitor.enabled: podMonitor.enabled is set, too"),
        ("image.repository", "", "image.repository: missing"),
    ],
)
def test_a_template_refuses_what_the_schema_cannot_with_the_key(path, value, message):
    with pytest.raises(LabError) as caught:
        rendered(EVERYTHING, of_path(path, value))

    assert message in str(caught.value)


def test_a_fleet_is_refused_where_only_service_monitors_find_pods(lab):
    with pytest.raises(LabError, match=r"serviceMonitor\.enabled: the pods of a fleet have no Service"):
        rendered(FLEET, {"serviceMonitor": {"enabled": True}})


SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def sections(schema, path="values"):
    """Yield each schema of a mapping, with its place."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for key, below in schema.items():
            yield from sections(below, f"{path}.{key}")
    elif isinstance(schema, list):
        for below in schema:
            yield from sections(below, f"{path}[]")


def test_the_schema_knows_every_key_of_every_mapping():
    open_ones = [place for place, schema in sections(SCHEMA) if schema.get("additionalProperties") is not False]

    # Kubernetes' own labels, annotations and selectors, and what Helm puts there.
    assert open_ones == ["values.properties.global", "values.definitions.texts"]


def test_the_schema_has_exactly_the_keys_of_the_values():
    def compare(schema, values, path):
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = SCHEMA["definitions"].get(name, schema)
        if isinstance(values, dict) and values and "properties" in schema and name != "selector":
            optional = {"global"} | ({"cpu"} if path.endswith(("limits", "requests")) else set())
            assert set(values) <= set(schema["properties"]) <= set(values) | optional, path
            for key, below in values.items():
                compare(schema["properties"][key], below, f"{path}.{key}")

    compare(SCHEMA, yaml.safe_load((CHART / "values.yaml").read_text()), "values")


def test_the_collectors_section_has_the_keys_of_the_configuration_that_hold_no_file():
    config = SCHEMA["properties"]["broker"]["properties"]["config"]["properties"]

    assert set(config) == {key.name for key in BROKER.keys} - {"tls", "shard", "total_shards"}
    assert set(config["sasl"]["properties"]) == {
        key.name for key in SASL.keys if not key.name.endswith(("_file", "_env"))
    }
