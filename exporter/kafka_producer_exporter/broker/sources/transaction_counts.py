"""The counts of transactions, which two sources share: ``transaction_log``, and ``coordinators`` in its place."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

from kafka_producer_exporter.broker.cluster.hanging import OpenInLog
from kafka_producer_exporter.broker.log.outcomes import Counts, OpenTransaction, Series
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import IdGroup

DROPPED_SHARE = 1 / 3
"""The share of the idle ids to drop when the budget shrinks by this share."""

_DROPPED = (
    "dropped the state of idle transactional ids to stay within the memory limit; the counts are no longer exact; give "
    "the exporter more memory, or set broker.total_shards"
)
_FOLDED = (
    "there are more transactional ids than limits.transactional_ids: ids that were idle for ten minutes give up their "
    "series, and others count under other; combine generated ids with id_groups"
)

log = logging.getLogger(__name__)


class TransactionCounts:
    """A tracker, the lock that guards it, and its families."""

    def __init__(self, tracker: TransactionTracker, texts: LabelTexts, budget: MemoryBudget | None = None) -> None:
        self.tracker = tracker
        self._budget = budget or MemoryBudget(None)
        self._generation = self._budget.generation
        self._logged: set[str] = set()
        self.lock = threading.Lock()
        """Held while a poll is taken in, never while waiting for a broker."""
        self.since_ms: int | None = None
        """When counting began; None until it has."""
        self.is_log_denied = False
        """True while the log may not be read and the coordinators' reports stand in for it."""
        self.log_partitions = 0
        """How many partitions the log has; 0 until it is known."""
        self.inexact_since_ms: int | None = None
        """Since when records of the log are missing; None if none is."""
        self._counts_log = False
        self._texts = texts

    @property
    def is_exact(self) -> bool:
        """False if the log may not be read, or was not read when counting began, or if records or state are missing."""
        is_counted = self._counts_log or self.since_ms is None
        is_whole = self.inexact_since_ms is None and not self.tracker.dropped
        return is_counted and is_whole and not self.is_log_denied

    def begin(self, since_ms: int, *, source: str, from_log: bool) -> None:
        """Count from *since_ms* on, and log it. The caller holds the lock.

        Later calls change nothing, except the first one that is *from_log*.
        """
        if self.since_ms is None or (from_log and not self._counts_log):
            self.since_ms, self._counts_log = since_ms, from_log
            since = datetime.fromtimestamp(since_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            log.info("counting transactions", extra={"source": source, "since": since})

    def keep_limits(self, *, source: str) -> None:
        """Drop the state of idle ids if more memory is used than estimated, and log each limit when it is first met.

        The caller holds the lock.
        """
        self._budget.check()
        if self._budget.generation != self._generation:
            self._generation = self._budget.generation
            self.tracker.drop_idle(DROPPED_SHARE)
        for kind, count, message in (
            ("dropped", self.tracker.dropped, _DROPPED),
            ("folded", self.tracker.folded, _FOLDED),
        ):
            if count and kind not in self._logged:
                self._logged.add(kind)
                log.warning(message, extra={"source": source})

    def families(self, *, now_ms: int | None) -> list[Family]:
        """Return the counts, and the gauges as of *now_ms*; None leaves the gauges out.

        Nothing is returned before counting has begun.
        """
        samples = Samples(self._texts)
        with self.lock:
            if self.since_ms is None:
                return []
            samples.add(catalogue.COUNTING_SINCE, self.since_ms / 1000)
            _add_totals(samples, self.tracker.totals())
            _add_series(samples, self.tracker.series(), gauges=now_ms is not None)
            if now_ms is not None:
                _add_open(samples, self.tracker.open_transactions(now_ms))
        return samples.families()


def open_in_log(transactions: Iterable[OpenTransaction], producer_ids: Collection[int]) -> dict[int, OpenInLog]:
    """Return the open transactions of these producer ids, by producer id."""
    return {
        one.producer_id: OpenInLog(
            one.start_ms, frozenset((topic, number) for topic, numbers in one.partitions for number in numbers)
        )
        for one in transactions
        if one.producer_id in producer_ids
    }


def _add_totals(samples: Samples, totals: Counts) -> None:
    samples.add_all(((catalogue.ALL_STARTED, totals.started), (catalogue.ALL_COMMITTED, totals.committed)))
    samples.add_each(catalogue.ALL_ABORTED, totals.aborted, by="reason")
    samples.add_each(catalogue.ALL_SESSIONS, totals.sessions, by="reason")
    samples.add_each(catalogue.ALL_ID_CHANGES, totals.id_changes, by="reason")


def _add_series(samples: Samples, series: Iterable[Series], *, gauges: bool) -> None:
    for name, counts, identity in series:
        totals = ((catalogue.STARTED, counts.started), (catalogue.COMMITTED, counts.committed))
        samples.add_all(totals, transactional_id=name)
        for metric, reasons in (
            (catalogue.ABORTED, counts.aborted),
            (catalogue.SESSIONS, counts.sessions),
            (catalogue.ID_CHANGES, counts.id_changes),
        ):
            samples.add_each(metric, reasons, by="reason", transactional_id=name)
        if identity and gauges:
            samples.add(catalogue.EPOCH, identity.epoch, transactional_id=name)
            samples.add(catalogue.INFO, 1, transactional_id=name, producer_id=str(identity.producer_id))


def _add_open(samples: Samples, transactions: Iterable[OpenTransaction]) -> None:
    """Add how many transactions are open under each name, and what is known of the oldest."""
    by_name: dict[str, list[OpenTransaction]] = {}
    for transaction in transactions:
        by_name.setdefault(transaction.name, []).append(transaction)
    for name, (oldest, *others) in by_name.items():
        gauges = [
            (catalogue.OPEN, 1 + len(others)),
            (catalogue.OPEN_SECONDS, oldest.age_seconds),
            (catalogue.TIMEOUT_SECONDS, oldest.timeout_seconds),
        ]
        if oldest.protocol is not None:
            gauges.append((catalogue.PROTOCOL, oldest.protocol))
        samples.add_all(gauges, transactional_id=name)


def group_function(groups: Sequence[IdGroup]) -> Callable[[str], str]:
    """Return a function that maps a transactional id to its group, or to itself if it is in none."""

    def group_of(transactional_id: str) -> str:
        matches = ((group.pattern.fullmatch(transactional_id), group.group) for group in groups)
        return next((match.expand(group) for match, group in matches if match), transactional_id)

    return group_of
