"""What the brokers say when they are asked: values, as they were at one time."""

from typing import NamedTuple

from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.net.errors import TransportError

TopicPartition = tuple[str, int]


class TransactionDescription(NamedTuple):
    """What a coordinator says of one transactional id (DescribeTransactions)."""

    transactional_id: str
    producer_id: int
    epoch: int
    state: TransactionState
    timeout_ms: int
    start_ms: int
    """-1: no transaction has begun since the session did."""
    partitions: frozenset[TopicPartition]
    """Those that still wait for their marker; none where it is complete."""


class ProducerState(NamedTuple):
    """What a partition's leader says of one producer (DescribeProducers), transactional or not."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    last_timestamp_ms: int
    """The newest timestamp that the producer itself gave a record; its clock, not the broker's."""
    start_offset: int
    """Where its open transaction begins; -1: none is open."""
    coordinator_epoch: int = -1
    """-1: no transaction marker of it is on this partition yet, and never for one without transactions."""


class PartitionEnd(NamedTuple):
    """Where a partition ends, for all and for those who read only what is committed."""

    end_offset: int
    last_stable_offset: int
    """Behind it lie records of open transactions, and whatever came after them."""


class PartitionLayout(NamedTuple):
    """Where a partition lies."""

    partition: int
    leader: int
    """-1: nobody leads it, so nothing can be written there."""
    replicas: int
    in_sync: int


class TopicLayout(NamedTuple):
    """Where a topic's partitions lie."""

    topic: str
    partitions: tuple[PartitionLayout, ...]


class ServerProbe(NamedTuple):
    """What probing one bootstrap server showed."""

    addresses: int
    """Number of addresses that the host name has."""
    certificate_expiry: float | None
    """In seconds since the epoch. None means no TLS, or that the probe ended before the handshake was complete."""
    error: TransportError | None
    """Why the server cannot be used; None if it can."""
