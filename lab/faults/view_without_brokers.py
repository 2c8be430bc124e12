"""A collector that reaches no broker any more."""

from lab.faults.fault import Fault


class ViewWithoutBrokers(Fault):
    """The only broker of its cluster is killed."""

    def prepare(self) -> None:
        """Start a cluster of one broker, and its collector."""
        self.single = self.broker()
        self.broker_view(bootstrap=self.single.bootstrap)

    def begin(self) -> None:
        """Kill the broker."""
        self.single.kill()

    def end(self) -> None:
        """Start it again."""
        self.single.start()
