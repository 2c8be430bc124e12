"""The source ``partitions``: asks the partitions' leaders for their producers, with transactions and without."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from kafka_producer_exporter.broker.client.admin import (
    TransactionListing,
    describe_producers,
    describe_transactions,
    list_transactions,
    log_leaders,
    max_timeout_ms,
    partition_ends,
    partition_leaders,
    require_describe_all,
)
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.hanging import (
    HangingTracker,
    HangingTransaction,
    Identity,
    LogAnswer,
    Look,
    PartitionScan,
    Verdict,
    still_open,
    unknown_to_coordinators,
    with_open_transaction,
)
from kafka_producer_exporter.broker.cluster.idempotent import IdempotentTracker
from kafka_producer_exporter.broker.cluster.sightings import Settled, settled_leaders
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState, TopicPartition
from kafka_producer_exporter.broker.log.clock import BrokerClock
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source, cluster_ms
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import Broker

log = logging.getLogger(__name__)


AskLog = Callable[[Collection[int]], LogAnswer]
"""Returns what the exporter's copy of the transaction log has on some producer ids."""


def scan_partitions(client: Client, ask_log: AskLog) -> PartitionScan:
    """Describe the producers of every partition that the user may see. Raise TransportError."""
    require_describe_all(client)
    leaders = partition_leaders(client)
    producers, errors = describe_producers(client, leaders)
    if leaders and len(errors) == len(leaders):
        raise next(iter(errors.values()))
    listed = list_transactions(client)
    suspects = _unknown(client, producers, listed)
    return PartitionScan(
        look=_look(client, suspects, leaders, errors.keys(), ask_log, log_exists=bool(listed)),
        producers=producers,
        transactional=frozenset(one.producer_id for one in listed),
        described=frozenset(leaders),
        denied=frozenset(errors),
    )


def _look(
    client: Client,
    candidates: Collection[ProducerState],
    leaders: Mapping[TopicPartition, int],
    denied: Collection[TopicPartition],
    ask_log: AskLog,
    *,
    log_exists: bool,
) -> Look:
    """Ask the coordinators once more for the *candidates*, and their partitions after that. Raise TransportError.

    This is the look that counts (see ``cluster.hanging``), because here it is known who leads the transaction log.
    Without candidates, as in most polls, nobody is asked.
    """
    answered = leaders.keys() - denied
    if not candidates:
        return Look(time.monotonic(), Settled(None, None), [], LogAnswer({}), answered, {}, None)
    brokers = client.brokers
    before = log_leaders(client, log_exists=log_exists)
    suspects = _unknown(client, candidates, list_transactions(client))
    log_answer = ask_log({suspect.producer_id for suspect in suspects})
    asked = {place: leaders[place] for place in {(suspect.topic, suspect.partition) for suspect in suspects}}
    now, errors = describe_producers(client, asked)
    after = log_leaders(client, log_exists=log_exists)
    return Look(
        ended_at=time.monotonic(),
        settled=settled_leaders(before, after, asked=set(brokers).intersection(client.brokers)),
        suspects=still_open(suspects, now),
        log=log_answer,
        answered=answered - errors.keys(),
        ends=partition_ends(client, asked),
        max_timeout_ms=max_timeout_ms(client),
    )


def _unknown(
    client: Client, producers: Iterable[ProducerState], listed: Iterable[TransactionListing]
) -> list[ProducerState]:
    """Return the producers whose open transaction no coordinator knows."""
    candidates = with_open_transaction(producers)
    ids = {producer.producer_id for producer in candidates}
    known = describe_transactions(client, [one for one in listed if one.producer_id in ids])
    return unknown_to_coordinators(candidates, known)


