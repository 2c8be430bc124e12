"""What only the brokers know: transactions, producer ids and epochs, and how the queries to the brokers go.

The label ``transactional_id`` is the id itself, the name of its group (``id_groups``), or ``other`` for ids beyond
``limits.transactional_ids``. There is no label ``target``: these metrics belong to a cluster, which the static labels
of the broker section name (``kafka_cluster`` by convention).

Counters of transactions start at the time that kafka_producer_exporter_counting_since_timestamp_seconds states. Two
exporters of the same cluster have equal increases, not equal values.
"""

from kafka_producer_exporter.model import Kind, Metric, Profile, Unit

TRANSACTIONS = "Transactions"
SOURCES = "The exporter's view of the brokers"
IDEMPOTENT = "Producers without transactions"
PARTITIONS = "the partitions' leaders (DescribeProducers)"
TOPICS = "Topic durability and growth"
SERVERS = "Bootstrap servers"
LAYOUT = "the cluster's metadata"
SETTINGS = "the topic's settings (DescribeConfigs)"
ENDS = "the partitions' leaders (ListOffsets)"
PROBE = "a test connection"
LOG = "the transaction log (__transaction_state)"

STARTED = Metric(
    name="kafka_transaction_started_total",
    kind=Kind.COUNTER,
    # beginTransaction() sends nothing: the coordinator learns of the transaction with its first partition.
    help="Transactions that began. A transaction begins with its first record; one without records is not counted.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    guide="transaction-start-rate",
    profile=Profile.MINIMAL,
)
COMMITTED = Metric(
    name="kafka_transaction_committed_total",
    kind=Kind.COUNTER,
    help="Transactions that were committed, counted when their commit markers are written.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.MINIMAL,
)
ABORTED = Metric(
    name="kafka_transaction_aborted_total",
    kind=Kind.COUNTER,
    help="Transactions that were aborted: by the client, by the coordinator after the timeout, or by fencing when "
    "a new instance took over the id; unknown if the log no longer had the earlier records. Under protocol 2 "
    "an abort by the client is counted a few seconds late, because only the next record distinguishes it from "
    "fencing. Some causes look like others in the log: an application that aborts and opens a new producer of the id "
    "within 1.5 s, and an operator who terminates a transaction, count as fenced; a fencing between the timeout and "
    "the coordinator's next check counts as timeout.",
    section=TRANSACTIONS,
    labels=("transactional_id", "reason"),
    source=LOG,
    guide="transaction-abort-rate",
    profile=Profile.MINIMAL,
)
OPEN = Metric(
    name="kafka_transaction_open",
    kind=Kind.GAUGE,
    help="Transactions that are open now: begun, and neither commit nor abort is complete.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
)
OPEN_SECONDS = Metric(
    name="kafka_transaction_open_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Age of the oldest open transaction, from its start by the coordinator's clock; absent if none is open.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.MINIMAL,
)
TIMEOUT_SECONDS = Metric(
    name="kafka_transaction_timeout_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Age at which the coordinator aborts the oldest open transaction (transaction.timeout.ms).",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.MINIMAL,
)
PROTOCOL = Metric(
    name="kafka_transaction_protocol_version",
    kind=Kind.GAUGE,
    help="Transaction protocol of the oldest open transaction: 0, 1, or 2, under which the epoch rises at every "
    "commit; absent until a record shows it.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    profile=Profile.FULL,
)
SESSIONS = Metric(
    name="kafka_transactional_producer_session_total",
    kind=Kind.COUNTER,
    help="Sessions that producers opened (initTransactions): init at a start, takeover of another instance's open "
    "transaction, recovery by the same instance after an error.",
    section=TRANSACTIONS,
    labels=("transactional_id", "reason"),
    source=LOG,
    profile=Profile.MINIMAL,
)
ID_CHANGES = Metric(
    name="kafka_transactional_producer_id_change_total",
    kind=Kind.COUNTER,
    help="New producer ids for a transactional id: rollover when its epochs are used up, which is routine; "
    "recreated if the coordinator had forgotten the id.",
    section=TRANSACTIONS,
    labels=("transactional_id", "reason"),
    source=LOG,
    profile=Profile.MINIMAL,
)
ALL_STARTED = Metric(
    name="kafka_cluster_transaction_started_total",
    kind=Kind.COUNTER,
    help="Transactions that began, of all transactional ids together. Exists at 0 when counting begins"
    ", so its rate misses nothing of a new transactional id.",
    section=TRANSACTIONS,
    source=LOG,
    profile=Profile.MINIMAL,
)
ALL_COMMITTED = Metric(
    name="kafka_cluster_transaction_committed_total",
    kind=Kind.COUNTER,
    help="Transactions that were committed, of all transactional ids together.",
    section=TRANSACTIONS,
    source=LOG,
    profile=Profile.MINIMAL,
)
ALL_ABORTED = Metric(
    name="kafka_cluster_transaction_aborted_total",
    kind=Kind.COUNTER,
    help="Transactions that were aborted, of all transactional ids together.",
    section=TRANSACTIONS,
    labels=("reason",),
    source=LOG,
    profile=Profile.MINIMAL,
)
ALL_SESSIONS = Metric(
    name="kafka_cluster_transactional_producer_session_total",
    kind=Kind.COUNTER,
    help="Sessions that producers opened, of all transactional ids together.",
    section=TRANSACTIONS,
    labels=("reason",),
    source=LOG,
    profile=Profile.MINIMAL,
)
ALL_ID_CHANGES = Metric(
    name="kafka_cluster_transactional_producer_id_change_total",
    kind=Kind.COUNTER,
    help="New producer ids, of all transactional ids together.",
    section=TRANSACTIONS,
    labels=("reason",),
    source=LOG,
    profile=Profile.MINIMAL,
)
EPOCH = Metric(
    name="kafka_transactional_producer_epoch",
    kind=Kind.GAUGE,
    help="Current producer epoch of the transactional id. Under protocol 2 it rises at every commit, which is normal.",
    section=TRANSACTIONS,
    labels=("transactional_id",),
    source=LOG,
    guide="epoch",
    profile=Profile.MINIMAL,
)
INFO = Metric(
    name="kafka_transactional_producer_info",
    kind=Kind.INFO,
    help="Current producer id of the transactional id, as a label; the value is always 1.",
    section=TRANSACTIONS,
    labels=("transactional_id", "producer_id"),
    source=LOG,
    guide="producer-id",
    profile=Profile.MINIMAL,
)
HANGING = Metric(
    name="kafka_transaction_hanging",
    kind=Kind.GAUGE,
    help="A transaction that is open on a partition but unknown to every coordinator, so nothing will end it and "
    "read_committed consumers stop there; always 1. Found by two polls in a row. Once the transaction is older than "
    "transaction.max.timeout.ms, the exporter's log has the command that aborts it, and what to check first.",
    section=TRANSACTIONS,
    labels=("topic", "partition", "producer_id"),
    source=PARTITIONS,
    profile=Profile.MINIMAL,
)
HANGING_SECONDS = Metric(
    name="kafka_transaction_hanging_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time since the last record of a hanging transaction, by the timestamp that its producer gave it.",
    section=TRANSACTIONS,
    labels=("topic", "partition", "producer_id"),
    source=PARTITIONS,
    profile=Profile.MINIMAL,
)
HANGING_RECORDS = Metric(
    name="kafka_transaction_hanging_records",
    kind=Kind.GAUGE,
    help="Offsets from the last stable offset (LSO) to the end of a partition with a hanging transaction; "
    "read_committed consumers do not receive these records.",
    section=TRANSACTIONS,
    labels=("topic", "partition", "producer_id"),
    source=PARTITIONS,
)
IDEMPOTENT_ACTIVE = Metric(
    name="kafka_idempotent_producer_active",
    kind=Kind.GAUGE,
    help="Producers without transactions that wrote to the partition in the last ten minutes, by their own clocks.",
    section=IDEMPOTENT,
    labels=("topic", "partition"),
    source=PARTITIONS,
)
IDEMPOTENT_IDLE_SECONDS = Metric(
    name="kafka_idempotent_producer_idle_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time since the newest record of any producer without transactions, by the timestamp of the record.",
    section=IDEMPOTENT,
    labels=("topic", "partition"),
    source=PARTITIONS,
)
IDEMPOTENT_APPEARED = Metric(
    name="kafka_idempotent_producer_id_appeared_total",
    kind=Kind.COUNTER,
    help="New producer ids on the topic: each is a producer that was started or restarted.",
    section=IDEMPOTENT,
    labels=("topic",),
    source=PARTITIONS,
)
IDEMPOTENT_EXPIRED = Metric(
    name="kafka_idempotent_producer_id_expired_total",
    kind=Kind.COUNTER,
    help="Producer ids that the brokers have forgotten on the topic, producer.id.expiration.ms after their last "
    "record.",
    section=IDEMPOTENT,
    labels=("topic",),
    source=PARTITIONS,
)
IDEMPOTENT_BUMPS = Metric(
    name="kafka_idempotent_producer_epoch_bump_total",
    kind=Kind.COUNTER,
    # KIP-360: the client bumps the epoch itself, after a gap in its sequence or a batch that failed for good.
    help="Epoch bumps of producers without transactions; each one follows records that were lost or rejected.",
    section=IDEMPOTENT,
    labels=("topic",),
    source=PARTITIONS,
)
TOPIC_REPLICATION = Metric(
    name="kafka_topic_replication_factor",
    kind=Kind.GAUGE,
    help="Replicas of the partition that has the fewest. The topic __transaction_state is always included.",
    section=TOPICS,
    labels=("topic",),
    source=LAYOUT,
    profile=Profile.MINIMAL,
)
TOPIC_MIN_ISR = Metric(
    name="kafka_topic_min_insync_replicas",
    kind=Kind.GAUGE,
    help="Effective min.insync.replicas. Kafka caps it at the replication factor, so with a single replica "
    "acks=all needs only that one.",
    section=TOPICS,
    labels=("topic",),
    source=SETTINGS,
    profile=Profile.MINIMAL,
)
TOPIC_UNDER_MIN_ISR = Metric(
    name="kafka_topic_under_min_insync_partitions",
    kind=Kind.GAUGE,
    help="Partitions with fewer in-sync replicas than min.insync.replicas; they reject writes with acks=all.",
    section=TOPICS,
    labels=("topic",),
    source=LAYOUT,
    profile=Profile.MINIMAL,
)
TOPIC_OFFLINE = Metric(
    name="kafka_topic_offline_partitions",
    kind=Kind.GAUGE,
    help="Partitions without a leader; nothing can be written to them.",
    section=TOPICS,
    labels=("topic",),
    source=LAYOUT,
    profile=Profile.MINIMAL,
)
TOPIC_UNCLEAN = Metric(
    name="kafka_topic_unclean_leader_election",
    kind=Kind.GAUGE,
    help="1 if an out-of-sync replica may become leader, which loses records; 0 if not.",
    section=TOPICS,
    labels=("topic",),
    source=SETTINGS,
)
TOPIC_END_OFFSET = Metric(
    name="kafka_topic_partition_end_offset",
    kind=Kind.GAUGE,
    help="End offset of the partition. Compare the rates of a topic's partitions to find a skewed key.",
    section=TOPICS,
    labels=("topic", "partition"),
    source=ENDS,
)
DEAD_LETTERS = Metric(
    name="kafka_dead_letter_record_total",
    kind=Kind.COUNTER,
    help="Offsets written to the dead letter topic: its records, also deleted and aborted ones, and transaction "
    "markers. Never falls, also where an unclean election takes records back.",
    section=TOPICS,
    labels=("topic",),
    source=ENDS,
    profile=Profile.MINIMAL,
)
MAX_TIMEOUT_SECONDS = Metric(
    name="kafka_transaction_max_timeout_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Longest transaction timeout that the brokers allow a producer (transaction.max.timeout.ms).",
    section=TOPICS,
    source="a broker's settings (DescribeConfigs)",
)
SERVER_UP = Metric(
    name="kafka_bootstrap_server_up",
    kind=Kind.GAUGE,
    help="1 if the bootstrap server passed every step of a connection (name, connection, TLS, protocol, login), 0 "
    "if not.",
    section=SERVERS,
    labels=("server",),
    source=PROBE,
    profile=Profile.MINIMAL,
)
SERVER_ERROR = Metric(
    name="kafka_bootstrap_server_error",
    kind=Kind.GAUGE,
    help="Why the bootstrap server cannot be used; always 1, and absent while it can.",
    section=SERVERS,
    labels=("server", "reason"),
    source=PROBE,
    profile=Profile.MINIMAL,
)
SERVER_ADDRESSES = Metric(
    name="kafka_bootstrap_server_addresses",
    kind=Kind.GAUGE,
    help="Addresses that the bootstrap server's name resolves to; 0 if it does not resolve.",
    section=SERVERS,
    labels=("server",),
    source=PROBE,
)
CERTIFICATE_EXPIRY = Metric(
    name="kafka_broker_certificate_expiry_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Expiry time of the certificate on a TLS listener of a broker, a bootstrap server or any other, in seconds "
    "since 1970. Stays when the certificate has expired.",
    section=SERVERS,
    labels=("server",),
    source=PROBE,
    profile=Profile.MINIMAL,
)
SOURCE_UP = Metric(
    name="kafka_producer_exporter_source_up",
    kind=Kind.GAUGE,
    help="1 if the source's last poll succeeded, 0 if it failed; its counters then keep their values, and its gauges "
    "disappear after two failed polls.",
    section=SOURCES,
    labels=("source",),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SOURCE_ERROR = Metric(
    name="kafka_producer_exporter_source_error",
    kind=Kind.GAUGE,
    help="Why the source is down; always 1, and absent while it is up.",
    section=SOURCES,
    labels=("source", "reason"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
SHARD = Metric(
    name="kafka_producer_exporter_shard_info",
    kind=Kind.INFO,
    help="Which shard of the cluster's transactional ids this exporter counts, and of how many; always 1. While "
    "exporters of one cluster differ in total_shards, some ids are counted twice or not at all.",
    section=SOURCES,
    labels=("shard", "total_shards"),
    source="the exporter",
    profile=Profile.MINIMAL,
)
EXACT = Metric(
    name="kafka_producer_exporter_transaction_counts_exact",
    kind=Kind.GAUGE,
    help="1 if the counts are exact; 0 if they are lower bounds from polling coordinators, because the transaction log "
    "may not be read, if records of the log are missing, or if state was dropped to stay within the memory limit.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
INEXACT_SINCE = Metric(
    name="kafka_producer_exporter_transaction_counts_inexact_since_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time at which records of the transaction log were first found missing, or were skipped, or at which state "
    "was dropped, in seconds since 1970; absent if nothing is.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
COUNTING_SINCE = Metric(
    name="kafka_producer_exporter_counting_since_timestamp_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="Time at which counting of transactions began, in seconds since 1970; the counters include nothing earlier, "
    "except lower bounds if the transaction log could not be read at first. Absent until then.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
LOG_LAG = Metric(
    name="kafka_producer_exporter_transaction_log_lag_records",
    kind=Kind.GAUGE,
    help="Records of the transaction log that have not been read yet. If this keeps growing, use more shards.",
    section=SOURCES,
    source="the exporter",
)
LOG_UNAVAILABLE = Metric(
    name="kafka_producer_exporter_transaction_log_partitions_unavailable",
    kind=Kind.GAUGE,
    help="Partitions of the transaction log that have no leader, or whose leader does not answer. The others are "
    "followed; what happens on these is counted once they can be read.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
LOG_DELAY = Metric(
    name="kafka_producer_exporter_transaction_log_delay_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="How old the counts are: the time since the log was last read to its end or, if there was more to read, the "
    "age of the last record read. Usually below 1; also grows while the source is down.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
CLOCK_SKEW = Metric(
    name="kafka_producer_exporter_clock_skew_seconds",
    kind=Kind.GAUGE,
    unit=Unit.SECONDS,
    help="How far this exporter's clock is ahead of the brokers' clocks (negative: behind), to within half a second, "
    "from new records of the transaction log; absent before the first one. Ages are corrected by it.",
    section=SOURCES,
    source="the exporter",
    profile=Profile.MINIMAL,
)
LOG_RECORDS = Metric(
    name="kafka_producer_exporter_transaction_log_records_total",
    kind=Kind.COUNTER,
    help="Records of the transaction log that were read, including those from before counting began.",
    section=SOURCES,
    source="the exporter",
)
LOG_SKIPPED = Metric(
    name="kafka_producer_exporter_transaction_log_skipped_total",
    kind=Kind.COUNTER,
    help="Parts of the transaction log that could not be read and were skipped: records of an unknown version, "
    "damaged records, and damaged batches.",
    section=SOURCES,
    labels=("kind",),
    source="the exporter",
)
LOG_MISSING = Metric(
    name="kafka_producer_exporter_transaction_log_missing_records_total",
    kind=Kind.COUNTER,
    help="Records that the transaction log has lost, at least: compacted or deleted before they could be read, "
    "truncated after they were read (an unclean leader election), or lost because the topic was recreated.",
    section=SOURCES,
    labels=("cause",),
    source="the exporter",
)
LOG_REFETCHED = Metric(
    name="kafka_producer_exporter_transaction_log_refetched_total",
    kind=Kind.COUNTER,
    help="Answers of brokers with implausible offsets, or contradicted by a later answer. They were fetched again, and "
    "nothing was lost.",
    section=SOURCES,
    source="the exporter",
)
ENDS_UNSEEN = Metric(
    name="kafka_producer_exporter_transaction_end_unseen_total",
    kind=Kind.COUNTER,
    help="Transactions whose end was no longer in the log when it was read; they count as neither committed nor "
    "aborted.",
    section=SOURCES,
    source="the exporter",
)
IDS = Metric(
    name="kafka_producer_exporter_transactional_ids",
    kind=Kind.GAUGE,
    help="Transactional ids in the part of the transaction log that this exporter follows.",
    section=SOURCES,
    source="the exporter",
)
IDS_FOLDED = Metric(
    name="kafka_producer_exporter_transactional_ids_folded",
    kind=Kind.GAUGE,
    help="Transactional ids that are counted under other, because there are more than limits.transactional_ids.",
    section=SOURCES,
    source="the exporter",
)
IDS_DROPPED = Metric(
    name="kafka_producer_exporter_transactional_ids_dropped_total",
    kind=Kind.COUNTER,
    help="Transactional ids whose state was dropped to stay within the memory limit, those that were idle for the "
    "longest time first. From the first one on, the counts are not exact.",
    section=SOURCES,
    source="the exporter",
)
PARTITIONS_DESCRIBED = Metric(
    name="kafka_producer_exporter_partitions_described",
    kind=Kind.GAUGE,
    help="Partitions whose leader is asked for its producers (DescribeProducers) to find hanging transactions.",
    section=SOURCES,
    source="the exporter",
)
PARTITIONS_DENIED = Metric(
    name="kafka_producer_exporter_partitions_denied",
    kind=Kind.GAUGE,
    help="Described partitions that gave no answer, because Read on the topic is missing or the leader is moving.",
    section=SOURCES,
    source="the exporter",
)
HANGING_JUDGED = Metric(
    name="kafka_producer_exporter_hanging_judged",
    kind=Kind.GAUGE,
    help="1 if the last poll could judge whether open transactions hang. 0 if some that no coordinator knows could not "
    "be judged, because a partition of the transaction log has no leader or a new one, or the log is still being read; "
    "kafka_transaction_hanging then has only what was found before.",
    section=SOURCES,
    source="the exporter",
)

METRICS = tuple(entry for entry in tuple(globals().values()) if isinstance(entry, Metric))
"""Every entry of this file, in its order."""
