"""One look at all partitions and coordinators of a cluster: who writes there, and which transactions hang."""

from kafka_producer_exporter.broker.admin import (
    Listed,
    describe_producers,
    describe_transactions,
    list_transactions,
    may_describe_all,
    partition_ends,
    partition_leaders,
)
from kafka_producer_exporter.broker.client import Client
from kafka_producer_exporter.broker.hanging import Look, hanging, not_known, open_on_partitions
from kafka_producer_exporter.broker.snapshots import ActiveProducer


def look(client: Client) -> Look:
    """Look at every partition that we may see. Raises SourceError."""
    may_describe_all(client)
    leaders = partition_leaders(client)
    answers = describe_producers(client, leaders)
    if leaders and len(answers.refused) == len(leaders):
        raise next(iter(answers.refused.values()))
    listed = list_transactions(client)
    suspects = _suspects(client, answers.producers, listed)
    places = {place: leaders[place] for place in {(suspect.topic, suspect.partition) for suspect in suspects}}
    found = hanging(suspects, describe_producers(client, places).producers, partition_ends(client, places))
    transactional = frozenset(one.producer_id for one in listed)
    return Look(found, answers.producers, transactional, frozenset(leaders), frozenset(answers.refused))


def _suspects(client: Client, producers: list[ActiveProducer], listed: list[Listed]) -> list[ActiveProducer]:
    candidates = open_on_partitions(producers)
    ids = {producer.producer_id for producer in candidates}
    known = describe_transactions(client, [one for one in listed if one.producer_id in ids])
    return not_known(candidates, known)
