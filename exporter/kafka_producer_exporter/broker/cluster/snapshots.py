"""What the brokers reported at one moment."""

from collections.abc import Mapping
from typing import NamedTuple

from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.net.errors import TransportError

TopicPartition = tuple[str, int]


class LogLeader(NamedTuple):
    """The leader of one partition of the transaction log, which is the coordinator of the partition's ids."""

    node: int
    """-1 if the partition has no leader."""
    epoch: int = -1
    """Rises with each new leader; -1 where the brokers do not report it."""


LogLeaders = Mapping[int, LogLeader]
"""The leaders of the transaction log by partition, as one broker knows them."""


class TransactionDescription(NamedTuple):
    """What a coordinator reports of one transactional id (DescribeTransactions)."""

    transactional_id: str
    producer_id: int
    epoch: int
    state: TransactionState
    timeout_ms: int
    start_ms: int
    """-1 if no transaction has begun in this session."""
    partitions: frozenset[TopicPartition]
    """The partitions that still wait for their transaction marker; empty once the transaction is complete."""


class ProducerState(NamedTuple):
    """What a partition's leader reports of one producer (DescribeProducers), transactional or not."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    last_timestamp_ms: int
    """The newest record timestamp, by the producer's clock rather than the broker's."""
    start_offset: int
    """Where its open transaction begins; -1 if none is open."""
    coordinator_epoch: int = -1
    """-1 as long as this partition has no transaction marker of the producer; always -1 without transactions."""


class PartitionEnd(NamedTuple):
    """Where a partition ends, for ``read_uncommitted`` and for ``read_committed`` consumers."""

    end_offset: int
    last_stable_offset: int
    """The LSO: from here on there are records of open transactions, and records written after those."""


class PartitionLayout(NamedTuple):
    """The leader and the replicas of a partition."""

    partition: int
    leader: int
    """-1 if the partition has no leader; nothing can be written then."""
    replicas: int
    in_sync: int


class TopicLayout(NamedTuple):
    """The partitions of a topic."""

    topic: str
    partitions: tuple[PartitionLayout, ...]


class ServerProbe(NamedTuple):
    """What probing one server showed."""

    addresses: int
    """Number of addresses that the host name has."""
    certificate_expiry: float | None
    """In seconds since the epoch, also of an expired certificate. None means no TLS, or none from a trusted CA."""
    error: TransportError | None
    """Why the server cannot be used; None if it can."""
