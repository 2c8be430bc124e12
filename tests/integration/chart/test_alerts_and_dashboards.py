"""The chart's alerts and dashboards are those of the commands ``rules`` and ``dashboards``."""

import base64
import gzip
import json
import re
import shlex

import pytest
import yaml

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import dashboards, rules
from kafka_producer_exporter.pack.data import rules_and_parameters
from lab.fetch import fetch
from lab.helm import PARTS, objects, package, template
from lab.process import LabError, run
from tests.integration.chart.rendering import CHART
from tests.paths import ROOT

RUNBOOKS = "https://runbooks.example.com/kafka"
GRAFANA = "https://grafana.example.com/g"
LAST_APPLIED_BYTES = 256 * 1024
"""kubectl apply copies an object into an annotation, and Kubernetes refuses more bytes of annotations."""
OBJECT_BYTES = 1024 * 1024
"""Kubernetes refuses a larger ConfigMap, and a larger Secret, which Helm keeps a release in."""

PARAMETERS = {
    name: parameter
    for name, parameter in rules_and_parameters()["parameters"].items()
    if not parameter.get("fixed") and not name.endswith("_base")
}
# Values unlike any default, one form of each kind after the other.
CHANGED = {
    "window": ("1h30m", "1w", "2d12h", "90s", "1500ms", "1w2d3h4m5s6ms", "008m", "1m", "0h60m", "1s"),
    "threshold": (7, 0.25, 1500000, -1, 0, 12.5),
    "selector": ('namespace=~"shop|billing", target!=""', r'team="a\\.b \"c\" %{hold} <&>",x!~"y"', 'path="C:\\\\x"'),
    "labels": ("namespace,app", "k8s_cluster", "a , b"),
}


def changed_parameters():
    """Return a value for each parameter, unlike its default."""
    counts = dict.fromkeys(CHANGED, 0)
    given = {}
    for name, parameter in PARAMETERS.items():
        values = CHANGED[parameter["kind"]]
        given[name] = values[counts[parameter["kind"]] % len(values)]
        counts[parameter["kind"]] += 1
    given["cluster"] = "k8s_cluster"  # the dashboards take one label
    return given


def defaults():
    return {alert["alert"]: alert["default"] for alert in rules.alerts()}


