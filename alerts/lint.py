"""Check the rules of the pack for what promtool does not see, over their parsed expressions.

``python -m alerts.lint [RULE_FILE]`` prints each finding: the rule, the check, where, what, and what to do.
Exceptions are in ``alerts/lint_exceptions.yaml``, each with its reason. One that matches no finding is a finding.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from alerts.pack_rules import Rule, rules_of, whole_pack
from kafka_producer_exporter.catalogue import exporter, process
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.diagnosis.table import CAUSES
from kafka_producer_exporter.model import Kind, Profile
from promql.expressions import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    ExpressionError,
    Node,
    Number,
    Parentheses,
    Range,
    Selector,
    Subquery,
    duration,
    render,
    seconds_of,
    selectors,
    walk,
    without_parentheses,
)
from promql.series import (
    CLUSTER_LABELS,
    INSTANCE_LABELS,
    SERVICE_LABELS,
    Known,
    Unit,
    known_metrics,
    series_of,
    unit_of,
    unit_of_recording,
)

SCRAPE_INTERVAL_SECONDS = 60.0
"""The longest scrape interval for which the pack is made: Prometheus' own default."""
MOST_PAGING_ALERTS = 5
SEVERITIES = frozenset({"critical", "warning", "info", "none"})
THEMES = frozenset(
    {
        *("errors", "latency", "backpressure", "efficiency", "connectivity", "transactions", "idempotence"),
        *("dead_letters", "brokers", "settings", "exporter"),
    }
)
REQUIRED_LABELS: Mapping[str, frozenset[str] | None] = {
    "severity": SEVERITIES,
    "component": frozenset({"kafka-producer"}),
    "theme": THEMES,
}
OPTIONAL_LABELS = frozenset({"window"})
"""The long window of a burn rate."""
REQUIRED_ANNOTATIONS = frozenset({"summary", "description"})
OPTIONAL_ANNOTATIONS = frozenset({"runbook_url", "dashboard_url"})

LEVELS: Mapping[str, frozenset[str]] = {
    "service": CLUSTER_LABELS | SERVICE_LABELS,
    "client": CLUSTER_LABELS | SERVICE_LABELS | {"client_id"},
    "topic": CLUSTER_LABELS | {"topic"},
    "transactional_id": CLUSTER_LABELS | {"transactional_id"},
    "cluster": CLUSTER_LABELS,
    "instance": INSTANCE_LABELS,
}
"""Level of a recording rule, the first part of its name, and the labels of its series.

A recording may have further labels of its metric, such as ``reason``.
"""
THRESHOLD = "kafka_producer_threshold:"

RATES = frozenset({"rate", "increase", "irate", "resets"})
TAKES_A_COUNTER = RATES | {
    *("changes", "absent", "absent_over_time", "count_over_time", "present_over_time", "timestamp"),
}
IDENTITIES = INSTANCE_LABELS | CLUSTER_LABELS | SERVICE_LABELS | {"client_id", "transactional_id", "topic", "partition"}
"""The labels of an info metric that say what it is about; its others are the information."""
NEVER_ZERO = frozenset({"kafka_producer_buffer_total_bytes", "kafka_transaction_timeout_seconds"})
"""Metrics that a ratio may divide by as they are."""

EXCEPTIONS_FILE = Path(__file__).with_name("lint_exceptions.yaml")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a rule."""

    rule: str
    check: str
    where: str
    message: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.rule}: {self.where}: {self.message} [{self.check}]"


@dataclass(frozen=True, slots=True)
class LintException:
    """A finding that is meant: the check, the title of the rule, and the reason."""

    check: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pack:
    """What a check needs: the rules, the names that they may use, and the scrape interval."""

    rules: Sequence[Rule]
    known: Mapping[str, Known]
    scrape_interval_seconds: float = SCRAPE_INTERVAL_SECONDS


Problems = Iterator[tuple[str, str]]
"""Where the problem is, and the problem with what to do about it."""


# --- names and labels


def unknown_metric(rule: Rule, pack: Pack) -> Problems:
    """Require that every metric is in the catalogue, recorded by the pack, or Prometheus' own."""
    for selector in selectors(rule.tree):
        if not selector.name:
            yield render(selector), "a selector without a metric name reads every series; name the metric"
        elif selector.name not in pack.known:
            yield selector.name, "neither the catalogue nor the pack has this metric; see docs/metrics.md"


