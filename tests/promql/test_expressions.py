import pytest

from alerts.pack_rules import rules_of, whole_pack
from promql.expressions import ExpressionError, Number, at, duration, parse, render, replaced, seconds_of, walk

EXPRESSIONS = [
    'a{b="c", d!="e", f=~"g|h", i!~"j.*"}',
    'a{b="\\\\ \\" \\n"}',
    "rate(a[5m] offset 1h30m)",
    "a offset -5m",
    "max_over_time((a > 1)[1h:1m] offset 5m)",
    "max_over_time(a[1h:])",
    "sum by (b, c) (a)",
    "sum without (b) (a)",
    "sum (a)",
    "quantile by (b) (0.9, a)",
    "a / on (b, c) group_left (d) e",
    "a * on () group_right () e",
    "a > bool 1",
    "a and ignoring (b) c or d unless e",
    "-a",
    "(a + 1.5) * 1000000 > -Inf",
    'label_replace(a, "b", "$1", "c", "(.*)")',
    "vector(1)",
    "1e-06",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_is_written_as_it_was_read(text):
    assert render(parse(text)) == text


def test_every_rule_of_the_pack_means_the_same_when_it_is_written_again():
    for rule in rules_of(whole_pack()):
        assert parse(render(rule.tree)) == rule.tree


@pytest.mark.parametrize("text", ["rate(", "a @ 10", "sum by (a b)"])
def test_what_the_tools_do_not_know_is_an_error(text):
    with pytest.raises(ExpressionError):
        parse(text)


def test_each_node_can_be_replaced():
    tree = parse("clamp_min(sum by (a) (b > 1), 2) / (c + 3)")

    numbers = [path for node, _, path in walk(tree) if isinstance(node, Number)]
    assert [render(at(tree, path)) for path in numbers] == ["1", "2", "3"]
    assert [render(replaced(tree, path, Number(9))) for path in numbers] == [
        "clamp_min(sum by (a) (b > 9), 2) / (c + 3)",
        "clamp_min(sum by (a) (b > 1), 9) / (c + 3)",
        "clamp_min(sum by (a) (b > 1), 2) / (c + 9)",
    ]


@pytest.mark.parametrize(("text", "seconds"), [("1d", 86400), ("1h30m", 5400), ("15s", 15), ("500ms", 0.5), ("0s", 0)])
def test_durations_are_read_and_written(text, seconds):
    assert seconds_of(text) == seconds
    assert duration(seconds) == text
