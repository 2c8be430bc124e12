"""A service that has nothing to send."""

from lab.faults.fault import Fault


class Idle(Fault):
    """No fault: its producer is connected, and the application does not use it."""

    def prepare(self) -> None:
        """Send a few records."""
        topic = self.topic()
        self.pod().producer(own_times=True).send(topic, count=5)
