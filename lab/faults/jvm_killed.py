"""A JVM that dies while its pod stays."""

from lab.faults.fault import Fault


class JvmKilled(Fault):
    """The JVM is killed; the exporter beside it goes on."""

    def prepare(self) -> None:
        """Send."""
        self._topic = self.topic()
        self._pod = self.pod()
        self._send()

    def begin(self) -> None:
        """Kill the JVM."""
        self._pod.jvm.kill()

    def end(self) -> None:
        """Start it again."""
        self._pod.jvm.start()
        self._pod.warm_up()
        self._send()

    def _send(self) -> None:
        self._pod.producer(own_times=True).loop(self._topic, per_second=20)