def profile(rule: Rule, _pack: Pack) -> Problems:
    """Require that every metric from JMX is in the profile minimal; without it an alert would be silent there."""
    for selector in selectors(rule.tree):
        metric = METRICS.get(selector.name)
        if metric is not None and metric.attribute is not None and metric.profile is not Profile.MINIMAL:
            yield selector.name, f"only profile {metric.profile} serves it; use another, or make it minimal"


def unknown_label(rule: Rule, pack: Pack) -> Problems:
    """Require that every label in a selector, an aggregation or a matching exists on that metric."""
    for node, _, _ in walk(rule.tree):
        match node:
            case Selector(name, matchers) if name in pack.known:
                labels = pack.known[name].labels
                for matcher in matchers:
                    selects_none = matcher.name == "target" and matcher.op == "=" and not matcher.value
                    if labels is not None and matcher.name not in labels and not selects_none:
                        yield render(node), f"{name} has no label {matcher.name}; it has {_listed(labels)}"
            case Aggregate():
                yield from _unknown_in(node.keyword, node.labels, node.expression, pack)
            case Binary():
                for side in (node.left, node.right) if node.matching == "on" else ():
                    yield from _unknown_in("on", node.labels, side, pack)
                if node.matching == "ignoring":
                    both = Binary("or", node.left, node.right)
                    yield from _unknown_in("ignoring", node.labels, both, pack)
                if node.included:
                    one = node.right if node.group == "group_left" else node.left
                    yield from _unknown_in(node.group, node.included, one, pack)


def _unknown_in(keyword: str, labels: Iterable[str], node: Node, pack: Pack) -> Problems:
    there = series_of(node, pack.known)
    if there.labels is None or there.is_scalar:
        return
    for label in labels:
        if label not in there.labels:
            yield (
                f"{keyword} ({', '.join(labels)})",
                f"{render(node)} has no label {label}: {labels_said(there.labels)}",
            )


def template_label(rule: Rule, pack: Pack) -> Problems:
    """Require that every label in a template is a label of the alert's series."""
    certain = series_of(rule.tree, pack.known).certain
    if certain is None:
        return
    for where, text in (*rule.annotations.items(), *rule.labels.items()):
        for label in sorted(set(re.findall(r"(?:\$labels|\.Labels)\.(\w+)", text)) - certain):
            yield (
                where,
                f"$labels.{label} is empty, because {labels_said(certain)}; keep it in the expression, or leave it out",
            )


def job_alone(rule: Rule, _pack: Pack) -> Problems:
    """Reject what selects, sums or matches by job alone: a job is no service."""
    for node, _, _ in walk(rule.tree):
        match node:
            case Selector(_, matchers) if {m.name for m in matchers} == {"job"}:
                yield render(node), "selects by job alone, and a user may call the job as they like; select by target"
            case Aggregate(keyword="by", labels=("job",)) | Binary(matching="on", labels=("job",)):
                yield render(node), "job alone is no service; use the parameters service, cluster or instance"


def static_regexp(rule: Rule, _pack: Pack) -> Problems:
    """Reject regular expressions that match one string."""
    for selector in selectors(rule.tree):
        for matcher in selector.matchers:
            if matcher.op in {"=~", "!~"} and not re.search(r"[.+*?()\[\]{}|^$\\]", matcher.value):
                yield render(selector), f"{matcher.name} has a regular expression without a pattern; use = or !="


# --- counters and gauges


def raw_counter(rule: Rule, pack: Pack) -> Problems:
    """Require that counters are read through a function that knows about resets."""
    for node, above, _ in walk(rule.tree):
        if not isinstance(node, Selector) or _kind(node, pack) is not Kind.COUNTER:
            continue
        if not any(_takes_a_counter(outer) for outer in above) and not _only_presence_counts(node, above):
            yield render(node), "a counter stays where it is until a restart; use increase() or rate()"


