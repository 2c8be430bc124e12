"""A partition that gets everything."""

from lab.faults.fault import Fault


class PartitionSkew(Fault):
    """An application begins to choose the partition by a key that is the same for all of its records."""

    def prepare(self) -> None:
        """Send to all four partitions."""
        self._topic = self.topic(partitions=4)
        self._producer = self.pod().producer(own_times=True)
        self._send(None)

    def begin(self) -> None:
        """Send to one of them."""
        self._send(0)

    def end(self) -> None:
        """Send to all again."""
        self._send(None)

    def _send(self, partition: int | None) -> None:
        self._producer.loop(self._topic, per_second=20, size=1000, partition=partition)
