"""Signs that several rules look at."""

from kafka_producer_exporter.diagnosis.evidence import Client, Evidence

REFUSED_CLOSES = 3
"""Closes without a connection before them. Idle connections expire, too, but a busy client has few of them."""


def errors(client: Client) -> float:
    """Return how many records failed between the readings or, if none did, per second shortly before."""
    grown = client.increase("kafka_producer_record_error_total")
    return grown or client.gauge("kafka_producer_record_error_rate") or 0.0


def retries(client: Client) -> float:
    """Return how many records were retried between the readings or, if none was, per second shortly before."""
    grown = client.increase("kafka_producer_record_retry_total")
    return grown or client.gauge("kafka_producer_record_retry_rate") or 0.0


def topic_errors(client: Client) -> float:
    """Return how many records failed with their batch between the readings."""
    return sum(client.increases("kafka_producer_topic_record_error_total", "topic").values())


def send_errors(client: Client) -> float:
    """Return how many records failed in ``send()`` between the readings: those that count for no topic."""
    return max(0.0, client.increase("kafka_producer_record_error_total") - topic_errors(client))


def troubled_topics(client: Client) -> list[str]:
    """Return the topics with retries or failed records between the readings."""
    found: set[str] = set()
    for name in ("kafka_producer_topic_record_retry_total", "kafka_producer_topic_record_error_total"):
        found |= {topic for topic, grown in client.increases(name, "topic").items() if grown > 0}
    return sorted(found)


def answers(client: Client) -> float:
    """Return how many responses came between the readings."""
    return client.increase("kafka_producer_response_total")


def is_refused(client: Client) -> bool:
    """Return whether connections are closed that were never established."""
    created = client.increase("kafka_producer_connection_creation_total")
    return client.increase("kafka_producer_connection_close_total") - created >= REFUSED_CLOSES


def logins_fail(client: Client) -> bool:
    """Return whether authentication failed between the readings."""
    return client.increase("kafka_producer_failed_authentication_total") > 0


def is_throttled(client: Client) -> bool:
    """Return whether a broker throttled the client recently."""
    return (client.gauge("kafka_producer_produce_throttle_time_max_seconds") or 0.0) > 0


def is_silent(client: Client) -> bool:
    """Return whether brokers were asked and none answered.

    With acks=0 nothing is answered either, but then nothing waits, is retried or is closed.
    """
    if answers(client) > 0:
        return False
    waits = (client.gauge("kafka_producer_requests_in_flight") or 0.0) > 0
    tries = client.increase("kafka_producer_connection_creation_total") > 0
    return waits or (tries and client.increase("kafka_producer_request_total") > 0)


def is_transactional(client: Client) -> bool:
    """Return whether it has ever begun a transaction or opened a session."""
    names = ("kafka_producer_txn_begin_time_seconds_total", "kafka_producer_txn_init_time_seconds_total")
    return any(client.total(name) > 0 for name in names)


def is_related(client: Client, transactional_id: str) -> bool:
    """Return whether a transactional id is probably this client's, by its name. No source knows whose it is."""
    name = client.client_id.removeprefix("producer-")
    return bool(name) and (transactional_id.startswith(name) or name.startswith(transactional_id))


def buffer_use(client: Client) -> float:
    """Return the used share of the buffer; 0 if the client does not report it."""
    total = client.gauge("kafka_producer_buffer_total_bytes")
    free = client.gauge("kafka_producer_buffer_available_bytes")
    return 1 - free / total if total and free is not None else 0.0


def is_idle(client: Client) -> bool:
    """Return whether the application sends nothing, and nothing waits. Raise CannotKnowError.

    A client that was read once only is not known to be idle.
    """
    if client.seconds <= 0:
        return False
    sent = client.increase("kafka_producer_record_send_total")
    waits = (client.gauge("kafka_producer_waiting_threads") or 0.0) + (
        client.gauge("kafka_producer_requests_in_flight") or 0.0
    )
    busy = sent + client.increase("kafka_producer_record_error_total") + waits
    return busy == 0 and buffer_use(client) == 0


def bootstrap_errors(evidence: Evidence, *reasons: str) -> list[str]:
    """Return the bootstrap servers that cannot be used for one of these reasons; of any reason without *reasons*."""
    if evidence.brokers is None:
        return []
    series = evidence.brokers.gauges("kafka_bootstrap_server_error")
    return [labels["server"] for labels, _ in series if not reasons or labels.get("reason") in reasons]