def _takes_a_counter(node: Node) -> bool:
    if isinstance(node, Call):
        return node.function in TAKES_A_COUNTER
    return isinstance(node, Aggregate) and node.op in {"count", "group"}


def _only_presence_counts(node: Node, above: Sequence[Node]) -> bool:
    """Return whether only the presence of a counter matters, or whether it is known to be young.

    It is young if its series did not exist some time before, or if the start time of its process or client is compared.
    """
    inner = node
    for outer in above:
        if isinstance(outer, Binary) and outer.op in {"and", "unless"}:
            if outer.right is inner:
                return True
            if outer.op == "and" and any(s.name.endswith("_start_time_seconds") for s in selectors(outer.right)):
                return True
            past = [s for s in selectors(outer.right) if isinstance(node, Selector) and s.name == node.name]
            if outer.op == "unless" and any(s.offset_seconds for s in past):
                return True
        inner = outer
    return False


def gauge_in_rate(rule: Rule, pack: Pack) -> Problems:
    """Require that rate() and its like read counters, and nothing else."""
    for node, _, _ in walk(rule.tree):
        if not isinstance(node, Call) or node.function not in RATES:
            continue
        inner = node.arguments[0]
        if isinstance(inner, Subquery) and not isinstance(inner.expression, Selector):
            yield render(node), f"{node.function}() of an expression misses resets; take the {node.function} first"
        for selector in selectors(inner):
            if _kind(selector, pack) not in {None, Kind.COUNTER}:
                yield render(node), f"{selector.name} is no counter; use delta(), or min_over_time() and the like"


def short_range(rule: Rule, pack: Pack) -> Problems:
    """Require two scrapes in the range of a rate."""
    least = 2 * pack.scrape_interval_seconds
    for node, above, _ in walk(rule.tree):
        in_rate = bool(above) and isinstance(above[0], Call) and above[0].function in {*RATES, "delta", "deriv"}
        if isinstance(node, Range) and in_rate and node.seconds < least:
            yield render(node), f"holds less than two scrapes; use at least {duration(least)}"


def scrape_gap(rule: Rule, pack: Pack) -> Problems:
    """Require that alerts which wait read gauges over a range, so that a failed scrape does not end them."""
    if _seconds(rule, "for") == 0:
        return
    for node, above, _ in walk(rule.tree):
        if not isinstance(node, Selector) or _kind(node, pack) is Kind.COUNTER or node.name not in pack.known:
            continue
        if not pack.known[node.name].is_recorded and not _outlives_a_gap(node, above):
            yield (
                render(node),
                "one failed scrape starts `for` again; use min_over_time(), max_over_time() or last_over_time()",
            )


def _outlives_a_gap(node: Node, above: Sequence[Node]) -> bool:
    """Return whether a node is read over a range, or can only end an alert by being there."""
    inner = node
    for outer in above:
        if isinstance(outer, Range | Subquery) or (isinstance(outer, Call) and outer.function == "absent"):
            return True
        if isinstance(outer, Binary) and outer.op == "unless" and outer.right is inner:
            return True
        inner = outer
    return False


# --- what an alert compares


def no_comparison(rule: Rule, _pack: Pack) -> Problems:
    """Require that an alert filters, or it would always fire."""
    if rule.is_alert and not _filters(rule.tree):
        yield "expr", "nothing filters, so every series is an alert; compare with a threshold"


def _filters(node: Node) -> bool:
    match node:
        case Binary(op="or"):
            return _filters(node.left) and _filters(node.right)
        case Binary(op="unless"):
            return True
        case Binary(op="and"):
            return _filters(node.left) or _filters(node.right)
        case Binary(op=op) if op in COMPARISONS and not node.returns_bool:
            return True
        case Binary():
            return _filters(node.left) or _filters(node.right)
        case Call(function, arguments):
            return function in {"absent", "absent_over_time"} or any(map(_filters, arguments))
        case Aggregate(expression=inner) | Parentheses(inner):
            return _filters(inner)
    return False


