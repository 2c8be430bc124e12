"""A callback that takes long, and with it the sender thread."""

from lab.faults.fault import Fault

CALLBACK_MS = 20
PER_SECOND = 45
"""Together these callbacks take nine tenths of each second, and the client's own work takes most of the rest."""


class SlowCallback(Fault):
    """The application saves each record's offset in the callback of ``send``, which its only sender thread runs."""

    def prepare(self) -> None:
        """Send with a callback that does little. Each record is a request, so their number does not fall."""
        self._topic = self.topic(partitions=3)
        self._producer = self.pod().producer(own_times=True, batch_size=0)
        self._send(callback_ms=0)

    def begin(self) -> None:
        """Take long in the callback."""
        self._send(callback_ms=CALLBACK_MS)

    def end(self) -> None:
        """Do little there again."""
        self._send(callback_ms=0)

    def _send(self, *, callback_ms: int) -> None:
        self._producer.loop(self._topic, per_second=PER_SECOND, callback_ms=callback_ms)
