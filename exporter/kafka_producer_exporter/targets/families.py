"""Turns the readings of one JVM into the families of its page.

Rule 1: a value that is not a finite number is absent, never zero.
Rule 2: what does not change between scrapes (labels, and which attribute becomes which metric) is computed once and
kept, so that a scrape costs little more than its samples.
Rule 3: a series is on the page once. MBeans that get the same labels share it: their values are folded.
Rule 4: no I/O and no clock. All memory between scrapes lives here, in the labeller and in the folder.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.catalogue import exporter, mbean_kinds
from kafka_producer_exporter.catalogue.hidden import HiddenReason, hidden_producers
from kafka_producer_exporter.catalogue.table import METRICS, attribute_labels, by_attribute
from kafka_producer_exporter.jmx.readings import Reading, Value
from kafka_producer_exporter.model import NO_LABELS, Family, Kind, Labels, MBeanKind, Metric, Profile
from kafka_producer_exporter.settings import IdGroup, Limits
from kafka_producer_exporter.targets.folding import Folder
from kafka_producer_exporter.targets.labelling import Labeller, Placement

Samples = list[tuple[Labels, float]]

MAX_PLANS = 1000
"""Plans to remember. A JVM has one for each kind of MBean, and one more for each version of the client."""

RECORD_SEND_RATE = METRICS["kafka_producer_record_send_rate"]
RECORDS_PER_REQUEST = METRICS["kafka_producer_records_per_request_avg"]


class Column(NamedTuple):
    """The metric that an attribute becomes, and the conversion of its values."""

    place: int
    """The index of the value in the reading."""
    metric: Metric
    divisor: float
    lowest: float
    """A value below this, or above ``highest``, is left out."""
    highest: float


class Plan(NamedTuple):
    """The metrics that MBeans of one kind, with one list of attributes, become."""

    columns: tuple[Column, ...]
    info: Metric | None
    info_labels: tuple[tuple[int, str], ...]
    """The index of a value in the reading, and the label that it becomes."""


class Producers(NamedTuple):
    """The families of one target, and the number of its producers."""

    families: list[Family]
    """In no particular order."""
    clients: int
    suspects: Mapping[str, HiddenReason]
    """The producers without metrics in this scrape, by client id."""
    hidden: Mapping[str, HiddenReason]
    """Those that had none in the scrape before either."""


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
        """*static_labels* are on all series, and include the target's name."""
        self._static = dict(static_labels)
        self._labeller = Labeller(self._static, limits=limits, groups=groups)
        self._folder = Folder()
        self._metrics = by_attribute(profile)
        self._plans: dict[tuple[MBeanKind, tuple[str, ...]], Plan] = {}
        self._placed: dict[str, tuple[MBeanKind, Placement]] = {}
        self._listed: Sequence[str] = ()
        self._clients = 0
        self._suspects: Mapping[str, HiddenReason] = {}
        self._folded_counts: dict[Metric, Samples] = {}

    def build(self, readings: Sequence[Reading], listed: Sequence[str] | None = None) -> Producers:
        """Return the families of these readings, without those that have no sample.

        *listed* are the names of all MBeans in the JVM, whether they were read or not; None means those that were.
        """
        placed, before = self._placed, self._suspects
        if listed is None:
            listed = tuple(reading.name.text for reading in readings)
        new = [reading for reading in readings if reading.name.text not in placed]
        if new or len(readings) != len(placed):
            self._place(readings, new)
            self._suspects = hidden_producers(listed, placed)
        elif listed is not self._listed and listed != self._listed:
            self._suspects = hidden_producers(listed, placed)
        self._listed = listed
        hidden = {client: reason for client, reason in self._suspects.items() if client in before}
        samples: dict[Metric, Samples] = {}
        for name, attributes, values in readings:
            known = placed.get(name.text)
            if known is None:
                continue
            kind, placement = known
            plan = self._plans.get((kind, attributes)) or self._plan(kind, attributes)
            if placement.folded is None:
                _add(plan, placement.labels, values, samples)
            else:
                self._fold(plan, placement, name.text, values)
        for metric, labels, value in self._folder.finish():
            samples.setdefault(metric, []).append((labels, value))
        samples.update(self._folded_counts)
        if hidden:
            samples[exporter.HIDDEN] = self._count_hidden(hidden)
        families = [Family(*family) for family in samples.items()]
        return Producers(families, self._clients, self._suspects, hidden)

    def _place(self, readings: Iterable[Reading], new: Iterable[Reading]) -> None:
        placed = self._placed
        if gone := placed.keys() - {reading.name.text for reading in readings}:
            for text in gone:
                del placed[text]
            self._labeller.retain(placement for _, placement in placed.values())
        for reading in new:
            kind = mbean_kinds.kind_of(reading.name)
            if kind is not None:
                placed[reading.name.text] = kind, self._labeller.place(kind, reading.name)
        self._share()
        self._folded_counts = self._count_folded()
        self._clients = len({place.client_id for kind, place in placed.values() if kind is mbean_kinds.CLIENT})

    def _share(self) -> None:
        """Fold each MBean that shares its series with another MBean, or with members that have ended."""
        placed = self._placed
        reasons = dict.fromkeys(self._folder.series(), "client")
        seen: set[tuple[MBeanKind, Labels]] = set()
        for kind, placement in placed.values():
            series = kind, placement.labels
            if placement.folded is not None:
                reasons[series] = placement.folded
            elif series in seen:
                reasons.setdefault(series, "client")
            seen.add(series)
        for text, (kind, placement) in placed.items() if reasons else ():
            if placement.folded is None and (reason := reasons.get((kind, placement.labels))):
                placed[text] = kind, placement._replace(folded=reason)

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
                columns.setdefault(metric, _column(place, metric))
        if len(self._plans) >= MAX_PLANS:  # a JVM whose answers have ever new attributes
            self._plans.clear()
        plan = self._plans[kind, attributes] = Plan(tuple(columns.values()), info, tuple(info_labels))
        return plan

    def _fold(self, plan: Plan, placement: Placement, member: str, values: Sequence[Value]) -> None:
        samples: dict[Metric, Samples] = {}
        _add(plan._replace(info=None), placement.labels, values, samples)
        request_rate = _request_rate(samples)
        for metric, ((labels, value),) in samples.items():
            self._folder.add(metric, labels, member, value, request_rate=request_rate)

    def _count_folded(self) -> dict[Metric, Samples]:
        folded: dict[str, set[str]] = {}
        members: Counter[str] = Counter()
        for text, (kind, placement) in self._placed.items():
            if placement.folded is None:
                continue
            name = placement.client_id if placement.folded in ("client", "group") else text
            folded.setdefault(placement.folded, set()).add(name)
            if kind is mbean_kinds.CLIENT:
                members[placement.labels["client_id"]] += 1
        counted = {
            exporter.SERIES_FOLDED: self._counts("kind", {kind: len(names) for kind, names in folded.items()}),
            exporter.GROUP_CLIENTS: self._counts("client_id", members),
        }
        return {metric: samples for metric, samples in counted.items() if samples}

    def _counts(self, label: str, counts: Mapping[str, int]) -> Samples:
        return [(Labels(self._static | {label: name}), float(number)) for name, number in sorted(counts.items())]

    def _count_hidden(self, hidden: Mapping[str, HiddenReason]) -> Samples:
        """Count the hidden producers under the label that their series would have.

        A producer that is just closing looks hidden for a moment, so one counts only if two scrapes in a row saw it so.
        """
        labels = (
            Labels(self._static | {"client_id": self._labeller.client_label(client), "reason": reason.value})
            for client, reason in sorted(hidden.items())
        )
        return [(series, float(number)) for series, number in Counter(labels).items()]


