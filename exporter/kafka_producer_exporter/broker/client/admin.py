"""Questions to the brokers, and their answers as snapshots.

kafka-python's own admin calls are not used: they lose every answer over one error, cache coordinators for ever, and
take a missing right for an empty answer. These are the same requests, with each error code looked at.
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

from kafka_producer_exporter.broker.client.connection import Client, raise_code, source_error
from kafka_producer_exporter.broker.cluster.snapshots import (
    PartitionEnd,
    PartitionLayout,
    ProducerState,
    TopicLayout,
    TopicPartition,
    TransactionDescription,
)
from kafka_producer_exporter.broker.log.records import TransactionState
from kafka_producer_exporter.net.errors import Reason, TransportError

LATEST = -1
_TOPIC, _BROKER = 2, 4  # of ConfigResource.Type
IDS_IN_A_REQUEST = 1000
NOBODY = "kafka-producer-exporter"
"""A transactional id that is asked for only to learn whether we may ask."""
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
_MOVED = {kafka.errors.NotCoordinatorError.errno, kafka.errors.TransactionalIdNotFoundError.errno}


class TransactionListing(NamedTuple):
    """A transactional id that its coordinator has listed."""

    transactional_id: str
    producer_id: int
    coordinator: int


class DescribedProducers(NamedTuple):
    """The producers of some partitions, and why the other partitions did not describe theirs."""

    producers: list[ProducerState]
    errors: dict[TopicPartition, TransportError]


def list_transactions(client: Client) -> list[TransactionListing]:
    """Return the transactional ids that we may describe, of every broker; others are left out silently, by Kafka.

    Raises TransportError where one broker does not answer: what is missing would look as if it had ended.
    """
    requests = {node: ListTransactionsRequest(state_filters=[], producer_id_filters=[]) for node in client.brokers}
    found = []
    for node, response in _all(client, requests).items():
        raise_code(response.error_code, f"broker {node}")
        found += [
            TransactionListing(row.transactional_id, row.producer_id, node) for row in response.transaction_states
        ]
    return found


def describe_transactions(client: Client, listed: Iterable[TransactionListing]) -> list[TransactionDescription]:
    """Return what the coordinators say of these ids; one that has moved or expired since is left out.

    Raises TransportError.
    """
    by_coordinator: dict[int, list[str]] = {}
    for one in listed:
        by_coordinator.setdefault(one.coordinator, []).append(one.transactional_id)
    found = []
    while by_coordinator:
        requests = {
            node: DescribeTransactionsRequest(transactional_ids=ids[:IDS_IN_A_REQUEST])
            for node, ids in by_coordinator.items()
        }
        for response in _all(client, requests).values():
            for row in response.transaction_states:
                if row.error_code not in _MOVED:
                    raise_code(row.error_code, f"transactional id {row.transactional_id}")
                    found.append(_known(row))
        by_coordinator = {
            node: ids[IDS_IN_A_REQUEST:] for node, ids in by_coordinator.items() if ids[IDS_IN_A_REQUEST:]
        }
    return found


def require_describe_all(client: Client) -> None:
    """Raise TransportError unless we may describe every transactional id; Kafka silently omits all others.

    Which broker answers does not matter: rights come before the question who the coordinator is.
    """
    response = client.call_one(DescribeTransactionsRequest(transactional_ids=[NOBODY]))
    for row in response.transaction_states:
        if row.error_code == kafka.errors.TransactionalIdAuthorizationFailedError.errno:
            message = "the user may not describe all transactional ids; grant Describe on TransactionalId *"
            raise TransportError(Reason.AUTHORIZATION, message)


def partition_leaders(client: Client) -> dict[TopicPartition, int]:
    """Return who leads each partition that we may see; those without a leader are left out. Raises TransportError."""
    return {
        (topic.name, partition.partition_index): partition.leader_id
        for topic in client.metadata(None)
        if not topic.error_code
        for partition in topic.partitions
        if partition.leader_id >= 0
    }


def topic_layouts(client: Client) -> list[TopicLayout]:
    """Return where the partitions of each topic lie that we may see. Raises TransportError."""
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
        if not topic.error_code
    ]


def topic_configs(client: Client, topics: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return these settings of each topic, defaults included; topics whose settings we may not see are left out.

    Raises TransportError.
    """
    return _configs(client, [(_TOPIC, topic) for topic in topics], names, node=None)


