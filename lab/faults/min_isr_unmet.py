"""A dead broker that leaves a topic with fewer replicas in sync than it demands."""

from lab.faults.fault import Fault


class MinIsrUnmet(Fault):
    """The topic wants all three replicas in sync, and one broker is killed: producers retry, then give up."""

    def prepare(self) -> None:
        """Send to a topic that cannot bear the loss of a broker."""
        topic = self.topic(partitions=2, replication=3, min_insync_replicas=3)
        self.pod().producer(acks="all").loop(topic, per_second=30, size=500)
        self.victim = self.world.cluster.nodes[self.world.replicas(topic)[-1]]

    def begin(self) -> None:
        """Kill a follower."""
        self.victim.kill()

    def end(self) -> None:
        """Start it again."""
        self.victim.start()
