from types import SimpleNamespace as Response

import pytest

from kafka_producer_exporter.broker.client.admin import (
    COORDINATOR_KEYS,
    IDS_PER_REQUEST,
    LATEST,
    TransactionListing,
    describe_producers,
    describe_transactions,
    log_leaders,
    max_timeout_ms,
    offsets,
    partition_ends,
    partition_leaders,
    require_describe_all,
    topic_layouts,
)
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader, PartitionEnd
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.broker.client.fake_client import Cluster, FakeClient

NOT_LEADER, TOPIC_DENIED, NOT_COORDINATOR, ID_DENIED, ID_NOT_FOUND = 6, 29, 16, 53, 105
LEADERS = {("orders", 0): 1, ("orders", 1): 2, ("payments", 0): 1}


def partitions_of(node, leaders=LEADERS):
    return [place for place, leader in leaders.items() if leader == node]


def topics(node, partition_of):
    """Topics with one partition each, made by *partition_of*, as brokers list them in a response."""
    return [Response(name=place[0], partitions=[partition_of(*place)]) for place in partitions_of(node)]


def offset_of(topic, partition, *, code=0, offset=7):
    return Response(partition_index=partition, error_code=code, offset=offset)


def test_each_leader_is_asked_for_its_own_partitions_with_the_configured_timeout():
    client = FakeClient(lambda node, request: Response(topics=topics(node, offset_of)))

    found = offsets(client, LEADERS, LATEST)

    asked = {
        node: {(topic.name, p.partition_index) for topic in request.topics for p in topic.partitions}
        for node, request in client.requests
    }
    assert found == dict.fromkeys(LEADERS, 7)
    assert asked == {1: {("orders", 0), ("payments", 0)}, 2: {("orders", 1)}}
    assert {request.timeout_ms for _, request in client.requests} == {1234}


def test_an_offset_that_is_missing_is_replaced_by_the_partitions_own_error():
    def reply(node, request):
        if node == 2:
            raise TransportError(Reason.TIMEOUT, "broker 2: no reply")
        return Response(
            topics=topics(1, lambda topic, p: offset_of(topic, p, code=NOT_LEADER if topic == "orders" else 0))
        )

    found = offsets(FakeClient(reply), LEADERS, LATEST)

    assert found["payments", 0] == 7
    assert found["orders", 0].reason is Reason.UNAVAILABLE
    assert "orders-0" in str(found["orders", 0])
    assert found["orders", 1].reason is Reason.TIMEOUT


def test_a_partition_that_a_broker_forgets_is_an_error_and_one_that_it_invents_is_ignored():
    client = FakeClient(
        lambda *_: Response(topics=topics(1, lambda topic, p: offset_of(topic, p + 5 * (topic == "orders"))))
    )

    found = offsets(client, LEADERS, LATEST)

    assert found.keys() == LEADERS.keys()
    assert found["payments", 0] == 7
    assert [str(found[place]) for place in (("orders", 0), ("orders", 1))] == [
        f"broker {node} did not reply about all partitions" for node in (1, 2)
    ]


def test_a_topic_without_a_name_is_left_out():
    partition = Response(partition_index=0, leader_id=1, replica_nodes=[1], isr_nodes=[1])
    named = [Response(error_code=0, name=name, partitions=[partition]) for name in (None, "orders")]
    client = FakeClient(None, topics=named)

    assert partition_leaders(client) == {("orders", 0): 1}
    assert [layout.topic for layout in topic_layouts(client)] == ["orders"]


def test_the_ends_of_partitions_that_cannot_be_asked_are_left_out():
    def reply(node, request):
        if node == 2:
            raise TransportError(Reason.TIMEOUT, "broker 2: no reply")
        offset = 5 if request.isolation_level else 9
        return Response(topics=topics(1, lambda topic, p: offset_of(topic, p, offset=offset)))

    found = partition_ends(FakeClient(reply), LEADERS)

    assert found == dict.fromkeys([("orders", 0), ("payments", 0)], PartitionEnd(9, 5))