def rendered_rule(values, generation):
    (rule,) = template(
        CHART,
        {**values, "prometheusRule": {"enabled": True, **values.get("prometheusRule", {})}},
        generation=generation,
    )
    assert (rule["apiVersion"], rule["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    return rule


def printed_rule(capsys, *arguments):
    """Return what the command ``rules`` prints."""
    assert main(["rules", "--format", "prometheusrule", *arguments]) == 0
    return yaml.safe_load(capsys.readouterr().out)


def settings(given):
    return [word for name, value in given.items() for word in ("--set", f"{name}={value}")]


# Alerts.


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_alerts_of_the_chart_are_those_of_the_command(generation, language, capsys):
    rule = rendered_rule({"prometheusRule": {"language": language}}, generation)

    assert rule["spec"] == printed_rule(capsys, "--lang", language)["spec"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_parameter_and_every_switch_is_a_value_of_the_chart(generation, language, capsys):
    given = changed_parameters()
    switches = {name: not is_on for name, is_on in defaults().items()}
    words = [word for name, is_on in switches.items() for word in ("--enable" if is_on else "--disable", name)]
    bases = {"runbook_base": f"{RUNBOOKS}//", "dashboard_base": f"{GRAFANA}/"}
    values = {
        "runbookBase": f"{RUNBOOKS}//",
        "dashboardBase": f"{GRAFANA}/",
        "prometheusRule": {"language": language, "parameters": given, "alerts": switches},
    }

    rule = rendered_rule(values, generation)

    assert rule["spec"] == printed_rule(capsys, "--lang", language, *settings(given | bases), *words)["spec"]


def test_a_threshold_may_be_text_because_helm_set_makes_text_of_a_fraction(generation, capsys):
    rule = rendered_rule({"prometheusRule": {"parameters": {"error_budget": "0.01"}}}, generation)

    assert rule["spec"] == printed_rule(capsys, "--set", "error_budget=0.01")["spec"]


def test_a_value_without_content_is_the_default(generation, capsys):
    rule = rendered_rule({"prometheusRule": {"parameters": {"hold": None}, "additionalLabels": None}}, generation)

    assert rule["spec"] == printed_rule(capsys)["spec"]


def test_no_alert_needs_no_group_without_rules(generation, capsys):
    off = dict.fromkeys(defaults(), False)

    rule = rendered_rule({"prometheusRule": {"alerts": off}}, generation)

    assert rule["spec"] == printed_rule(capsys, "--disable", "all")["spec"]


def test_the_rule_has_the_labels_that_an_operator_asks_for(generation):
    labels = {"release": "kps", "app.kubernetes.io/name": "mine"}

    rule = rendered_rule({"commonLabels": {"team": "a"}, "prometheusRule": {"additionalLabels": labels}}, generation)

    assert labels.items() <= rule["metadata"]["labels"].items()
    assert rule["metadata"]["labels"]["team"] == "a"
    assert rule["metadata"]["labels"]["app.kubernetes.io/instance"] == "release"


# Helm reports all problems at once.
WRONG = [
    {
        "alerts": {"KafkaProducerWatchdg": True, "KafkaProducerWatchdog": "on"},
        "parameters": {
            "hald": "5m",
            "window_5m": "10m",
            "runbook_base": RUNBOOKS,
            "hold": 5,
            "hold_short": "5 m",
            "hold_long": "0m",
            "hold_hour": "",
        },
    },
    {
        "parameters": {
            "error_window": "5m1h",
            "error_budget": "a lot",
            "retry_ratio": "1; drop",
            "burn_rate_1h": "",
            "service": "namespace app",
            "instance": "",
            "producers": 'namespace="shop',
            "exporter": "up} or vector(1) #",
        },
    },
    {"additionalLabels": {"release": 1}, "language": "de", "additionalLables": {}},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_value_of_the_alerts_is_refused_with_its_key(generation, wrong):
    with pytest.raises(LabError) as caught:
        rendered_rule({"prometheusRule": wrong}, generation)

    require_keys(str(caught.value), {"prometheusRule": wrong})


def require_keys(message, wrong):
    """Fail unless Helm's message has a line with each wrong key, and with the path to it."""
    lines = message.replace("/", ".").splitlines()
    for path in paths(wrong):
        above, _, key = path.rpartition(".")
        assert any(above in line and re.search(rf"\b{key}\b", line) for line in lines), f"{path}: not in {message}"


def paths(content, above=""):
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from paths(value, f"{above}{key}.")
        else:
            yield above + key


@pytest.mark.parametrize("address", ["grafana.example.com", "https://a b", 'https://a"b', "ftp://a", "https://{{ x }}"])
def test_a_base_that_is_no_address_is_refused_with_its_key(generation, address):
    wrong = {"runbookBase": address, "dashboardBase": address}

    with pytest.raises(LabError) as caught:
        rendered_rule(wrong, generation)

    require_keys(str(caught.value), wrong)


# Dashboards.


def rendered_dashboards(values, generation, **arguments):
    values = {**values, "dashboards": {"enabled": True, **values.get("dashboards", {})}}
    return template(CHART, values, generation=generation, **arguments)


def boards_of(config_maps):
    """Return the dashboards of ConfigMaps, by the name of their file."""
    found = {}
    for config_map in config_maps:
        assert config_map["kind"] == "ConfigMap"
        ((name, text),) = config_map["data"].items()
        found[name.removeprefix("kafka-producer-")] = json.loads(text)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dashboards_of_the_chart_are_those_of_the_command(generation, language):
    config_maps = rendered_dashboards({"dashboards": {"language": language}}, generation, namespace="monitoring")

    assert boards_of(config_maps) == dashboards.render(language=language)
    assert len({config_map["metadata"]["name"] for config_map in config_maps}) == len(config_maps)
    for each in config_maps:
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert each["metadata"]["annotations"] == {"grafana_folder": "Kafka producers"}
        assert each["metadata"]["namespace"] == "monitoring"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dashboards_follow_the_parameters_of_the_alerts_and_stay_small_enough_for_kubectl_apply(
    generation, language
):
    given = changed_parameters()
    values = {
        "runbookBase": f"{RUNBOOKS}/",
        "prometheusRule": {"parameters": given},
        "dashboards": {"language": language},
    }
    # The dashboards' own command refuses a parameter that they do not use.
    used = {name.partition(".")[0] for text in dashboard_templates(language) for name in re.findall("%{([^}]+)}", text)}

    config_maps = rendered_dashboards(values, generation)

    assert all(len(json.dumps(each, ensure_ascii=False).encode()) < LAST_APPLIED_BYTES for each in config_maps)
    wanted = {name: value for name, value in given.items() if name in used}
    assert boards_of(config_maps) == dashboards.render(wanted | {"runbook_base": RUNBOOKS}, language=language)


def dashboard_templates(language):
    return [file.read_text() for file in (CHART / "files" / "dashboards" / language).iterdir()]


def test_label_folder_and_namespace_of_the_dashboards_are_values(generation):
    values = {
        "label": "example.com/board",
        "labelValue": "yes",
        "folderAnnotation": "example.com/folder",
        "folder": "팀: Kafka",
        "namespace": "grafana",
        "annotations": {"a": "b"},
    }

    for each in rendered_dashboards({"dashboards": values}, generation):
        assert each["metadata"]["labels"]["example.com/board"] == "yes"
        assert "grafana_dashboard" not in each["metadata"]["labels"]
        assert each["metadata"]["annotations"] == {"a": "b", "example.com/folder": "팀: Kafka"}
        assert each["metadata"]["namespace"] == "grafana"


def test_without_a_folder_the_dashboards_have_no_annotation(generation):
    for each in rendered_dashboards({"dashboards": {"folder": ""}}, generation):
        assert "annotations" not in each["metadata"]


def test_the_grafana_operator_gets_a_resource_for_each_dashboard(generation):
    selector = {"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}
    operator = {"enabled": True, "instanceSelector": selector, "allowCrossNamespaceImport": True, "resyncPeriod": "1h"}
    values = {"folder": "Kafka", "grafanaOperator": operator}

    objects = rendered_dashboards({"dashboards": values}, generation)

    config_maps = {each["metadata"]["name"]: each for each in objects if each["kind"] == "ConfigMap"}
    resources = [each for each in objects if each["kind"] == "GrafanaDashboard"]
    assert len(config_maps) == len(resources) == len(dashboards.render())
    for resource in resources:
        spec = resource["spec"]
        assert resource["apiVersion"] == "grafana.integreatly.org/v1beta1"
        assert spec["configMapRef"]["key"] in config_maps[spec["configMapRef"]["name"]]["data"]
        assert (spec["folder"], spec["allowCrossNamespaceImport"], spec["resyncPeriod"]) == ("Kafka", True, "1h")
        assert resource["metadata"]["namespace"] == config_maps[spec["configMapRef"]["name"]]["metadata"]["namespace"]
        # Helm merges maps: the default label stays, unless it is set to null.
        assert spec["instanceSelector"]["matchLabels"] == {"dashboards": "grafana", "team": "a"}


def test_a_cluster_of_several_labels_is_refused_by_the_dashboards(generation):
    with pytest.raises(LabError, match=r"prometheusRule\.parameters\.cluster: the dashboards need one label"):
        rendered_dashboards({"prometheusRule": {"parameters": {"cluster": "a, b"}}}, generation)


def test_alerts_that_would_link_to_dashboards_of_another_language_are_refused(generation):
    values = {"dashboardBase": GRAFANA, "prometheusRule": {"enabled": True, "language": "ko"}}

    with pytest.raises(LabError, match=r"prometheusRule\.language: ko, but dashboards\.language is en"):
        rendered_dashboards(values, generation)


@pytest.mark.parametrize(
    "wrong",
    [
        {
            "language": "de",
            "label": "a b",
            "labelValue": 1,
            "folderAnnotation": "",
            "namespace": "A",
            "annotations": {"a": 1},
            "grafanaOperator": {"resyncPeriod": "soon", "instanceSelecter": {}},
            "folders": "",
        },
        {"labelValue": "a b"},
    ],
)
def test_each_wrong_value_of_the_dashboards_is_refused_with_its_key(generation, wrong):
    with pytest.raises(LabError) as caught:
        rendered_dashboards({"dashboards": wrong}, generation)

    require_keys(str(caught.value), {"dashboards": wrong})


# The packaged chart.


def test_the_packaged_chart_is_complete_and_its_release_fits_into_a_secret(generation, tmp_path):
    values = {"runbookBase": RUNBOOKS, "prometheusRule": {"enabled": True}, "dashboards": {"enabled": True}}
    archive = package(CHART, tmp_path, generation=generation)

    objects = template(archive, values, generation=generation)

    assert objects == template(CHART, values, generation=generation)
    assert {each["kind"] for each in objects} == {"ConfigMap", "PrometheusRule"}
    # As Helm's Storage does it: a release has the chart's files and the manifest, as JSON, gzip and Base64.
    files = [file for file in CHART.rglob("*") if file.is_file()]
    release = {
        "manifest": yaml.safe_dump_all(objects, allow_unicode=True),
        "chart": [base64.b64encode(file.read_bytes()).decode() for file in files],
    }
    assert len(base64.b64encode(gzip.compress(json.dumps(release).encode()))) < OBJECT_BYTES / 2


def test_the_command_of_the_charts_readme_works(generation):
    _, _, text = (CHART / "README.md").read_text().partition("<!-- run: alerts and dashboards -->\n```sh\n")
    words = shlex.split(text.partition("```")[0].replace("\\\n", " "))
    assert words[:5] == ["helm", "upgrade", "--install", "kafka-producers", "helm/kafka-producer-exporter"]
    helm = fetch(PARTS[generation]) / "helm"

    output = run([helm, "template", *words[3:]], what="the command of the README", cwd=ROOT)

    kinds = [each["kind"] for each in objects(output)]
    assert kinds.count("PrometheusRule") == 1
    assert kinds.count("ConfigMap") == len(dashboards.render())
