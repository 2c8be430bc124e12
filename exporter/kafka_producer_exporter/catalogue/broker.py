"""What only the brokers know: transactions, producer ids and epochs, and how the asking itself goes.

A ``transactional_id`` here is the id itself, the name of its group (``id_groups``), or ``other`` where there are more
than ``limits.transactional_ids``. There is no ``target``: these are of a cluster, which the static labels of the broker
section name (``kafka_cluster`` by convention).

``_total`` metrics count from the position that kafka_producer_exporter_counting_since_timestamp_seconds states, and two
collectors of one cluster have the same increases, not the same values.
"""

from kafka_producer_exporter.model import Kind, Metric, Profile, Unit

TRANSACTIONS = "Transactions"
SOURCES = "The exporter's view of the brokers"
IDEMPOTENT = "Producers without transactions"
PARTITIONS = "the partitions' leaders (DescribeProducers)"
TOPICS = "Topics, as far as they matter to producers"
SERVERS = "Bootstrap servers"
LAYOUT = "the cluster's metadata"
SETTINGS = "the topic's settings (DescribeConfigs)"
ENDS = "the partitions' leaders (ListOffsets)"
PROBE = "a connection of our own"
LOG = "the transaction log (__transaction_state)"

STARTED = Metric(
    name="kafka_transaction_started_total",
    kind=Kind.COUNTER,
    # The client's beginTransaction() sends nothing: the coordinator hears of it with the first partition.
    help="Transactions that began, by the first record that was sent in each; one without any record is none.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    guide="transaction-start-rate",
    profile=Profile.MINIMAL,
)
COMMITTED = Metric(
    name="kafka_transaction_committed_total",
    kind=Kind.COUNTER,
    help="Transactions whose commit was decided, before its markers are written.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.MINIMAL,
)
ABORTED = Metric(
    name="kafka_transaction_aborted_total",
    kind=Kind.COUNTER,
    help="Transactions that were aborted: by the client, by their time-out, or fenced by a new instance of the same "
    "id; unknown where the log had no record of what came before. A client's own under protocol 2 counts some "
    "seconds late, since only what follows tells it from a fencing.",
    section=TRANSACTIONS,
    labels=("transactional_id", "reason"),
    source=LOG,
    guide="transaction-abort-rate",
    profile=Profile.MINIMAL,
)
OPEN = Metric(
    name="kafka_transaction_open",
    kind=Kind.GAUGE,
    help="Transactions that are open now: begun, and their commit or abort not complete.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
)
OPEN_SECONDS = Metric(
    name="kafka_transaction_open_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Age of the oldest transaction that is open; absent where none is. The coordinator's clock set its start.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.MINIMAL,
)
TIMEOUT_SECONDS = Metric(
    name="kafka_transaction_timeout_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="The age at which the coordinator aborts the oldest transaction that is open (transaction.timeout.ms).",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.MINIMAL,
)
PROTOCOL = Metric(
    name="kafka_transaction_protocol_version",
    kind=Kind.GAUGE,
    help="The protocol of the oldest transaction that is open: 0, 1, or 2 where the epoch rises at every commit; "
    "absent until a record has told.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.FULL,
)
SESSIONS = Metric(
    name="kafka_transactional_producer_session_total",
    kind=Kind.COUNTER,
    help="Producers that opened their session (initTransactions): init at a start, takeover of an open transaction "
    "from another instance, recovery by the same instance after an error.",
    section=TRANSACTIONS,
    labels=("transactional_id", "reason"),
    source=LOG,
    profile=Profile.MINIMAL,
)
ID_CHANGES = Metric(
    name="kafka_transactional_producer_id_change_total",
    kind=Kind.COUNTER,
    help="New producer ids for a transactional id: rollover when its epochs are used up, which is routine; recreated "
    "when the brokers had forgotten the id.",
    section=TRANSACTIONS,
    labels=("transactional_id", "reason"),
    source=LOG,
    profile=Profile.MINIMAL,
)
EPOCH = Metric(
    name="kafka_transactional_producer_epoch",
    kind=Kind.GAUGE,
    help="The producer epoch of the transactional id. Under protocol 2 it rises at every commit: no sign of trouble.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    guide="epoch",
    profile=Profile.MINIMAL,
)
INFO = Metric(
    name="kafka_transactional_producer_info",
    kind=Kind.INFO,
    help="The producer id of the transactional id, as a label; the value is always 1.",
    section=TRANSACTIONS,
    labels=("transactional_id", "producer_id"),
    source=LOG,
    guide="producer-id",
    profile=Profile.MINIMAL,
)
HANGING = Metric(
    name="kafka_transaction_hanging",
    kind=Kind.GAUGE,
    help="Transactions that are open on a partition while no coordinator knows them: nobody will end them, and readers "
    "of committed records stop there. Always 1; the log has the kafka-transactions.sh line that ends it.",
    section=TRANSACTIONS,
    labels=("topic", "partition", "producer_id"),
    source=PARTITIONS,
    profile=Profile.MINIMAL,
)
HANGING_SECONDS = Metric(
    name="kafka_transaction_hanging_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time since the last record of a transaction that hangs, by the timestamp that its producer gave it.",
    section=TRANSACTIONS,
    labels=("topic", "partition", "producer_id"),
    source=PARTITIONS,
    profile=Profile.MINIMAL,
)
HANGING_RECORDS = Metric(
    name="kafka_transaction_hanging_records",
    kind=Kind.GAUGE,
    help="Offsets between the last stable one and the end of a partition where a transaction hangs: held back.",
    section=TRANSACTIONS,
    labels=("topic", "partition", "producer_id"),
    source=PARTITIONS,
)
IDEMPOTENT_ACTIVE = Metric(
    name="kafka_idempotent_producer_active",
    kind=Kind.GAUGE,
    help="Producers without transactions that wrote to a partition within the last ten minutes, by their own clocks.",
    section=IDEMPOTENT,
    labels=("topic", "partition"),
    source=PARTITIONS,
)
IDEMPOTENT_IDLE_SECONDS = Metric(
    name="kafka_idempotent_producer_last_write_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time since the newest record of a producer without transactions, by the timestamp that it gave the record.",
    section=IDEMPOTENT,
    labels=("topic", "partition"),
    source=PARTITIONS,
)
IDEMPOTENT_APPEARED = Metric(
    name="kafka_idempotent_producer_id_appeared_total",
    kind=Kind.COUNTER,
    help="Producer ids that were new on a topic: a producer that was started, or restarted.",
    section=IDEMPOTENT,
    labels=("topic",),
    source=PARTITIONS,
)
IDEMPOTENT_GONE = Metric(
    name="kafka_idempotent_producer_id_gone_total",
    kind=Kind.COUNTER,
    help="Producer ids that the brokers have forgotten on a topic (producer.id.expiration.ms after the last record).",
    section=IDEMPOTENT,
    labels=("topic",),
    source=PARTITIONS,
)
IDEMPOTENT_RESETS = Metric(
    name="kafka_idempotent_producer_epoch_reset_total",
    kind=Kind.COUNTER,
    # KIP-360: the client raises it itself, after a gap in its sequence or a batch that was rejected for good.
    help="Epochs that a producer without transactions has raised: each after records that were lost or rejected.",
    section=IDEMPOTENT,
    labels=("topic",),
    source=PARTITIONS,
)
TOPIC_REPLICATION = Metric(
    name="kafka_topic_replication_factor",
    kind=Kind.GAUGE,
    help="Replicas of the topic's partition that has the fewest. __transaction_state is always among the topics.",
    section=TOPICS,
    labels=("topic",),
    source=LAYOUT,
    profile=Profile.MINIMAL,
)
TOPIC_MIN_ISR = Metric(
    name="kafka_topic_min_insync_replicas",
    kind=Kind.GAUGE,
    help="The effective min.insync.replicas: Kafka caps it at the replication factor, so that 1 replica is enough for "
    "acks=all where there is but one.",
    section=TOPICS,
    labels=("topic",),
    source=SETTINGS,
    profile=Profile.MINIMAL,
)
TOPIC_UNDER_MIN_ISR = Metric(
    name="kafka_topic_under_min_insync_partitions",
    kind=Kind.GAUGE,
    help="Partitions with fewer replicas in sync than min.insync.replicas: acks=all is refused there.",
    section=TOPICS,
    labels=("topic",),
    source=LAYOUT,
    profile=Profile.MINIMAL,
)
TOPIC_OFFLINE = Metric(
    name="kafka_topic_offline_partitions",
    kind=Kind.GAUGE,
    help="Partitions that nobody leads: nothing can be written there.",
    section=TOPICS,
    labels=("topic",),
    source=LAYOUT,
    profile=Profile.MINIMAL,
)
TOPIC_UNCLEAN = Metric(
    name="kafka_topic_unclean_leader_election",
    kind=Kind.GAUGE,
    help="Whether a replica that is behind may become leader, which loses records: 1 or 0.",
    section=TOPICS,
    labels=("topic",),
    source=SETTINGS,
)
TOPIC_END_OFFSET = Metric(
    name="kafka_topic_partition_end_offset",
    kind=Kind.GAUGE,
    help="End of the partition; the rates of a topic's partitions side by side show a skewed key.",
    section=TOPICS,
    labels=("topic", "partition"),
    source=ENDS,
)
DEAD_LETTERS = Metric(
    name="kafka_dead_letter_record_total",
    kind=Kind.COUNTER,
    help="Records that were ever written to a dead letter topic: the sum of its partitions' end offsets.",
    section=TOPICS,
    labels=("topic",),
    source=ENDS,
    profile=Profile.MINIMAL,
)
MAX_TIMEOUT_SECONDS = Metric(
    name="kafka_transaction_max_timeout_seconds",
    kind=Kind.GAUGE,
    unit=Unit.MILLISECONDS,
    help="The longest transaction.timeout.ms that the brokers let a producer have (transaction.max.timeout.ms).",
    section=TOPICS,
    source="a broker's settings (DescribeConfigs)",
)
SERVER_UP = Metric(
    name="kafka_bootstrap_server_up",
    kind=Kind.GAUGE,
    help="Whether a bootstrap server can be used, tried step by step: name, connection, TLS, protocol, login.",
    section=SERVERS,
    labels=("server",),
    source=PROBE,
    profile=Profile.MINIMAL,
)
SERVER_ERROR = Metric(
    name="kafka_bootstrap_server_error",
    kind=Kind.GAUGE,
    help="Why a bootstrap server cannot be used; always 1, and there only while it cannot.",
    section=SERVERS,
    labels=("server", "reason"),
    source=PROBE,
    profile=Profile.MINIMAL,
)
SERVER_ADDRESSES = Metric(
    name="kafka_bootstrap_server_addresses",
    kind=Kind.GAUGE,
    help="Addresses that the name of a bootstrap server has; 0: it has none.",
    section=SERVERS,
    labels=("server",),
    source=PROBE,
)
SERVER_EXPIRY = Metric(
    name="kafka_bootstrap_server_certificate_expiry_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="When the certificate of a bootstrap server's TLS listener expires, in seconds since 1970.",
    section=SERVERS,
    labels=("server",),
    source=PROBE,
    profile=Profile.MINIMAL,
)
EXACT = Metric(
    name="kafka_producer_exporter_transaction_counts_exact",
    kind=Kind.GAUGE,
    help="Whether the transaction log is read: 1; or 0, and counts are lower bounds from what coordinators say.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
PARTITIONS_ASKED = Metric(
    name="kafka_producer_exporter_partitions_asked",
    kind=Kind.GAUGE,
    help="Partitions whose leader is asked for its producers, to find transactions that hang.",
    section=SOURCES,
    source="the exporter",
)
PARTITIONS_REFUSED = Metric(
    name="kafka_producer_exporter_partitions_refused",
    kind=Kind.GAUGE,
    help="Partitions of those asked that do not say: the user may not read the topic, or the leader moves.",
    section=SOURCES,
    source="the exporter",
)
SOURCE_UP = Metric(
    name="kafka_producer_exporter_source_up",
    kind=Kind.GAUGE,
    help="Whether the brokers answer: 1, or 0 and then counters stand still and gauges go after two polls.",
    section=SOURCES,
    labels=("source",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SOURCE_ERROR = Metric(
    name="kafka_producer_exporter_source_error",
    kind=Kind.GAUGE,
    help="Why a source is down; always 1, and there only while it is down.",
    section=SOURCES,
    labels=("source", "reason"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
COUNTING_SINCE = Metric(
    name="kafka_producer_exporter_counting_since_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="When the counts of the transaction log began: what happened before is in no _total. Absent until then.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
BEHIND = Metric(
    name="kafka_producer_exporter_transaction_log_behind_records",
    kind=Kind.GAUGE,
    help="Records of the transaction log that are still to be read; high for long: more shards, or native crc32c.",
    section=SOURCES,
    source="the exporter",
)
READ = Metric(
    name="kafka_producer_exporter_transaction_log_records_total",
    kind=Kind.COUNTER,
    help="Records of the transaction log that were read, those from before the counting included.",
    section=SOURCES,
    source="the exporter",
)
PASSED_OVER = Metric(
    name="kafka_producer_exporter_transaction_log_passed_over_total",
    kind=Kind.COUNTER,
    help="What could not be read in the transaction log: records of a newer version, damaged records, whole batches.",
    section=SOURCES,
    labels=("kind",),
    source="the exporter",
)
ENDS_UNSEEN = Metric(
    name="kafka_producer_exporter_transaction_end_unseen_total",
    kind=Kind.COUNTER,
    help="Transactions whose end the log did not hold any more when it was read: neither committed nor aborted here.",
    section=SOURCES,
    source="the exporter",
)
IDS = Metric(
    name="kafka_producer_exporter_transactional_ids",
    kind=Kind.GAUGE,
    help="Transactional ids that the followed part of the transaction log holds.",
    section=SOURCES,
    source="the exporter",
)
IDS_FOLDED = Metric(
    name="kafka_producer_exporter_transactional_ids_folded",
    kind=Kind.GAUGE,
    help="Transactional ids over limits.transactional_ids, which are counted under other.",
    section=SOURCES,
    source="the exporter",
)

METRICS = (
    STARTED,
    COMMITTED,
    ABORTED,
    OPEN,
    OPEN_SECONDS,
    TIMEOUT_SECONDS,
    PROTOCOL,
    SESSIONS,
    ID_CHANGES,
    EPOCH,
    INFO,
    HANGING,
    HANGING_SECONDS,
    HANGING_RECORDS,
    IDEMPOTENT_ACTIVE,
    IDEMPOTENT_IDLE_SECONDS,
    IDEMPOTENT_APPEARED,
    IDEMPOTENT_GONE,
    IDEMPOTENT_RESETS,
    TOPIC_REPLICATION,
    TOPIC_MIN_ISR,
    TOPIC_UNDER_MIN_ISR,
    TOPIC_OFFLINE,
    TOPIC_UNCLEAN,
    TOPIC_END_OFFSET,
    DEAD_LETTERS,
    MAX_TIMEOUT_SECONDS,
    SERVER_UP,
    SERVER_ERROR,
    SERVER_ADDRESSES,
    SERVER_EXPIRY,
    SOURCE_UP,
    SOURCE_ERROR,
    EXACT,
    COUNTING_SINCE,
    BEHIND,
    READ,
    PASSED_OVER,
    ENDS_UNSEEN,
    IDS,
    IDS_FOLDED,
    PARTITIONS_ASKED,
    PARTITIONS_REFUSED,
)
