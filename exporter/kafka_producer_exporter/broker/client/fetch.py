"""The transaction log's bytes, fetched through kafka-python's connections and read by our own code.

A KafkaConsumer is not used: it makes an object of fifteen fields of every record, and where it may not read it says
nothing at all. Here every partition's error code is seen.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import kafka.errors
from kafka.protocol.consumer import FetchRequest, ListOffsetsRequest
from kafka.record.util import calc_crc32c

from kafka_producer_exporter.broker.client.connection import Client, raise_code
from kafka_producer_exporter.broker.errors import OutOfRangeError
from kafka_producer_exporter.broker.log.record_batches import Fetched, read_records
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.net.errors import Reason, TransportError

PARTITION_BYTES = 1 << 20
RESPONSE_BYTES = 4 << 20
MIN_RESPONSE_BYTES = 64 << 10
"""Less is answered when the wait is over: a request for every record would be a load without a use."""


class LogReader:
    """Reads partitions of the transaction log, each from its leader."""

    def __init__(self, client: Client, *, topic: str = TOPIC, checksum: Callable[[bytes], int] = calc_crc32c) -> None:
        self._client = client
        self._checksum = checksum
        self._topic = topic
        self._leaders: dict[int, int] = {}
        self._turn = 0

    def partitions(self) -> list[int]:
        """Return the log's partitions, none where no transaction was ever made; and learn who leads them.

        Raises TransportError: also where one has no leader, since what happens there would be missed silently.
        """
        (topic,) = self._client.metadata([self._topic])
        if topic.error_code == kafka.errors.UnknownTopicOrPartitionError.errno:
            return []
        raise_code(topic.error_code, self._topic)
        self._leaders = {partition.partition_index: partition.leader_id for partition in topic.partitions}
        orphaned = sorted(partition for partition, leader in self._leaders.items() if leader < 0)
        if orphaned:
            raise TransportError(Reason.UNAVAILABLE, f"{self._topic}-{orphaned[0]}: it has no leader")
        return sorted(self._leaders)

    def offsets(self, partitions: Iterable[int], at: int) -> dict[int, int]:
        """Return each partition's EARLIEST or LATEST offset. Raises TransportError."""
        requests = {
            node: ListOffsetsRequest(
                replica_id=-1,
                isolation_level=0,
                topics=[
                    ListOffsetsRequest.ListOffsetsTopic(
                        name=self._topic,
                        partitions=[
                            ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition(
                                partition_index=partition, timestamp=at
                            )
                            for partition in led
                        ],
                    )
                ],
                timeout_ms=5000,
                min_version=1,
            )
            for node, led in self._by_leader(partitions).items()
        }
        found = {}
        for response in self._answers(requests, 0.0):
            for topic in response.topics:
                for partition in topic.partitions:
                    self._raise(partition.error_code, partition.partition_index)
                    found[partition.partition_index] = partition.offset
        return found

    def fetch(self, positions: Mapping[int, int], *, wait_seconds: float) -> list[Fetched]:
        """Return what is new from these offsets on; waits that long where there is little. Raises TransportError.

        One response from each broker, of at most 4 MiB; they take turns to be the first in it.
        """
        self._turn += 1
        requests = {
            node: FetchRequest(
                max_wait_ms=round(wait_seconds * 1000),
                min_bytes=MIN_RESPONSE_BYTES,
                max_bytes=RESPONSE_BYTES,
                isolation_level=0,
                topics=[
                    FetchRequest.FetchTopic(
                        topic=self._topic,
                        partitions=[
                            FetchRequest.FetchTopic.FetchPartition(
                                partition=partition,
                                fetch_offset=positions[partition],
                                partition_max_bytes=PARTITION_BYTES,
                            )
                            for partition in _from(self._turn, led)
                        ],
                    )
                ],
                max_version=12,  # from 13 on topics are named by id
            )
            for node, led in self._by_leader(positions).items()
        }
        fetched = []
        for response in self._answers(requests, wait_seconds):
            for topic in response.responses:
                for answer in topic.partitions:
                    self._raise(answer.error_code, answer.partition_index)
                    data = bytes(answer.records or b"")
                    chunk = read_records(data, positions[answer.partition_index], self._checksum)
                    fetched.append(Fetched(answer.partition_index, chunk, answer.high_watermark))
        return fetched

    def _by_leader(self, partitions: Iterable[int]) -> dict[int, list[int]]:
        by_leader: dict[int, list[int]] = {}
        for partition in partitions:
            by_leader.setdefault(self._leaders[partition], []).append(partition)
        return by_leader

    def _answers(self, requests: Mapping[Any, Any], patience_seconds: float) -> list[Any]:
        answers = list(self._client.call(requests, patience_seconds=patience_seconds).values())
        for answer in answers:
            if isinstance(answer, TransportError):
                raise answer
        return answers

    def _raise(self, code: int, partition: int) -> None:
        if code == kafka.errors.OffsetOutOfRangeError.errno:
            raise OutOfRangeError(f"{self._topic}-{partition}: the log has no such offset any more", partition)
        raise_code(code, f"{self._topic}-{partition}")


def _from(turn: int, partitions: list[int]) -> list[int]:
    """Return the partitions beginning with another one each turn, since the first of them fill the response."""
    first = turn % len(partitions)
    return partitions[first:] + partitions[:first]
