"""What a person on call asks of a cluster once: open transactions, hanging transactions, and recent events."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer_exporter.broker.client.admin import EARLIEST, LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction
from kafka_producer_exporter.broker.log.follower import take_in
from kafka_producer_exporter.broker.log.outcomes import Event, OpenTransaction
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.broker.log.tracker import SETTLE_AFTER_MS, TransactionTracker
from kafka_producer_exporter.broker.sources.coordinators import ApproximateLog, describe_all_transactions
from kafka_producer_exporter.broker.sources.partitions import scan_partitions
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker

FETCH_WAIT_SECONDS = 0.2
ALL_IDS = 10_000_000
"""A limit that folds no id: a person asks for raw ids."""


class TransactionOverview(NamedTuple):
    """What was found. A part is None if the user may not see it; ``unseen`` says why."""

    opened: Sequence[OpenTransaction] | None
    """The oldest first."""
    hanging: Sequence[HangingTransaction] | None
    recent: Sequence[Event] | None
    """Aborts, sessions and producer id changes, the newest first."""
    unseen: Sequence[str]
    """One line for a person per part that is None."""


def transaction_overview(broker: Broker) -> TransactionOverview:
    """Ask the cluster once. Raise TransportError if that fails for any other reason than a missing right."""
    unseen: list[str] = []
    now_ms = time.time_ns() // 1_000_000
    with Client(broker) as client:
        tracker = TransactionTracker(limit=ALL_IDS)
        recent: Sequence[Event] | None = None
        opened: Sequence[OpenTransaction] | None = None
        try:
            _read_log(client, tracker, broker.lookback_records)
            # Every record after the last abort has been read, so an abort that is still pending was the client's own.
            tracker.settle(now_ms)
            tracker.settle(now_ms + SETTLE_AFTER_MS)
            recent, opened = list(reversed(tracker.events)), tracker.open_transactions(now_ms)
        except TransportError as error:
            unseen.append(_denied(error, "recent events"))
            try:
                _ask_coordinators(client, tracker, now_ms)
                opened = tracker.open_transactions(now_ms)
            except TransportError as also:
                unseen.append(_denied(also, "open transactions"))
        try:
            hanging: Sequence[HangingTransaction] | None = scan_partitions(client).hanging
        except TransportError as error:
            hanging = None
            unseen.append(_denied(error, "hanging transactions"))
    return TransactionOverview(opened, hanging, recent, unseen)


def _read_log(client: Client, tracker: TransactionTracker, lookback_records: int) -> None:
    """Read the log up to its present end, at most *lookback_records* of each partition.

    What cannot be read is skipped: ``serve`` logs and counts it.
    """
    reader = LogReader(client)
    partitions = reader.partitions()
    earliest, latest = reader.offsets(partitions, EARLIEST), reader.offsets(partitions, LATEST)
    for partition in partitions:
        first = max(earliest[partition], latest[partition] - lookback_records)
        tracker.follow(partition, from_offset=first, counting_from=first)
    while positions := {p: tracker.position(p) for p in partitions if tracker.position(p) < latest[p]}:
        for partition, chunk, _ in reader.fetch(positions, wait_seconds=FETCH_WAIT_SECONDS):
            take_in(tracker, partition, chunk)
            if chunk.implausible:
                raise TransportError(Reason.DAMAGED, f"{TOPIC}-{partition}: {chunk.implausible}; try again")
            if chunk.unreadable:
                tracker.advance(partition, chunk.unreadable.end_offset)


def _ask_coordinators(client: Client, tracker: TransactionTracker, now_ms: int) -> None:
    listed, described = describe_all_transactions(client)
    ApproximateLog(tracker).take_in({one.transactional_id for one in listed}, described, now_ms)


def _denied(error: TransportError, what: str) -> str:
    """Return a line about a missing right. Raise every other error."""
    if error.reason is not Reason.AUTHORIZATION:
        raise error
    return f"{what}: {error}"
