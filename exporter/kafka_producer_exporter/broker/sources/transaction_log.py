"""The source ``transaction_log``: follows ``__transaction_state`` record by record. Its counts are exact."""

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST, list_transactions
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader, OutOfRangeError
from kafka_producer_exporter.broker.cluster.hanging import LogAnswer
from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.log.follower import LogFollower, Shard, SkipKind, Skipped
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source, cluster_ms
from kafka_producer_exporter.broker.sources.state import Statuses
from kafka_producer_exporter.broker.sources.transaction_counts import TransactionCounts, open_in_log
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker

FETCH_WAIT_SECONDS = 0.5
PARTITIONS_SECONDS = 30.0
"""How often the log's partitions are looked up."""
NO_PARTITIONS_SECONDS = 1.0
"""The same while this shard of the log has none."""

_UNREADABLE = frozenset({Reason.AUTHORIZATION, Reason.UNSUPPORTED})
"""The reasons for which the coordinators' reports stand in for the log."""

log = logging.getLogger(__name__)


def is_forbidden(statuses: Statuses) -> bool:
    """Return whether the log may not be read, or is kept where it cannot be read."""
    return statuses[TransactionLog.name].reason in _UNREADABLE


class TransactionLog(Source):
    """Counts every transition that the coordinators write."""

    name = "transaction_log"

    def __init__(
        self,
        broker: Broker,
        counts: TransactionCounts,
        texts: LabelTexts,
        *,
        clock: BrokerClock | None = None,
        open_reader: Callable[[Client], LogReader] = LogReader,
    ) -> None:
        # Probing the server, connecting, looking up the partitions and fetching may each take the whole timeout.
        self.silent_seconds = 4 * broker.request_timeout_seconds + FETCH_WAIT_SECONDS
        clock = clock or BrokerClock()
        self._counts = counts
        self._texts = texts
        self._open_reader = open_reader
        self._follower = LogFollower(
            counts.tracker,
            shard=Shard(broker.shard, broker.total_shards),
            lookback_records=broker.lookback_records,
            clock=clock,
        )
        self._clock = clock
        self._began_at = 0.0
        self._poll_seconds = broker.poll_seconds
        self._is_kept_elsewhere = False
        self._next_question = 0.0
        self._unavailable = 0
        """How many partitions could not be read in the last poll."""
        self._client: Client | None = None
        self._reader: LogReader | None = None
        self._next_look_up = 0.0
        self._logged: set[SkipKind] = set()
        self._logged_contradicted = False
        self._shards = broker.total_shards
        self._topic_id: object | None = None
        self._to_read_again: set[int] = set()
        self._out_of_range: tuple[int, int, int | None] | None = None
        """The last answer that a partition does not have our position: partition, position and where it diverges."""
        self._read_at: float | None = None

    def poll(self, session: Session) -> float:
        """Fetch what is new in the log."""
        try:
            return self._poll(session)
        except TransportError as error:
            if error.reason in _UNREADABLE:
                with self._counts.lock:
                    self._counts.is_log_denied = True
            raise

    def open_transactions(self, producer_ids: Collection[int]) -> LogAnswer:
        """Return which of these producer ids have an open transaction, as far as the log has been read."""
        with self._counts.lock:
            opened = open_in_log(self._counts.tracker.open_transactions(0), producer_ids)
            return LogAnswer(opened, self._read_at, self._incomplete())

    def _incomplete(self) -> str | None:
        """Return why the whole log is not known here, or None if it is."""
        if self._is_kept_elsewhere:
            return f"the cluster has no topic {TOPIC}"
        if self._counts.is_log_denied:
            return f"the user may not read {TOPIC}; grant Read on the topic"
        if self._shards > 1:
            return f"this exporter reads only its shard of {TOPIC}"
        if self._next_look_up and not self._follower.positions:
            return f"the cluster has no topic {TOPIC}"
        if self._follower.has_gaps:
            return f"not all of {TOPIC} could be read"
        return None

    def _poll(self, session: Session) -> float:
        began = time.monotonic()
        reader = self._reader_of(session.client())
        if time.monotonic() >= self._next_look_up:
            self._look_up_partitions(reader)
        if self._to_read_again:
            self._read_again(reader)
        positions = self._follower.positions
        if not self._counts.log_partitions:
            self._require_no_transactions(session.client(), reader)
        if not positions:
            return FETCH_WAIT_SECONDS
        try:
            fetched = reader.fetch(positions, wait_seconds=FETCH_WAIT_SECONDS, epochs=self._follower.epochs)
        except OutOfRangeError as error:
            self._take_in_loss(reader, error)
            return 0.0
        self._note_unavailable(reader)
        if reader.is_broker_lost:
            session.close()  # rule 3 of ``client.connection``: the next poll opens a new client
        with self._counts.lock:
            if self._counts.is_log_denied and not self._end_stand_in():
                return 0.0
            now_ms, asked_ms = int(time.monotonic() * 1000), int(began * 1000)
            intake = self._follower.take_in(fetched, now_ms=now_ms, asked_ms=asked_ms)
            # Not what was known before: a partition that is read again goes through older states of its ids.
            self._read_at = began if self._follower.is_read_to_end else None
            self._note_counting_since()
            self._counts.keep_limits(source=self.name)
            self._note_missing()
        for loss in intake.losses:
            self._to_read_again.add(loss.partition)
            self._read_at = None
            message = "%s-%d: %d records before offset %d were compacted before they were read; they are not counted"
            log.warning(message, TOPIC, loss.partition, loss.records, loss.offset, extra={"source": self.name})
        self._log_skipped(intake.skipped)
        self._log_contradicted(intake.contradicted)
        for partition, reason in intake.unreadable:
            raise TransportError(Reason.DAMAGED, f"{TOPIC}-{partition}: {reason}")
        return 0.0

    def _end_stand_in(self) -> bool:
        """Read the log again instead of the reports. Return False if it must be read from its end on."""
        self._counts.is_log_denied = False
        self._read_at = None
        can_continue = self._counts.tracker.end_stand_in()
        if not can_continue:
            self._follower.begin_again()
            self._next_look_up = 0.0
        log.info(
            "the transaction log is read again; %s",
            "what happened meanwhile is counted now" if can_continue else "it is counted from now on",
            extra={"source": self.name},
        )
        return can_continue

    def families(self, moment: Moment) -> list[Family]:
        """Return how well the log is followed and, if it may be read, the counts."""
        follower = self._follower
        samples = Samples(self._texts)
        is_read = not is_forbidden(moment.statuses)
        with self._counts.lock:
            samples.add(catalogue.EXACT, float(is_read and self._counts.is_exact))
            for kind, count in follower.skipped.items():
                samples.add(catalogue.LOG_SKIPPED, count, kind=kind)
            for cause, count in follower.missing.items():
                samples.add(catalogue.LOG_MISSING, count, cause=cause)
            if self._counts.inexact_since_ms is not None:
                samples.add(catalogue.INEXACT_SINCE, self._counts.inexact_since_ms / 1000)
            samples.add(catalogue.LOG_REFETCHED, follower.refetched)
            samples.add(catalogue.LOG_UNAVAILABLE, self._unavailable)
            samples.add(catalogue.LOG_LAG, follower.lag_records)
            delay_ms = follower.delay_ms(int(time.monotonic() * 1000), moment.now_ms)
            if delay_ms is not None:
                samples.add(catalogue.LOG_DELAY, delay_ms / 1000)
            samples.add(catalogue.LOG_RECORDS, follower.records_read)
            samples.add(catalogue.ENDS_UNSEEN, follower.tracker.ends_unseen)
            samples.add(catalogue.IDS, follower.tracker.known_ids)
            samples.add(catalogue.IDS_FOLDED, follower.tracker.folded)
            samples.add(catalogue.IDS_DROPPED, follower.tracker.dropped)
        counts = self._counts.families(now_ms=moment.fresh_ms(self.name)) if is_read else []
        return [*counts, *samples.families()]

    def _reader_of(self, client: Client) -> LogReader:
        """Return the reader of *client*. A new client needs a new reader, which must look up the partitions first."""
        if self._reader is None or client is not self._client:
            self._client, self._reader = client, self._open_reader(client)
            self._next_look_up = 0.0
        return self._reader

    def _look_up_partitions(self, reader: LogReader) -> bool:
        """Look up the partitions of the log, and follow them. Return whether the topic was recreated."""
        partitions = reader.partitions()
        is_recreated = None not in (self._topic_id, reader.topic_id) and self._topic_id != reader.topic_id
        if is_recreated and (known := self._follower.known_partitions(partitions)):
            self._lose(reader, known, is_recreated=True)
        self._topic_id = reader.topic_id or self._topic_id
        new = [p for p in self._follower.new_partitions(partitions) if p not in reader.unavailable]
        earliest = reader.offsets(new, EARLIEST) if new else {}
        latest = reader.offsets(new, LATEST) if new else {}
        late = self._follower.late_partitions(new)
        since = reader.offsets(late, self._began_ms()) if late else {}
        with self._counts.lock:
            self._counts.log_partitions = len(partitions)
            self._is_kept_elsewhere = self._is_kept_elsewhere and not partitions
            if not self._follower.has_begun:
                self._began_at = time.monotonic()
            self._follower.follow(
                partitions,
                earliest=earliest,
                latest=latest,
                now_ms=_now_ms(),
                unavailable=reader.unavailable,
                since={partition: offset if offset >= 0 else latest[partition] for partition, offset in since.items()},
            )
            self._note_counting_since()
        is_whole = self._follower.positions and not reader.unavailable
        wait_seconds = PARTITIONS_SECONDS if is_whole else NO_PARTITIONS_SECONDS
        self._next_look_up = time.monotonic() + wait_seconds
        return is_recreated

    def _require_no_transactions(self, client: Client, reader: LogReader) -> None:
        """Raise TransportError if the cluster has transactions but no topic for the log: it keeps them elsewhere.

        Who may not list them, or whose brokers cannot, learns nothing.
        """
        if time.monotonic() >= self._next_question:
            self._next_question = time.monotonic() + self._poll_seconds
            with contextlib.suppress(TransportError):
                # The topic may have been made between the two answers, so the second one counts.
                self._is_kept_elsewhere = bool(list_transactions(client)) and not reader.partitions()
        if self._is_kept_elsewhere:
            message = f"the cluster has transactions but no topic {TOPIC}, so they are counted from the coordinators' "
            raise TransportError(Reason.UNSUPPORTED, f"{message}reports: the counts are lower bounds")

    def _began_ms(self) -> int:
        """Return when following began, by the brokers' clock or, while that is unknown, by ours."""
        return cluster_ms(self._clock) - int((time.monotonic() - self._began_at) * 1000)

    def _note_unavailable(self, reader: LogReader) -> None:
        """Note which partitions cannot be read, log it when that begins and ends, and look them up again soon."""
        before = self._unavailable
        self._unavailable = len(self._follower.own_partitions(reader.unavailable))
        if self._unavailable:
            self._next_look_up = min(self._next_look_up, time.monotonic() + NO_PARTITIONS_SECONDS)
        if self._unavailable and not before:
            message = "%d partitions of the transaction log cannot be read now; what happens there is counted later: %s"
            why = next(iter(reader.unavailable.values()))
            log.warning(message, self._unavailable, why, extra={"source": self.name})
        elif before and not self._unavailable:
            log.info("every partition of the transaction log can be read", extra={"source": self.name})

    def _take_in_loss(self, reader: LogReader, error: OutOfRangeError) -> None:
        """Believe that a partition does not have our position, or our records, once a second answer says so, too."""
        answer = (error.partition, self._follower.tracker.position(error.partition), error.diverged_at)
        is_confirmed, self._out_of_range = answer == self._out_of_range, answer
        is_recreated = self._look_up_partitions(reader)
        if is_confirmed and not is_recreated and error.partition in self._follower.positions:
            self._out_of_range = None
            self._lose(reader, [error.partition], diverged_at=error.diverged_at)

    def _lose(
        self,
        reader: LogReader,
        partitions: Collection[int],
        *,
        diverged_at: int | None = None,
        is_recreated: bool = False,
    ) -> None:
        """Continue in partitions that no longer have the records that were to be read next, or read last."""
        earliest, latest = reader.offsets(partitions, EARLIEST), reader.offsets(partitions, LATEST)
        for partition in partitions:
            first, end = earliest[partition], latest[partition]
            with self._counts.lock:
                before = self._follower.tracker.position(partition)
                loss = self._follower.lose(
                    partition, earliest=first, latest=end, diverged_at=diverged_at, is_recreated=is_recreated
                )
                self._read_at = None
                self._note_missing()
            log.warning(
                "%s-%d: the log was %s; it has offsets %d to %d, the next one to read was %d; counting goes on at %d",
                *(TOPIC, partition, loss.kind, first, end, before, loss.offset),
                extra={"source": self.name},
            )

    def _read_again(self, reader: LogReader) -> None:
        """Learn the state of the ids again, in partitions whose records were compacted before they were read."""
        earliest = reader.offsets(self._to_read_again, EARLIEST)
        latest = reader.offsets(self._to_read_again, LATEST)
        with self._counts.lock:
            for partition in self._to_read_again:
                self._follower.read_again(partition, earliest=earliest[partition], latest=latest[partition])
        self._to_read_again.clear()

    def _note_missing(self) -> None:
        is_whole = self._follower.is_complete and not self._counts.tracker.dropped
        if not is_whole and self._counts.inexact_since_ms is None:
            self._counts.inexact_since_ms = _now_ms()

    def _note_counting_since(self) -> None:
        if self._follower.counting_since_ms is not None:
            self._counts.begin(self._follower.counting_since_ms, source=self.name, from_log=True)

    def _log_skipped(self, skipped: Iterable[Skipped]) -> None:
        extra = {"source": self.name}
        for kind, partition, offset, next_offset, reason in skipped:
            if kind is SkipKind.DAMAGED_BATCH:
                log.error("%s-%d: %s; skipped up to offset %d", TOPIC, partition, reason, next_offset, extra=extra)
            elif kind not in self._logged:  # the metric counts the others
                self._logged.add(kind)
                message = "%s-%d: the record at offset %d is skipped: %s"
                log.warning(message, TOPIC, partition, offset, reason, extra=extra)

    def _log_contradicted(self, contradicted: Iterable[tuple[int, str]]) -> None:
        for partition, reason in contradicted:
            if not self._logged_contradicted:  # the metric counts the others
                self._logged_contradicted = True
                log.warning("%s-%d: %s; nothing was lost", TOPIC, partition, reason, extra={"source": self.name})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
