"""From the readings of one JVM to the families of its page.

Rule 1: a value that is no finite number is absent, never zero.
Rule 2: what does not change between scrapes (labels, and which attribute becomes which metric) is made once and kept,
so that a scrape costs little more than its samples.
Rule 3: no I/O and no clock; all memory between scrapes lives here, in the labeller and in the folder.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.catalogue import exporter, mbean_kinds
from kafka_producer_exporter.catalogue.table import METRICS, attribute_labels, by_attribute
from kafka_producer_exporter.jmx.readings import Reading, Value
from kafka_producer_exporter.model import Family, Kind, Labels, MBeanKind, Metric, Profile
from kafka_producer_exporter.settings import IdGroup, Limits
from kafka_producer_exporter.targets.folding import Folder
from kafka_producer_exporter.targets.labelling import Labeller, Placement

Samples = list[tuple[Labels, float]]


class Column(NamedTuple):
    """Where an attribute's values go."""

    place: int
    """The value's place in the reading."""
    metric: Metric
    divisor: float
    absent_above: float


class Plan(NamedTuple):
    """What the MBeans of one kind and one attribute list become."""

    columns: tuple[Column, ...]
    info: Metric | None
    info_labels: tuple[tuple[int, str], ...]
    """The value's place in the reading, and the label that it becomes."""


class Producers(NamedTuple):
    """What one target's readings say."""

    families: list[Family]
    """In the order of the catalogue."""
    clients: int


class FamilyBuilder:
    """Makes the families of one target, scrape after scrape. Not thread-safe."""

    def __init__(
        self,
        target: str,
        static_labels: Mapping[str, str],
        *,
        profile: Profile,
        limits: Limits,
        groups: Sequence[IdGroup] = (),
    ) -> None:
        self._static = dict(static_labels) | {"target": target}
        self._labeller = Labeller(self._static, limits=limits, groups=groups)
        self._folder = Folder()
        self._metrics = by_attribute(profile)
        self._plans: dict[tuple[MBeanKind, tuple[str, ...]], Plan] = {}
        self._placed: dict[str, tuple[MBeanKind, Placement]] = {}
        self._suspects: frozenset[str] = frozenset()

    def build(self, readings: Sequence[Reading]) -> Producers:
        """Return the families of these readings; a family without a sample is left out."""
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
        return Producers([Family(metric, samples[metric]) for metric in METRICS.values() if metric in samples], clients)

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
                # Where both spellings were asked for, the newest stands first and wins.
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
        """Count the producers, and name those that are hidden.

        Of two producers of one client.id, the one that closes takes the MBeans of both along, all but
        ``app-info,client-id=``. A producer in the middle of its own close looks the same for a moment, so one is
        called hidden when two scrapes in a row saw it so.
        """
        ids: dict[MBeanKind, set[str]] = {mbean_kinds.CLIENT: set(), mbean_kinds.APP_INFO: set()}
        for kind, placement in self._placed.values():
            if kind in ids:
                ids[kind].add(placement.client_id)
        lonely = frozenset(ids[mbean_kinds.APP_INFO] - ids[mbean_kinds.CLIENT])
        if hidden := lonely & self._suspects:
            samples[exporter.HIDDEN] = [(Labels(self._static | {"client_id": name}), 1.0) for name in sorted(hidden)]
        self._suspects = lonely
        return len(ids[mbean_kinds.CLIENT])


def _add(plan: Plan, labels: Labels, values: Sequence[Value], samples: dict[Metric, Samples]) -> None:
    for place, metric, divisor, absent_above in plan.columns:
        value = values[place]
        # A finite number less itself is zero; NaN and infinity, Kafka's "no sample", are not.
        if isinstance(value, float | int) and value - value == 0 and value <= absent_above:
            column = samples.get(metric)
            if column is None:
                column = samples[metric] = []
            column.append((labels, value / divisor))
    if plan.info is not None:
        texts = {label: str(values[place] or "") for place, label in plan.info_labels}
        samples.setdefault(plan.info, []).append((Labels(dict(labels.pairs) | texts), 1.0))
