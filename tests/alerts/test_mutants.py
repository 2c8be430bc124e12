import pytest

from alerts.mutants import mutants_of
from alerts.pack_rules import rules_of


def mutants(expr, **content):
    (rule,) = rules_of({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": expr, **content}]}]})
    return {mutant.text: mutant.content for mutant in mutants_of(rule)}


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("a and b", {"right arm of and removed: b": "a", "left arm of and removed: a": "b"}),
        ("a or b", {"right arm of or removed: b": "a", "left arm of or removed: a": "b"}),
        ("a unless b", {"right arm of unless removed: b": "a"}),
        ("a + 2", {"2 × 100": "a + 200", "2 ÷ 100": "a + 0.02"}),
        ("a > 0", {"> → < before 0": "a < 0"}),
        ("a >= b", {">= → > before b": "a > b"}),
        ("a == b", {"== → != before b": "a != b"}),
        ("min_over_time(a[5m])", {"min_over_time → max_over_time of a[5m]": "max_over_time(a[5m])"}),
        ("max (a)", {"max → min": "min (a)"}),
        ("rate(a[5m])", {"rate → increase of a[5m]": "increase(a[5m])"}),
        ("rate(a[5m]) > 0", {"> → < before 0": "rate(a[5m]) < 0"}),
        (
            "sum by (b, c) (a)",
            {"b dropped from sum by (b, c)": "sum by (c) (a)", "c dropped from sum by (b, c)": "sum by (b) (a)"},
        ),
        ("sum without (b) (a)", {"b dropped from sum without (b)": "sum without () (a)"}),
        (
            "a * on (b) group_left (c) d",
            {
                "b dropped from on (b)": "a * on () group_left (c) d",
                "c dropped from group_left (c)": "a * on (b) group_left () d",
            },
        ),
        ('a{b="c"}', {'b="c" dropped from a': "a"}),
        (
            'a{target!="", b="c"} / on (d) d{target!=""}',
            {
                'b="c" dropped from a': 'a{target!=""} / on (d) d{target!=""}',
                "d dropped from on (d)": 'a{target!="", b="c"} / on () d{target!=""}',
                'target!="" dropped everywhere': 'a{b="c"} / on (d) d',
            },
        ),
        ('delta(a{b="c"}[5m])', {'b="c" dropped from a': "delta(a[5m])"}),
    ],
)
def test_an_operator_makes_its_mutants(expr, expected):
    assert {text: content["expr"] for text, content in mutants(expr).items()} == expected


def test_for_and_keep_firing_for_are_dropped():
    found = mutants("a", **{"for": "5m", "keep_firing_for": "10m"})

    assert found["for dropped"] == {"alert": "A", "expr": "a", "keep_firing_for": "10m"}
    assert found["keep_firing_for dropped"] == {"alert": "A", "expr": "a", "for": "5m"}


def test_mutants_of_the_same_kind_are_numbered():
    assert mutants("a + 2 + 2").keys() == {"2 × 100", "2 ÷ 100", "2 × 100 (2)", "2 ÷ 100 (2)"}
