"""A transaction log in memory, and the recorded records to fill it with."""

from kafka_producer_exporter.broker.client.admin import LATEST
from kafka_producer_exporter.broker.client.fetch import OutOfRangeError
from kafka_producer_exporter.broker.log.record_batches import Chunk, Fetched, UnreadableBatch
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.transaction_log import recorded_log


def recorded(log, transactional_id):
    """Return the records of one id as key and value."""
    return [(record.key, record.value) for record in recorded_log(log) if record.transactional_id == transactional_id]


DENIED = TransportError(Reason.AUTHORIZATION, "__transaction_state: TopicAuthorizationFailed")
THREE_COMMITS_AND_AN_ABORT = recorded("tv2", "tx-4.4.0")


class Log:
    """Reads like a LogReader. A partition holds a list of (key, value); its offsets count from ``first``."""

    def __init__(self, **partitions):
        self.held = {int(name[1:]): records for name, records in partitions.items()}
        self.first = 0
        self.chunk_size = 1000
        self.unreadable_at = None
        self.is_denied = False
        self.is_hidden = False

    def partitions(self):
        if self.is_hidden:
            raise DENIED
        return sorted(self.held)

    def offsets(self, partitions, at):
        return {p: self.first + (len(self.held[p]) if at == LATEST else 0) for p in partitions}

    def fetch(self, positions, *, wait_seconds):
        if self.is_denied:
            raise DENIED
        return [self._fetched(partition, position) for partition, position in positions.items()]

    def _fetched(self, partition, position):
        records, end = self.held[partition], self.first + len(self.held[partition])
        if not self.first <= position <= end:
            raise OutOfRangeError(f"no offset {position}", partition)
        if self.unreadable_at == (partition, position):
            return Fetched(partition, Chunk([], position, UnreadableBatch("it is damaged", position + 2)), end)
        upto = min(end, position + self.chunk_size)
        records_read = [(offset, *records[offset - self.first]) for offset in range(position, upto)]
        return Fetched(partition, Chunk(records_read, upto), end)
