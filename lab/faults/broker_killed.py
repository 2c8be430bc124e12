"""A dead broker where every topic can bear it."""

from lab.faults.fault import Fault


class BrokerKilled(Fault):
    """One of three brokers is killed, and comes back after what would be half an hour."""

    def begin(self) -> None:
        """Kill a broker."""
        self.victim = self.world.cluster.nodes[2]
        self.victim.kill()

    def end(self) -> None:
        """Start it again."""
        self.victim.start()
