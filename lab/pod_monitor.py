"""What the Prometheus Operator makes of a PodMonitor: scrape configurations of Prometheus.

It follows ``generatePodMonitorConfig`` (pkg/prometheus/promcfg.go) of the Operator 0.93.1, without logins, and without
what the Prometheus object adds: shards, enforced limits and scrape classes.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

PORT = "kafka-metrics"
"""Name of the port of every container with the exporter."""
META = "__meta_kubernetes_"
LIMITS = ("sampleLimit", "targetLimit", "labelLimit", "labelNameLengthLimit", "labelValueLengthLimit")
_OPERATORS = {
    "In": ("keep", "({});true"),
    "NotIn": ("drop", "({});true"),
    "Exists": ("keep", "true"),
    "DoesNotExist": ("drop", "true"),
}

Rule = dict[str, object]


def for_exporters(name: str, namespace: str, *, job_label: bool) -> dict[str, Any]:
    """Return a PodMonitor that treats the pods it finds as those of the Helm chart do."""
    spec = {"selector": {}, "podMetricsEndpoints": [{"port": PORT}]}
    label = {"jobLabel": "app.kubernetes.io/name"} if job_label else {}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {**spec, **label}}


def scrape_configs(monitor: Mapping[str, Any], discovery: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return a scrape configuration for each endpoint; *discovery* takes the place of ``kubernetes_sd_configs``."""
    spec = monitor["spec"]
    name = f"{monitor['metadata']['namespace']}/{monitor['metadata']['name']}"
    return [
        {
            "job_name": f"podMonitor/{name}/{index}",
            **discovery,
            **_times(endpoint),
            "relabel_configs": [*_rules(spec, endpoint, name), *map(_rule, endpoint.get("relabelings", ()))],
            "metric_relabel_configs": [_rule(each) for each in endpoint.get("metricRelabelings", ())],
            **{_snake(limit): spec[limit] for limit in LIMITS if limit in spec},
        }
        for index, endpoint in enumerate(spec["podMetricsEndpoints"])
    ]


def _times(endpoint: Mapping[str, Any]) -> dict[str, object]:
    keys = {"path": "metrics_path", "interval": "scrape_interval", "scrapeTimeout": "scrape_timeout"}
    return {key: endpoint[name] for name, key in keys.items() if name in endpoint}


def _rules(spec: Mapping[str, Any], endpoint: Mapping[str, Any], name: str) -> Iterator[Rule]:
    yield {"source_labels": ["job"], "target_label": "__tmp_prometheus_job_name"}
    yield {"action": "drop", "source_labels": [f"{META}pod_phase"], "regex": "(Failed|Succeeded)"}
    yield from _selection(spec["selector"])
    yield {"action": "keep", "source_labels": [f"{META}pod_container_port_name"], "regex": endpoint["port"]}
    for source, target in (("namespace", "namespace"), ("pod_container_name", "container"), ("pod_name", "pod")):
        yield {"source_labels": [f"{META}{source}"], "target_label": target}
    for label in spec.get("podTargetLabels", ()):
        yield _copied(label, _sanitized(label))
    yield {"target_label": "job", "replacement": name}
    if label := spec.get("jobLabel"):
        yield _copied(label, "job")
    yield {"target_label": "endpoint", "replacement": endpoint["port"]}


def _selection(selector: Mapping[str, Any]) -> Iterator[Rule]:
    for label, value in sorted(selector.get("matchLabels", {}).items()):
        yield {"action": "keep", "source_labels": _label_and_presence(label), "regex": f"({value});true"}
    for expression in selector.get("matchExpressions", ()):
        action, regex = _OPERATORS[expression["operator"]]
        sources = _label_and_presence(expression["key"])
        values = "|".join(expression.get("values", ()))
        sources = sources if "{}" in regex else sources[1:]
        yield {"action": action, "source_labels": sources, "regex": regex.format(values)}


def _label_and_presence(label: str) -> list[str]:
    return [f"{META}pod_label_{_sanitized(label)}", f"{META}pod_labelpresent_{_sanitized(label)}"]


def _copied(label: str, target: str) -> Rule:
    source = f"{META}pod_label_{_sanitized(label)}"
    return {"source_labels": [source], "target_label": target, "regex": "(.+)", "replacement": "${1}"}


def _rule(relabeling: Mapping[str, object]) -> Rule:
    return {_snake(key): value for key, value in relabeling.items()}


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _sanitized(label: str) -> str:
    return re.sub("[^a-zA-Z0-9_]", "_", label)
