"""What a person on call asks of a cluster once: which transactions are open, which hang, what happened lately."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from kafka_producer_exporter.broker.client.admin import describe_transactions, list_transactions, require_describe_all
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.cluster.hanging import HangingTransaction
from kafka_producer_exporter.broker.log.approximate import ApproximateLog
from kafka_producer_exporter.broker.log.follower import EARLIEST, LATEST
from kafka_producer_exporter.broker.log.outcomes import Event, OpenTransaction
from kafka_producer_exporter.broker.log.records import DamagedRecordError, UnknownRecord, decode
from kafka_producer_exporter.broker.log.tracker import SETTLE_INCOMPLETE_AFTER_MS, TransactionTracker
from kafka_producer_exporter.broker.watch import look
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Broker

FETCH_WAIT_SECONDS = 0.2
ALL_IDS = 10_000_000
"""A person asks for raw ids: none is folded."""


class Listing(NamedTuple):
    """What was found; None where it could not be seen, and then ``unseen`` says why."""

    opened: Sequence[OpenTransaction] | None
    """The oldest first."""
    hanging: Sequence[HangingTransaction] | None
    recent: Sequence[Event] | None
    """Aborts, sessions and changes of the producer id, the newest first."""
    unseen: Sequence[str]
    """For a person, a line each."""


def list_transactions_now(broker: Broker) -> Listing:
    """Ask the cluster once. Raises TransportError where that fails; what is only forbidden is told in the list."""
    unseen: list[str] = []
    now_ms = time.time_ns() // 1_000_000
    with Client(broker) as client:
        tracker = TransactionTracker(limit=ALL_IDS)
        recent: Sequence[Event] | None = None
        opened: Sequence[OpenTransaction] | None = None
        try:
            _read_log(client, tracker, broker.lookback_records)
            # Whatever followed the last abort has been read: one that is held by now was the client's own.
            tracker.settle(now_ms)
            tracker.settle(now_ms + SETTLE_INCOMPLETE_AFTER_MS)
            recent, opened = list(reversed(tracker.events)), tracker.open_transactions(now_ms)
        except TransportError as error:
            unseen.append(_forbidden(error, "what happened lately"))
            try:
                _ask_coordinators(client, tracker, now_ms)
                opened = tracker.open_transactions(now_ms)
            except TransportError as also:
                unseen.append(_forbidden(also, "open transactions"))
        try:
            hanging: Sequence[HangingTransaction] | None = look(client).hanging
        except TransportError as error:
            hanging = None
            unseen.append(_forbidden(error, "hanging transactions"))
    return Listing(opened, hanging, recent, unseen)


def _read_log(client: Client, tracker: TransactionTracker, lookback_records: int) -> None:
    """Take in the log as it is now, so many records of each partition at most."""
    reader = LogReader(client)
    partitions = reader.partitions()
    earliest, latest = reader.offsets(partitions, EARLIEST), reader.offsets(partitions, LATEST)
    for partition in partitions:
        first = max(earliest[partition], latest[partition] - lookback_records)
        tracker.follow(partition, from_offset=first, counting_from=first)
    while lagging := {p: tracker.position(p) for p in partitions if tracker.position(p) < latest[p]}:
        for partition, chunk, _ in reader.fetch(lagging, wait_seconds=FETCH_WAIT_SECONDS):
            for offset, key, value in chunk.records:
                try:
                    record = decode(key or b"", value)
                except DamagedRecordError:
                    continue  # what cannot be read is told by the collector; here it is only missing
                if not isinstance(record, UnknownRecord):
                    tracker.apply(partition, offset, record)
            tracker.advance(partition, chunk.unreadable.end_offset if chunk.unreadable else chunk.next_offset)


def _ask_coordinators(client: Client, tracker: TransactionTracker, now_ms: int) -> None:
    require_describe_all(client)
    listed = list_transactions(client)
    described = describe_transactions(client, listed)
    ApproximateLog(tracker).take_in({one.transactional_id for one in listed}, described, now_ms)


def _forbidden(error: TransportError, what: str) -> str:
    """Return a line for what is forbidden, and raise what is worse."""
    if error.reason is not Reason.AUTHORIZATION:
        raise error
    return f"{what}: {error}"
