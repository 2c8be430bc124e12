"""A topic that rejects records, as the brokers' own JMX shows it."""

from lab.faults.fault import Fault
from lab.faults.world import NAMESPACE, Exporter


class TopicRejectsRecords(Fault):
    """Its ``max.message.bytes`` is lowered below the size of the records that an application sends."""

    def prepare(self) -> None:
        """Send records of an ordinary size, and read the JMX of all brokers."""
        self._topic = self.topic()
        self.pod().producer(own_times=True).loop(self._topic, per_second=20, size=3000)
        targets = [
            {
                "name": f"{self.name}-broker-{node}",
                "kind": "broker",
                "jmx": {"host": "127.0.0.1", "port": port.number},
                "labels": {"kafka_cluster": self.name},
            }
            for node, port in self.world.jmx_ports.items()
        ]
        brokers = f"{self.name}-brokers-0"
        names = {"monitor": "kafka-producer-exporter", "container": "kafka-producer-exporter", "namespace": NAMESPACE}
        self.world.wait_scraped(self.keep(Exporter(self.world, brokers, {"targets": targets}, **names)))

    def begin(self) -> None:
        """Allow less than the records have."""
        self.world.set_topic(self._topic, max_message_bytes=1000)

    def end(self) -> None:
        """Allow them again."""
        self.world.set_topic(self._topic, max_message_bytes=1_000_000)
