from dataclasses import replace

from alerts.mutants import mutants_of
from alerts.mutation import (
    Equivalent,
    Result,
    chosen_rules,
    needed_rules,
    noticed_by,
    problems,
    report,
    rule_file,
    score,
)
from alerts.pack_rules import rules_of

RULES = rules_of(
    {
        "groups": [
            {
                "name": "g",
                "rules": [
                    {"record": "a:b:c", "expr": "b"},
                    {"record": "a:b:d", "expr": "a:b:c"},
                    {"record": "a:b:unused", "expr": "b"},
                    {"alert": "A", "expr": "a:b:d > 1"},
                    {"alert": "A", "expr": "b > 2"},
                    {"alert": "B", "expr": "a:b:c > 3"},
                ],
            }
        ]
    }
)
BY_TITLE = {rule.title: rule for rule in RULES}
MUTANTS = tuple(mutants_of(BY_TITLE["A"]))


def result(*, killed, survived=0, equivalent=0):
    times = [*[MUTANTS[0]] * (killed + survived + equivalent)]
    return Result(
        BY_TITLE["A"],
        killed=tuple(times[:killed]),
        survived=tuple(times[:survived]),
        equivalent=tuple(times[:equivalent]),
    )


def test_rules_of_one_name_are_told_apart_by_number():
    assert list(BY_TITLE) == ["a:b:c", "a:b:d", "a:b:unused", "A", "A (2)", "B"]


def test_a_recording_is_tested_by_the_alerts_that_need_it():
    assert noticed_by(BY_TITLE["a:b:c"], RULES) == ["A", "B"]
    assert noticed_by(BY_TITLE["a:b:d"], RULES) == ["A"]
    assert noticed_by(BY_TITLE["A (2)"], RULES) == ["A"]


def test_a_recording_that_no_alert_needs_has_a_test_file_of_its_own():
    assert noticed_by(BY_TITLE["a:b:unused"], RULES) == ["recordings"]


def test_a_test_runs_with_the_rules_that_it_needs():
    assert [rule.title for rule in needed_rules("A", RULES)] == ["a:b:c", "a:b:d", "A", "A (2)"]
    assert [rule.title for rule in needed_rules("B", RULES)] == ["a:b:c", "B"]
    assert [rule.title for rule in needed_rules("recordings", RULES)] == ["a:b:c", "a:b:d", "a:b:unused"]


def test_a_rule_file_has_the_changed_rule_in_its_place():
    changed = rule_file(needed_rules("B", RULES), {"B": {"alert": "B", "expr": "a:b:c > 300"}})

    assert changed == {
        "groups": [{"name": "g", "rules": [{"record": "a:b:c", "expr": "b"}, {"alert": "B", "expr": "a:b:c > 300"}]}]
    }


def test_an_alert_is_chosen_with_the_recordings_that_only_it_needs():
    assert [rule.title for rule in chosen_rules(RULES, ["A"])] == ["a:b:d", "A", "A (2)"]
    assert chosen_rules(RULES, []) == RULES


def test_thresholds_are_not_changed_because_they_only_repeat_a_parameter():
    rules = rules_of(
        {"groups": [{"name": "g", "rules": [{"record": "kafka_producer_threshold:retry_ratio", "expr": "vector(1)"}]}]}
    )

    assert chosen_rules(rules, []) == []


def test_less_than_95_percent_noticed_is_a_problem():
    assert problems([result(killed=95, survived=5)], []) == []
    (problem,) = problems([result(killed=94, survived=6)], [])
    assert problem.startswith("94.0% of the mutants are noticed")


def test_more_than_5_percent_equivalent_is_a_problem():
    assert problems([result(killed=95, equivalent=5)], []) == []
    (problem,) = problems([result(killed=94, equivalent=6)], [])
    assert problem.startswith("6.0% of the mutants are listed as equivalent")


def test_equivalent_mutants_do_not_count():
    assert score([result(killed=95, equivalent=5)]) == 1


def test_an_equivalent_mutant_that_does_not_survive_is_a_problem():
    stale = Equivalent("A", "no such change", "It means the same.")

    assert problems([result(killed=100)], [stale]) == [
        "equivalent_mutants.yaml: A: no such mutant survives: no such change"
    ]
    assert problems([result(killed=100)], [replace(stale, rule="not tried")]) == []


def test_the_report_names_survivors_and_equivalent_mutants():
    text = MUTANTS[0].text
    page = report([result(killed=8, survived=1, equivalent=1)], [Equivalent("A", text, "It means the same.")])

    assert "**88.9%** of 9 mutants were noticed. 1 more (10.0%)" in page
    assert "| `A` | 10 | 8 | 1 | 1 |" in page
    assert f"- A: `{text}`" in page
    assert f"| A | `{text}` | It means the same. |" in page
