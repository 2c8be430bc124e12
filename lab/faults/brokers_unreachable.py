"""A network that swallows what a service sends."""

from lab.faults.fault import Fault


class BrokersUnreachable(Fault):
    """Connections stay open and nothing comes back, as behind a firewall that drops packets."""

    def prepare(self) -> None:
        """Send through a line of its own."""
        topic = self.topic(partitions=3)
        self.way = self.line()
        producer = self.pod().producer(bootstrap=self.world.way(self.way))
        producer.loop(topic, per_second=30, size=500)

    def begin(self) -> None:
        """Swallow everything."""
        self.way.silence()

    def end(self) -> None:
        """Let it through again; the connections that were swallowed are reset."""
        self.way.repair()
        self.way.cut()
