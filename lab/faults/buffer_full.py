"""A buffer that is too small for a slow network."""

from lab.faults.fault import Fault


class BufferFull(Fault):
    """The application blocks in ``send`` for a free place in the buffer, and loses records after ``max.block.ms``."""

    def prepare(self) -> None:
        """Send through a line of its own, with a small buffer."""
        topic = self.topic(partitions=3)
        self.way = self.line()
        producer = self.pod().producer(
            bootstrap=self.world.way(self.way),
            buffer_memory=131_072,
            batch_size=4096,
            max_block_ms=1500,
            max_in_flight_requests_per_connection=1,
            request_timeout_ms=10_000,
            delivery_timeout_ms=60_000,
        )
        producer.loop(topic, per_second=40, size=4000)

    def begin(self) -> None:
        """Make the network slow."""
        self.way.delay(2.5)

    def end(self) -> None:
        """Make it fast again."""
        self.way.delay(0)
