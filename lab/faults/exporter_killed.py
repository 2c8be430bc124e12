"""An exporter that dies while its pod stays."""

from lab.faults.fault import Fault


class ExporterKilled(Fault):
    """The exporter is killed and does not come back; the JVM beside it goes on."""

    def prepare(self) -> None:
        """Send."""
        topic = self.topic()
        self._pod = self.pod()
        self._pod.producer(own_times=True).loop(topic, per_second=20)

    def begin(self) -> None:
        """Kill the exporter."""
        self._pod.exporter.kill()

    def end(self) -> None:
        """Start it again."""
        self._pod.exporter.start()
