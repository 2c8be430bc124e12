"""The source ``coordinators``: stands in for ``transaction_log`` while the log may not be read.

What the coordinators report of every transactional id at each poll is handed to the tracker as if the log contained it:
a log with holes, which the tracker can read. So what is counted did happen, but a transaction that begins and ends
between two polls is missed. The counts are lower bounds. An abort gets a reason only where the reason is certain.
"""

import time
from collections.abc import Callable, Collection
from typing import NamedTuple
from zlib import crc32

from kafka_producer_exporter.broker.client.admin import (
    describe_transactions,
    list_transactions,
    log_leaders,
    require_describe_all,
)
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.sightings import Sightings, settled_leaders
from kafka_producer_exporter.broker.cluster.snapshots import LogLeaders, TransactionDescription
from kafka_producer_exporter.broker.log.follower import Shard
from kafka_producer_exporter.broker.log.records import Partitions, Tombstone, TransactionState, Transition
from kafka_producer_exporter.broker.log.tracker import STAND_IN, TransactionTracker
from kafka_producer_exporter.broker.sources.source import Moment, Session, Source
from kafka_producer_exporter.broker.sources.state import Statuses
from kafka_producer_exporter.broker.sources.transaction_counts import TransactionCounts
from kafka_producer_exporter.broker.sources.transaction_log import is_forbidden
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.settings import Broker


class Coordinators(Source):
    """Counts what changed between two polls of all coordinators."""

    name = "coordinators"

    def __init__(self, broker: Broker, counts: TransactionCounts) -> None:
        # Probing the server, connecting, listing and describing may each take the whole timeout.
        self.silent_seconds = 4 * broker.request_timeout_seconds + broker.poll_seconds
        self._poll_seconds = broker.poll_seconds
        self._shard = Shard(broker.shard, broker.total_shards)
        self._counts = counts
        self._log = ApproximateLog(counts.tracker)

    def wanted(self, statuses: Statuses) -> bool:
        """Return whether the log may not be read."""
        return is_forbidden(statuses)

    def poll(self, session: Session) -> float:
        """Ask every coordinator for its transactional ids, those of this shard."""
        found = describe_all_transactions(session.client(), wanted=self._is_mine, known=self._log.known)
        now_ms = time.time_ns() // 1_000_000
        with self._counts.lock:
            if self._counts.is_log_denied:  # not since this poll began
                self._log.take_in(found, now_ms)
                self._counts.begin(now_ms, source=self.name, from_log=False)
                self._counts.keep_limits(source=self.name)
        return self._poll_seconds

    def _is_mine(self, transactional_id: str) -> bool:
        """Return whether an id is in this shard.

        That is the shard that reads the id's partition of the log. A user who may not read the log may not see how many
        partitions it has. If it was never read, the shards divide the ids in another way.
        """
        if self._shard.total == 1:
            return True
        if partitions := self._counts.log_partitions:
            return self._shard.has_id(transactional_id, partitions)
        return self._shard.has(crc32(transactional_id.encode()))

    def families(self, moment: Moment) -> list[Family]:
        """Return the counts, which are lower bounds."""
        return self._counts.families(now_ms=moment.fresh_ms(self.name))


class Coordinated(NamedTuple):
    """What all coordinators reported in one poll."""

    listed: frozenset[str]
    """Every wanted transactional id."""
    described: list[TransactionDescription]
    """An id that is listed but not described has moved to another coordinator, or expired, in between."""
    leaders: LogLeaders | None = None
    """The leaders of the log during the poll; None if they moved, or if no known id was missing."""


def describe_all_transactions(
    client: Client, *, wanted: Callable[[str], bool] = lambda _: True, known: Collection[str] = ()
) -> Coordinated:
    """Return the *wanted* transactional ids of the cluster, and what their coordinators report. Raise TransportError.

    If an id of *known* is missing, list them once more, and find out who leads the log meanwhile.
    """
    require_describe_all(client)
    listed = list_transactions(client)
    leaders = None
    if not {one.transactional_id for one in listed}.issuperset(known):
        brokers, before = client.brokers, log_leaders(client, log_exists=True)
        listed = list_transactions(client)
        after = log_leaders(client, log_exists=True)
        leaders = settled_leaders(before, after, asked=set(brokers).intersection(client.brokers)).leaders
    listed = [one for one in listed if wanted(one.transactional_id)]
    return Coordinated(
        frozenset(one.transactional_id for one in listed), describe_transactions(client, listed), leaders
    )


class ApproximateLog:
    """Writes what the coordinators report into a tracker."""

    def __init__(self, tracker: TransactionTracker) -> None:
        self.known: frozenset[str] = frozenset()
        """The transactional ids that exist as of the last poll."""
        self._tracker = tracker
        self._offset = 0
        self._missing: Sightings[str, None] = Sightings()

    def take_in(self, found: Coordinated, now_ms: int) -> None:
        """Take in one poll of all coordinators.

        The first poll only sets the state of each id, and so does the first one since the log was last read. An id that
        is listed but not described is left as it was. So is an id that is not listed, until a second poll does not list
        it either and it cannot be on the move.
        """
        is_first = not self._tracker.follows(STAND_IN)
        if is_first:
            self._tracker.begin_stand_in()
            self._offset, self.known, self._missing = 0, frozenset(), Sightings()
        for transaction in found.described:
            self._apply(_transition(transaction, now_ms))
        missing = self.known - found.listed
        expired = self._missing.take_in(dict.fromkeys(missing), found.leaders)
        for transactional_id in expired:
            self._apply(Tombstone(transactional_id))
        self.known = found.listed | (missing - expired.keys())
        if is_first:
            self._tracker.follow(STAND_IN, from_offset=self._offset, counting_from=self._offset)
            self._tracker.begin_counting()

    def _apply(self, record: Transition | Tombstone) -> None:
        self._tracker.apply(STAND_IN, self._offset, record)
        self._offset += 1


def _transition(transaction: TransactionDescription, now_ms: int) -> Transition:
    state = transaction.state
    if state is TransactionState.PREPARE_ABORT:
        # The coordinator does not report when it decided on the abort, so a timeout cannot be recognized.
        state = TransactionState.COMPLETE_ABORT
    return Transition(
        transactional_id=transaction.transactional_id,
        version=1,
        producer_id=transaction.producer_id,
        epoch=transaction.epoch,
        timeout_ms=transaction.timeout_ms,
        state=state,
        partitions=_by_topic(transaction),
        last_update_ms=now_ms,
        start_ms=transaction.start_ms,
    )


def _by_topic(transaction: TransactionDescription) -> Partitions:
    topics: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        topics.setdefault(topic, []).append(partition)
    return tuple((topic, tuple(partitions)) for topic, partitions in topics.items())
