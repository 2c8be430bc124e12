"""Transactions that hang: open in a partition, and unknown to every coordinator."""

import time

from kafka.admin import AbortTransactionSpec, ConfigResource, ConfigResourceType
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.structs import TopicPartition

from lab.broker import Broker
from lab.log_writer import produce
from lab.process import wait_until


def leave_hanging(broker: Broker, name: str, *, partition: int, producer_id: int, age_seconds: float) -> None:
    """Write an open transaction that no coordinator knows, while the broker's verification is switched off.

    *broker* leads the partition.
    """

    def verification(state: str) -> None:
        resource = ConfigResource(
            ConfigResourceType.BROKER,
            str(broker.node_id),
            {"transaction.partition.verification.enable": ("SET", state)},
        )
        with broker.admin() as admin:
            admin.alter_configs([resource])

    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=True,
        producer_id=producer_id,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1 << 20,
    )
    builder.append(0, round((time.time() - age_seconds) * 1000), None, b"stuck", [])
    verification("false")
    try:
        wait_until(
            f"{name}-{partition} has accepted the open transaction",
            lambda: produce(broker, name, partition, bytes(builder.build())) == 0,
            timeout_seconds=10,
        )
    finally:
        verification("true")


def abort_hanging(broker: Broker, name: str, *, partition: int, producer_id: int) -> None:
    """Abort a transaction that ``leave_hanging`` has left, as ``kafka-transactions.sh abort`` does."""
    with broker.admin() as admin:
        admin.abort_transaction(AbortTransactionSpec(TopicPartition(name, partition), producer_id, 0))