def broker_config(client: Client, node: int, names: Sequence[str]) -> dict[str, str]:
    """Return these settings of a broker, as far as we may see them. Raises TransportError."""
    return _configs(client, [(_BROKER, str(node))], names, node=node).get(str(node), {})


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
    """Return the producers of the partitions in *leaders*. An error of one partition does not affect the others."""
    requests = {
        node: DescribeProducersRequest(
            topics=[
                DescribeProducersRequest.TopicRequest(name=topic, partition_indexes=partitions)
                for topic, partitions in by_topic.items()
            ]
        )
        for node, by_topic in _by_leader(leaders).items()
    }
    producers: list[ProducerState] = []
    errors: dict[TopicPartition, TransportError] = {}
    for node, response in client.call(requests).items():
        if isinstance(response, TransportError):
            errors |= {partition: response for partition, leader in leaders.items() if leader == node}
            continue
        for topic in response.topics:
            for answer in topic.partitions:
                if answer.error_code:
                    error = source_error(kafka.errors.for_code(answer.error_code)(), f"topic {topic.name}")
                    errors[topic.name, answer.partition_index] = error
                producers += [
                    ProducerState(
                        topic.name,
                        answer.partition_index,
                        row.producer_id,
                        row.producer_epoch,
                        row.last_timestamp,
                        row.current_txn_start_offset,
                        row.coordinator_epoch,
                    )
                    for row in answer.active_producers or ()
                ]
    return DescribedProducers(producers, errors)


def partition_ends(client: Client, leaders: Mapping[TopicPartition, int]) -> dict[TopicPartition, PartitionEnd]:
    """Return where partitions end; those that do not say are left out. Raises nothing."""
    committed, stable = (_offsets(client, leaders, isolation_level=level) for level in (0, 1))
    return {key: PartitionEnd(committed[key], stable[key]) for key in committed.keys() & stable.keys()}


def _offsets(
    client: Client, leaders: Mapping[TopicPartition, int], *, isolation_level: int
) -> dict[TopicPartition, int]:
    topic_of = ListOffsetsRequest.ListOffsetsTopic
    requests = {
        node: ListOffsetsRequest(
            replica_id=-1,
            isolation_level=isolation_level,
            topics=[
                topic_of(
                    name=topic,
                    partitions=[
                        topic_of.ListOffsetsPartition(partition_index=partition, timestamp=LATEST)
                        for partition in partitions
                    ],
                )
                for topic, partitions in by_topic.items()
            ],
            timeout_ms=5000,
            min_version=2,
        )
        for node, by_topic in _by_leader(leaders).items()
    }
    return {
        (topic.name, partition.partition_index): partition.offset
        for response in client.call(requests).values()
        if not isinstance(response, TransportError)
        for topic in response.topics
        for partition in topic.partitions
        if not partition.error_code
    }


def _known(row: Any) -> TransactionDescription:
    state = _STATES.get(row.transaction_state)
    if state is None:
        message = f"transactional id {row.transactional_id}: its state {row.transaction_state} is not known here"
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


def _by_leader(leaders: Mapping[TopicPartition, int]) -> dict[int, dict[str, list[int]]]:
    found: dict[int, dict[str, list[int]]] = {}
    for (topic, partition), node in leaders.items():
        found.setdefault(node, {}).setdefault(topic, []).append(partition)
    return found


def _all(client: Client, requests: Mapping[int, Any]) -> dict[int, Any]:
    answers = client.call(requests)
    for answer in answers.values():
        if isinstance(answer, TransportError):
            raise answer
    return answers
