"""The source ``partitions``: asks the partitions' leaders for their producers, with transactions and without."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from kafka_producer_exporter.broker.client.admin import (
    TransactionListing,
    describe_producers,
    describe_transactions,
    list_transactions,
    partition_ends,
    partition_leaders,
    require_describe_all,
)
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.hanging import (
    HangingTransaction,
    PartitionScan,
    still_open,
    unknown_to_coordinators,
    with_open_transaction,
)
from kafka_producer_exporter.broker.cluster.idempotent import IdempotentTracker
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState
from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import Broker

log = logging.getLogger(__name__)


def scan_partitions(client: Client) -> PartitionScan:
    """Describe the producers of every partition that the user may see. Raise TransportError."""
    require_describe_all(client)
    leaders = partition_leaders(client)
    producers, errors = describe_producers(client, leaders)
    if leaders and len(errors) == len(leaders):
        raise next(iter(errors.values()))
    listed = list_transactions(client)
    suspects = _suspects(client, producers, listed)
    suspected = {place: leaders[place] for place in {(suspect.topic, suspect.partition) for suspect in suspects}}
    now = describe_producers(client, suspected).producers
    return PartitionScan(
        hanging=still_open(suspects, now, partition_ends(client, suspected)),
        producers=producers,
        transactional=frozenset(one.producer_id for one in listed),
        described=frozenset(leaders),
        denied=frozenset(errors),
    )


def _suspects(
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
        self, broker: Broker, texts: LabelTexts, *, scan: Callable[[Client], PartitionScan] = scan_partitions
    ) -> None:
        # Besides probing and connecting: rights, metadata, producers twice, ids, descriptions, end offsets.
        self.silent_seconds = 8 * broker.request_timeout_seconds + broker.poll_seconds
        self._poll_seconds = broker.poll_seconds
        self._bootstrap_server = str(broker.bootstrap_servers[0])
        self._texts = texts
        self._scan = scan
        self._idempotent = IdempotentTracker(broker.topics)
        self._last_scan: PartitionScan | None = None
        self._lock = threading.Lock()

    def poll(self, session: Session) -> float:
        """Scan every partition that the user may describe."""
        scan = self._scan(session.client())
        with self._lock:
            before = self._last_scan.hanging if self._last_scan else []
            self._last_scan = scan
            self._idempotent.take_in(scan)
        self._log_new(before, scan.hanging)
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
        for one in self._last_scan.hanging:
            hanging = (
                (catalogue.HANGING, 1),
                (catalogue.HANGING_SECONDS, max(0, now_ms - one.last_timestamp_ms) / 1000),
                (catalogue.HANGING_RECORDS, one.records_held_back),
            )
            place = {"topic": one.topic, "partition": str(one.partition)}
            samples.add_all(hanging, **place, producer_id=str(one.producer_id))

    def _log_new(self, before: Sequence[HangingTransaction], now: Sequence[HangingTransaction]) -> None:
        known = {(one.topic, one.partition, one.producer_id) for one in before}
        for one in now:
            if (one.topic, one.partition, one.producer_id) not in known:
                log.warning(
                    "a transaction is hanging on %s-%d (producer id %d, from offset %d); to abort it, run: %s",
                    *(one.topic, one.partition, one.producer_id, one.start_offset),
                    one.abort_command(self._bootstrap_server),
                    extra={"source": self.name},
                )
