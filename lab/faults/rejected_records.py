"""Records that a topic rejects."""

from lab.faults.fault import Fault


class RejectedRecords(Fault):
    """Each rejected batch leaves a gap in the sequence, so an idempotent producer begins a new epoch after it."""

    def prepare(self) -> None:
        """Send records that the topic takes."""
        self._topic = self.topic(max_message_bytes=2000)
        self._producer = self.pod().producer(own_times=True)
        self._end_loop = self.repeat(1, lambda: self._send(100))

    def begin(self) -> None:
        """Send larger ones in between."""
        self._end_loop()
        self._end_loop = self.repeat(1, lambda: self._send(5000, 100))

    def end(self) -> None:
        """Send none of these any more."""
        self._end_loop()
        self._end_loop = self.repeat(1, lambda: self._send(100))

    def _send(self, *sizes: int) -> None:
        for size in sizes:
            self._producer.send(self._topic, size=size)
