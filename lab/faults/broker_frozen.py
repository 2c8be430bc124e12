"""A broker that hangs: its process is stopped, its connections stay open, and nothing answers."""

from lab.faults.fault import Fault


class BrokerFrozen(Fault):
    """The only broker of a small cluster stops (SIGSTOP)."""

    def prepare(self) -> None:
        """Send to a cluster of one broker."""
        self.single = self.broker()
        self.single.create_topic(self.name)
        pod = self.pod(cluster=self.name)
        pod.producer(bootstrap=self.single.bootstrap).loop(self.name, per_second=30, size=500)

    def begin(self) -> None:
        """Freeze the broker."""
        self.single.pause()

    def end(self) -> None:
        """Let it continue."""
        self.single.resume()
