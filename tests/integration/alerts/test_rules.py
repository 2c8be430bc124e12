"""Both generations of Prometheus accept the rules, and the unit tests of the alerts hold on both."""

import subprocess
import sys

import pytest

from alerts.unit_tests import GENERATIONS, check_rules, names, run_tests
from kafka_producer_exporter.pack import rules
from lab.process import wait_until
from lab.prometheus import Prometheus


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    "options",
    [{}, {"enable": ("all",)}, {"enable": ("all",), "scale": 20}, {"language": "ko"}, {"disable": ("all",)}],
    ids=str,
)
def test_promtool_finds_nothing_wrong(prometheus_programs, generation, options):
    assert check_rules(rules.render(**options), generation) == ""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_unit_tests_of_every_alert_hold(prometheus_programs, generation):
    assert run_tests(rules.render(enable=("all",)), names(), generation) == ""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_rule_that_is_broken_and_a_test_that_fails_are_found(prometheus_programs, generation):
    content = rules.render(enable=("all",))
    watchdog = next(r for g in content["groups"] for r in g["rules"] if r.get("alert") == "KafkaProducerWatchdog")

    watchdog["expr"] = "vector(1) > 2"
    assert "KafkaProducerWatchdog" in run_tests(content, ["KafkaProducerWatchdog"], generation)
    watchdog["expr"] = "vector("
    assert "parse error" in check_rules(content, generation)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_prometheus_loads_what_the_installed_command_writes_and_evaluates_every_rule(
    prometheus_programs, generation, tmp_path
):
    written = tmp_path / "rules.yaml"
    command = [sys.executable, "-m", "kafka_producer_exporter", "rules", "--enable", "all", "--set", "hold=7m"]
    written.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)

    with Prometheus([], generation=generation, rule_files=[written]) as prometheus:
        wait_until("every rule is evaluated", lambda: {r["health"] for r in loaded(prometheus)} == {"ok"})
        names = {rule["name"] for rule in loaded(prometheus) if rule["type"] == "alerting"}

    assert names == {alert["alert"] for alert in rules.alerts()}


def loaded(prometheus):
    return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
