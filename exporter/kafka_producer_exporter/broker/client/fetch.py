"""The transaction log's bytes, fetched through kafka-python's connections and decoded by ``broker.log``.

KafkaConsumer is not used: it creates an object with fifteen fields for each record, and it stays silent about a
partition that it may not read. Here the error code of each partition is checked.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import kafka.errors
from kafka.protocol.consumer import FetchRequest
from kafka.record.util import calc_crc32c

from kafka_producer_exporter.broker.client.admin import by_leader, offsets
from kafka_producer_exporter.broker.client.connection import Client, code_error, raise_code
from kafka_producer_exporter.broker.cluster.snapshots import TopicPartition
from kafka_producer_exporter.broker.log.record_batches import UNKNOWN_EPOCH, Fetched, read_records
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.net.errors import Reason, TransportError

PARTITION_BYTES = 1 << 20
FETCH_BYTES = 4 << 20
"""The default size limit of all responses of one fetch together."""
MIN_SHARE_BYTES = 16 << 10
"""The least that a broker is asked for. If there are too many brokers for that, they take turns."""
MIN_RESPONSE_BYTES = 64 << 10
"""The broker replies with less only after max_wait_ms. One reply per record would add load and nothing else."""


class OutOfRangeError(TransportError):
    """The log no longer has the requested offset: it was truncated, or its old records were deleted."""

    def __init__(self, message: str, partition: int, *, diverged_at: int | None = None) -> None:
        """*diverged_at* is the offset from which on the log has other records than those that were read, if known."""
        super().__init__(Reason.UNAVAILABLE, message)
        self.partition = partition
        self.diverged_at = diverged_at


class LogReader:
    """Reads partitions of the transaction log, each from its leader."""

    def __init__(
        self,
        client: Client,
        *,
        topic: str = TOPIC,
        checksum: Callable[[bytes], int] = calc_crc32c,
        fetch_bytes: int = FETCH_BYTES,
    ) -> None:
        """Read through *client*. *checksum* is CRC-32C, by default the native one of the package crc32c.

        *fetch_bytes* bounds a fetch, whatever the number of brokers: what they send, and what it inflates to.
        """
        self._client = client
        self._topic = topic
        self._checksum = checksum
        self._fetch_bytes = fetch_bytes
        self._leaders: dict[TopicPartition, int] = {}
        self._leader_epochs: dict[int, int] = {}
        self._turn = 0
        self.unavailable: dict[int, TransportError] = {}
        """The partitions that could not be read when they were last looked up or fetched, and why."""
        self.is_broker_lost = False
        """True once a broker did not answer a fetch: this client may not notice that it is back."""
        self.topic_id: object | None = None
        """The id of the topic that ``partitions`` found. A topic that was recreated has another one."""

    def partitions(self) -> list[int]:
        """Return the log's partitions and remember their leaders. Empty before the cluster's first transaction.

        Those without a leader become ``unavailable``. Raise TransportError, also if no partition has a leader.
        """
        topics = self._client.metadata([self._topic])
        if len(topics) != 1:
            raise TransportError(Reason.DAMAGED, f"a broker described {len(topics)} topics instead of {self._topic}")
        [topic] = topics
        if topic.error_code == kafka.errors.UnknownTopicOrPartitionError.errno:
            self.unavailable = {}
            return []
        raise_code(topic.error_code, self._topic)
        self._leaders = {
            (self._topic, partition.partition_index): partition.leader_id for partition in topic.partitions
        }
        self._leader_epochs = {partition.partition_index: partition.leader_epoch for partition in topic.partitions}
        self.topic_id = topic.topic_id
        self.unavailable = {
            partition: TransportError(Reason.UNAVAILABLE, f"{self._topic}-{partition} has no leader")
            for (_, partition), leader in sorted(self._leaders.items())
            if leader < 0
        }
        if len(self.unavailable) == len(self._leaders):
            raise next(iter(self.unavailable.values()), TransportError(Reason.UNAVAILABLE, f"{self._topic} is empty"))
        return sorted(partition for _, partition in self._leaders)

    def offsets(self, partitions: Iterable[int], at: int) -> dict[int, int]:
        """Return the EARLIEST or LATEST offset of each partition, or that of a time; -1 if nothing is as new.

        Raise TransportError, also for a partition without a leader.
        """
        found = {}
        for (_, partition), offset in offsets(self._client, self._leaders_of(partitions), at).items():
            if isinstance(offset, TransportError):
                raise offset
            found[partition] = offset
        return found

    def fetch(
        self, positions: Mapping[int, int], *, wait_seconds: float, epochs: Mapping[int, int] | None = None
    ) -> list[Fetched]:
        """Return new records of each partition, from its offset in *positions* on. Raise TransportError.

        *epochs* are the leader epochs of the last records before these offsets. With them, the leader recognizes that
        it has other records there (KIP-320), and OutOfRangeError is raised.

        The brokers share the size limit. Each sends one response, and waits up to *wait_seconds* while it has less than
        64 KiB or its share. A first batch that is larger than the share is sent nevertheless. Partitions take turns at
        the front of the request, because the first ones fill the response. Partitions of brokers whose turn it is not
        are left out of the result, and so are those that become ``unavailable``. If all do, that is raised.
        """
        self._turn += 1
        epochs = epochs or {}
        leaders = by_leader({place: leader for place, leader in self._leaders_of(positions).items() if leader >= 0})
        if not leaders:
            raise next(iter(self.unavailable.values()))
        asked = _rotated(list(leaders), self._turn)[: max(1, self._fetch_bytes // MIN_SHARE_BYTES)]
        share = self._fetch_bytes // len(asked)
        requests = {
            node: FetchRequest(
                max_wait_ms=round(wait_seconds * 1000),
                min_bytes=min(MIN_RESPONSE_BYTES, share),
                max_bytes=share,
                isolation_level=0,
                topics=[
                    FetchRequest.FetchTopic(
                        topic=self._topic,
                        topic_id=self.topic_id,
                        partitions=[
                            FetchRequest.FetchTopic.FetchPartition(
                                partition=partition,
                                current_leader_epoch=self._leader_epochs.get(partition, UNKNOWN_EPOCH),
                                last_fetched_epoch=epochs.get(partition, UNKNOWN_EPOCH),
                                fetch_offset=positions[partition],
                                partition_max_bytes=min(PARTITION_BYTES, share),
                            )
                            for partition in _rotated(leaders[node][self._topic], self._turn)
                        ],
                    )
                ],
                # From 13 on, topics are named by id, so that a recreated topic is not taken for the old one.
                max_version=13 if self.topic_id else 12,
            )
            for node in asked
        }
        fetched = []
        inflated = 0
        for node, response in self._client.call(requests, patience_seconds=wait_seconds).items():
            if isinstance(response, TransportError):
                self.is_broker_lost = True
                self.unavailable |= dict.fromkeys(leaders[node][self._topic], response)
                continue
            raise_code(response.error_code, f"broker {node}")
            for topic in response.responses:
                for partition in topic.partitions:
                    index = partition.partition_index
                    if index not in positions:
                        message = f"the response to a fetch has {self._topic}-{index}, which was not requested"
                        raise TransportError(Reason.DAMAGED, message)
                    if self._is_moving(partition, index):
                        continue
                    chunk = read_records(
                        bytes(partition.records or b""),
                        positions[index],
                        self._checksum,
                        high_watermark=partition.high_watermark,
                        max_inflated_bytes=self._fetch_bytes,
                        inflated_before=inflated,
                    )
                    inflated += chunk.inflated_bytes
                    fetched.append(Fetched(index, chunk, partition.high_watermark))
        if not fetched and self.unavailable:
            raise next(iter(self.unavailable.values()))
        return fetched

    def _leaders_of(self, partitions: Iterable[int]) -> dict[TopicPartition, int]:
        return {(self._topic, partition): self._leaders[self._topic, partition] for partition in partitions}

    def _is_moving(self, response: Any, partition: int) -> bool:
        """Return whether the leader of a partition could not answer, and note why. Raise every other error."""
        name = f"{self._topic}-{partition}"
        if response.error_code == kafka.errors.OffsetOutOfRangeError.errno:
            raise OutOfRangeError(f"{name}: the log no longer has the requested offset", partition)
        error = code_error(response.error_code, name)
        if error is not None and error.reason is Reason.UNAVAILABLE:
            self.unavailable[partition] = error
            return True
        if error is not None:
            raise error
        self.unavailable.pop(partition, None)
        diverged = response.diverging_epoch  # versions before 12 have none
        if diverged is not None and diverged.end_offset >= 0:
            message = f"{name}: the log has other records from offset {diverged.end_offset} on"
            raise OutOfRangeError(message, partition, diverged_at=diverged.end_offset)
        return False


def _rotated(numbers: list[int], turn: int) -> list[int]:
    first = turn % len(numbers)
    return numbers[first:] + numbers[:first]
