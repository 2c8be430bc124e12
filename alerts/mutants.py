"""The small changes of a rule that its unit tests have to notice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerts.pack_rules import Rule
from promql.expressions import (
    COMPARISONS,
    Aggregate,
    Binary,
    Call,
    Matcher,
    Node,
    Number,
    Range,
    Selector,
    render,
    replaced,
    selectors,
    walk,
    without_parentheses,
)

SELECTS_THE_SUBJECT = frozenset({("target", "!="), ("target", "=")})
"""The matchers ``target!=""`` (producers) and ``target=""`` (the broker view), which are dropped everywhere at once.

Dropped from one selector alone they often change nothing, because it is joined with another by all labels.
"""
SWAPPED_FUNCTIONS = {"min_over_time": "max_over_time", "max_over_time": "min_over_time"}
SWAPPED_AGGREGATIONS = {"min": "max", "max": "min"}
SWAPPED_RATES = {"rate": "increase", "increase": "rate"}
TURNED = {">": "<", "<": ">", ">=": ">", "<=": "<", "==": "!=", "!=": "=="}
ARMS = {"and": ("right", "left"), "or": ("right", "left"), "unless": ("right",)}
"""The arms that can be removed: what is left of ``unless`` when its left arm is removed is another rule."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one change, and the change in words, which name it within the rule."""

    text: str
    content: Mapping[str, Any]


def mutants_of(rule: Rule) -> Iterator[Mutant]:
    """Yield the rule with each small change."""
    original = render(rule.tree)
    expressions = {original}
    texts: dict[str, int] = {}
    for text, tree in _changes(rule.tree):
        expression = render(tree)
        if expression in expressions:
            continue
        expressions.add(expression)
        texts[text] = texts.get(text, 0) + 1
        numbered = text if texts[text] == 1 else f"{text} ({texts[text]})"
        yield Mutant(numbered, {**rule.content, "expr": expression})
    for key in ("for", "keep_firing_for"):
        if rule.is_alert and key in rule.content:
            yield Mutant(f"{key} dropped", {name: value for name, value in rule.content.items() if name != key})


def _changes(tree: Node) -> Iterator[tuple[str, Node]]:
    """Yield each change in words, and the tree with it."""
    for node, above, path in walk(tree):
        match node:
            case Binary():
                changes = _of_binary(node)
            case Aggregate():
                changes = _of_aggregate(node)
            case Call():
                changes = _of_call(node, above)
            case Number(value) if value != 0:
                changes = (
                    (f"{render(node)} {sign} 100", Number(new))
                    for sign, new in (("×", value * 100), ("÷", value / 100))
                )
            case Selector() if not (above and isinstance(above[0], Range)):
                changes = _of_selector(node)
            case Range(selector):
                changes = ((text, replace(node, selector=new)) for text, new in _of_selector(selector))
            case _:
                continue
        for text, new in changes:
            yield text, replaced(tree, path, new)
    for matcher in sorted({m for selector in selectors(tree) for m in selector.matchers if _is_subject(m)}, key=str):
        yield f'{matcher.name}{matcher.op}"" dropped everywhere', _without(tree, matcher)


def _is_subject(matcher: Matcher) -> bool:
    return (matcher.name, matcher.op) in SELECTS_THE_SUBJECT and not matcher.value


def _without(tree: Node, matcher: Matcher) -> Node:
    """Return the tree without a matcher, in whatever selector it is."""
    for node, _, path in list(walk(tree)):
        if isinstance(node, Selector):
            rest = tuple(m for m in node.matchers if m != matcher)
            tree = replaced(tree, path, replace(node, matchers=rest))
    return tree


def _of_binary(node: Binary) -> Iterator[tuple[str, Node]]:
    for arm in ARMS.get(node.op, ()):
        rest, removed = (node.left, node.right) if arm == "right" else (node.right, node.left)
        yield f"{arm} arm of {node.op} removed: {_short(removed)}", rest
    if node.op in COMPARISONS:
        yield f"{node.op} → {TURNED[node.op]} before {_short(node.right)}", replace(node, op=TURNED[node.op])
    for label, others in _each_dropped(node.labels):
        yield f"{label} dropped from {node.matching} ({', '.join(node.labels)})", replace(node, labels=others)
    for label, others in _each_dropped(node.included):
        yield f"{label} dropped from {node.group} ({', '.join(node.included)})", replace(node, included=others)


def _of_aggregate(node: Aggregate) -> Iterator[tuple[str, Node]]:
    if node.op in SWAPPED_AGGREGATIONS:
        yield f"{node.op} → {SWAPPED_AGGREGATIONS[node.op]}", replace(node, op=SWAPPED_AGGREGATIONS[node.op])
    for label, rest in _each_dropped(node.labels):
        yield f"{label} dropped from {node.op} {node.keyword} ({', '.join(node.labels)})", replace(node, labels=rest)


def _of_call(node: Call, above: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    if node.function in SWAPPED_FUNCTIONS:
        new = SWAPPED_FUNCTIONS[node.function]
        yield f"{node.function} → {new} of {_short(node.arguments[0])}", replace(node, function=new)
    if node.function in SWAPPED_RATES and not _compared_with_zero(node, above):
        new = SWAPPED_RATES[node.function]
        yield f"{node.function} → {new} of {_short(node.arguments[0])}", replace(node, function=new)


def _compared_with_zero(node: Node, above: Sequence[Node]) -> bool:
    """Return whether only the sign of a value matters: a rate is above zero when the increase is."""
    inner: Node = node
    for outer in above:
        if isinstance(outer, Binary):
            if outer.op not in COMPARISONS:
                return False
            other = without_parentheses(outer.right if outer.left is inner else outer.left)
            return isinstance(other, Number) and other.value == 0
        inner = outer
    return False


def _of_selector(node: Selector) -> Iterator[tuple[str, Selector]]:
    for position, matcher in enumerate(node.matchers):
        if _is_subject(matcher):
            continue
        rest = node.matchers[:position] + node.matchers[position + 1 :]
        yield f'{matcher.name}{matcher.op}"{matcher.value}" dropped from {node.name}', replace(node, matchers=rest)


def _each_dropped(labels: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for position, label in enumerate(labels):
        yield label, labels[:position] + labels[position + 1 :]


def _short(node: Node) -> str:
    text = render(node)
    return text if len(text) <= 80 else f"{text[:79]}…"
