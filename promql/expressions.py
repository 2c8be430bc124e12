"""PromQL expressions as frozen values, which can be read, rewritten and written as text again.

promql-parser parses. Its own nodes cannot be compared or copied with a change, so they become the classes below.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta

import promql_parser

SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})

Step = tuple[str, int | None]
"""One step from a node to a child: the field, and the position if the field holds several nodes."""
Path = tuple[Step, ...]


class ExpressionError(Exception):
    """An expression does not parse, or uses what the pack does without, such as ``@``."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression."""


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string, as an argument of a function."""

    value: str


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on a label: ``name op "value"``."""

    name: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector(Node):
    """Series by the name of their metric and by matchers; the name is empty if only matchers select."""

    name: str
    matchers: tuple[Matcher, ...]
    offset_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Range(Node):
    """A selector with a range: ``up[5m]``."""

    selector: Selector
    seconds: float


@dataclass(frozen=True, slots=True)
class Subquery(Node):
    """An expression evaluated over a range: ``(…)[1h:1m]``."""

    expression: Node
    seconds: float
    step_seconds: float | None
    offset_seconds: float


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function and its arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """An aggregation. ``keyword`` is ``by``, ``without``, or empty for one result without labels."""

    op: str
    expression: Node
    parameter: Node | None
    keyword: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An operation on two expressions.

    ``matching`` is ``on``, ``ignoring`` or empty; ``group`` is ``group_left``, ``group_right`` or empty.
    """

    op: str
    left: Node
    right: Node
    matching: str = ""
    labels: tuple[str, ...] = ()
    group: str = ""
    included: tuple[str, ...] = ()
    returns_bool: bool = False


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """``-expression``."""

    expression: Node


@dataclass(frozen=True, slots=True)
class Parentheses(Node):
    """``(expression)``."""

    expression: Node


def parse(text: str) -> Node:
    """Return the tree of an expression; raise ExpressionError if it does not parse."""
    try:
        tree = promql_parser.parse(text)
    except ValueError as error:
        raise ExpressionError(str(error)) from None
    return _node(tree)


def render(node: Node) -> str:  # noqa: PLR0911 - one line for each kind of node
    """Return the text of a tree. Parentheses are part of the tree, so it parses to the same tree."""
    match node:
        case Number(value):
            return _number(value)
        case String(value):
            return _quoted(value)
        case Selector():
            return _selector(node) + _offset(node.offset_seconds)
        case Range(selector, seconds):
            return f"{_selector(selector)}[{duration(seconds)}]{_offset(selector.offset_seconds)}"
        case Subquery(expression, seconds, step, offset):
            every = duration(step) if step is not None else ""
            return f"{render(expression)}[{duration(seconds)}:{every}]{_offset(offset)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(render, arguments))})"
        case Aggregate(op, expression, parameter, keyword, labels):
            grouping = f" {keyword} ({', '.join(labels)})" if keyword else ""
            first = f"{render(parameter)}, " if parameter is not None else ""
            return f"{op}{grouping} ({first}{render(expression)})"
        case Binary():
            return f"{render(node.left)} {_operator(node)} {render(node.right)}"
        case Negative(expression):
            return f"-{render(expression)}"
        case Parentheses(expression):
            return f"({render(expression)})"
    raise TypeError(f"no text for {node!r}")


def duration(seconds: float) -> str:
    """Return a duration as Prometheus writes it: ``1h30m``."""
    rest = round(seconds * 1000)
    text = ""
    for unit, milliseconds in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, milliseconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def seconds_of(text: str) -> float:
    """Return the seconds of a duration such as ``1h30m``; raise ExpressionError if it is none."""
    if text in {"0", "0s"}:  # which promql-parser refuses
        return 0
    try:
        return promql_parser.parse_duration(text).total_seconds()
    except ValueError as error:
        raise ExpressionError(f"{text}: {error}") from None


def children(node: Node) -> Iterator[tuple[Step, Node]]:
    """Yield the parts that a node consists of, each with the step that leads to it."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield (field.name, None), value
        elif isinstance(value, tuple):
            for position, item in enumerate(value):
                if isinstance(item, Node):
                    yield (field.name, position), item


def walk(node: Node, above: tuple[Node, ...] = (), path: Path = ()) -> Iterator[tuple[Node, tuple[Node, ...], Path]]:
    """Yield each node of a tree with the nodes above it, the nearest first, and its path from the root."""
    yield node, above, path
    for step, child in children(node):
        yield from walk(child, (node, *above), (*path, step))


def selectors(node: Node) -> Iterator[Selector]:
    """Yield the selectors of a tree, including those with a range."""
    return (part for part, _, _ in walk(node) if isinstance(part, Selector))


def without_parentheses(node: Node) -> Node:
    """Return the expression inside any parentheses."""
    while isinstance(node, Parentheses):
        node = node.expression
    return node


def at(tree: Node, path: Path) -> Node:
    """Return the node at a path."""
    for name, position in path:
        value = getattr(tree, name)
        tree = value if position is None else value[position]
    return tree


