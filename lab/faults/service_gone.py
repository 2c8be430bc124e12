"""A service that vanishes from Prometheus."""

from lab.faults.fault import Fault


class ServiceGone(Fault):
    """All its pods are deleted, so nothing is down: there is nothing any more."""

    def prepare(self) -> None:
        """Run for what would be half an hour: what was there for a moment only is not missed."""
        topic = self.topic()
        self._pod = self.pod()
        self._pod.producer(own_times=True).loop(topic, per_second=5)
        self.sleep(1800 / self.world.scale)

    def begin(self) -> None:
        """Delete the pod."""
        self._pod.close()

    def end(self) -> None:
        """Deploy the service again."""
        self.pod()
