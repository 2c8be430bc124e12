"""Connections that do not last."""

from lab.faults.fault import Fault


class ConnectionsCut(Fault):
    """A firewall resets each connection after a moment, and the client opens another."""

    def prepare(self) -> None:
        """Send through a line of its own."""
        topic = self.topic(partitions=3)
        self._way = self.line()
        producer = self.pod().producer(bootstrap=self.world.way(self._way), own_times=True)
        producer.loop(topic, per_second=5)

    def begin(self) -> None:
        """Reset the connections every two seconds."""
        self._end_cuts = self.repeat(2, self._way.cut)

    def end(self) -> None:
        """Let them live."""
        self._end_cuts()
