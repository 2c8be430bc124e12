"""Transactions that take longer than their timeout."""

from lab.faults.fault import Fault
from lab.process import LabError


class TransactionTimeouts(Fault):
    """The coordinator aborts each transaction, because the application commits too late."""

    def prepare(self) -> None:
        """Commit in time."""
        self._topic = self.topic()
        self._pod = self.pod()
        self._producer = self._pod.producer(
            transactional_id=f"{self.name}-0", own_times=True, transaction_timeout_ms=2000
        )
        self._producer.init()
        self._end_loop = self.repeat(0.5, lambda: self._transaction(late=False))

    def begin(self) -> None:
        """Commit too late."""
        self._end_loop()
        self._end_loop = self.repeat(0, lambda: self._transaction(late=True))

    def end(self) -> None:
        """Commit in time again."""
        self._end_loop()
        self._end_loop = self.repeat(0.5, lambda: self._transaction(late=False))

    def _transaction(self, *, late: bool) -> None:
        self._producer.begin()
        self._producer.send(self._topic)
        if late:
            self.sleep(5)
        try:
            self._producer.commit()
        except LabError:
            self._producer.abort()
