"""Transactions that end shortly before their timeout."""

from lab.faults.fault import Fault


class LongTransaction(Fault):
    """The application works for nine tenths of the timeout, and commits in time."""

    def prepare(self) -> None:
        """Commit at once."""
        self._topic = self.topic()
        self._producer = self.pod().producer(transactional_id=f"{self.name}-0", transaction_timeout_ms=20_000)
        self._producer.init()
        self._transaction(0)

    def begin(self) -> None:
        """Commit late."""
        self._end_loop = self.repeat(0, lambda: self._transaction(18))

    def end(self) -> None:
        """Commit at once again."""
        self._end_loop()
        self._transaction(0)

    def _transaction(self, seconds: float) -> None:
        self._producer.begin()
        self._producer.send(self._topic)
        self.sleep(seconds)
        self._producer.commit()