def test_a_partition_that_does_not_describe_its_producers_does_not_hide_the_others():
    row = Response(
        producer_id=4, producer_epoch=0, last_timestamp=10, current_txn_start_offset=-1, coordinator_epoch=-1
    )

    def reply(node, request):
        if node == 2:
            raise TransportError(Reason.TIMEOUT, "broker 2: no reply")
        return Response(
            topics=topics(
                1,
                lambda topic, p: Response(
                    partition_index=p,
                    error_code=TOPIC_DENIED if topic == "payments" else 0,
                    active_producers=None if topic == "payments" else [row],
                ),
            )
        )

    found = describe_producers(FakeClient(reply), LEADERS)

    assert [(one.topic, one.partition, one.producer_id) for one in found.producers] == [("orders", 0, 4)]
    assert {place: error.reason for place, error in found.errors.items()} == {
        ("payments", 0): Reason.AUTHORIZATION,
        ("orders", 1): Reason.TIMEOUT,
    }


def described(transactional_id, *, code=0):
    return Response(
        error_code=code,
        transactional_id=transactional_id,
        producer_id=1,
        producer_epoch=0,
        transaction_state="Empty",
        transaction_timeout_ms=60_000,
        transaction_start_time_ms=-1,
        topics=[],
    )


def test_many_ids_are_described_in_several_requests():
    client = FakeClient(
        lambda node, request: Response(transaction_states=[described(name) for name in request.transactional_ids])
    )
    listings = [TransactionListing(f"id-{number}", 1, coordinator=1) for number in range(2 * IDS_PER_REQUEST + 1)]

    found = describe_transactions(client, listings)

    assert [one.transactional_id for one in found] == [one.transactional_id for one in listings]
    assert [len(request.transactional_ids) for _, request in client.requests] == [IDS_PER_REQUEST, IDS_PER_REQUEST, 1]


@pytest.mark.parametrize("code", [NOT_COORDINATOR, ID_NOT_FOUND])
def test_an_id_that_moved_or_expired_since_it_was_listed_is_left_out(code):
    client = FakeClient(lambda *_: Response(transaction_states=[described("left", code=code), described("here")]))

    found = describe_transactions(client, [TransactionListing("here", 1, 1), TransactionListing("left", 2, 1)])

    assert [one.transactional_id for one in found] == ["here"]


@pytest.mark.parametrize(
    ("code", "denied"), [(0, False), (ID_NOT_FOUND, False), (NOT_COORDINATOR, False), (ID_DENIED, True)]
)
def test_describing_every_id_is_required_from_any_broker(code, denied):
    client = FakeClient(lambda *_: Response(transaction_states=[described("any", code=code)]))

    if denied:
        with pytest.raises(TransportError, match="grant Describe on TransactionalId") as caught:
            require_describe_all(client)
        assert caught.value.reason is Reason.AUTHORIZATION
    else:
        require_describe_all(client)

    assert [node for node, _ in client.requests] == [None]


def test_every_broker_is_asked_who_leads_the_transaction_log():
    client = Cluster()

    assert log_leaders(client, log_exists=True) == [client.log_leaders] * 2
    assert client.asked("MetadataRequest") == [1, 2]


def test_without_a_transaction_log_nobody_leads_it():
    client = Cluster()
    client.log_leaders = {}

    assert log_leaders(client, log_exists=False) == [{}, {}]


def test_where_the_log_may_not_be_described_the_coordinators_are_looked_up_instead():
    client = Cluster()
    client.log_error = TOPIC_DENIED
    client.log_leaders[1] = LogLeader(-1)

    found = log_leaders(client, log_exists=True)

    assert len(found) == 2
    assert {number: leader.node for number, leader in found[0].items() if number < 2} == {0: 1, 1: -1}


def test_a_log_that_may_not_exist_is_not_created_by_looking_up_its_coordinators():
    client = Cluster()
    client.log_error = TOPIC_DENIED

    assert log_leaders(client, log_exists=False) == []
    assert client.asked("FindCoordinatorRequest") == []


@pytest.mark.parametrize("partitions", [1, 5, 50, 101, 256])
def test_the_coordinator_keys_reach_every_partition_of_the_log(partitions):
    hashes = [ord(key) for key in COORDINATOR_KEYS]  # what String.hashCode returns for one character

    assert {one % partitions for one in hashes} == set(range(partitions))


@pytest.mark.parametrize(
    ("shown", "expected"), [(["900000", "1800000"], 1_800_000), (["900000", None], None), ([None, None], None)]
)
def test_the_longest_timeout_is_that_of_all_brokers_or_unknown(shown, expected):
    client = Cluster()

    def configs(node, request):
        value = shown[node - 1]
        rows = [] if value is None else [Response(name="transaction.max.timeout.ms", value=value)]
        return Response(results=[Response(resource_name=str(node), error_code=0, configs=rows)])

    client.answers["DescribeConfigsRequest"] = configs

    assert max_timeout_ms(client) == expected
