"""Evidence made by hand: a healthy producer, and what differs from it."""

from kafka_producer_exporter.diagnosis.diagnose import diagnose
from kafka_producer_exporter.diagnosis.evidence import Brokers, Evidence, Reading

SECONDS = 10.0
ORDERS = {"target": "checkout", "client_id": "orders"}
GAUGES = {
    "kafka_producer_start_time_seconds": 1000.0,
    "kafka_producer_record_send_rate": 20.0,
    "kafka_producer_record_error_rate": 0.0,
    "kafka_producer_record_retry_rate": 0.0,
    "kafka_producer_request_latency_avg_seconds": 0.005,
    "kafka_producer_request_latency_max_seconds": 0.02,
    "kafka_producer_record_queue_time_avg_seconds": 0.006,
    "kafka_producer_record_queue_time_max_seconds": 0.02,
    "kafka_producer_produce_throttle_time_avg_seconds": 0.0,
    "kafka_producer_produce_throttle_time_max_seconds": 0.0,
    "kafka_producer_batch_size_avg_bytes": 900.0,
    "kafka_producer_batch_size_max_bytes": 1200.0,
    "kafka_producer_compression_rate_avg": 0.4,
    "kafka_producer_record_size_max_bytes": 1100.0,
    "kafka_producer_records_per_request_avg": 3.0,
    "kafka_producer_buffer_total_bytes": 33554432.0,
    "kafka_producer_buffer_available_bytes": 33554432.0,
    "kafka_producer_buffer_exhausted_rate": 0.0,
    "kafka_producer_waiting_threads": 0.0,
    "kafka_producer_requests_in_flight": 0.0,
    "kafka_producer_connections": 3.0,
    "kafka_producer_metadata_age_seconds": 100.0,
}
INCREASES = {
    "kafka_producer_record_send_total": 200.0,
    "kafka_producer_record_error_total": 0.0,
    "kafka_producer_record_retry_total": 0.0,
    "kafka_producer_batch_split_total": 0.0,
    "kafka_producer_buffer_exhausted_total": 0.0,
    "kafka_producer_bufferpool_wait_time_seconds_total": 0.0,
    "kafka_producer_request_total": 100.0,
    "kafka_producer_response_total": 100.0,
    "kafka_producer_connection_creation_total": 0.0,
    "kafka_producer_connection_close_total": 0.0,
    "kafka_producer_failed_authentication_total": 0.0,
    "kafka_producer_io_wait_time_seconds_total": 9.5,
    "kafka_producer_io_time_seconds_total": 0.1,
    "kafka_producer_txn_init_time_seconds_total": 0.0,
    "kafka_producer_txn_begin_time_seconds_total": 0.0,
    "kafka_producer_txn_commit_time_seconds_total": 0.0,
    "kafka_producer_txn_abort_time_seconds_total": 0.0,
    "kafka_producer_topic_record_send_total": 200.0,
    "kafka_producer_topic_record_error_total": 0.0,
    "kafka_producer_topic_record_retry_total": 0.0,
    "kafka_producer_node_request_total": 100.0,
    "kafka_producer_node_response_total": 100.0,
}
LABELS = {"kafka_producer_topic_": {"topic": "orders"}, "kafka_producer_node_": {"node_id": "node-1"}}
BEFORE = 50.0
"""What every counter has in the first reading, except those of transactions."""


def labels_of(name, client):
    more = next((labels for prefix, labels in LABELS.items() if name.startswith(prefix)), {})
    return {**ORDERS, "client_id": client, **more}


def readings(*, client="orders", without=(), **changes):
    """Two readings of one healthy producer; *changes* are gauges and increases, without their common prefix."""
    short = {name.removeprefix("kafka_producer_"): name for name in {**GAUGES, **INCREASES}}
    given = {short[name]: value for name, value in changes.items()}
    gauges = {name: given.get(name, value) for name, value in GAUGES.items()}
    grown = {name: given.get(name, value) for name, value in INCREASES.items()}
    left_out = {short[name] for name in without}
    before = {name: 0.0 if "_txn_" in name else BEFORE for name in grown}
    second = {**gauges, **{name: before[name] + value for name, value in grown.items()}}
    first = {**gauges, **before}
    return tuple(
        {name: [(labels_of(name, client), value)] for name, value in page.items() if name not in left_out}
        for page in (first, second)
    )


def evidence(*, brokers=None, more=(), more_before=(), provides=None, now_seconds=None, **changes):
    """Evidence of that producer. *more* are series of the second reading besides: (name, labels, value)."""
    first, second = readings(**changes)
    for page, series in ((first, more_before), (second, more)):
        for name, labels, value in series:
            page.setdefault(name, []).append(({**ORDERS, **labels}, value))
    return Evidence(
        first=Reading(0.0, first),
        second=Reading(SECONDS, second),
        brokers=brokers,
        provides=provides,
        now_seconds=now_seconds,
    )


def brokers(*series, **options):
    """What brokers said: series of gauges, as (name, labels, value)."""
    page = {}
    for name, labels, value in series:
        page.setdefault(name, []).append((labels, value))
    return Brokers(page=page, **options)


def causes(found):
    """Ids of the findings of some evidence, in order."""
    return [finding.cause.id for finding in diagnose(found).findings]
