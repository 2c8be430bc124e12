"""A request for each record."""

from lab.faults.fault import Fault


class TinyBatches(Fault):
    """The application has switched batches off (``batch.size=0``), and then it grows."""

    def prepare(self) -> None:
        """Send little."""
        single = self.broker()
        single.create_topic(self.name)
        self._producer = self.pod(cluster=self.name).producer(bootstrap=single.bootstrap, own_times=True, batch_size=0)
        self._send(5)

    def begin(self) -> None:
        """Send much."""
        self._send(160)

    def end(self) -> None:
        """Send little again."""
        self._send(5)

    def _send(self, per_second: float) -> None:
        self._producer.loop(self.name, per_second=per_second)
