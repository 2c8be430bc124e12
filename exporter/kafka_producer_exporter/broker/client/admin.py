"""Admin requests to the brokers, and their responses as snapshots.

The functions here send Kafka's own requests instead of calling kafka-python's admin client, which drops a whole
response because of one error in it, caches coordinators forever, and reports a missing permission as an empty result.
Here every error code is checked. Each function raises TransportError unless its docstring says otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import kafka.errors
from kafka.protocol.admin import (
    DescribeConfigsRequest,
    DescribeProducersRequest,
    DescribeTransactionsRequest,
    ListTransactionsRequest,
)
from kafka.protocol.consumer import ListOffsetsRequest
from kafka.protocol.metadata import FindCoordinatorRequest

from kafka_producer_exporter.broker.client.connection import Client, code_error, metadata_request, raise_code
from kafka_producer_exporter.broker.cluster.snapshots import (
    LogLeader,
    LogLeaders,
    PartitionEnd,
    PartitionLayout,
    ProducerState,
    TopicLayout,
    TopicPartition,
    TransactionDescription,
)
from kafka_producer_exporter.broker.log.records import TOPIC, TransactionState
from kafka_producer_exporter.net.errors import Reason, TransportError

EARLIEST, LATEST = -2, -1
"""The timestamps that stand for the first and the next offset in ListOffsets."""
IDS_PER_REQUEST = 1000
PERMISSION_TEST_ID = "kafka-producer-exporter"
"""A transactional id that is described only to find out whether we may describe it; it need not exist."""

COORDINATOR_KEYS = tuple(chr(0x100 + number) for number in range(256))
"""One id for each partition of a log with up to 256 of them: Kafka takes Java's hash, and these hash to 256, 257, …"""
MAX_TIMEOUT = "transaction.max.timeout.ms"

_TOPIC, _BROKER = 2, 4  # ConfigResource.Type
_TRANSACTIONAL_ID = 1  # FindCoordinator's key type
_STATES = {
    "Empty": TransactionState.EMPTY,
    "Ongoing": TransactionState.ONGOING,
    "PrepareCommit": TransactionState.PREPARE_COMMIT,
    "PrepareAbort": TransactionState.PREPARE_ABORT,
    "CompleteCommit": TransactionState.COMPLETE_COMMIT,
    "CompleteAbort": TransactionState.COMPLETE_ABORT,
    "Dead": TransactionState.DEAD,
    "PrepareEpochFence": TransactionState.PREPARE_EPOCH_FENCE,
}
_MOVED_OR_EXPIRED = {kafka.errors.NotCoordinatorError.errno, kafka.errors.TransactionalIdNotFoundError.errno}


class TransactionListing(NamedTuple):
    """One entry of a coordinator's ListTransactions response."""

    transactional_id: str
    producer_id: int
    coordinator: int
    """Id of the broker that listed it."""


class DescribedProducers(NamedTuple):
    """The producers of some partitions, and why the other partitions did not describe theirs."""

    producers: list[ProducerState]
    errors: dict[TopicPartition, TransportError]


def list_transactions(client: Client) -> list[TransactionListing]:
    """Return the transactional ids of all coordinators. Kafka silently omits those that we may not describe.

    Raise TransportError if even one broker does not answer: its transactions would look as if they had ended.
    """
    requests = {node: ListTransactionsRequest(state_filters=[], producer_id_filters=[]) for node in client.brokers}
    listings = []
    for node, response in client.call_all(requests).items():
        raise_code(response.error_code, f"broker {node}")
        listings += [
            TransactionListing(row.transactional_id, row.producer_id, node) for row in response.transaction_states
        ]
    return listings


def describe_transactions(client: Client, listings: Iterable[TransactionListing]) -> list[TransactionDescription]:
    """Return the coordinators' descriptions of the listed ids, without those that have moved or expired since."""
    by_coordinator: dict[int, list[str]] = {}
    for listing in listings:
        by_coordinator.setdefault(listing.coordinator, []).append(listing.transactional_id)
    descriptions = []
    while by_coordinator:
        requests = {
            node: DescribeTransactionsRequest(transactional_ids=ids[:IDS_PER_REQUEST])
            for node, ids in by_coordinator.items()
        }
        for response in client.call_all(requests).values():
            for row in response.transaction_states:
                if row.error_code not in _MOVED_OR_EXPIRED:
                    raise_code(row.error_code, f"transactional id {row.transactional_id}")
                    descriptions.append(_description(row))
        by_coordinator = {node: ids[IDS_PER_REQUEST:] for node, ids in by_coordinator.items() if ids[IDS_PER_REQUEST:]}
    return descriptions


