"""A collector that reaches no broker any more."""

from lab.broker import Cluster
from lab.faults.fault import Fault


class ViewWithoutBrokers(Fault):
    """All brokers of its cluster are killed."""

    def prepare(self) -> None:
        """Start a cluster with a transaction in its log, and its collector."""
        self._cluster = self.keep(Cluster())
        self._cluster.create_topic(self.name, min_insync_replicas=2)
        producer = self.pod(cluster=self.name).producer(
            bootstrap=self._cluster.bootstrap, own_times=True, transactional_id=f"{self.name}-0"
        )
        producer.init()
        producer.begin()
        producer.send(self.name)
        producer.commit()
        producer.close()
        self.broker_view(bootstrap=self._cluster.bootstrap)

    def begin(self) -> None:
        """Kill the brokers."""
        for broker in self._cluster.nodes.values():
            broker.kill()

    def end(self) -> None:
        """Start them again."""
        self._cluster.start()
