"""Asks a Prometheus what Grafana asks for a query, with All, with one value and with two values of each variable."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboards.grafana import Asked, Choice, annotation_span, chosen_by, interpolate, span, without_variables
from dashboards.proof.record import Answer
from lab.process import LabError
from lab.prometheus import Prometheus

SECONDS = 300.0
"""The time range in the lab."""
MOST_CANDIDATES = 20
STRANGE = r"not $there/(at|all)\.*"
"""A second value of each variable, which nothing has."""

Labels = Mapping[str, str]


class NotProvenError(Exception):
    """A query returned no data; the text says for which values."""


class Asker:
    """Asks one Prometheus for a board with this time range, which knows the scrape interval of the data source."""

    def __init__(self, prometheus: Prometheus, *, seconds: float = SECONDS, scrape_seconds: float = 1) -> None:
        self._prometheus = prometheus
        self._seconds = seconds
        self._scrape = scrape_seconds

    def answer(self, asked: Asked, *, proven_in: str, since: float = 0) -> Answer:
        """Return the answer to a query; raise NotProvenError without data after *since* (Unix time)."""
        now = time.time()
        found = self.ask(asked, {}, now=now, since=since)
        if not found:
            raise NotProvenError("no data")
        one = self._one_value(asked, found, now, since)
        if one:
            two = {name: (value, STRANGE) for name, value in one.items()}
            if not self.ask(asked, two, now=now, since=since):
                raise NotProvenError(f"no data for two values of each variable, one of them that of {dict(one)}")
        every = set.intersection(*({*labels} for labels in found))
        some = {label for labels in found for label in labels}
        return Answer(
            kind=asked.kind,
            expr=asked.expr,
            values_of=asked.labels[0] if asked.kind == "labels" else "",
            proven_in=proven_in,
            series=len(found),
            labels=sorted(every),
            others=sorted(some - every),
            one_value=dict(one),
        )

    def ask(self, asked: Asked, choice: Choice, *, now: float, since: float = 0) -> list[Labels]:
        """Return the labels of the series that have a sample after *since*."""
        is_annotation = asked.place == "annotation"
        divided = annotation_span(self._seconds) if is_annotation else span(self._seconds, scrape_seconds=self._scrape)
        query = interpolate(asked.expr, choice, divided.builtins())
        start = now - self._seconds
        match asked.kind:
            case "labels":
                (label,) = asked.labels
                values = self._prometheus.label_values(label, query, start=start, end=now)
                return [{label: value} for value in values]
            case "instant":
                series = self._prometheus.query(query, at=now)
                return [one["metric"] for one in series if not math.isnan(float(one["value"][1]))]
        series = self._prometheus.query_range(query, start=start, end=now, step_seconds=divided.step_seconds)
        return [one["metric"] for one in series if _has_data(one["values"], since)]

    def _one_value(self, asked: Asked, found: Sequence[Labels], now: float, since: float) -> Mapping[str, str]:
        """Return values of the variables for which the query has data, too; empty if it depends on no variable."""
        tried: list[Mapping[str, str]] = []
        for values in self._candidates(asked, found, now, since):
            if values not in tried and len(tried) < MOST_CANDIDATES:
                tried.append(values)
                if self.ask(asked, {name: (value,) for name, value in values.items()}, now=now, since=since):
                    return values
        if tried:
            raise NotProvenError(f"no data for one value of each variable, such as {dict(tried[0])}")
        return {}

    def _candidates(
        self, asked: Asked, found: Sequence[Labels], now: float, since: float
    ) -> Iterator[Mapping[str, str]]:
        for selector, variables in chosen_by(asked.expr):
            if not variables:
                continue
            start = max(since, now - self._seconds)
            series = self._prometheus.series(without_variables(selector), start=start, end=now)
            series.sort(key=lambda labels: not any(_agree(labels, one) for one in found))
            for labels in series:
                values = {name: labels[label] for name, label in variables.items() if label in labels}
                if values:
                    yield values


def problem_of(error: Exception) -> str:
    """Return the first line of what went wrong."""
    return str(error).splitlines()[0] if isinstance(error, LabError | NotProvenError) else repr(error)


def _has_data(values: Sequence[Any], since: float) -> bool:
    return any(at >= since and not math.isnan(float(value)) for at, value in values)


def _agree(labels: Labels, other: Labels) -> bool:
    return all(labels[name] == value for name, value in other.items() if name in labels and name != "__name__")
