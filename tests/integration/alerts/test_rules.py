"""Both generations of Prometheus accept the rules, and the unit tests of the alerts hold on both."""

import pytest

from alerts.unit_tests import GENERATIONS, check_rules, names, run_tests
from kafka_producer_exporter.pack import rules


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
