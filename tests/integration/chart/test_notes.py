"""What Helm prints after an installation: the notes, whose commands can be copied."""

import os
import re
import shutil

import pytest

from lab.fetch import fetch
from lab.helm import PARTS, template
from lab.process import LabError, run
from tests.integration.chart.rendering import CHART

NOWHERE = "http://127.0.0.1:1"
"""Where no API server listens: a command that gets this far is one that kubectl understands."""
EVERYTHING = {
    "image": {"repository": "r.io/e"},
    "sidecar": {"passwordSecret": "jmx"},
    "injector": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
    **{name: {"enabled": True} for name in ("broker", "fleet", "podMonitor", "runbooks")},
}
API = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"


@pytest.fixture
def notes(tmp_path, generation):
    """Return what renders the notes, within an object, because helm template leaves them out."""
    chart = tmp_path / CHART.name
    shutil.copytree(CHART, chart)
    (chart / "templates" / "NOTES.txt").rename(chart / "notes.txt")
    for file in (chart / "templates").glob("*.yaml"):
        file.unlink()
    (chart / "templates" / "notes.yaml").write_text('notes: {{ tpl (.Files.Get "notes.txt") . | toJson }}\n')

    def render(values):
        ((content),) = template(chart, values, generation=generation, namespace="monitoring", api_versions=[API])
        return content["notes"]

    return render


def commands(text):
    return re.findall(r"^  ((?:kubectl|helm) .*)$", text, re.MULTILINE)


def run_command(command, generation, home):
    folder = fetch(PARTS[generation])
    path = f"{folder}:{os.environ['PATH']}"
    command = command.replace("kubectl ", f"kubectl --server={NOWHERE} ").replace(" CHART", f" {CHART}")
    return run(["env", f"PATH={path}", f"HOME={home}", "KUBECONFIG=/dev/null", "bash", "-c", command], what=command)


@pytest.mark.parametrize(
    "values",
    [
        EVERYTHING,
        {"dashboards": {"enabled": True, "namespace": "grafana", "grafanaOperator": {"enabled": True}}},
        {"serviceMonitor": {"enabled": True}},
        {"dashboards": {"enabled": True, "label": "example.com/board", "labelValue": "yes"}},
    ],
)
def test_kubectl_understands_each_command_of_the_notes(notes, generation, values, tmp_path):
    found = commands(notes(values))

    assert found
    for command in found:
        with pytest.raises(LabError, match="refused"):
            run_command(command, generation, tmp_path)


def test_a_misspelt_command_would_be_noticed(generation, tmp_path):
    with pytest.raises(LabError) as caught:
        run_command("kubectl get pods --all-namespace", generation, tmp_path)

    assert "unknown flag" in str(caught.value)
    assert "refused" not in str(caught.value)


def test_without_any_part_the_notes_say_that_nothing_is_installed(notes, generation, tmp_path):
    text = notes({})

    assert "All parts are off" in text
    (command,) = commands(text)
    assert "prometheusRule:" in run_command(command, generation, tmp_path)


def test_the_notes_name_the_parts_and_the_label_that_is_missing_most_often(notes):
    text = notes(EVERYTHING)

    assert "Parts that are on: broker, dashboards, fleet, injector, podMonitor, prometheusRule, runbooks.\n" in text
    assert "prometheusRule.additionalLabels" in text
    assert "podMonitor.labels" in text
    assert "has a container port named\njmx. " in text
    assert "http://release-kafka-producer-exporter-runbooks.monitoring.svc:9797/runbooks" in text
    assert "KafkaProducerWatchdog fires" in text
    assert "runbookBase is empty" in text
    assert "create secret generic jmx " in text


def test_the_notes_do_not_miss_what_is_there(notes):
    values = {"runbookBase": "https://r", "dashboardBase": "https://g"}
    rule = {"enabled": True, "alerts": {"KafkaProducerWatchdog": False}}

    text = notes({**values, "prometheusRule": rule})

    assert "is empty" not in text
    assert "Watchdog" not in text
    assert "DASHBOARDS" not in text
