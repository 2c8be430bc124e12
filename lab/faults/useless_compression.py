"""Compression of what cannot be compressed."""

from lab.faults.fault import Fault


class UselessCompression(Fault):
    """The application encrypts its records before it sends them, or compresses them itself."""

    def prepare(self) -> None:
        """Send a little that compresses well. The broker keeps little of it."""
        single = self.broker(properties={"log.retention.check.interval.ms": 10_000})
        single.create_topic(self.name, segment_bytes=8 << 20, retention_bytes=16 << 20, file_delete_delay_ms=1000)
        self._producer = self.pod(cluster=self.name).producer(
            bootstrap=single.bootstrap, own_times=True, compression_type="gzip", batch_size=200_000, linger_ms=50
        )
        self._send_well()

    def begin(self) -> None:
        """Send much that is random."""
        self._producer.loop(self.name, per_second=80, size=20_000)

    def end(self) -> None:
        """Send what compresses well again."""
        self._send_well()

    def _send_well(self) -> None:
        self._producer.loop(self.name, per_second=10, size=1000, compressible=True)
