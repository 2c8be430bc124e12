"""A transactional producer that starts again and again."""

from lab.faults.fault import Fault


class SessionLoop(Fault):
    """Each instance commits one transaction and is started again. No transaction is open then, so none is fenced."""

    def prepare(self) -> None:
        """Start once."""
        self._topic = self.topic()
        self._pod = self.pod()
        self._job()

    def begin(self) -> None:
        """Start every two seconds."""
        self._end_loop = self.repeat(2, self._job)

    def end(self) -> None:
        """Start no more."""
        self._end_loop()

    def _job(self) -> None:
        producer = self._pod.producer(
            transactional_id=f"{self.name}-0", transaction_timeout_ms=60_000, max_block_ms=20_000
        )
        producer.init()
        producer.begin()
        producer.send(self._topic)
        producer.commit()
        producer.close()
