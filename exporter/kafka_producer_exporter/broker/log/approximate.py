"""The transaction log as it can be guessed from outside, where it may not be read.

Pure. What the coordinators say of every id at each poll is handed to the tracker as if it stood in the log: a log with
holes, which the tracker can read. So what is counted did happen, and what happened and was over between two polls is
missing: counts are lower bounds. An abort has a reason only where that is certain.
"""

from collections.abc import Collection, Iterable

from kafka_producer_exporter.broker.cluster.snapshots import TransactionDescription
from kafka_producer_exporter.broker.log.records import Tombstone, TransactionState, Transition
from kafka_producer_exporter.broker.log.tracker import TransactionTracker

PARTITION = -1
"""Stands for all partitions of the log."""


class ApproximateLog:
    """Keeps a tracker up with what the coordinators say."""

    def __init__(self, tracker: TransactionTracker) -> None:
        self._tracker = tracker
        self._offset = 0
        self._known: set[str] = set()
        self.counting = False

    def take_in(self, listed: Collection[str], transactions: Iterable[TransactionDescription], now_ms: int) -> None:
        """Take in one poll of all coordinators: the ids that they listed, and what they said of those.

        The first poll only says what is there. An id that was listed and not described has just moved.
        """
        if not self.counting:
            self._tracker.follow(PARTITION, from_offset=0, counting_from=None)
        for transaction in transactions:
            self._apply(
                Transition(
                    transactional_id=transaction.transactional_id,
                    version=1,
                    producer_id=transaction.producer_id,
                    epoch=transaction.epoch,
                    timeout_ms=transaction.timeout_ms,
                    # When an abort was decided is not said, so whether it was a time-out cannot be told.
                    state=TransactionState.COMPLETE_ABORT
                    if transaction.state is TransactionState.PREPARE_ABORT
                    else transaction.state,
                    partitions=_by_topic(transaction),
                    last_update_ms=now_ms,
                    start_ms=transaction.start_ms,
                )
            )
        for gone in self._known - set(listed):
            self._apply(Tombstone(gone))
        self._known = set(listed)
        if not self.counting:
            self._tracker.follow(PARTITION, from_offset=self._offset, counting_from=self._offset)
            self._tracker.begin_counting()
            self.counting = True

    def _apply(self, record: Transition | Tombstone) -> None:
        self._tracker.apply(PARTITION, self._offset, record)
        self._offset += 1


def _by_topic(transaction: TransactionDescription) -> tuple[tuple[str, tuple[int, ...]], ...]:
    topics: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        topics.setdefault(topic, []).append(partition)
    return tuple((topic, tuple(partitions)) for topic, partitions in topics.items())
