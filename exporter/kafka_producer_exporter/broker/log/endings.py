"""How transactions ended recently, by transactional id. Values only."""

from typing import NamedTuple

from kafka_producer_exporter.broker.log.records import TransactionState, Transition


class Endings(NamedTuple):
    """The transactions of one transactional id that ended in a period."""

    committed: int = 0
    aborted: int = 0
    """For whatever reason."""
    longest_ms: int = 0
    """From the beginning to the commit, of the committed transaction that took longest."""
    timeout_ms: int = 0
    """The limit of that one."""


class RecentEndings:
    """Counts the ends of transactions since a moment, in milliseconds since 1970."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.by_id: dict[str, Endings] = {}

    def add(self, record: Transition) -> None:
        """Take in a record of the log. Only the decision to commit or to abort counts, which is written once."""
        if record.last_update_ms < self.since_ms:
            return
        known = self.by_id.get(record.transactional_id, Endings())
        if record.state is TransactionState.PREPARE_ABORT:
            self.by_id[record.transactional_id] = known._replace(aborted=known.aborted + 1)
        elif record.state is TransactionState.PREPARE_COMMIT:
            known = known._replace(committed=known.committed + 1)
            took_ms = record.last_update_ms - record.start_ms
            if record.start_ms >= 0 and took_ms >= known.longest_ms:
                known = known._replace(longest_ms=took_ms, timeout_ms=record.timeout_ms)
            self.by_id[record.transactional_id] = known
