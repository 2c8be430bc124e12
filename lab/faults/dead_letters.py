"""Records that go to the dead letter topic."""

from lab.faults.fault import Fault


class DeadLetters(Fault):
    """An application cannot process what it reads, and sets it aside, record by record."""

    def prepare(self) -> None:
        """Create the dead letter topic, and the service that writes to it."""
        self._dead = self.topic(".dlq")
        self._producer = self.pod().producer(own_times=True)
        self._producer.send(self._dead, count=1)

    def begin(self) -> None:
        """Set records aside."""
        self._producer.loop(self._dead, per_second=5)

    def end(self) -> None:
        """Set none aside any more."""
        self._producer.stop_loop()
