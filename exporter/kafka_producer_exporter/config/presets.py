"""Id groups for frameworks that keep generating new client ids, so that each of them would become a new series."""

import re
from collections.abc import Mapping

from kafka_producer_exporter.settings import IdGroup

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _group(pattern: str, group: str) -> IdGroup:
    return IdGroup(pattern=re.compile(pattern), group=group)


PRESETS: Mapping[str, tuple[IdGroup, ...]] = {
    # StreamThread, ClientUtils.getThreadProducerClientId: CLIENT-StreamThread-N-producer, where CLIENT is the client.id
    # or APPLICATION-UUID, a new one at each start; with exactly_once (v1) getTaskProducerClientId adds the task, 0_1.
    "kafka_streams": (_group(rf"(.+?)(?:-{_UUID})?-StreamThread-\d+(?:-\d+_\d+)?-producer", r"\1"),),
    # Worker.baseProducerConfigs: connector-producer-CONNECTOR-TASK; its sinks' dead letters: connector-dlq-producer-….
    "connect": (_group(r"(connector-(?:dlq-)?producer-.+)-\d+", r"\1"),),
    # As connectors (Strimzi calls them SOURCE->TARGET.MirrorSourceConnector); and the source task's own, as its log
    # has it: A->B|A->B-0|offset-syncs-source-producer (the last part is a role of MirrorSourceConfig).
    "mirrormaker": (
        _group(r"(connector-producer-.*Mirror(?:Source|Checkpoint|Heartbeat)Connector)-\d+", r"\1"),
        _group(r"(.+)-\d+\|(offset-syncs-(?:source|target)-producer)", r"\1|\2"),
    ),
    # DefaultKafkaProducerFactory.getProducerConfigs: PREFIX-N, where PREFIX is the client.id or APPLICATION-producer,
    # and N counts up with every producer that the factory makes: after a fatal error, an age limit or a reset.
    "spring": (_group(r"(.+)-\d+", r"\1"),),
    # Without client.id a transactional one is called producer-TRANSACTIONAL.ID. TransactionalIdFactory, KafkaSink's:
    # PREFIX-SUBTASK-CHECKPOINT, ever rising; the older FlinkKafkaProducer: TASK-OPERATOR-N, the operator in 32 digits.
    "flink": (
        _group(r"producer-(.+)-[0-9a-f]{32}-\d+", r"\1"),
        _group(r"producer-(.+)-\d+-\d+", r"\1"),
    ),
}
"""By name; the first pattern that matches holds."""