def impossible(rule: Rule, _pack: Pack) -> Problems:
    """Reject comparisons that are never true: nothing is counted as 0, and no rate is below 0."""
    for node, _, _ in walk(rule.tree):
        if not isinstance(node, Binary) or not isinstance(node.right, Number):
            continue
        inner, limit = without_parentheses(node.left), node.right.value
        below = (node.op == "<" and limit <= 0) or (node.op == "<=" and limit < 0) or (node.op == "==" and limit < 0)
        if isinstance(inner, Aggregate) and inner.op == "count":
            if below or (node.op in {"==", "<="} and limit == 0) or (node.op == "<" and limit <= 1):
                yield render(node), "count() of nothing is no series, not 0; use absent() or unless"
        elif below and _never_negative(inner):
            yield render(node), "can never be true, because the value is never below 0"


def _never_negative(node: Node) -> bool:
    inner = without_parentheses(node)
    while isinstance(inner, Aggregate):
        inner = without_parentheses(inner.expression)
    return isinstance(inner, Call) and inner.function in {*RATES, "count_over_time", "changes"}


def unfloored_ratio(rule: Rule, _pack: Pack) -> Problems:
    """Require that divisors are above 0: x / 0 is +Inf, which is above every threshold."""
    for node, _, _ in walk(rule.tree):
        if isinstance(node, Binary) and node.op == "/" and not _above_zero(node.right):
            yield render(node), "the divisor may be 0, and x / 0 fires; divide by (… > 0), or use clamp_min()"


def _above_zero(node: Node) -> bool:  # noqa: PLR0911 - one line for each kind of node
    match without_parentheses(node):
        case Number(value):
            return value != 0
        case Binary(op="or", left=left, right=right):
            return _above_zero(left) and _above_zero(right)
        case Binary(op="*" | "/" | "+" | "unless" | "and" as op, left=left, right=right):
            return _above_zero(left) and (op in {"unless", "and"} or _above_zero(right))
        case Binary(op=">" | ">=" | "!=" as op, right=right, returns_bool=False):
            floor = without_parentheses(right)
            return not isinstance(floor, Number) or op != ">=" or floor.value > 0
        case Call("clamp_min", (_, floor)):
            return _above_zero(floor)
        case Call(function, arguments) if function.endswith("_over_time") or function == "scalar":
            return _above_zero(arguments[0])
        case Aggregate(expression=inner):
            return _above_zero(inner)
        case Range(Selector(name)) | Selector(name):
            return name in NEVER_ZERO or name.startswith(THRESHOLD)
    return False


def top_values(rule: Rule, _pack: Pack) -> Problems:
    """Reject topk() in alerts: which series is highest changes, and each change is a new alert."""
    for node, _, _ in walk(rule.tree):
        if rule.is_alert and isinstance(node, Aggregate) and node.op in {"topk", "bottomk", "limitk"}:
            yield render(node), f"{node.op} flaps when the order changes; compare each series with a threshold"


def absent_for(rule: Rule, pack: Pack) -> Problems:
    """Require that alerts on absent series wait for a second scrape."""
    least = 2 * pack.scrape_interval_seconds
    for node, _, _ in walk(rule.tree):
        if rule.is_alert and isinstance(node, Call) and node.function == "absent" and _seconds(rule, "for") < least:
            yield render(node), f"one failed scrape fires it; set for to at least {duration(least)}"


def vector_matching(rule: Rule, pack: Pack) -> Problems:
    """Require that both sides of an operation can match, and that only a declared side has several series."""
    for node, _, _ in walk(rule.tree):
        if not isinstance(node, Binary) or node.op == "or":
            continue
        left, right = series_of(node.left, pack.known), series_of(node.right, pack.known)
        if left.is_scalar or right.is_scalar or left.labels is None or right.labels is None:
            continue
        matched = frozenset(node.labels)
        if node.matching == "on":
            outside = left.labels - matched, right.labels - matched
        else:
            ours, theirs = left.labels - matched, right.labels - matched
            outside = left.labels & matched, right.labels & matched
            if ours != theirs and not node.group:
                yield _operation(node), f"cannot match, only one side has {_listed(ours ^ theirs)}; say on or ignoring"
                continue
        if node.op in SET_OPERATORS:
            continue
        sides = {"group_left": (1,), "group_right": (0,)}.get(node.group, (0, 1))
        for labels in (outside[side] - _determined((node.left, node.right)[side], node, pack) for side in sides):
            if labels:
                yield (
                    _operation(node),
                    f"several series may match, one for each {_listed(labels)}; aggregate, or say group_left",
                )


