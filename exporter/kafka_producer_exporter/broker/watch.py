"""One look at a cluster: who writes to its partitions, which transactions hang, how safely its topics are kept."""

import re
from collections.abc import Sequence

from kafka_producer_exporter.broker.client.admin import (
    TransactionListing,
    broker_config,
    describe_producers,
    describe_transactions,
    list_transactions,
    partition_ends,
    partition_leaders,
    require_describe_all,
    topic_configs,
    topic_layouts,
)
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.hanging import Look, hanging, not_known, open_on_partitions
from kafka_producer_exporter.broker.cluster.snapshots import ProducerState
from kafka_producer_exporter.broker.cluster.topics import BROKER_SETTINGS, TOPIC_SETTINGS, TopicFacts
from kafka_producer_exporter.broker.log.records import TOPIC


def look(client: Client) -> Look:
    """Look at every partition that we may see. Raises TransportError."""
    require_describe_all(client)
    leaders = partition_leaders(client)
    answers = describe_producers(client, leaders)
    if leaders and len(answers.errors) == len(leaders):
        raise next(iter(answers.errors.values()))
    listed = list_transactions(client)
    suspects = _suspects(client, answers.producers, listed)
    places = {place: leaders[place] for place in {(suspect.topic, suspect.partition) for suspect in suspects}}
    found = hanging(suspects, describe_producers(client, places).producers, partition_ends(client, places))
    transactional = frozenset(one.producer_id for one in listed)
    return Look(found, answers.producers, transactional, frozenset(leaders), frozenset(answers.errors))


def topics_of(client: Client, topics: Sequence[re.Pattern[str]], dead_letters: Sequence[re.Pattern[str]]) -> TopicFacts:
    """Return what is true of the topics that one of the patterns matches as a whole, and of the transaction log.

    Raises TransportError.
    """
    layouts = {layout.topic: layout for layout in topic_layouts(client)}
    shown = {name for name in layouts if name == TOPIC or any(pattern.fullmatch(name) for pattern in topics)}
    dead = {name for name in layouts if any(pattern.fullmatch(name) for pattern in dead_letters)}
    leaders = {
        (name, partition.partition): partition.leader
        for name in (shown | dead) - {TOPIC}
        for partition in layouts[name].partitions
        if partition.leader >= 0
    }
    return TopicFacts(
        layouts=[layouts[name] for name in sorted(shown)],
        settings=topic_configs(client, sorted(shown), TOPIC_SETTINGS) if shown else {},
        broker_settings=broker_config(client, client.brokers[0], BROKER_SETTINGS) if client.brokers else {},
        ends={place: end.end_offset for place, end in partition_ends(client, leaders).items()},
        dead_letter_topics={name: len(layouts[name].partitions) for name in sorted(dead)},
    )


def _suspects(client: Client, producers: list[ProducerState], listed: list[TransactionListing]) -> list[ProducerState]:
    candidates = open_on_partitions(producers)
    ids = {producer.producer_id for producer in candidates}
    known = describe_transactions(client, [one for one in listed if one.producer_id in ids])
    return not_known(candidates, known)
