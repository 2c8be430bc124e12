from collections import Counter
from types import SimpleNamespace as Response
from uuid import UUID

import pytest
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import crc32c_c

from kafka_producer_exporter.broker.client.admin import LATEST
from kafka_producer_exporter.broker.client.fetch import FETCH_BYTES, MIN_SHARE_BYTES, LogReader, OutOfRangeError
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.broker.client.fake_client import FakeClient

TOPIC_ID = UUID(int=7)
UNKNOWN_TOPIC, OUT_OF_RANGE, TOPIC_DENIED = 3, 1, 29


def log_of(*leaders, code=0):
    """The log's metadata: one partition per leader."""
    partitions = [
        Response(partition_index=number, leader_id=leader, leader_epoch=10 + number)
        for number, leader in enumerate(leaders)
    ]
    return [Response(error_code=code, partitions=partitions, topic_id=TOPIC_ID)]


def gzipped(value):
    """Return a compressed batch with one record."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=1,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    builder.append(0, 1_795_358_947_226, b"key", value, [])
    return bytes(builder.build())


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
    [(log_of(-1, -1), Reason.UNAVAILABLE), (log_of(code=TOPIC_DENIED), Reason.AUTHORIZATION)],
)
def test_a_log_of_which_nothing_can_be_read_is_an_error(metadata, reason):
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
    client, log = reader(lambda *_: Response(error_code=0, responses=[]), log=log_of(1, 1, 1))
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
        return Response(error_code=0, responses=[Response(partitions=[partition])])

    _, log = reader(reply, log=log_of(1, 1))
    log.partitions()

    with pytest.raises(OutOfRangeError) as caught:
        log.fetch({1: 100}, wait_seconds=0)

    assert (caught.value.partition, caught.value.diverged_at) == (1, None)


def test_the_leader_learns_which_leader_and_which_records_the_reader_knows():
    client, log = reader(lambda *_: Response(error_code=0, responses=[]), log=log_of(1, 1))
    log.partitions()

    log.fetch({0: 5, 1: 6}, wait_seconds=0, epochs={1: 9})

    ((_, request),) = client.requests
    asked = {one.partition: one for one in request.topics[0].partitions}
    assert {number: (one.current_leader_epoch, one.last_fetched_epoch) for number, one in asked.items()} == {
        0: (10, -1),
        1: (11, 9),
    }
    assert request.topics[0].topic_id == TOPIC_ID


def test_a_leader_that_has_other_records_than_those_that_were_read_says_from_where_on():
    diverging = Response(epoch=8, end_offset=4)
    partition = Response(partition_index=0, error_code=0, diverging_epoch=diverging)
    response = Response(error_code=0, responses=[Response(partitions=[partition])])
    _, log = reader(lambda *_: response, log=log_of(1))
    log.partitions()

    with pytest.raises(OutOfRangeError, match="other records from offset 4 on") as caught:
        log.fetch({0: 6}, wait_seconds=0, epochs={0: 9})

    assert caught.value.diverged_at == 4


@pytest.mark.parametrize(("partition", "code"), [(1, 0), (7, 0), (7, OUT_OF_RANGE)])
def test_a_partition_that_was_not_requested_is_an_error(partition, code):
    sent = Response(partition_index=partition, error_code=code, records=b"", high_watermark=0)
    _, log = reader(lambda *_: Response(error_code=0, responses=[Response(partitions=[sent])]), log=log_of(1, 1))
    log.partitions()

    with pytest.raises(TransportError, match=f"__transaction_state-{partition}, which was not requested") as caught:
        log.fetch({0: 100}, wait_seconds=0)

    assert caught.value.reason is Reason.DAMAGED


@pytest.mark.parametrize("brokers", [1, 3, 10, 100])
def test_the_brokers_share_the_size_limit_of_a_fetch(brokers):
    client, log = reader(lambda *_: Response(error_code=0, responses=[]), log=log_of(*range(brokers)))
    log.partitions()

    log.fetch(dict.fromkeys(range(brokers), 0), wait_seconds=0)

    assert FETCH_BYTES - brokers < sum(request.max_bytes for _, request in client.requests) <= FETCH_BYTES
    for _, request in client.requests:
        assert request.min_bytes <= request.max_bytes
        assert request.topics[0].partitions[0].partition_max_bytes <= request.max_bytes


def test_too_many_brokers_for_the_size_limit_take_turns():
    client = FakeClient(lambda *_: Response(error_code=0, responses=[]), topics=log_of(*range(40)))
    log = LogReader(client, fetch_bytes=16 * MIN_SHARE_BYTES)
    log.partitions()

    asked = []
    for _ in range(40):
        client.requests.clear()
        log.fetch(dict.fromkeys(range(40), 0), wait_seconds=0)
        asked.append([node for node, _ in client.requests])
        assert sum(request.max_bytes for _, request in client.requests) == 16 * MIN_SHARE_BYTES

    assert Counter(node for nodes in asked for node in nodes) == dict.fromkeys(range(40), 16)


def test_what_compressed_batches_inflate_to_is_bounded_for_all_partitions_together():
    batch = gzipped(b"0" * 700_000)

    def reply(node, request):
        partitions = [
            Response(
                partition_index=asked.partition, error_code=0, records=batch, high_watermark=1, diverging_epoch=None
            )
            for topic in request.topics
            for asked in topic.partitions
        ]
        return Response(error_code=0, responses=[Response(partitions=partitions)])

    client = FakeClient(reply, topics=log_of(*[1] * 10))
    log = LogReader(client, fetch_bytes=1 << 20)
    log.partitions()
    positions = dict.fromkeys(range(10), 0)

    for _ in range(5):
        fetched = log.fetch(positions, wait_seconds=0)
        assert sum(one.chunk.inflated_bytes for one in fetched) <= 2 << 20
        positions |= {one.partition: one.chunk.next_offset for one in fetched}
        for partition in [partition for partition, position in positions.items() if position == 1]:
            del positions[partition]

    assert positions == {}


def test_the_error_of_a_whole_fetch_is_an_error():
    _, log = reader(lambda *_: Response(error_code=TOPIC_DENIED, responses=[]), log=log_of(1))
    log.partitions()

    with pytest.raises(TransportError, match="broker 1") as caught:
        log.fetch({0: 100}, wait_seconds=0)

    assert caught.value.reason is Reason.AUTHORIZATION


@pytest.mark.parametrize("count", [0, 2])
def test_metadata_of_another_number_of_topics_is_an_error(count):
    _, log = reader(log=count * log_of(1))

    with pytest.raises(TransportError, match=f"{count} topics") as caught:
        log.partitions()

    assert caught.value.reason is Reason.DAMAGED


NOT_LEADER = 6


def nothing_new(node, request, *, code=0):
    """Answer a fetch without records."""
    partitions = [
        Response(partition_index=asked.partition, error_code=code, records=b"", high_watermark=5, diverging_epoch=None)
        for asked in request.topics[0].partitions
    ]
    return Response(error_code=0, responses=[Response(partitions=partitions)])


def fetched_from(reply, *leaders):
    """A reader after a fetch, and the partitions of which something came."""
    _, log = reader(reply, log=log_of(*leaders))
    positions = dict.fromkeys(log.partitions(), 5)
    return log, sorted(one.partition for one in log.fetch(positions, wait_seconds=0))


def test_partitions_without_a_leader_are_unavailable_and_the_others_are_read():
    log, found = fetched_from(nothing_new, 1, -1, 2)

    assert found == [0, 2]
    assert str(log.unavailable[1]) == "__transaction_state-1 has no leader"
    assert not log.is_broker_lost


def test_a_broker_that_does_not_answer_costs_only_its_partitions():
    def reply(node, request):
        if node == 2:
            raise TransportError(Reason.CLOSED, "broker 2: it closed the connection")
        return nothing_new(node, request)

    log, found = fetched_from(reply, 1, 2, 2, 1)

    assert found == [0, 3]
    assert set(log.unavailable) == {1, 2}
    assert log.is_broker_lost


def test_a_partition_whose_leader_moves_is_unavailable_until_it_answers():
    codes = {2: NOT_LEADER}
    _, log = reader(lambda node, request: nothing_new(node, request, code=codes.get(node, 0)), log=log_of(1, 2))
    positions = dict.fromkeys(log.partitions(), 5)

    first = [one.partition for one in log.fetch(positions, wait_seconds=0)]
    unavailable = set(log.unavailable)
    codes.clear()
    second = sorted(one.partition for one in log.fetch(positions, wait_seconds=0))

    assert (first, unavailable) == ([0], {1})
    assert (second, log.unavailable) == ([0, 1], {})


def test_if_no_partition_can_be_read_the_first_reason_is_raised():
    def reply(node, request):
        raise TransportError(Reason.TIMEOUT, f"broker {node}: no reply")

    _, log = reader(reply, log=log_of(1, 2))
    positions = dict.fromkeys(log.partitions(), 5)

    with pytest.raises(TransportError, match="no reply") as caught:
        log.fetch(positions, wait_seconds=0)

    assert caught.value.reason is Reason.TIMEOUT


def test_a_right_that_is_missing_for_one_partition_is_still_an_error():
    _, log = reader(
        lambda node, request: nothing_new(node, request, code=TOPIC_DENIED if node == 2 else 0), log=log_of(1, 2)
    )
    positions = dict.fromkeys(log.partitions(), 5)

    with pytest.raises(TransportError) as caught:
        log.fetch(positions, wait_seconds=0)

    assert caught.value.reason is Reason.AUTHORIZATION