def _determined(side: Node, node: Binary, pack: Pack) -> frozenset[str]:
    """Return the labels of a side of which there is one value for each combination of the matched labels."""
    labels = series_of(side, pack.known).labels or frozenset()
    matched = frozenset(node.labels) if node.matching == "on" else labels - frozenset(node.labels)
    described = frozenset[str]()
    for selector in selectors(side):
        if _kind(selector, pack) is Kind.INFO:
            described |= (pack.known[selector.name].labels or frozenset()) - IDENTITIES
    if not matched >= INSTANCE_LABELS:
        return frozenset()
    of_the_target = CLUSTER_LABELS if "target" in matched or "target" not in labels else frozenset()
    return described | {"namespace"} | of_the_target


def _operation(node: Binary) -> str:
    return f"… {render(Binary(node.op, Number(0), Number(0), *_modifiers(node)))[2:-2]} {render(node.right)}"


def _modifiers(node: Binary) -> tuple[str, tuple[str, ...], str, tuple[str, ...], bool]:
    return node.matching, node.labels, node.group, node.included, node.returns_bool


# --- labels, annotations and templates


def required_labels(rule: Rule, _pack: Pack) -> Problems:
    """Require the labels that the routes of Alertmanager read, and no others."""
    if not rule.is_alert:
        return
    for name, allowed in REQUIRED_LABELS.items():
        value = rule.labels.get(name)
        if value is None:
            yield "labels", f"{name} is missing"
        elif allowed is not None and value not in allowed:
            yield f"labels.{name}", f"{value} is not one of {_listed(allowed)}"
    for name in rule.labels.keys() - REQUIRED_LABELS.keys() - OPTIONAL_LABELS:
        yield f"labels.{name}", "no route knows this label; put it into an annotation"


def required_annotations(rule: Rule, _pack: Pack) -> Problems:
    """Require a static headline and a description."""
    if not rule.is_alert:
        return
    for name in sorted(REQUIRED_ANNOTATIONS - rule.annotations.keys()):
        yield "annotations", f"{name} is missing"
    for name in rule.annotations.keys() - REQUIRED_ANNOTATIONS - OPTIONAL_ANNOTATIONS:
        yield f"annotations.{name}", "the pack has no such annotation"
    summary = rule.annotations.get("summary", "")
    if "{{" in summary:
        yield "annotations.summary", "is the headline of a group of alerts, so it has no template"
    if summary and not re.fullmatch(r"[^a-z].*\.", summary, re.DOTALL):
        yield "annotations.summary", "is a sentence: a capital first, and a full stop at the end"
    for name, text in rule.annotations.items():
        if "  " in text or text != text.strip():
            yield f"annotations.{name}", "has superfluous spaces"


def diagnose_line(rule: Rule, pack: Pack) -> Problems:
    """Require that an alert about producers, or one that watches a cause, ends with the line that finds the cause."""
    text = rule.annotations.get("description")
    if text is None:
        return
    certain = series_of(rule.tree, pack.known).certain or frozenset()
    line = re.search(r"`kafka-producer-exporter diagnose([^`]*)`$", text)
    is_about_a_producer = certain >= SERVICE_LABELS and rule.labels.get("theme") != "exporter"
    if line is None:
        if is_about_a_producer or rule.name in _watching_a_cause():
            of = "service" if is_about_a_producer else "cluster"
            yield "annotations.description", f"does not end with a `diagnose` line; set diagnose: {{of: {of}}}"
    elif is_about_a_producer and "$labels.target" not in line[1]:
        yield "annotations.description", "diagnoses a whole cluster for one producer; set diagnose: {of: service}"


@cache
def _watching_a_cause() -> frozenset[str]:
    return frozenset(cause.runbook for cause in CAUSES)


def value_in_label(rule: Rule, _pack: Pack) -> Problems:
    """Reject the value in labels, which makes a new alert at each evaluation."""
    for name, text in rule.labels.items():
        if re.search(r"\$value|\.Value", text):
            yield f"labels.{name}", "the value changes, and with it the alert; put it into an annotation"