def _column(place: int, metric: Metric) -> Column:
    lowest = 0.0 if metric.kind is Kind.COUNTER else -sys.float_info.max  # OpenMetrics has no negative counters
    return Column(place, metric, metric.unit.divisor, lowest, min(metric.absent_above, sys.float_info.max))


def _request_rate(samples: Mapping[Metric, Samples]) -> float:
    """Return the produce requests per second of the producer that has these samples; 0 if it does not report them.

    Sender records both attributes in one sensor, once for each broker that it collects records for.
    """
    (records,), (per_request,) = (samples.get(metric, _NONE) for metric in (RECORD_SEND_RATE, RECORDS_PER_REQUEST))
    return max(0.0, records[1] / per_request[1]) if per_request[1] > 0 else 0.0


_NONE: Samples = [(NO_LABELS, 0.0)]


def _add(plan: Plan, labels: Labels, values: Sequence[Value], samples: dict[Metric, Samples]) -> None:
    for place, metric, divisor, lowest, highest in plan.columns:
        value = values[place]
        # NaN and infinity are Kafka's "no sample"; they fail the comparison.
        # The tuple is on purpose: `float | int` builds a union each time.
        if isinstance(value, (float, int)) and lowest <= value <= highest:
            column = samples.get(metric)
            if column is None:
                column = samples[metric] = []
            column.append((labels, value / divisor))
    if plan.info is not None:
        texts = {label: str(values[place] or "") for place, label in plan.info_labels}
        samples.setdefault(plan.info, []).append((Labels(dict(labels.pairs) | texts), 1.0))
