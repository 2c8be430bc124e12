"""Hanging transactions: open on a partition, but unknown to every coordinator, so nothing will ever end them.

This is Kafka's own cross-check (``kafka-transactions.sh find-hanging``) without its age filter. Instead, the partition
is asked twice, before and after the coordinators. A transaction that was open both times, and that no coordinator knew
in between, was not about to end.
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.snapshots import (
    PartitionEnd,
    ProducerState,
    TopicPartition,
    TransactionDescription,
)
from kafka_producer_exporter.net.printable import printable


class HangingTransaction(NamedTuple):
    """A transaction that hangs on one partition."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    start_offset: int
    last_timestamp_ms: int
    records_held_back: int
    """Offsets from the last stable offset to the end, which ``read_committed`` consumers do not receive."""

    def abort_command(self, bootstrap_server: str) -> str:
        """Return the command that aborts the transaction, quoted for a shell: the topic's name comes from a broker."""
        server, topic = shlex.quote(bootstrap_server), shlex.quote(printable(self.topic, limit=None))
        return (
            f"kafka-transactions.sh --bootstrap-server {server} abort "
            f"--topic {topic} --partition {self.partition} --start-offset {self.start_offset}"
        )


class PartitionScan(NamedTuple):
    """What one poll of all partitions found."""

    hanging: list[HangingTransaction]
    producers: list[ProducerState]
    transactional: frozenset[int]
    """The producer ids that belong to a transactional id."""
    described: frozenset[TopicPartition]
    """The partitions whose leader was asked for its producers."""
    denied: frozenset[TopicPartition]
    """Those of them that gave no answer, because a right is missing or the leader is moving."""


def with_open_transaction(producers: Iterable[ProducerState]) -> list[ProducerState]:
    """Return the producers that have an open transaction."""
    return [producer for producer in producers if producer.start_offset >= 0]


def unknown_to_coordinators(
    producers: Iterable[ProducerState], known: Iterable[TransactionDescription]
) -> list[ProducerState]:
    """Return the producers whose open transaction no coordinator knows, or knows only on other partitions."""
    pending = {(transaction.producer_id, partition) for transaction in known for partition in transaction.partitions}
    return [
        producer
        for producer in with_open_transaction(producers)
        if (producer.producer_id, (producer.topic, producer.partition)) not in pending
    ]


def still_open(
    suspects: Iterable[ProducerState],
    now: Iterable[ProducerState],
    ends: Mapping[TopicPartition, PartitionEnd],
) -> list[HangingTransaction]:
    """Return the suspects whose transaction is still open *now*, with the same epoch and the same start offset."""
    by_identity = {_identity(producer): producer for producer in with_open_transaction(now)}
    found = []
    for suspect in suspects:
        producer = by_identity.get(_identity(suspect))
        end = ends.get((suspect.topic, suspect.partition))
        if producer is not None:
            found.append(
                HangingTransaction(
                    producer.topic,
                    producer.partition,
                    producer.producer_id,
                    producer.epoch,
                    producer.start_offset,
                    producer.last_timestamp_ms,
                    end.end_offset - end.last_stable_offset if end else 0,
                )
            )
    return sorted(found)


def _identity(producer: ProducerState) -> tuple[str, int, int, int, int]:
    return producer.topic, producer.partition, producer.producer_id, producer.epoch, producer.start_offset