def require_describe_all(client: Client) -> None:
    """Raise TransportError unless we may describe every transactional id; Kafka silently omits the others.

    Any broker can answer, because Kafka checks the permission before it looks for the coordinator.
    """
    response = client.call_one(DescribeTransactionsRequest(transactional_ids=[PERMISSION_TEST_ID]))
    for row in response.transaction_states:
        if row.error_code == kafka.errors.TransactionalIdAuthorizationFailedError.errno:
            message = "the user may not describe all transactional ids; grant Describe on TransactionalId *"
            raise TransportError(Reason.AUTHORIZATION, message)


def log_leaders(client: Client, *, log_exists: bool) -> list[LogLeaders]:
    """Return the leaders of the transaction log as each broker knows them; they know none if there is no log.

    If we may not describe the log's topic, FindCoordinator names the leaders, without epochs. Unless *log_exists* no
    broker is asked then, because FindCoordinator creates the topic.
    """
    answers: list[LogLeaders] = []
    for response in client.call_all(dict.fromkeys(client.brokers, metadata_request([TOPIC]))).values():
        (topic,) = response.topics
        if topic.error_code == kafka.errors.TopicAuthorizationFailedError.errno:
            return _coordinators(client) if log_exists else []
        if topic.error_code != kafka.errors.UnknownTopicOrPartitionError.errno:
            raise_code(topic.error_code, TOPIC)
        answers.append({p.partition_index: LogLeader(p.leader_id, p.leader_epoch) for p in topic.partitions})
    return answers


def _coordinators(client: Client) -> list[LogLeaders]:
    request = FindCoordinatorRequest(
        key_type=_TRANSACTIONAL_ID,
        coordinator_keys=list(COORDINATOR_KEYS),
        min_version=4,  # the first with several keys
    )
    return [
        {
            COORDINATOR_KEYS.index(one.key): LogLeader(-1 if one.error_code else one.node_id)
            for one in response.coordinators
        }
        for response in client.call_all(dict.fromkeys(client.brokers, request)).values()
    ]


def partition_leaders(client: Client) -> dict[TopicPartition, int]:
    """Return the leader of each partition that we may describe, without partitions that have no leader."""
    return {
        (topic.name, partition.partition_index): partition.leader_id
        for topic in client.metadata(None)
        if not topic.error_code and topic.name is not None
        for partition in topic.partitions
        if partition.leader_id >= 0
    }


def topic_layouts(client: Client) -> list[TopicLayout]:
    """Return the partitions of each topic that we may describe, with their leaders and replicas."""
    return [
        TopicLayout(
            topic.name,
            tuple(
                PartitionLayout(
                    partition.partition_index,
                    partition.leader_id,
                    len(partition.replica_nodes),
                    len(partition.isr_nodes),
                )
                for partition in topic.partitions
            ),
        )
        for topic in client.metadata(None)
        if not topic.error_code and topic.name is not None
    ]


