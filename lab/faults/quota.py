"""A quota that is too small for what a client sends."""

from lab.faults.fault import Fault


class Quota(Fault):
    """The brokers delay their answers to keep the client below its quota."""

    def prepare(self) -> None:
        """Send without a quota."""
        topic = self.topic(partitions=3)
        producer = self.pod().producer(delivery_timeout_ms=120_000, request_timeout_ms=60_000, max_block_ms=60_000)
        producer.loop(topic, per_second=40, size=2000)

    def begin(self) -> None:
        """Set a quota of a quarter of that."""
        self.world.set_quota(self.name, 7_000)

    def end(self) -> None:
        """Remove it."""
        self.world.set_quota(self.name, None)
