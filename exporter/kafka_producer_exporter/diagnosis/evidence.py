"""Evidence: two readings of the producers of one target, and what the brokers said.

Rule 1: names are those of the catalogue, whatever source the values come from.
Rule 2: a value that is not there is never a zero. Asking for a counter that the source lacks raises CannotKnowError.
Rule 3: this file reads no clock, so a test is two hand-made pages.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Family, Profile

Series = tuple[Mapping[str, str], float]
Page = Mapping[str, Sequence[Series]]
"""The series of a page: labels and value, by the name of the metric."""

BROKERS = "brokers"
"""What a rule lacks if no broker was asked, or none answered."""


class CannotKnowError(Exception):
    """A rule needs what the source lacks: the name of a metric, or BROKERS."""

    def __init__(self, *needs: str) -> None:
        super().__init__(", ".join(needs))
        self.needs = needs


class Down(NamedTuple):
    """Why a target could not be read."""

    reason: str
    """One of the fixed reasons, such as ``refused``."""
    detail: str


class Reading(NamedTuple):
    """One target at one moment."""

    at_seconds: float
    """Of a monotonic clock, or of the source's own. Only differences count."""
    page: Page
    down: Down | None = None
    """Set if the target could not be read. The page is empty then."""


NO_READING = Reading(0.0, {})
"""Of brokers that are looked at alone."""


class Fact(NamedTuple):
    """One number that a finding rests on."""

    metric: str
    labels: Mapping[str, str]
    value: float | None
    """None means that the series is absent, where that says something."""
    increase: bool = False
    """Whether the value is an increase between the readings, or of recent minutes for what the brokers remember."""


class Event(NamedTuple):
    """What recently happened to a transactional id, equal events together."""

    transactional_id: str
    kind: str
    """``abort`` or ``session``."""
    reason: str
    times: int
    ago_seconds: float
    """Since the last time."""
    span_seconds: float
    """From the first time to the last."""

    @property
    def fact(self) -> Fact:
        """The event as a number, under the name of the counter that counts such events."""
        metric = "kafka_transaction_aborted_total"
        if self.kind == "session":
            metric = "kafka_transactional_producer_session_total"
        return Fact(metric, {"transactional_id": self.transactional_id, "reason": self.reason}, self.times, True)


class Ended(NamedTuple):
    """How the transactions of a transactional id ended recently."""

    transactional_id: str
    committed: int
    aborted: int
    """By the client, or for whatever reason if the source does not tell."""
    longest_seconds: float | None = None
    """Of those that were committed; None if that is unknown."""
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokers:
    """What the brokers said."""

    page: Page = field(default_factory=dict)
    """The gauges of topics, bootstrap servers and transactions, and the counters of the brokers' own JVMs."""
    before: Page = field(default_factory=dict)
    """The counters at the time of the first reading, as far as there are any."""
    events: Sequence[Event] = ()
    knows_events: bool = False
    """Whether the transaction log could be read, so that no event means that nothing happened."""
    ended: Sequence[Ended] = ()
    all_topics: frozenset[str] | None = None
    """Every topic that exists, if the brokers listed them. A topic that we may not see looks as if it did not exist."""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Settings of topics, by topic."""
    unseen: Sequence[str] = ()
    """One line for a person per question that was not answered."""
    down: Down | None = None
    """Set if no broker answered."""

    def gauges(self, name: str) -> Sequence[Series]:
        """Return the series of a gauge."""
        return self.page.get(name, ())

    def increases(self, name: str) -> list[Series]:
        """Return the series of a counter that grew, with their increases. A new series grew by its value."""
        if not self.before:
            return []
        known = {tuple(sorted(labels.items())): value for labels, value in self.before.get(name, ())}
        grown = [(labels, value - known.get(tuple(sorted(labels.items())), 0.0)) for labels, value in self.gauges(name)]
        return [(labels, value) for labels, value in grown if value > 0]


class Client:
    """One producer in both readings."""

    def __init__(self, client_id: str, before: Page, after: Page, provides: Collection[str] | None) -> None:
        """*before* and *after* have the series of this client only. *provides* are the names that the source has."""
        self.client_id = client_id
        self._before = before
        self._after = after
        self._provides = provides
        self.is_new = not before
        """Whether the first reading did not have it."""
        self.seconds = 0.0
        """Between the readings."""

    @cached_property
    def restarted(self) -> bool:
        """Whether another producer with the same id was created between the readings."""
        began = self.gauge("kafka_producer_start_time_seconds")
        before = self._value(self._before, "kafka_producer_start_time_seconds")
        return began is not None and before is not None and began > before + 0.5

    @cached_property
    def fell(self) -> bool:
        """Whether a counter fell between the readings."""
        names = (
            "kafka_producer_record_send_total",
            "kafka_producer_request_total",
            "kafka_producer_record_error_total",
        )
        pairs = [(self._value(self._before, name), self._value(self._after, name)) for name in names]
        return any(first is not None and last is not None and last < first for first, last in pairs)

    @property
    def topics(self) -> list[str]:
        """The topics that it has sent to."""
        series = self._after.get("kafka_producer_topic_record_send_total", ())
        return sorted({labels["topic"] for labels, _ in series if "topic" in labels})

    def total(self, name: str) -> float:
        """Return a counter. Raise CannotKnowError."""
        value = self._value(self._after, name)
        if value is None:
            raise CannotKnowError(name)
        return value

    def increase(self, name: str) -> float:
        """Return how much a counter grew; from zero if it was reset or is new. Raise CannotKnowError."""
        return _growth(self._value(self._before, name), self.total(name))

    def increases(self, name: str, label: str) -> dict[str, float]:
        """Return how much each series of a counter grew, by the value of *label*. Without series it is empty."""
        if not self._after.get(name):
            self._require(name)
        known = {labels.get(label): value for labels, value in self._before.get(name, ())}
        return {
            labels[label]: _growth(known.get(labels[label]), value)
            for labels, value in self._after.get(name, ())
            if label in labels
        }

    def gauge(self, name: str) -> float | None:
        """Return a gauge; None if it has no sample. Raise CannotKnowError if the source does not have the name."""
        value = self._value(self._after, name)
        if value is None:
            self._require(name)
        return value

    def gauges(self, name: str, label: str) -> dict[str, float]:
        """Return each series of a gauge, by the value of *label*."""
        if not self._after.get(name):
            self._require(name)
        return {labels[label]: value for labels, value in self._after.get(name, ()) if label in labels}

    def facts(self, *names: str) -> list[Fact]:
        """Return these metrics as facts: counters as increases, of several series those that grew, and no gaps."""
        found = []
        for name in names:
            for labels, value in self._after.get(name, ()):
                shown = {key: text for key, text in labels.items() if key in ("topic", "node_id")}
                if not name.endswith("_total"):
                    found.append(Fact(name, shown, value))
                    continue
                before = next((old for known, old in self._before.get(name, ()) if known == labels), None)
                grown = _growth(before, value)
                if grown or not shown:
                    found.append(Fact(name, shown, grown, increase=True))
        return found

    def _require(self, name: str) -> None:
        if self._provides is not None and name not in self._provides:
            raise CannotKnowError(name)

    @staticmethod
    def _value(page: Page, name: str) -> float | None:
        return next((value for _, value in page.get(name, ())), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one target, or of the brokers alone."""

    first: Reading = NO_READING
    second: Reading = NO_READING
    brokers: Brokers | None = None
    provides: frozenset[str] | None = None
    """The metrics that the source can have at all; None if it has whatever the client has."""
    now_seconds: float | None = None
    """Since 1970, at the second reading. None if that is unknown."""

    @property
    def seconds(self) -> float:
        """The time between the readings."""
        return self.second.at_seconds - self.first.at_seconds

    def clients(self) -> list[Client]:
        """Return the producers of the second reading."""
        before, after = _by_client(self.first.page), _by_client(self.second.page)
        found = []
        for client_id, page in sorted(after.items()):
            if "kafka_producer_record_send_total" not in page and "kafka_producer_request_total" not in page:
                continue  # a hidden producer, or a rest of one
            client = Client(client_id, before.get(client_id, {}), page, self.provides)
            client.seconds = self.seconds
            found.append(client)
        return found

    def gone(self) -> list[str]:
        """Return the producers of the first reading that the second one does not have."""
        after = _by_client(self.second.page)
        return sorted(client for client in _by_client(self.first.page) if client not in after)

    def require_brokers(self) -> Brokers:
        """Return what the brokers said. Raise CannotKnowError."""
        if self.brokers is None:
            raise CannotKnowError(BROKERS)
        return self.brokers