def replaced(tree: Node, path: Path, node: Node) -> Node:
    """Return the tree with another node at the path."""
    if not path:
        return node
    (name, position), rest = path[0], path[1:]
    value = getattr(tree, name)
    if position is None:
        return _changed(tree, name, replaced(value, rest, node))
    inner = replaced(value[position], rest, node)
    return _changed(tree, name, (*value[:position], inner, *value[position + 1 :]))


def _changed(node: Node, name: str, value: object) -> Node:
    return replace(node, **{name: value})


def _node(tree: object) -> Node:  # noqa: PLR0911 - one line for each kind of node
    match tree:
        case promql_parser.NumberLiteral():
            return Number(tree.val)
        case promql_parser.StringLiteral():
            return String(tree.val)
        case promql_parser.VectorSelector():
            return _selector_node(tree)
        case promql_parser.MatrixSelector():
            return Range(_selector_node(tree.vector_selector), tree.range.total_seconds())
        case promql_parser.SubqueryExpr():
            return _subquery_node(tree)
        case promql_parser.Call():
            return Call(tree.func.name, tuple(map(_node, tree.args)))
        case promql_parser.AggregateExpr():
            return _aggregate_node(tree)
        case promql_parser.BinaryExpr():
            return _binary_node(tree)
        case promql_parser.UnaryExpr():
            return Negative(_node(tree.expr))
        case promql_parser.ParenExpr():
            return Parentheses(_node(tree.expr))
    raise ExpressionError(f"the pack's tools do not know {type(tree).__name__}")


# promql-parser's enumerations can be compared, but are no keys.
_MATCH_OPERATORS = (
    (promql_parser.MatchOp.Equal, "="),
    (promql_parser.MatchOp.NotEqual, "!="),
    (promql_parser.MatchOp.Re, "=~"),
    (promql_parser.MatchOp.NotRe, "!~"),
)
_GROUPS = (
    (promql_parser.VectorMatchCardinality.ManyToOne, "group_left"),
    (promql_parser.VectorMatchCardinality.OneToMany, "group_right"),
)


def _selector_node(tree: promql_parser.VectorSelector) -> Selector:
    if tree.at is not None or tree.matchers.or_matchers:
        raise ExpressionError(f"{tree}: the pack uses neither @ nor `or` between matchers")
    matchers = tuple(
        Matcher(m.name, next(text for op, text in _MATCH_OPERATORS if op == m.op), m.value)
        for m in tree.matchers.matchers
    )
    return Selector(tree.name or "", matchers, _seconds(tree.offset))


def _subquery_node(tree: promql_parser.SubqueryExpr) -> Subquery:
    if tree.at is not None:
        raise ExpressionError(f"{tree}: the pack does not use @")
    step = None if tree.step is None else tree.step.total_seconds()
    return Subquery(_node(tree.expr), _seconds(tree.range), step, _seconds(tree.offset))


def _aggregate_node(tree: promql_parser.AggregateExpr) -> Aggregate:
    keyword, labels = "", tuple[str, ...]()
    if tree.modifier is not None:
        keyword = "by" if tree.modifier.type == promql_parser.AggModifierType.By else "without"
        labels = tuple(tree.modifier.labels)
    parameter = None if tree.param is None else _node(tree.param)
    return Aggregate(str(tree.op), _node(tree.expr), parameter, keyword, labels)


def _binary_node(tree: promql_parser.BinaryExpr) -> Binary:
    left, right, modifier = _node(tree.lhs), _node(tree.rhs), tree.modifier
    if modifier is None:
        return Binary(str(tree.op), left, right)
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        raise ExpressionError(f"{tree}: Prometheus 2 has no fill modifiers")
    matching, labels = "", tuple[str, ...]()
    if modifier.matching is not None:
        matching = "on" if modifier.matching.type == promql_parser.LabelModifierType.Include else "ignoring"
        labels = tuple(modifier.matching.labels)
    group = next((text for cardinality, text in _GROUPS if cardinality == modifier.card), "")
    included = tuple(modifier.group_labels or ())
    return Binary(str(tree.op), left, right, matching, labels, group, included, modifier.return_bool)


def _seconds(value: timedelta | None) -> float:
    return 0 if value is None else value.total_seconds()


def _selector(node: Selector) -> str:
    matchers = ", ".join(f"{m.name}{m.op}{_quoted(m.value)}" for m in node.matchers)
    return f"{node.name}{{{matchers}}}" if matchers or not node.name else node.name


def _offset(seconds: float) -> str:
    if not seconds:
        return ""
    return f" offset {'-' if seconds < 0 else ''}{duration(abs(seconds))}"


def _operator(node: Binary) -> str:
    text = f"{node.op} bool" if node.returns_bool else node.op
    if node.matching:
        text += f" {node.matching} ({', '.join(node.labels)})"
    if node.group:
        text += f" {node.group} ({', '.join(node.included)})"
    return text


def _number(value: float) -> str:
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
