"""Records that are larger than the client's own limit."""

from lab.faults.fault import Fault


class RecordTooLarge(Fault):
    """The client refuses each record in ``send``; none of them reaches a broker."""

    def prepare(self) -> None:
        """Send records of an ordinary size."""
        topic = self.topic()
        self.producer = self.pod().producer(own_times=True, max_request_size=10_000)
        self.send = lambda size: self.producer.loop(topic, per_second=20, size=size)
        self.send(500)

    def begin(self) -> None:
        """Send larger ones."""
        self.send(20_000)

    def end(self) -> None:
        """Send smaller ones again."""
        self.send(500)
