from types import SimpleNamespace as Response

import pytest
from kafka.record.util import crc32c_c

from kafka_producer_exporter.broker.client.admin import LATEST
from kafka_producer_exporter.broker.client.fetch import LogReader, OutOfRangeError
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.broker.client.fake_client import FakeClient

UNKNOWN_TOPIC, OUT_OF_RANGE, TOPIC_DENIED = 3, 1, 29


def log_of(*leaders, code=0):
    """The log's metadata: one partition per leader."""
    partitions = [Response(partition_index=number, leader_id=leader) for number, leader in enumerate(leaders)]
    return [Response(error_code=code, partitions=partitions)]


def reader(reply=None, *, log):
    client = FakeClient(reply, topics=log)
    return client, LogReader(client)


def test_the_native_checksum_is_installed():
    assert crc32c_c(b"123456789") == 0xE3069283


def test_a_log_without_records_has_no_partitions():
    _, log = reader(log=log_of(code=UNKNOWN_TOPIC))

    assert log.partitions() == []


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [(log_of(1, -1), Reason.UNAVAILABLE), (log_of(code=TOPIC_DENIED), Reason.AUTHORIZATION)],
)
def test_a_log_that_cannot_be_read_as_a_whole_is_an_error(metadata, reason):
    _, log = reader(log=metadata)

    with pytest.raises(TransportError) as caught:
        log.partitions()

    assert caught.value.reason is reason


def test_one_missing_offset_is_an_error():
    def reply(node, request):
        if node == 2:
            raise TransportError(Reason.TIMEOUT, "broker 2: no reply")
        partition = Response(partition_index=0, error_code=0, offset=7)
        return Response(topics=[Response(name="__transaction_state", partitions=[partition])])

    _, log = reader(reply, log=log_of(1, 2))
    log.partitions()

    assert log.offsets([0], LATEST) == {0: 7}
    with pytest.raises(TransportError, match="no reply"):
        log.offsets([0, 1], LATEST)


def test_partitions_take_turns_at_the_front_of_a_fetch():
    client, log = reader(lambda *_: Response(responses=[]), log=log_of(1, 1, 1))
    log.partitions()

    for _ in range(4):
        log.fetch({0: 5, 1: 6, 2: 7}, wait_seconds=0)

    orders = [
        [(p.partition, p.fetch_offset) for topic in request.topics for p in topic.partitions]
        for _, request in client.requests
    ]
    assert [order[0] for order in orders] == [(1, 6), (2, 7), (0, 5), (1, 6)]
    assert {frozenset(order) for order in orders} == {frozenset([(0, 5), (1, 6), (2, 7)])}


def test_an_offset_that_the_log_no_longer_has_names_its_partition():
    def reply(node, request):
        partition = Response(partition_index=1, error_code=OUT_OF_RANGE)
        return Response(responses=[Response(partitions=[partition])])

    _, log = reader(reply, log=log_of(1, 1))
    log.partitions()

    with pytest.raises(OutOfRangeError) as caught:
        log.fetch({1: 100}, wait_seconds=0)

    assert caught.value.partition == 1
