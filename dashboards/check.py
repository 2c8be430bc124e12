"""What must hold for every board. A finding names the board and the panel.

The checks of expressions are those of the alert rules. The others cover the rules of Grafana's dashboard-linter,
without those in ``EXCEPTIONS``.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

from alerts import lint
from alerts.pack_rules import Rule, rules_of, whole_pack
from dashboards import confluent
from dashboards.classic import dashboard
from dashboards.model import WIDTH, AlertList, Board, Graph, Note, Panel, Query
from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.model import Kind, Profile
from kafka_producer_exporter.pack import dashboards
from kafka_producer_exporter.pack.data import rules_and_parameters
from kafka_producer_exporter.pack.parameters import values
from kafka_producer_exporter.pack.rules import alerts
from promql.expressions import (
    Aggregate,
    Binary,
    Call,
    ExpressionError,
    Negative,
    Node,
    Parentheses,
    parse,
    selectors,
)
from promql.series import Known, Unit, series_of, unit_of

EXCEPTIONS: Mapping[str, str] = {
    "template-job-rule": "A job can have any name. The variables are cluster, namespace and target.",
    "template-instance-rule": "People look for a pod or a client, not for an address.",
    "target-job-rule": "See template-job-rule.",
    "target-instance-rule": "See template-instance-rule.",
    "target-logql-rule": "No panel reads logs.",
    "target-logql-auto-rule": "No panel reads logs.",
}
"""Rules of dashboard-linter that the boards do not follow, and why."""

FIRST_SCREEN = 20
"""Lines of the grid that a browser of 1440×900 shows below Grafana's own bars."""
MOST_GRAPHS = 5
MOST_LINES = 10
POD_LABELS = frozenset({"pod", "container"})
PROMETHEUS_OWN = {
    "prometheus_rule_evaluation_failures_total": Kind.COUNTER,
    "prometheus_rule_group_last_duration_seconds": Kind.GAUGE,
}
FEW_VALUES = frozenset(
    {
        "reason",
        "error",
        "request",
        "kind",
        "source",
        "server",
        "window",
        "cause",
        "severity",
        "file",
        "protocol",
        "version",
        "kafka_cluster",
    }
)
"""Labels with so few values that a graph may draw a line for each."""
FORMATS: Mapping[Unit, frozenset[str]] = {
    Unit.RATIO: frozenset({"percentunit", "none", "short"}),
    Unit.SECONDS: frozenset({"s", "dtdurations"}),
    Unit.TIMESTAMP: frozenset({"s", "dateTimeFromNow", "dateTimeAsIso"}),
    Unit.BYTES: frozenset({"bytes", "Bps"}),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a board."""

    board: str
    panel: str
    message: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"board {self.board}, panel {self.panel!r}: {self.message}"


def findings(boards: Sequence[Board]) -> list[Finding]:
    """Return everything that is wrong with the boards."""
    found = [finding for board in boards for finding in findings_of(board, boards)]
    return [*found, *_of_all(boards)]


def filled(text: str) -> str:
    """Return an expression with values for Grafana's variables and our parameters, so that Prometheus can parse it."""
    text = dashboards.fill(text, values(rules_and_parameters()["parameters"], {}))
    for name in ("$__rate_interval", "$__range", "$__interval"):
        text = text.replace(name, "5m")
    return text


def findings_of(board: Board, boards: Sequence[Board]) -> Iterator[Finding]:
    """Yield what is wrong with one of the boards."""
    for panel in board.panels():
        yield from (Finding(board.key, panel.title.en, message) for message in _of_panel(panel, boards))
    for language in LANGUAGES:
        content = dashboard(board, language)
        yield from (Finding(board.key, "(board)", message) for message in _of_json(content))
    for variable in board.variables:
        for message in _of_variable(variable.query):
            yield Finding(board.key, f"variable {variable.name}", message)


def _of_panel(panel: Panel, boards: Sequence[Board]) -> Iterator[str]:
    for language in LANGUAGES:
        for name in ("title", "description"):
            if not getattr(panel, name).of(language).strip():
                yield f"no {name} in {language}"
    if not panel.queries and not isinstance(panel, Note | AlertList):
        yield "no query"
    for query in panel.queries:
        try:
            tree = parse(filled(query.expr))
        except ExpressionError as error:
            yield f"{query.expr}: {error}"
            continue
        yield from _of_query(panel, query, tree)
    keys = {board.key for board in boards}
    for link in getattr(panel, "links", ()):
        if link.board not in keys:
            yield f"a link to board {link.board}, which does not exist"
    for guide in panel.guide:
        if guide not in {entry.name for entry in GUIDE}:
            yield f"the guide does not name {guide}"
        elif guide not in panel.description.en or guide not in panel.description.ko:
            yield f"the description does not say that this is {guide} of the guide"


def _of_query(panel: Panel, query: Query, tree: Node) -> Iterator[str]:
    rule = Rule(title=panel.title.en, name="query", group="", is_alert=False, text=query.expr, tree=tree, content={})
    pack = lint.Pack([], known())
    for check in (lint.unknown_metric, lint.unknown_label, lint.raw_counter, lint.gauge_in_rate, lint.vector_matching):
        yield from (f"{where}: {message}" for where, message in check(rule, pack))
    for selector in selectors(tree):
        metric = METRICS.get(selector.name)
        if metric is not None and metric.attribute is not None and metric.profile is Profile.FULL:
            yield f"{selector.name}: only the profile full serves it, so the panel would be empty for most"
    if re.search(r"\[\s*\d", query.expr) and not panel.alerts:
        yield f"{query.expr}: a fixed range; use $__rate_interval or $__range"
    unit = unit_of(tree, known())
    shown = query.unit or panel.unit
    if unit in FORMATS and shown not in FORMATS[unit]:
        yield f"{query.expr}: its values are {unit.value}, and the unit is {shown}"
    labels = series_of(tree, known()).labels
    legend = query.legend if isinstance(query.legend, str) else query.legend.en
    for label in re.findall(r"\{\{\s*(\w+)\s*\}\}", legend):
        if labels is not None and label not in labels:
            yield f"the legend names {label}, and {lint.labels_said(labels)}"
    if isinstance(panel, Graph) and not query.is_limit and not _draws_few(tree):
        yield f"{query.expr}: may draw more than {MOST_LINES} lines; use topk({MOST_LINES}, …) or sum by few labels"


def _draws_few(tree: Node) -> bool:
    match tree:
        case Parentheses(inner) | Negative(inner):
            return _draws_few(inner)
        case Aggregate(op, _, _, keyword, labels):
            return op in {"topk", "bottomk"} or (keyword != "without" and {*labels} <= FEW_VALUES)
        case Call(function, arguments):
            return function in {"vector", "time", "scalar", "absent"} or any(map(_draws_few, arguments))
        case Binary(_, left, right):
            return _draws_few(left) or _draws_few(right)
    return False


def _of_variable(query: str) -> Iterator[str]:
    match = re.fullmatch(r"label_values\((.+), (\S+)\)", query, re.DOTALL)
    if match is None:
        yield f"{query}: write it as label_values(metric, label)"
        return
    try:
        tree = parse(filled(match[1]))
    except ExpressionError as error:
        yield f"{query}: {error}"
        return
    for selector in selectors(tree):
        for name in _names(selector):
            if name not in known():
                yield f"{name}: neither the catalogue nor the pack has this metric"


def _names(selector: Any) -> list[str]:
    if selector.name:
        return [selector.name]
    return [name for matcher in selector.matchers if matcher.name == "__name__" for name in matcher.value.split("|")]


def _of_json(content: Mapping[str, Any]) -> Iterator[str]:
    panels = [panel for outer in content["panels"] for panel in (outer, *outer.get("panels", ()))]
    for number, count in Counter(panel["id"] for panel in panels).items():
        if count > 1:
            yield f"{count} panels have the id {number}"
    visible = content["panels"]
    for one, other in combinations(visible, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']!r} and {other['title']!r} overlap"
    for panel in panels:
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > WIDTH:
            yield f"{panel['title']!r} is wider than the grid"
        for target in panel.get("targets", ()):
            if target["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
                yield f"{panel['title']!r} does not use the variable datasource"
    first = [panel for panel in visible if panel["gridPos"]["y"] < FIRST_SCREEN and panel["type"] == "timeseries"]
    if len(first) > MOST_GRAPHS:
        yield f"{len(first)} graphs on the first screen, at most {MOST_GRAPHS} may be"
    if content["editable"]:
        yield "it can be edited in the browser"
    for variable in content["templating"]["list"]:
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield f"variable {variable['name']} is not asked again when the time changes"


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def _of_all(boards: Sequence[Board]) -> Iterator[Finding]:
    shown = Counter(alert for board in boards for panel in board.panels() for alert in panel.alerts)
    names = {alert["alert"] for alert in alerts()}
    yield from (Finding("(all)", name, "no panel is for this alert") for name in sorted(names - shown.keys()))
    yield from (Finding("(all)", name, "there is no such alert") for name in sorted(shown.keys() - names))
    yield from (Finding("(all)", name, f"{n} panels are for this alert") for name, n in shown.items() if n > 1)
    copied = {title for board in boards for panel in board.panels() for title in panel.confluent}
    for title in {*confluent.ALL} ^ copied:
        message = (
            "no panel stands for this one of Confluent's" if title in confluent.ALL else "Confluent has no such panel"
        )
        yield Finding("(all)", title, message)
    guide = {name for board in boards for panel in board.panels() for name in panel.guide}
    for entry in GUIDE:
        if entry.name not in guide:
            yield Finding("(all)", entry.name, "no panel shows this name of the guide")


@cache
def known() -> Mapping[str, Known]:
    """Return what is known about every metric that a board may use."""
    table = dict(lint.with_recordings(rules_of(whole_pack())))
    own = {name: Known(kind, None, Unit.UNKNOWN) for name, kind in PROMETHEUS_OWN.items()}
    return own | {
        name: entry if entry.labels is None else replace(entry, labels=entry.labels | POD_LABELS)
        for name, entry in table.items()
    }
