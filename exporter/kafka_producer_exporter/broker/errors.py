"""The one error of a broker that its caller handles."""

from kafka_producer_exporter.net.errors import Reason, TransportError


class OutOfRangeError(TransportError):
    """The log does not have the requested offset any more: it was truncated, or its beginning was deleted."""

    def __init__(self, message: str, partition: int) -> None:
        super().__init__(Reason.UNAVAILABLE, message)
        self.partition = partition
