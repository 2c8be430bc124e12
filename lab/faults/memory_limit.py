"""An exporter with too little memory for what its JVM has."""

from pathlib import Path

from lab.cgroup import Cgroup
from lab.faults.fault import Fault


class MemoryLimit(Fault):
    """The limit is little more than what the exporter needs to start, so it leaves topics and brokers out."""

    def prepare(self) -> None:
        """Run an exporter without a limit."""
        topics = [self.topic(), self.topic(".other")]
        pod = self.pod()
        self._exporter = pod.exporter
        self._needs = self._resident_bytes()
        producer = pod.producer(own_times=True)
        for topic in topics:
            producer.send(topic)

    def begin(self) -> None:
        """Start it again, with a limit."""
        group = self._stack.enter_context(Cgroup(memory_bytes=round(1.3 * self._needs)))
        self._stack.callback(self._exporter.stop)  # a group ends after its last process
        self._restart(group.prefix())

    def end(self) -> None:
        """Start it without a limit."""
        self._restart([])

    def _restart(self, prefix: list[str]) -> None:
        self._exporter.stop()
        self._exporter.prefix = prefix
        self._exporter.start()

    def _resident_bytes(self) -> int:
        assert self._exporter.process is not None
        status = Path(f"/proc/{self._exporter.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024
