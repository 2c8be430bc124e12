"""Transactions that hang: open on a partition, and no coordinator knows of them, so that nobody will ever end them.

Pure: Kafka's own cross-check (``kafka-transactions.sh find-hanging``), without its age filter. In place of that the
partition is asked twice, once before and once after the coordinators: a transaction that was open both times, and that
no coordinator knew in between, was not about to end.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka_producer_exporter.broker.cluster.snapshots import (
    PartitionEnd,
    ProducerState,
    TopicPartition,
    TransactionDescription,
)


class HangingTransaction(NamedTuple):
    """One transaction that hangs on one partition."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    start_offset: int
    last_timestamp_ms: int
    records_held_back: int
    """What consumers that read only committed records do not get to see."""

    def abort_command(self, bootstrap_server: str) -> str:
        """Return what ends it."""
        return (
            f"kafka-transactions.sh --bootstrap-server {bootstrap_server} abort "
            f"--topic {self.topic} --partition {self.partition} --start-offset {self.start_offset}"
        )


class Look(NamedTuple):
    """What one look found."""

    hanging: list[HangingTransaction]
    producers: list[ProducerState]
    transactional: frozenset[int]
    """The producer ids that belong to a transactional id."""
    asked: frozenset[TopicPartition]
    refused: frozenset[TopicPartition]
    """Those of the asked that did not say: a right is missing, or their leader moves."""


def open_on_partitions(producers: Iterable[ProducerState]) -> list[ProducerState]:
    """Return those with an open transaction."""
    return [producer for producer in producers if producer.start_offset >= 0]


def not_known(producers: Iterable[ProducerState], known: Iterable[TransactionDescription]) -> list[ProducerState]:
    """Return the open transactions that no coordinator knows: not this producer id, or not on this partition."""
    pending = {(transaction.producer_id, partition) for transaction in known for partition in transaction.partitions}
    return [
        producer
        for producer in open_on_partitions(producers)
        if (producer.producer_id, (producer.topic, producer.partition)) not in pending
    ]


def hanging(
    suspects: Iterable[ProducerState],
    now: Iterable[ProducerState],
    ends: Mapping[TopicPartition, PartitionEnd],
) -> list[HangingTransaction]:
    """Return the suspects that are still open now, with the same epoch from the same offset on."""
    still = {(p.topic, p.partition, p.producer_id, p.epoch, p.start_offset): p for p in open_on_partitions(now)}
    found = []
    for suspect in suspects:
        producer = still.get(
            (suspect.topic, suspect.partition, suspect.producer_id, suspect.epoch, suspect.start_offset)
        )
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
