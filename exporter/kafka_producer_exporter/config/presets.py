"""Client ids that well-known frameworks make anew for ever, and the name that those of one origin share."""

from collections.abc import Mapping

from kafka_producer_exporter.settings import IdGroup

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

PRESETS: Mapping[str, tuple[IdGroup, ...]] = {
    # StreamThread, ClientUtils.getThreadProducerClientId: CLIENT-StreamThread-N-producer, where CLIENT is the client.id
    # or APPLICATION-UUID, a new one at each start; with exactly_once (v1) getTaskProducerClientId adds the task, 0_1.
    "kafka_streams": (IdGroup(pattern=rf"(.+?)(?:-{_UUID})?-StreamThread-\d+(?:-\d+_\d+)?-producer", group=r"\1"),),
    # Worker.baseProducerConfigs: connector-producer-CONNECTOR-TASK; its sinks' dead letters: connector-dlq-producer-….
    "connect": (IdGroup(pattern=r"(connector-(?:dlq-)?producer-.+)-\d+", group=r"\1"),),
    # As connectors (Strimzi calls them SOURCE->TARGET.MirrorSourceConnector); and the source task's own, as its log
    # has it: A->B|A->B-0|offset-syncs-source-producer (the last part is a role of MirrorSourceConfig).
    "mirrormaker": (
        IdGroup(pattern=r"(connector-producer-.*Mirror(?:Source|Checkpoint|Heartbeat)Connector)-\d+", group=r"\1"),
        IdGroup(pattern=r"(.+)-\d+\|(offset-syncs-(?:source|target)-producer)", group=r"\1|\2"),
    ),
    # DefaultKafkaProducerFactory.getProducerConfigs: PREFIX-N, where PREFIX is the client.id or APPLICATION-producer,
    # and N counts up with every producer that the factory makes: after a fatal error, an age limit or a reset.
    "spring": (IdGroup(pattern=r"(.+)-\d+", group=r"\1"),),
    # Without client.id a transactional one is called producer-TRANSACTIONAL.ID. TransactionalIdFactory, KafkaSink's:
    # PREFIX-SUBTASK-CHECKPOINT, ever rising; the older FlinkKafkaProducer: TASK-OPERATOR-N, the operator in 32 digits.
    "flink": (
        IdGroup(pattern=r"producer-(.+)-[0-9a-f]{32}-\d+", group=r"\1"),
        IdGroup(pattern=r"producer-(.+)-\d+-\d+", group=r"\1"),
    ),
}
"""By name; the first pattern that matches holds."""
