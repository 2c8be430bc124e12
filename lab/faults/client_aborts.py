"""An application that aborts half of its transactions."""

from lab.faults.fault import Fault


class ClientAborts(Fault):
    """The application meets an error in every other transaction, and aborts it."""

    def prepare(self) -> None:
        """Commit every transaction."""
        self._topic = self.topic()
        self._producer = self.pod().producer(transactional_id=f"{self.name}-0", transaction_timeout_ms=60_000)
        self._producer.init()
        self._work(abort_every=0)

    def begin(self) -> None:
        """Abort every other one."""
        self._work(abort_every=2)

    def end(self) -> None:
        """Commit every transaction again."""
        self._work(abort_every=0)

    def _work(self, *, abort_every: int) -> None:
        self._producer.loop(self._topic, per_second=5, records=1, abort_every=abort_every)
