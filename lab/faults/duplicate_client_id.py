"""Two producers with one client.id in a JVM."""

from lab.faults.fault import Fault


class DuplicateClientId(Fault):
    """The second one takes the metrics of the first. When it is closed, the first is alive, and nobody sees it."""

    def prepare(self) -> None:
        """Send with one producer."""
        self._topic = self.topic()
        self._pod = self.pod()
        self._first = self._pod.producer(own_times=True)
        self._first.loop(self._topic, per_second=10)

    def begin(self) -> None:
        """Create another one with its id, and close it a little later."""
        second = self._pod.producer("second", client_id=self.name, own_times=True)
        second.send(self._topic, count=5)
        self.sleep(10)
        second.close()

    def end(self) -> None:
        """Send with one producer that has an id of its own."""
        self._first.close()
        self._pod.producer("third", client_id=f"{self.name}-3", own_times=True).loop(self._topic, per_second=10)
