"""What Grafana asks a Prometheus for a board: the queries of its JSON, and how Grafana fills in variables.

Checked against ``packages/grafana-prometheus/src/escaping.ts`` and ``pkg/promlib/models/query.go`` of Grafana 11.6,
with its feature toggles as they are shipped. Pure: no question is asked here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from dashboards.check import filled
from promql.expressions import Selector, parse, render, selectors

Kind = Literal["range", "instant", "labels"]
ALL_VALUE = ".*"
MOST_POINTS = 11_000
"""How many points Prometheus returns for a series at most."""
ANNOTATION_POINTS = 100
"""Grafana's ``maxDataPoints`` for every annotation."""
ANNOTATION_STEP = 60.0

Choice = Mapping[str, Sequence[str]]
"""The chosen values of variables. A variable that is not here has All."""

_PLACE = re.compile(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}")
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_OF_VARIABLE = re.compile(r"\$\{?(\w+?)(?::\w+)?\}?\|?")
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)", re.DOTALL)
_ROUND_MILLISECONDS = (
    *((10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000)),
    *((7500, 5000), (12_500, 10_000), (17_500, 15_000), (25_000, 20_000), (45_000, 30_000), (90_000, 60_000)),
    *((210_000, 120_000), (450_000, 300_000), (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000)),
    *((2_700_000, 1_800_000), (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000)),
    *((32_400_000, 21_600_000), (86_400_000, 43_200_000), (604_800_000, 86_400_000)),
)
"""Below the first number of a pair, an interval becomes the second (Grafana's ``roundInterval``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query of a board."""

    board: str
    place: Literal["panel", "variable", "annotation"]
    title: str
    """Of the panel, the variable or the annotation."""
    number: int = 0
    """The id of the panel."""
    kind: Kind
    """How it is asked; ``labels`` asks for the values of a label."""
    expr: str
    """For the kind ``labels``, the selector."""
    labels: tuple[str, ...] = ()
    """What a legend or the columns of a table name; of the kind ``labels``, the label."""
    is_table: bool = False

    @property
    def where(self) -> str:
        """Its place, for messages."""
        return f"board {self.board}, {self.place} {self.title!r}"


@dataclass(frozen=True, slots=True)
class Span:
    """A time range as Grafana divides it."""

    seconds: float
    step_seconds: float
    rate_seconds: float
    """``$__rate_interval``."""

    def builtins(self) -> dict[str, str]:
        """Return the values of Grafana's own variables."""
        return {
            "__interval": duration(self.step_seconds),
            "__rate_interval": duration(self.rate_seconds),
            "__range": duration(self.seconds),
        }


def span(seconds: float, *, scrape_seconds: float, points: int = 1000, min_step_seconds: float = 0) -> Span:
    """Return the step by which Grafana divides a time range, for a panel of *points* pixels.

    *scrape_seconds* is the scrape interval in the settings of the data source, *min_step_seconds* that of the query.
    """
    smallest = min_step_seconds or scrape_seconds
    wanted = seconds / points
    step = smallest if wanted < smallest else _rounded(wanted)
    step = max(step, _rounded(seconds / MOST_POINTS))
    return Span(seconds, step, max(step + smallest, 4 * smallest))


def annotation_span(seconds: float) -> Span:
    """Return how Grafana divides a time range for an annotation."""
    return span(seconds, scrape_seconds=0, points=ANNOTATION_POINTS, min_step_seconds=ANNOTATION_STEP)


def interpolate(text: str, choice: Choice, more: Mapping[str, str]) -> str:
    """Return a query as Grafana sends it. *more* are Grafana's own variables; a name in neither one has All."""

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in more:
            return more[name]
        values = choice.get(name, ())
        if not values:
            return ALL_VALUE
        escape = _regex if match[3] == "regex" else _in_quotes
        escaped = [escape(value) for value in values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    return _PLACE.sub(fill, text)


def _in_quotes(value: str) -> str:
    r"""Escape for a regular expression in double quotes. Grafana does not escape a double quote."""
    return re.sub(r"[$^*{}\[\]+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))


def _regex(value: str) -> str:
    r"""Escape as ``${name:regex}`` does, for a regular expression between backquotes."""
    return re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", value)


def duration(seconds: float) -> str:
    """Return a duration for PromQL."""
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{round(seconds)}s"


def _rounded(seconds: float) -> float:
    milliseconds = seconds * 1000
    for below, rounded in _ROUND_MILLISECONDS:
        if milliseconds < below:
            return rounded / 1000
    return 604_800.0


def queries_of(key: str, content: Mapping[str, Any]) -> Iterator[Asked]:
    """Yield every query of a board's JSON: variables, annotations, panels, those in folded rows, too."""
    for variable in content["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = label_values(variable["query"]["query"])
            yield Asked(
                board=key, place="variable", title=variable["name"], kind="labels", expr=selector, labels=(label,)
            )
    for annotation in content["annotations"]["list"]:
        yield Asked(
            board=key,
            place="annotation",
            title=annotation["name"],
            kind="range",
            expr=annotation["expr"],
            labels=tuple(_LABEL.findall(annotation["titleFormat"])),
        )
    for outer in content["panels"]:
        for panel in (outer, *outer.get("panels", ())):
            yield from _of_panel(key, panel)


def _of_panel(key: str, panel: Mapping[str, Any]) -> Iterator[Asked]:
    for target in panel.get("targets", ()):
        is_table = target["format"] == "table"
        yield Asked(
            board=key,
            place="panel",
            title=panel["title"],
            number=panel["id"],
            kind="instant" if target["instant"] else "range",
            expr=target["expr"],
            labels=_columns(panel) if is_table else tuple(_LABEL.findall(target["legendFormat"])),
            is_table=is_table,
        )


def _columns(panel: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a table that show labels."""
    names = [
        name
        for step in panel["transformations"]
        if step["id"] == "filterFieldsByName"
        for name in step["options"]["include"]["names"]
    ]
    return tuple(name for name in names if not re.fullmatch(r"Time|Value( #\w+)?", name))


def label_values(query: str) -> tuple[str, str]:
    """Return the selector and the label of ``label_values(selector, label)``."""
    match = _LABEL_VALUES.fullmatch(query)
    if match is None:
        raise ValueError(f"{query}: not label_values(selector, label)")
    return match[1], match[2]


def chosen_by(expr: str) -> Iterator[tuple[Selector, dict[str, str]]]:
    """Yield each selector of an expression with the variables that restrict it: variable → label."""
    for selector in selectors(parse(filled(expr))):
        matches = [(matcher.name, _OF_VARIABLE.fullmatch(matcher.value)) for matcher in selector.matchers]
        yield selector, {match[1]: name for name, match in matches if match is not None}


def without_variables(selector: Selector) -> str:
    """Return the text of a selector without the matchers that variables fill."""
    kept = tuple(matcher for matcher in selector.matchers if not _OF_VARIABLE.fullmatch(matcher.value))
    return render(replace(selector, matchers=kept, offset_seconds=0))
