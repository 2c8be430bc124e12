import pytest
from kafka.protocol.admin import DescribeProducersResponse, ListTransactionsResponse
from kafka.protocol.metadata import MetadataResponse
from kafka.protocol.sasl import SaslHandshakeResponse

from kafka_producer_exporter.broker.client.completeness import require_complete
from kafka_producer_exporter.net.errors import Reason, TransportError


def received(response, version):
    """Return a response as kafka-python decodes it from the bytes of a broker."""
    return type(response)[version].decode(bytes(response.encode(version=version)))


def listing(**row):
    states = [ListTransactionsResponse.TransactionState(**{"producer_id": 1, "transaction_state": "Empty"} | row)]
    return ListTransactionsResponse(
        throttle_time_ms=0, error_code=0, unknown_state_filters=[], transaction_states=states if row else None
    )


def partition(**fields):
    whole = {"partition_index": 0, "leader_id": 1, "replica_nodes": [1], "isr_nodes": [1], "offline_replicas": []}
    return MetadataResponse.MetadataResponseTopic.MetadataResponsePartition(**(whole | {"error_code": 0} | fields))


def metadata(*, name="orders", partitions=(), version=12, error_code=0):
    topic = MetadataResponse.MetadataResponseTopic(
        error_code=error_code, name=name, is_internal=False, partitions=partitions
    )
    response = MetadataResponse(throttle_time_ms=0, brokers=[], cluster_id=None, controller_id=1, topics=[topic])
    return received(response, version)


@pytest.mark.parametrize(
    ("response", "field"),
    [
        (received(listing(), 0), "transaction_states"),
        (received(listing(transactional_id=None), 0), "transaction_states.transactional_id"),
        (received(SaslHandshakeResponse(error_code=0, mechanisms=None), 1), "mechanisms"),
        (received(SaslHandshakeResponse(error_code=0, mechanisms=["PLAIN", None]), 1), "mechanisms"),
        (metadata(partitions=None), "topics.partitions"),
        (metadata(name=None, version=9), "topics.name"),
        (metadata(partitions=[partition(isr_nodes=None)]), "topics.partitions.isr_nodes"),
        (metadata(partitions=[partition(error_code=5, isr_nodes=None)]), "topics.partitions.isr_nodes"),
    ],
)
def test_a_null_that_the_protocol_does_not_allow_is_an_error(response, field):
    with pytest.raises(TransportError, match=f"broker 1 sent a {type(response).__name__} without {field};") as caught:
        require_complete(response, "broker 1")

    assert caught.value.reason is Reason.DAMAGED


@pytest.mark.parametrize(
    "response",
    [
        received(listing(transactional_id="orders"), 0),
        metadata(),
        metadata(name=None),  # since version 12, with a topic id instead
    ],
)
def test_a_null_that_the_protocol_allows_or_that_comes_with_an_error_is_kept(response):
    assert require_complete(response, "broker 1") is response


def test_a_denied_partition_may_describe_no_producers():
    partition = DescribeProducersResponse.TopicResponse.PartitionResponse(
        partition_index=0, error_code=29, error_message=None, active_producers=None
    )
    topics = [DescribeProducersResponse.TopicResponse(name="orders", partitions=[partition])]
    response = received(DescribeProducersResponse(throttle_time_ms=0, topics=topics), 0)

    assert require_complete(response, "broker 1") is response


def test_a_response_that_no_proxy_damages_on_the_way_is_accepted():
    whole = received(listing(transactional_id="orders"), 0)

    with pytest.raises(TransportError, match=r"; check for a proxy on the way$"):
        require_complete(received(listing(transactional_id=None), 0), "broker 1")

    assert require_complete(whole, "broker 1") is whole
