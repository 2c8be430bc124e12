"""A producer that reaches no broker from the start."""

from lab.faults.fault import Fault


class NeverConnected(Fault):
    """A service comes back from a rollout with bootstrap servers that refuse its connections."""

    def prepare(self) -> None:
        """Send to the right bootstrap servers."""
        self._topic = self.topic()
        self._way = self.line()
        self._pod = self.pod()
        self._producer = self._pod.producer()
        self._producer.loop(self._topic, per_second=5)

    def begin(self) -> None:
        """Send to others, which refuse."""
        self._way.refuse()
        self._producer.close(0)
        self._pod.producer(bootstrap=self.world.way(self._way)).loop(self._topic, per_second=5)

    def end(self) -> None:
        """Let them accept connections."""
        self._way.accept()