def page_of(families: Iterable[Family]) -> Page:
    """Return families as a page."""
    page: dict[str, list[Series]] = {}
    for family in families:
        page.setdefault(family.metric.name, []).extend((dict(labels.pairs), value) for labels, value in family.samples)
    return page


def provided_by(page: Page) -> frozenset[str]:
    """Return the metrics of the profile that a page was made with, as far as the page shows it."""
    known = [METRICS[name] for name in page if name in METRICS]
    made_with = next(profile for profile in Profile if all(profile.includes(metric.profile) for metric in known))
    return frozenset(metric.name for metric in METRICS.values() if made_with.includes(metric.profile))


def part_of(page: Page, label: str, value: str) -> Page:
    """Return the series of a page with this value of a label."""
    parts = {name: [one for one in series if one[0].get(label) == value] for name, series in page.items()}
    return {name: series for name, series in parts.items() if series}


def events_between(before: Page, after: Page) -> list[Event]:
    """Return the events that the counters of two pages of a broker view show."""
    brokers = Brokers(page=after, before=before)
    kinds = {"kafka_transaction_aborted_total": "abort", "kafka_transactional_producer_session_total": "session"}
    return [
        Event(labels["transactional_id"], kind, labels["reason"], round(times), 0.0, 0.0)
        for name, kind in kinds.items()
        for labels, times in brokers.increases(name)
        if "transactional_id" in labels and "reason" in labels
    ]


def ended_between(before: Page, after: Page) -> list[Ended]:
    """Return how transactions ended, as the counters of two pages of a broker view show it."""
    brokers = Brokers(page=after, before=before)
    aborted = {
        labels.get("transactional_id", ""): round(times)
        for labels, times in brokers.increases("kafka_transaction_aborted_total")
        if labels.get("reason") == "client"
    }
    committed = {
        labels.get("transactional_id", ""): round(times)
        for labels, times in brokers.increases("kafka_transaction_committed_total")
    }
    return [Ended(name, committed.get(name, 0), aborted.get(name, 0)) for name in sorted({*aborted, *committed})]


def _by_client(page: Page) -> dict[str, dict[str, list[Series]]]:
    clients: dict[str, dict[str, list[Series]]] = {}
    for name, series in page.items():
        if name == "kafka_producer_hidden":
            continue
        for labels, value in series:
            if "client_id" in labels:
                clients.setdefault(labels["client_id"], {}).setdefault(name, []).append((labels, value))
    return clients


def _growth(before: float | None, after: float) -> float:
    return after if before is None or after < before else after - before
