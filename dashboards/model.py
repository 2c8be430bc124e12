"""What a board consists of: variables, rows, and panels with their queries. No JSON here; ``classic`` writes that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kafka_producer_exporter.languages import Text

WIDTH = 24
"""Columns of Grafana's grid."""


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression with Grafana's variables. ``legend`` is Grafana's, such as ``{{client_id}}``.

    ``%{cluster}`` stands for the name of the user's label for the Kafka cluster (a parameter of the alerts). In a
    table, ``column`` is the heading of the values. A limit is drawn as a dashed red line.
    """

    expr: str
    legend: str | Text = ""
    column: Text | None = None
    unit: str = ""
    is_limit: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A colour from a value on; the first step of a panel has no value."""

    value: float | None
    color: str
    text: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What every panel has.

    ``description`` says which question the panel answers, and how to read it. ``guide`` has the names of the guide's
    monitoring section that it shows, ``alerts`` the alerts that lead here, ``confluent`` the panels of Confluent's
    producer board that it stands for. ``fault`` is the fault of ``lab/faults.yaml`` in which it has data; without one
    it has data in health. Of several names, such as ``quota health``, one is enough for each query. ``no_value`` is
    what it shows without data.
    """

    title: Text
    description: Text
    width: int
    height: int
    queries: Sequence[Query] = ()
    unit: str = "short"
    no_value: Text | None = None
    guide: Sequence[str] = ()
    alerts: Sequence[str] = ()
    confluent: Sequence[str] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Panel):
    """One number for each series, with a colour by ``steps``. A value whose step has a text is shown as the text."""

    steps: Sequence[Step] = ()
    decimals: int | None = None
    sparkline: bool = False
    orientation: Literal["auto", "horizontal", "vertical"] = "auto"
    links: Sequence["Link"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph(Panel):
    """Lines over time. ``thresholds`` are names of the alerts' thresholds, each drawn as a dashed line."""

    thresholds: Sequence[str] = ()
    minimum: float | None = 0
    maximum: float | None = None
    is_stacked: bool = False
    is_log: bool = False
    links: Sequence["Link"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """A row for each set of labels, joined from all queries. ``labels`` are the columns of labels, with headings.

    ``sort`` is the heading of the column by which rows are sorted, the greatest first. ``steps`` has colours by
    heading.
    """

    labels: Sequence[tuple[str, Text]] = ()
    sort: Text | None = None
    steps: Mapping[Text, Sequence[Step]] = field(default_factory=dict)
    links: Sequence["Link"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class States(Panel):
    """A band for each series, coloured by its value (a state timeline)."""

    steps: Sequence[Step] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Panel):
    """Markdown."""

    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList(Panel):
    """The pack's alerts that fire now, from the series ``ALERTS``."""


class Link(NamedTuple):
    """A drill-down. ``board`` is the key of a board; ``labels`` become variables: ``("target", "client_id")``.

    A link keeps the time range, the data source and every variable that it does not set.
    """

    title: Text
    board: str
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading. They fill the lines of the grid from left to right."""

    title: Text | None
    panels: Sequence[Panel]
    is_collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice of label values. ``query`` is ``label_values(metric{…}, label)``; all values are chosen at first."""

    name: str
    label: Text
    query: str
    description: Text


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard. ``key`` is the last part of its uid and the name of its file."""

    key: str
    title: Text
    description: Text
    variables: Sequence[Variable]
    rows: Sequence[Row]
    refresh: str = "1m"
    span: str = "3h"

    def panels(self) -> Iterator[Panel]:
        """Yield the panels in the order in which they are read."""
        for row in self.rows:
            yield from row.panels
