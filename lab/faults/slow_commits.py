"""Commits that take long, because the way to the brokers does."""

from lab.faults.fault import Fault

DELAY_SECONDS = 0.3


class SlowCommits(Fault):
    """Each transaction has one record, so the producer does little but wait for commits."""

    def prepare(self) -> None:
        """Commit through a line of its own."""
        topic = self.topic()
        self._way = self.line()
        producer = self.pod().producer(
            bootstrap=self.world.way(self._way),
            transactional_id=f"{self.name}-0",
            transaction_timeout_ms=60_000,
            request_timeout_ms=10_000,
            delivery_timeout_ms=60_000,
            max_block_ms=60_000,
        )
        producer.init()
        producer.loop(topic, per_second=3, records=1)

    def begin(self) -> None:
        """Make the way slow."""
        self._way.delay(DELAY_SECONDS)

    def end(self) -> None:
        """Make it fast again."""
        self._way.delay(0)
