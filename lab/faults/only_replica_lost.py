"""A dead broker with the only replica of a topic."""

from lab.faults.fault import Fault


class OnlyReplicaLost(Fault):
    """The partition has no leader, and nothing can be written to it."""

    def prepare(self) -> None:
        """Send to a topic with one replica."""
        topic = self.topic(replication=1)
        self.pod().producer().loop(topic, per_second=30, size=500)
        self.victim = self.world.leader(topic)

    def begin(self) -> None:
        """Kill its broker."""
        self.victim.kill()

    def end(self) -> None:
        """Start it again."""
        self.victim.start()
