"""A transaction that hangs: open in a partition, and unknown to its coordinator."""

from lab.faults.fault import Fault
from lab.hanging import abort_hanging, leave_hanging

PRODUCER_ID = 987_654


class HangingTransaction(Fault):
    """Readers with ``read_committed`` wait for it for ever. It is two hours old from the start."""

    def prepare(self) -> None:
        """Create the topic."""
        self._topic = self.topic()

    def begin(self) -> None:
        """Leave an open transaction."""
        leave_hanging(
            self.world.leader(self._topic), self._topic, partition=0, producer_id=PRODUCER_ID, age_seconds=7200
        )

    def end(self) -> None:
        """Abort it as ``kafka-transactions.sh abort`` does."""
        abort_hanging(self.world.leader(self._topic), self._topic, partition=0, producer_id=PRODUCER_ID)
