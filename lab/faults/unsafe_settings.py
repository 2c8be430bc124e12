"""Settings that lose confirmed records, and forget transactions, on the day when a broker dies."""

from lab.broker import Cluster
from lab.faults.fault import Fault
from lab.process import wait_until

LOG = "__transaction_state"


class UnsafeSettings(Fault):
    """A topic is content with one broker, and the first transaction creates a log with a single replica."""

    def prepare(self) -> None:
        """Run a cluster with a safe topic, and without transactions so far."""
        few = {"replication.factor": 1, "min.isr": 1, "num.partitions": 2}
        properties = {f"transaction.state.log.{key}": value for key, value in few.items()}
        self._cluster = self.keep(Cluster(properties=properties))
        self._cluster.create_topic(self.name, min_insync_replicas=2)
        self._producer = self.pod(cluster=self.name).producer(
            bootstrap=self._cluster.bootstrap, own_times=True, transactional_id=f"{self.name}-0"
        )
        self.broker_view(bootstrap=self._cluster.bootstrap)

    def begin(self) -> None:
        """Lower the setting of the topic, and begin transactions."""
        self.world.set_topic(self.name, cluster=self._cluster, min_insync_replicas=1)
        self._producer.init()
        self._producer.loop(self.name, per_second=1, records=1)

    def end(self) -> None:
        """Correct the setting of the topic; give the log three replicas, and then demand two of them."""
        from kafka import TopicPartition  # noqa: PLC0415 (a slow import)

        self.world.set_topic(self.name, cluster=self._cluster, min_insync_replicas=2)
        nodes = list(self._cluster.nodes)
        with self._cluster.admin() as admin:
            partitions = [row["partition_index"] for row in admin.describe_topics([LOG])[0]["partitions"]]
            admin.alter_partition_reassignments({TopicPartition(LOG, number): nodes for number in partitions})
            wait_until(
                "all replicas of the transaction log are in sync",
                lambda: all(
                    len(row["isr_nodes"]) == len(nodes) for row in admin.describe_topics([LOG])[0]["partitions"]
                ),
                timeout_seconds=60,
            )
        self.world.set_topic(LOG, cluster=self._cluster, min_insync_replicas=2)