FORMATS: Mapping[Unit, tuple[str, ...]] = {
    Unit.RATIO: ("humanizePercentage", "printf"),
    Unit.SECONDS: ("humanizeDuration", "printf"),
    Unit.TIMESTAMP: ("humanizeTimestamp",),
    Unit.BYTES: ("humanize1024", "humanize"),
    Unit.RATE: ("humanize", "printf"),
    Unit.COUNT: ("humanize", "printf"),
}


def value_format(rule: Rule, pack: Pack) -> Problems:
    """Require that values are written with their unit: 5.2%, 1m 30s, 1.5Mi."""
    unit = unit_of(rule.tree, pack.known)
    for name, text in rule.annotations.items():
        for action in re.findall(r"{{(.*?)}}", text):
            if not re.search(r"\$value|\.Value", action):
                continue
            allowed = FORMATS.get(unit, ("humanize", "printf"))
            used = re.findall(r"\b(humanize\w*|printf)\b", action)
            if not used:
                yield f"annotations.{name}", f"the value has up to 17 digits; write it with {allowed[0]}"
            elif unit is not Unit.UNKNOWN and not set(used) & set(allowed):
                yield f"annotations.{name}", f"the value is a {unit}, and {used[0]} is not for that; use {allowed[0]}"


# --- recording rules


def recording_name(rule: Rule, pack: Pack) -> Problems:
    """Require recordings called level:metric:operations, with the labels of their level."""
    if rule.is_alert:
        return
    if rule.name.startswith(THRESHOLD):
        if not isinstance(rule.tree, Call) or rule.tree.function != "vector":
            yield "expr", "a threshold is vector(number)"
        return
    parts = re.fullmatch(r"([a-z_]+):([a-z0-9_]+):([a-z0-9_]+)", rule.name)
    if parts is None:
        yield "record", "is not called level:metric:operations"
        return
    level, metric, operations = parts.groups()
    if metric.endswith("_total") and "rate" in operations:
        yield "record", "a rate is no total; leave _total out"
    yield from _level(rule, level, pack)
    window = re.search(r"\d+[smhd]$", operations)
    ranges = {duration(node.seconds) for node, _, _ in walk(rule.tree) if isinstance(node, Range | Subquery)}
    if window is not None and duration(seconds_of(window[0])) not in ranges:
        used = {s.name for s in selectors(rule.tree)}
        if ranges or not all(name.endswith(window[0]) for name in used):
            yield "record", f"the name says {window[0]}, the expression {_listed(ranges) or 'has no range'}"


def _level(rule: Rule, level: str, pack: Pack) -> Problems:
    if level not in LEVELS:
        yield "record", f"{level} is no level; use one of {_listed(LEVELS)}, or add it to LEVELS"
        return
    labels = series_of(rule.tree, pack.known).labels
    if labels is None:
        return
    if missing := LEVELS[level] - labels:
        yield "record", f"level {level} has {_listed(missing)}, which the expression drops"
    others = frozenset().union(*LEVELS.values()) - LEVELS[level]
    if too_many := labels & others:
        yield "record", f"level {level} has no {_listed(too_many)}, which the expression keeps"


def group_order(rule: Rule, pack: Pack) -> Problems:
    """Require that recordings are computed before they are used, in the same group; else their values are old."""
    position = next(index for index, other in enumerate(pack.rules) if other is rule)
    recorded = {other.name: (index, other) for index, other in enumerate(pack.rules) if not other.is_alert}
    for name in sorted({selector.name for selector in selectors(rule.tree)} & recorded.keys()):
        index, other = recorded[name]
        if other.group != rule.group:
            yield name, f"is recorded in group {other.group}, at another time; use it in the same group"
        elif index >= position:
            yield name, "is recorded after this rule; move it up"


