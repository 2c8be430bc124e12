"""Mutants of real rules, and the real promtool."""

from alerts.mutation import loadable, mutate, run_tests
from alerts.pack_rules import needed_rules, rule_file, rules_of, whole_pack
from lab.prometheus import promtool_binary

NAME = "KafkaProducerDeliveryStalled"
RULES = rules_of(whole_pack())


def changed(**content):
    (rule,) = (rule for rule in RULES if rule.title == NAME)
    return rule_file(needed_rules(NAME, RULES), {NAME: {**rule.content, **content}})


def test_a_test_passes_with_the_rule_and_fails_with_a_changed_one(prometheus_programs):
    rule_files = [changed(), changed(**{"for": "1m"}), changed()]

    assert run_tests(NAME, rule_files, promtool=promtool_binary()) == [True, False, True]


def test_a_mutant_that_prometheus_does_not_load_is_told_apart(prometheus_programs):
    assert loadable([changed(), changed(expr="rate(up)")], promtool=promtool_binary()) == [True, False]


def test_the_tests_of_an_alert_notice_its_mutants(prometheus_programs):
    chosen = [rule for rule in RULES if rule.name == NAME]

    (result,) = mutate(RULES, chosen, processes=2, equivalents=[])

    assert len(result.killed) > 10
    assert result.survived == ()
