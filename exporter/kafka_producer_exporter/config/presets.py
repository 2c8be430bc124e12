"""Id groups for frameworks that keep generating new ids, so that each of them would become a new series.

The patterns apply to client ids and, in the broker view, to transactional ids.
"""

import re
from collections.abc import Mapping

from kafka_producer_exporter.settings import IdGroup

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _group(pattern: str, group: str) -> IdGroup:
    return IdGroup(pattern=re.compile(pattern), group=group)


PRESETS: Mapping[str, tuple[IdGroup, ...]] = {
    # ClientUtils.getThreadProducerClientId: CLIENT-StreamThread-N-producer. CLIENT is client.id or APPLICATION-UUID,
    # with a new UUID at each start. With exactly_once (v1), getTaskProducerClientId adds the task, such as 0_1.
    "kafka_streams": (
        _group(rf"(.+?)(?:-{_UUID})?-StreamThread-\d+(?:-\d+_\d+)?-producer", r"\1"),
        # Transactional ids of StreamsProducer: APPLICATION-UUID-THREAD (exactly_once_v2), with a new UUID at each
        # start, or APPLICATION-TASK (exactly_once), where a task is 0_1.
        _group(rf"(.+)-{_UUID}-\d+", r"\1"),
        _group(r"(.+)-\d+_\d+", r"\1"),
    ),
    # Worker.baseProducerConfigs: connector-producer-CONNECTOR-TASK, and connector-dlq-producer-CONNECTOR-TASK for dead
    # letters of sink connectors.
    "connect": (_group(r"(connector-(?:dlq-)?producer-.+)-\d+", r"\1"),),
    # Producers of connectors. A connector's name may have a prefix: in Strimzi, SOURCE->TARGET.MirrorSourceConnector.
    # A source task has another producer, A->B|A->B-0|offset-syncs-source-producer in the task's log.
    # The last part is a role of MirrorSourceConfig.
    "mirrormaker": (
        _group(r"(connector-producer-.*Mirror(?:Source|Checkpoint|Heartbeat)Connector)-\d+", r"\1"),
        _group(r"(.+)-\d+\|(offset-syncs-(?:source|target)-producer)", r"\1|\2"),
    ),
    # DefaultKafkaProducerFactory.getProducerConfigs: PREFIX-N. PREFIX is the client.id or APPLICATION-producer. N is
    # incremented for each producer that the factory makes: after a fatal error, an age limit or a reset.
    "spring": (_group(r"(.+)-\d+", r"\1"),),
    # Without a client.id, a transactional producer is called producer-TRANSACTIONAL.ID. KafkaSink's
    # TransactionalIdFactory makes PREFIX-SUBTASK-CHECKPOINT with a rising checkpoint number. The older
    # FlinkKafkaProducer makes TASK-OPERATOR-N with 32 hexadecimal digits for the operator.
    "flink": (
        _group(r"producer-(.+)-[0-9a-f]{32}-\d+", r"\1"),
        _group(r"producer-(.+)-\d+-\d+", r"\1"),
        # The transactional ids themselves.
        _group(r"(.+)-[0-9a-f]{32}-\d+", r"\1"),
        _group(r"(.+)-\d+-\d+", r"\1"),
    ),
}
"""By name. The first pattern that matches an id applies."""
