"""Turns the readings of one JVM into the families of its page.

Rule 1: a value that is not a finite number is absent, never zero.
Rule 2: what does not change between scrapes (labels, and which attribute becomes which metric) is computed once and
kept, so that a scrape costs little more than its samples.
Rule 3: no I/O and no clock. All memory between scrapes lives here, in the labeller and in the folder.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.catalogue import exporter, mbean_kinds
from kafka_producer_exporter.catalogue.table import attribute_labels, by_attribute
from kafka_producer_exporter.jmx.readings import Reading, Value
from kafka_producer_exporter.model import Family, Kind, Labels, MBeanKind, Metric, Profile
from kafka_producer_exporter.settings import IdGroup, Limits
from kafka_producer_exporter.targets.folding import Folder
from kafka_producer_exporter.targets.labelling import Labeller, Placement

Samples = list[tuple[Labels, float]]


class Column(NamedTuple):
    """Where the values of an attribute go."""

    place: int
    """The index of the value in the reading."""
    metric: Metric
    divisor: float
    absent_above: float


class Plan(NamedTuple):
    """What the MBeans with one kind and one list of attributes become."""

    columns: tuple[Column, ...]
    info: Metric | None
    info_labels: tuple[tuple[int, str], ...]
    """The index of a value in the reading, and the label that it becomes."""


class Producers(NamedTuple):
    """The families of one target, and the number of its producers."""

    families: list[Family]
    """In no particular order."""
    clients: int


class FamilyBuilder:
    """Makes the families of one target, scrape by scrape. Not thread-safe."""

    def __init__(
        self,
        static_labels: Mapping[str, str],
        *,
        profile: Profile,
        limits: Limits,
        groups: Sequence[IdGroup] = (),
    ) -> None:
        """*static_labels* are on all series, the target's name among them."""
        self._static = dict(static_labels)
        self._labeller = Labeller(self._static, limits=limits, groups=groups)
        self._folder = Folder()
        self._metrics = by_attribute(profile)
        self._plans: dict[tuple[MBeanKind, tuple[str, ...]], Plan] = {}
        self._placed: dict[str, tuple[MBeanKind, Placement]] = {}
        self._suspects: frozenset[str] = frozenset()

    def build(self, readings: Sequence[Reading]) -> Producers:
        """Return the families of these readings, without those that have no sample."""
        samples: dict[Metric, Samples] = {}
        before, self._placed = self._placed, {}
        for name, attributes, values in readings:
            placed = before.get(name.text)
            if placed is None:
                kind = mbean_kinds.kind_of(name)
                if kind is None:
                    continue
                placed = kind, self._labeller.place(kind, name)
            self._placed[name.text] = placed
            kind, placement = placed
            plan = self._plans.get((kind, attributes)) or self._plan(kind, attributes)
            if placement.folded is None:
                _add(plan, placement.labels, values, samples)
            else:
                self._fold(plan, placement, name.text, values)
        if len(self._placed) < len(before) or before.keys() - self._placed.keys():
            self._labeller.retain(self._placed.values())
        for metric, labels, value in self._folder.finish():
            samples.setdefault(metric, []).append((labels, value))
        self._add_folded_counts(samples)
        clients = self._clients(samples)
        return Producers([Family(*family) for family in samples.items()], clients)

    def _plan(self, kind: MBeanKind, attributes: tuple[str, ...]) -> Plan:
        columns: dict[Metric, Column] = {}
        info, info_labels = None, []
        for place, attribute in enumerate(attributes):
            metric = self._metrics.get((kind, attribute))
            if metric is None:
                continue
            if metric.kind is Kind.INFO:
                info = metric
                info_labels.append((place, attribute_labels(metric)[attribute]))
            else:
                # Where both spellings were read, the newest comes first and wins.
                columns.setdefault(metric, Column(place, metric, metric.unit.divisor, metric.absent_above))
        plan = self._plans[kind, attributes] = Plan(tuple(columns.values()), info, tuple(info_labels))
        return plan

    def _fold(self, plan: Plan, placement: Placement, member: str, values: Sequence[Value]) -> None:
        samples: dict[Metric, Samples] = {}
        _add(plan._replace(info=None), placement.labels, values, samples)
        for metric, ((labels, value),) in samples.items():
            self._folder.add(metric, labels, member, value)

    def _add_folded_counts(self, samples: dict[Metric, Samples]) -> None:
        folded: dict[str, set[str]] = {}
        for text, (_, placement) in self._placed.items():
            if placement.folded in ("client", "group"):
                folded.setdefault(placement.folded, set()).add(placement.client_id)
            elif placement.folded:
                folded.setdefault(placement.folded, set()).add(text)
        if folded:
            samples[exporter.SERIES_FOLDED] = [
                (Labels(self._static | {"kind": kind}), float(len(names))) for kind, names in sorted(folded.items())
            ]

    def _clients(self, samples: dict[Metric, Samples]) -> int:
        """Count the producers, and add a sample for each that is hidden.

        When one of two producers with the same client.id closes, Kafka unregisters the MBeans of both, all but
        ``app-info,client-id=``. A producer that is just closing looks the same for a moment, so a producer counts as
        hidden only when two scrapes in a row saw it so.
        """
        ids: dict[MBeanKind, set[str]] = {mbean_kinds.CLIENT: set(), mbean_kinds.APP_INFO: set()}
        for kind, placement in self._placed.values():
            if kind in ids:
                ids[kind].add(placement.client_id)
        suspects = frozenset(ids[mbean_kinds.APP_INFO] - ids[mbean_kinds.CLIENT])
        if hidden := suspects & self._suspects:
            samples[exporter.HIDDEN] = [(Labels(self._static | {"client_id": name}), 1.0) for name in sorted(hidden)]
        self._suspects = suspects
        return len(ids[mbean_kinds.CLIENT])


def _add(plan: Plan, labels: Labels, values: Sequence[Value], samples: dict[Metric, Samples]) -> None:
    for place, metric, divisor, absent_above in plan.columns:
        value = values[place]
        # NaN and infinity are Kafka's "no sample". The tuple is on purpose: `float | int` builds a union each time.
        if isinstance(value, (float, int)) and math.isfinite(value) and value <= absent_above:
            column = samples.get(metric)
            if column is None:
                column = samples[metric] = []
            column.append((labels, value / divisor))
    if plan.info is not None:
        texts = {label: str(values[place] or "") for place, label in plan.info_labels}
        samples.setdefault(plan.info, []).append((Labels(dict(labels.pairs) | texts), 1.0))