def topic_configs(client: Client, topics: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the settings *names* of each topic, defaults included, without topics whose settings are denied to us."""
    return _configs(client, [(_TOPIC, topic) for topic in topics], names, node=None)


def broker_config(client: Client, node: int, names: Sequence[str]) -> dict[str, str]:
    """Return the settings *names* of a broker, or nothing if they are denied to us."""
    return _configs(client, [(_BROKER, str(node))], names, node=node).get(str(node), {})


def max_timeout_ms(client: Client) -> int | None:
    """Return the longest transaction timeout that any broker allows, or None if one of them does not show it to us."""
    shown = [broker_config(client, node, [MAX_TIMEOUT]).get(MAX_TIMEOUT) for node in client.brokers]
    numbers = [int(text) for text in shown if text is not None and text.isdigit()]
    return max(numbers) if numbers and len(numbers) == len(shown) else None


def _configs(
    client: Client, resources: Sequence[tuple[int, str]], names: Sequence[str], *, node: int | None
) -> dict[str, dict[str, str]]:
    request = DescribeConfigsRequest(
        resources=[
            DescribeConfigsRequest.DescribeConfigsResource(
                resource_type=kind, resource_name=name, configuration_keys=list(names)
            )
            for kind, name in resources
        ],
        include_synonyms=False,
        include_documentation=False,
    )
    return {
        result.resource_name: {config.name: config.value for config in result.configs if config.value is not None}
        for result in client.call_one(request, node).results
        if not result.error_code
    }


def describe_producers(client: Client, leaders: Mapping[TopicPartition, int]) -> DescribedProducers:
    """Return the producers of the partitions in *leaders*. Raise nothing: each partition fails alone."""
    requests = {
        node: DescribeProducersRequest(
            topics=[
                DescribeProducersRequest.TopicRequest(name=topic, partition_indexes=partitions)
                for topic, partitions in by_topic.items()
            ]
        )
        for node, by_topic in by_leader(leaders).items()
    }
    producers: list[ProducerState] = []
    errors: dict[TopicPartition, TransportError] = {}
    for node, response in client.call(requests).items():
        answered = _answers(node, response, leaders)
        for place, partition in answered.items():
            if isinstance(partition, TransportError):
                errors[place] = partition
            else:
                producers += [
                    ProducerState(
                        *place,
                        row.producer_id,
                        row.producer_epoch,
                        row.last_timestamp,
                        row.current_txn_start_offset,
                        row.coordinator_epoch,
                    )
                    for row in partition.active_producers
                ]
    return DescribedProducers(producers, errors)


def partition_ends(client: Client, leaders: Mapping[TopicPartition, int]) -> dict[TopicPartition, PartitionEnd]:
    """Return the ends of the partitions in *leaders*, without those that cannot be asked. Raise nothing."""
    ends, stable = (
        {
            partition: offset
            for partition, offset in offsets(client, leaders, LATEST, committed=committed).items()
            if not isinstance(offset, TransportError)
        }
        for committed in (False, True)
    )
    return {partition: PartitionEnd(ends[partition], stable[partition]) for partition in ends.keys() & stable.keys()}


def offsets(
    client: Client, leaders: Mapping[TopicPartition, int], at: int, *, committed: bool = False
) -> dict[TopicPartition, int | TransportError]:
    """Return the EARLIEST or LATEST offset of each partition, or the error in its place. Raise nothing.

    With *committed*, the latest offset is the last stable offset: the one before which no transaction is open.
    """
    topic_type = ListOffsetsRequest.ListOffsetsTopic
    requests = {
        node: ListOffsetsRequest(
            replica_id=-1,
            isolation_level=int(committed),
            topics=[
                topic_type(
                    name=topic,
                    partitions=[
                        topic_type.ListOffsetsPartition(partition_index=partition, timestamp=at)
                        for partition in partitions
                    ],
                )
                for topic, partitions in by_topic.items()
            ],
            timeout_ms=client.timeout_ms,
            min_version=2,  # the first with an isolation level
        )
        for node, by_topic in by_leader(leaders).items()
    }
    return {
        place: partition if isinstance(partition, TransportError) else partition.offset
        for node, response in client.call(requests).items()
        for place, partition in _answers(node, response, leaders).items()
    }


def _answers(node: int, response: Any, leaders: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
    """Return what broker *node* replied about each partition that it leads and was asked about, or the error.

    A partition that was not asked about is ignored, and one that is missing is an error.
    """
    answers: dict[TopicPartition, Any]
    if isinstance(response, TransportError):
        answers = {}
        missing = response
    else:
        answers = {
            (topic.name, partition.partition_index): code_error(
                partition.error_code, f"{topic.name}-{partition.partition_index}"
            )
            or partition
            for topic in response.topics
            for partition in topic.partitions
        }
        missing = TransportError(Reason.DAMAGED, f"broker {node} did not reply about all partitions")
    return {place: answers.get(place, missing) for place, leader in leaders.items() if leader == node}


def by_leader(leaders: Mapping[TopicPartition, int]) -> dict[int, dict[str, list[int]]]:
    """Return the partitions that each broker leads, by topic."""
    grouped: dict[int, dict[str, list[int]]] = {}
    for (topic, partition), node in leaders.items():
        grouped.setdefault(node, {}).setdefault(topic, []).append(partition)
    return grouped


def _description(row: Any) -> TransactionDescription:
    state = _STATES.get(row.transaction_state)
    if state is None:
        message = f"transactional id {row.transactional_id}: its state {row.transaction_state} is not supported"
        raise TransportError(Reason.UNSUPPORTED, message)
    return TransactionDescription(
        row.transactional_id,
        row.producer_id,
        row.producer_epoch,
        state,
        row.transaction_timeout_ms,
        row.transaction_start_time_ms,
        frozenset((topic.topic, partition) for topic in row.topics for partition in topic.partitions),
    )
