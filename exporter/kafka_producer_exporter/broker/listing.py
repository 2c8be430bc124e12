"""What a person on call asks of a cluster once: open transactions, hanging transactions, and recent events."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.cluster.hanging import HangingTracker, HangingTransaction, LogAnswer, Verdict
from kafka_producer_exporter.broker.log.endings import Endings, RecentEndings
from kafka_producer_exporter.broker.log.follower import take_in
from kafka_producer_exporter.broker.log.outcomes import OpenTransaction
from kafka_producer_exporter.broker.log.recent import EventSummary, RecentEvents
from kafka_producer_exporter.broker.log.record_batches import Chunk
from kafka_producer_exporter.broker.log.records import TOPIC, DamagedRecordError, Transition, decode
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from kafka_producer_exporter.broker.sources.coordinators import ApproximateLog, describe_all_transactions
from kafka_producer_exporter.broker.sources.partitions import scan_partitions
from kafka_producer_exporter.broker.sources.transaction_counts import open_in_log
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker

FETCH_WAIT_SECONDS = 0.2
ALL_IDS = 10_000_000
"""A limit that folds no id: a person asks for raw ids."""
RECENT_MS = 600_000
"""How far back the ends of transactions are counted."""
LOOKS = 4
"""The most looks at hanging transactions: two suffice, unless the transaction log gets another leader meanwhile."""
LOOK_SECONDS = 10.0
"""The time between two looks."""


class TransactionOverview(NamedTuple):
    """What was found. A part is None if it was not asked for, or cannot be seen; ``unseen`` says why."""

    opened: Sequence[OpenTransaction] | None
    """The oldest first."""
    hanging: Sequence[HangingTransaction] | None
    recent: Sequence[EventSummary] | None
    """Aborts, sessions and producer id changes, those of the rarest reasons first."""
    unseen: Sequence[str]
    """One line for a person per part that cannot be seen, or not as a whole."""
    max_timeout_ms: int | None = None
    """``transaction.max.timeout.ms``. None if the user may not see it, or if nothing hangs."""
    endings: Mapping[str, Endings] = {}
    """How transactions ended in the last ten minutes, by transactional id."""


def transaction_overview(
    broker: Broker,
    *,
    hanging: bool = True,
    report: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> TransactionOverview:
    """Ask the cluster. Raise TransportError if that fails for any other reason than a missing right.

    *hanging* is whether to look for hanging transactions. That takes ten seconds more if there are suspects; *report*
    gets a line for a person at each step.
    """
    unseen: list[str] = []
    now_ms = time.time_ns() // 1_000_000
    with Client(broker) as client:
        log = _LogCopy(client, broker.lookback_records, endings_since_ms=now_ms - RECENT_MS)
        tracker = log.tracker
        recent: Sequence[EventSummary] | None = None
        opened: Sequence[OpenTransaction] | None = None
        try:
            log.read()
            # Every record after the last abort has been read, so an abort that is still pending was the client's own.
            tracker.settle(now_ms)
            tracker.settle(now_ms + SETTLE_AFTER_MS)
            recent, opened = log.recent.rarest_first(), tracker.open_transactions(now_ms)
        except TransportError as error:
            unseen.append(_unseen(error, "recent events"))
            log.is_forbidden = True
            try:
                ApproximateLog(tracker).take_in(describe_all_transactions(client), now_ms)
                opened = tracker.open_transactions(now_ms)
            except TransportError as also:
                unseen.append(_unseen(also, "open transactions"))
        verdict = Verdict([], None, awaits_look=False, max_timeout_ms=None)
        found: Sequence[HangingTransaction] | None = None
        if hanging:
            try:
                verdict = look_for_hanging(client, log, report, sleep)
                found = verdict.hanging
            except TransportError as error:
                unseen.append(_unseen(error, "hanging transactions"))
            if verdict.awaits_look:
                reason = verdict.obstacle or "some suspects were seen only once"
                unseen.append(f"some transactions that may hang: {reason}; run it again")
    return TransactionOverview(opened, found, recent, unseen, verdict.max_timeout_ms, log.endings.by_id)


def look_for_hanging(
    client: Client, log: "_LogCopy", report: Callable[[str], None], sleep: Callable[[float], None]
) -> Verdict:
    """Look until every suspect has been judged, at most ``LOOKS`` times. Raise TransportError."""
    tracker = HangingTracker()
    verdict = tracker.take_in(scan_partitions(client, log.open_transactions).look)
    for number in range(2, LOOKS + 1):
        if not verdict.awaits_look:
            break
        why = f" ({verdict.obstacle})" if verdict.obstacle else ""
        report(
            f"some open transactions are unknown to every coordinator; look {number} follows in {LOOK_SECONDS:g} s{why}"
        )
        sleep(LOOK_SECONDS)
        verdict = tracker.take_in(scan_partitions(client, log.open_transactions).look)
    return verdict


class _LogCopy:
    """What the transaction log says, up to the last ``read``."""

    def __init__(self, client: Client, lookback_records: int, *, endings_since_ms: int) -> None:
        self.recent = RecentEvents()
        self.endings = RecentEndings(endings_since_ms)
        self.tracker = TransactionTracker(limit=ALL_IDS, on_event=self.recent.add)
        self.is_forbidden = False
        self._missing: str | None = None
        self._reader = LogReader(client)
        self._lookback_records = lookback_records
        self._followed: set[int] = set()

    def read(self) -> None:
        """Read the log up to its present end, at first at most ``lookback_records`` of each partition.

        What cannot be read is skipped: ``serve`` logs and counts it. Raise TransportError.
        """
        known = self._reader.partitions()
        partitions = [partition for partition in known if partition not in self._reader.unavailable]
        if len(partitions) < len(known):
            self._missing = f"{len(known) - len(partitions)} partitions of {TOPIC} have no leader"
        latest = self._reader.offsets(partitions, LATEST)
        new = [partition for partition in partitions if partition not in self._followed]
        for partition, earliest in (self._reader.offsets(new, EARLIEST) if new else {}).items():
            first = max(earliest, latest[partition] - self._lookback_records)
            if first > earliest:
                self._missing = f"{TOPIC} was read from lookback_records before its end"
            self.tracker.follow(partition, from_offset=first, counting_from=first)
            self._followed.add(partition)
        while positions := {p: self.tracker.position(p) for p in partitions if self.tracker.position(p) < latest[p]}:
            for partition, chunk, _ in self._reader.fetch(positions, wait_seconds=FETCH_WAIT_SECONDS):
                skipped = take_in(self.tracker, partition, chunk)
                self._count_endings(chunk)
                if chunk.implausible:
                    raise TransportError(Reason.DAMAGED, f"{TOPIC}-{partition}: {chunk.implausible}; try again")
                if chunk.unreadable:
                    self.tracker.advance(partition, chunk.unreadable.end_offset)
                if skipped or chunk.unreadable:
                    self._missing = f"not all of {TOPIC} could be read"

    def _count_endings(self, chunk: Chunk) -> None:
        for _, key, value, written_ms in chunk.records:
            if written_ms is not None and written_ms < self.endings.since_ms:
                continue
            try:
                record = decode(key or b"", value)
            except DamagedRecordError:
                continue
            if isinstance(record, Transition):
                self.endings.add(record)

    def open_transactions(self, producer_ids: Collection[int]) -> LogAnswer:
        """Return which of these producer ids have an open transaction now. Raise TransportError."""
        began = time.monotonic()
        weaker: str | None = f"the user may not read {TOPIC}; grant Read on the topic"
        if not self.is_forbidden:
            self.read()
            weaker = self._missing if self._followed else f"the cluster has no topic {TOPIC}"
        return LogAnswer(open_in_log(self.tracker.open_transactions(0), producer_ids), began, weaker)


def _unseen(error: TransportError, what: str) -> str:
    """Return a line about a right, or a request, that is missing. Raise every other error."""
    if error.reason not in {Reason.AUTHORIZATION, Reason.UNSUPPORTED}:
        raise error
    return f"{what}: {error}"
