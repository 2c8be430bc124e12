"""Batches that a topic rejects, though it takes each of their records."""

from lab.faults.fault import Fault


class BatchesTooLarge(Fault):
    """The client splits each rejected batch, and sends the parts."""

    def prepare(self) -> None:
        """Send batches of several thousand bytes."""
        self._topic = self.topic()
        producer = self.pod().producer(own_times=True, linger_ms=400)
        producer.loop(self._topic, per_second=40, size=500)

    def begin(self) -> None:
        """Allow less than these, and more than a record."""
        self.world.set_topic(self._topic, max_message_bytes=6000)

    def end(self) -> None:
        """Allow them again."""
        self.world.set_topic(self._topic, max_message_bytes=1_000_000)