RULE_CHECKS: Mapping[str, Callable[[Rule, Pack], Problems]] = {
    "unknown-metric": unknown_metric,
    "profile": profile,
    "unknown-label": unknown_label,
    "template-label": template_label,
    "job-alone": job_alone,
    "static-regexp": static_regexp,
    "raw-counter": raw_counter,
    "gauge-in-rate": gauge_in_rate,
    "short-range": short_range,
    "scrape-gap": scrape_gap,
    "no-comparison": no_comparison,
    "impossible": impossible,
    "unfloored-ratio": unfloored_ratio,
    "top-values": top_values,
    "absent-for": absent_for,
    "vector-matching": vector_matching,
    "required-labels": required_labels,
    "required-annotations": required_annotations,
    "diagnose-line": diagnose_line,
    "value-in-label": value_in_label,
    "value-format": value_format,
    "recording-name": recording_name,
    "group-order": group_order,
}
PACK_CHECKS = ("pages", "syntax", "exceptions")
"""Checks of the whole file: too many names that page, an expression that does not parse, an unused exception."""


def lint(
    rule_file: Mapping[str, Any],
    *,
    exceptions: Sequence[LintException] = (),
    scrape_interval_seconds: float = SCRAPE_INTERVAL_SECONDS,
) -> list[Finding]:
    """Return the findings of every check over the content of a rule file, without the exceptions."""
    try:
        rules = rules_of(rule_file)
    except ExpressionError as error:
        return [Finding("the rule file", "syntax", "expr", str(error))]
    pack = Pack(rules, with_recordings(rules), scrape_interval_seconds)
    findings = [
        Finding(rule.title, name, where, message)
        for rule in rules
        for name, check in RULE_CHECKS.items()
        for where, message in check(rule, pack)
    ]
    paging = sorted({rule.name for rule in rules if rule.labels.get("severity") == "critical"})
    if len(paging) > MOST_PAGING_ALERTS:
        message = f"{len(paging)} names page, at most {MOST_PAGING_ALERTS} may: {', '.join(paging)}"
        findings.append(Finding("the rule file", "pages", "labels.severity", message))
    return [
        *(f for f in findings if not any((e.check, e.rule) == (f.check, f.rule) for e in exceptions)),
        *(
            Finding(e.rule, "exceptions", EXCEPTIONS_FILE.name, f"no finding of {e.check} any more; delete the entry")
            for e in exceptions
            if not any((e.check, e.rule) == (f.check, f.rule) for f in findings)
        ),
    ]


def with_recordings(rules: Sequence[Rule]) -> Mapping[str, Known]:
    """Return what is known about the metrics of the catalogue and the recordings of the rules."""
    known = dict(_catalogue())
    for rule in rules:
        if not rule.is_alert:
            labels = series_of(rule.tree, known).labels
            labels = None if labels is None else labels | rule.labels.keys()
            known[rule.name] = Known(Kind.GAUGE, labels, unit_of_recording(rule.name), is_recorded=True)
    return known


def read_exceptions(file: Path = EXCEPTIONS_FILE) -> list[LintException]:
    """Return the findings that are meant."""
    return [LintException(**entry) for entry in yaml.safe_load(file.read_text()) or []]


@cache
def _catalogue() -> Mapping[str, Known]:
    return known_metrics(METRICS.values(), of_the_exporter=[*exporter.METRICS, *process.METRICS])


def _kind(selector: Selector, pack: Pack) -> Kind | None:
    return pack.known[selector.name].kind if selector.name in pack.known else None


def _seconds(rule: Rule, key: str) -> float:
    return seconds_of(str(rule.content[key])) if rule.is_alert and key in rule.content else 0


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def labels_said(labels: Iterable[str]) -> str:
    """Return ``it has a, b``, for a message."""
    return f"it has {_listed(labels)}" if labels else "it has no labels"


def main(arguments: Sequence[str]) -> int:
    """Print the findings; return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m alerts.lint", description=__doc__)
    parser.add_argument("rule_file", nargs="?", type=Path, help="default: every rule of the pack, as it is rendered")
    options = parser.parse_args(arguments)
    if options.rule_file is not None:
        content, exceptions = yaml.safe_load(options.rule_file.read_text()), []
    else:
        content, exceptions = whole_pack(), read_exceptions()
    findings = lint(content, exceptions=exceptions)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(findings)} findings\n" if findings else "no findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
