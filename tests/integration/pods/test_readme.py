"""The commands of the README for boards and alerts, up to what they would apply."""

import subprocess
import sys

import pytest

from tests.integration.pods.commands import Commands, copy_checkout, write_programs
from tests.paths import ROOT


@pytest.fixture
def readme(lab, tmp_path):
    """The commands of the README, in a checkout and a virtual environment of the test's own."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    programs = write_programs(tmp_path / "venv" / "bin")
    return Commands(copy_checkout(tmp_path / "checkout"), ROOT / "README.md", programs=[programs])


def test_the_boards_are_one_config_map_with_the_label_of_grafanas_sidecar(readme):
    readme.run("boards")

    [boards] = readme.objects("ConfigMap")
    assert boards["metadata"]["labels"] == {"grafana_dashboard": "1"}
    files = {file.name: file.read_text() for file in (readme.checkout / "boards").iterdir()}
    assert boards["data"] == files
    assert len(files) == 5
    assert (
        sum(len(name) + len(text.encode()) for name, text in files.items()) < 1 << 20
    )  # all that a ConfigMap may have


def test_the_alerts_are_a_rule_with_the_label_of_the_operators_release(readme):
    readme.run("alerts")

    [rule] = readme.objects("PrometheusRule")
    assert rule["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    alerts = [each["alert"] for group in rule["spec"]["groups"] for each in group["rules"] if "alert" in each]
    assert "KafkaProducerRecordErrors" in alerts
