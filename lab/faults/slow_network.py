"""A slow way to the brokers."""

from lab.faults.fault import Fault

DELAY_SECONDS = 1.2


class SlowNetwork(Fault):
    """Each round trip takes more than a second longer; with one request in flight, records wait in the queue, too."""

    def prepare(self) -> None:
        """Send through a line of its own, one request at a time and connection."""
        topic = self.topic(partitions=3)
        self.way = self.line()
        producer = self.pod().producer(
            bootstrap=self.world.way(self.way),
            max_in_flight_requests_per_connection=1,
            batch_size=2000,
            request_timeout_ms=5000,
            delivery_timeout_ms=120_000,
            max_block_ms=60_000,
        )
        producer.loop(topic, per_second=20, size=500)

    def begin(self) -> None:
        """Make it slow."""
        self.way.delay(DELAY_SECONDS)

    def end(self) -> None:
        """Make it fast again."""
        self.way.delay(0)
