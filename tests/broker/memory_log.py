"""A transaction log in memory, and the recorded records to fill it with."""

from kafka_producer_exporter.broker.client.admin import LATEST
from kafka_producer_exporter.broker.client.fetch import OutOfRangeError
from kafka_producer_exporter.broker.log.record_batches import Chunk, Fetched, Hole, UnreadableBatch
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.transaction_log import recorded_log


def recorded(log, transactional_id):
    """Return the records of one id as key and value."""
    return [(record.key, record.value) for record in recorded_log(log) if record.transactional_id == transactional_id]


DENIED = TransportError(Reason.AUTHORIZATION, "__transaction_state: TopicAuthorizationFailed")
THREE_COMMITS_AND_AN_ABORT = recorded("tv2", "tx-4.4.0")


class Log:
    """Reads like a LogReader. A partition holds a list of (key, value); its offsets count from ``first``.

    None in place of a record is one that was compacted. The leader epoch of every record is ``epoch``; if it changes,
    the log has other records from ``diverged_at`` on than those that were written before. ``at`` are the offsets of
    any time.
    """

    def __init__(self, **partitions):
        self.held = {int(name[1:]): records for name, records in partitions.items()}
        self.first = 0
        self.topic_id = None
        self.offsets_fail = False
        self.epoch = 0
        self.diverged_at = None
        self.chunk_size = 1000
        self.unreadable_at = None
        self.is_denied = False
        self.is_hidden = False
        self.unavailable = {}
        self.is_broker_lost = False
        self.at = {}

    def partitions(self):
        if self.is_hidden:
            raise DENIED
        return sorted(self.held)

    def offsets(self, partitions, at):
        if self.offsets_fail:
            raise TransportError(Reason.UNAVAILABLE, "__transaction_state-0: NotLeaderForPartition")
        if at >= 0:
            return {p: self.at.get(p, -1) for p in partitions}
        return {p: self.first + (len(self.held[p]) if at == LATEST else 0) for p in partitions}

    def fetch(self, positions, *, wait_seconds, epochs=None):
        if self.is_denied:
            raise DENIED
        epochs = epochs or {}
        return [
            self._fetched(partition, position, epochs.get(partition))
            for partition, position in positions.items()
            if partition not in self.unavailable
        ]

    def _fetched(self, partition, position, epoch):
        records, end = self.held[partition], self.first + len(self.held[partition])
        if not self.first <= position <= end:
            raise OutOfRangeError(f"no offset {position}", partition)
        if epoch not in (None, self.epoch) and position > self.diverged_at:
            raise OutOfRangeError(f"other records from {self.diverged_at} on", partition, diverged_at=self.diverged_at)
        if self.unreadable_at == (partition, position):
            return Fetched(partition, Chunk([], position, UnreadableBatch("it is damaged", position + 2)), end)
        upto = min(end, position + self.chunk_size)
        held = {offset: records[offset - self.first] for offset in range(position, upto)}
        records_read = [(offset, *record, None) for offset, record in held.items() if record]
        holes = tuple(Hole(offset, offset + 1) for offset, record in held.items() if not record)
        return Fetched(partition, Chunk(records_read, upto, holes=holes, leader_epoch=self.epoch), end)