class Partitions(Source):
    """Finds hanging transactions, and counts producers without transactions."""

    name = "partitions"

    def __init__(
        self,
        broker: Broker,
        texts: LabelTexts,
        ask_log: AskLog,
        *,
        clock: BrokerClock | None = None,
        scan: Callable[[Client, AskLog], PartitionScan] = scan_partitions,
    ) -> None:
        # Besides probing and connecting: rights, metadata, and twice each producers, ids and descriptions; then who
        # leads the log, twice, end offsets, and the broker's settings.
        self.silent_seconds = 14 * broker.request_timeout_seconds + broker.poll_seconds
        self._poll_seconds = broker.poll_seconds
        self._bootstrap_server = str(broker.bootstrap_servers[0])
        self._texts = texts
        self._ask_log = ask_log
        self._clock = clock or BrokerClock()
        self._scan = scan
        self._idempotent = IdempotentTracker(broker.topics)
        self._hanging = HangingTracker()
        self._last_scan: PartitionScan | None = None
        self._verdict = Verdict([], None, awaits_look=False, max_timeout_ms=None)
        self._logged: dict[Identity, bool] = {}
        """The transactions that were logged, and whether with the command that aborts them."""
        self._logged_obstacle: str | None = None
        self._lock = threading.Lock()

    def poll(self, session: Session) -> float:
        """Scan every partition that the user may describe."""
        scan = self._scan(session.client(), self._ask_log)
        with self._lock:
            self._last_scan = scan
            self._idempotent.take_in(scan)
            self._verdict = self._hanging.take_in(scan.look)
        self._log_changes(self._verdict, cluster_ms(self._clock))
        return self._poll_seconds

    def families(self, moment: Moment) -> list[Family]:
        """Return hanging transactions, and counts and activity of producers without transactions."""
        samples = Samples(self._texts)
        now_ms = moment.fresh_ms(self.name)
        with self._lock:
            for topic, counts in self._idempotent.counts.items():
                samples.add(catalogue.IDEMPOTENT_APPEARED, counts.appeared, topic=topic)
                samples.add(catalogue.IDEMPOTENT_EXPIRED, counts.expired, topic=topic)
                samples.add(catalogue.IDEMPOTENT_BUMPS, counts.epoch_bumps, topic=topic)
            if now_ms is not None:
                self._add_gauges(samples, now_ms)
        return samples.families()

    def _add_gauges(self, samples: Samples, now_ms: int) -> None:
        for activity in self._idempotent.activity(now_ms):
            activities = (
                (catalogue.IDEMPOTENT_ACTIVE, activity.active),
                (catalogue.IDEMPOTENT_IDLE_SECONDS, activity.idle_seconds),
            )
            samples.add_all(activities, topic=activity.topic, partition=str(activity.partition))
        if self._last_scan is None:
            return
        samples.add(catalogue.PARTITIONS_DESCRIBED, len(self._last_scan.described))
        samples.add(catalogue.PARTITIONS_DENIED, len(self._last_scan.denied))
        samples.add(catalogue.HANGING_JUDGED, float(self._verdict.obstacle is None))
        for one in self._verdict.hanging:
            hanging = (
                (catalogue.HANGING, 1),
                (catalogue.HANGING_SECONDS, max(0, now_ms - one.last_timestamp_ms) / 1000),
                (catalogue.HANGING_RECORDS, one.records_held_back),
            )
            place = {"topic": one.topic, "partition": str(one.partition)}
            samples.add_all(hanging, **place, producer_id=str(one.producer_id))

    def _log_changes(self, verdict: Verdict, now_ms: int) -> None:
        """Log each hanging transaction once when it is found, and once when it is old enough to be aborted."""
        extra = {"source": self.name}
        if verdict.obstacle and verdict.obstacle != self._logged_obstacle:
            message = "whether some open transactions hang cannot be judged now: %s"
            log.warning(message, verdict.obstacle, extra=extra)
        self._logged_obstacle = verdict.obstacle
        logged, self._logged = self._logged, {}
        for one in verdict.hanging:
            is_old = one.is_older_than(verdict.max_timeout_ms, now_ms)
            if logged.get(one.identity) not in (is_old, True):
                weaker = f"; this is weaker than usual, because {one.weaker}" if one.weaker else ""
                message = "a transaction is hanging on %s-%d (producer id %d, from offset %d)%s; %s"
                advice = self._advice(one) if is_old else one.why_no_command(verdict.max_timeout_ms)
                place = (one.topic, one.partition, one.producer_id, one.start_offset)
                log.warning(message, *place, weaker, advice, extra=extra)
            self._logged[one.identity] = is_old or logged.get(one.identity, False)

    def _advice(self, one: HangingTransaction) -> str:
        checks = "; ".join(one.checks(self._bootstrap_server))
        return f"to abort it, check first that {checks}; then run: {one.abort_command(self._bootstrap_server)}"
