"""An idle producer that cannot ask for metadata."""

from lab.faults.fault import Fault


class MetadataStale(Fault):
    """It has nothing to send, so nothing is lost; but it does not learn of new leaders."""

    def prepare(self) -> None:
        """Send a record through a line of its own, and then nothing more."""
        topic = self.topic()
        self._way = self.line()
        self.pod().producer(bootstrap=self.world.way(self._way), own_times=True).send(topic)

    def begin(self) -> None:
        """Let the brokers refuse its connections."""
        self._way.refuse()

    def end(self) -> None:
        """Let them accept connections again."""
        self._way.accept()
