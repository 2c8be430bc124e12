"""A producer whose metrics are not in JMX."""

from lab.faults.fault import Fault


class ReporterOff(Fault):
    """Its ``metric.reporters`` is empty, so it has no JmxReporter (since 4.0)."""

    def prepare(self) -> None:
        """Send with a producer that has metrics."""
        self._topic = self.topic()
        self._pod = self.pod()
        self._pod.producer(own_times=True).loop(self._topic, per_second=10)

    def begin(self) -> None:
        """Send with one that has none."""
        self._hidden = self._pod.producer(f"{self.name}-hidden", own_times=True, metric_reporters="")
        self._hidden.loop(self._topic, per_second=10)

    def end(self) -> None:
        """Close it."""
        self._hidden.close()
