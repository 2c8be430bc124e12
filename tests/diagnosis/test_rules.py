"""Every rule on evidence made by hand: what it finds, what it leaves alone, and what it cannot tell apart."""

import pytest

from kafka_producer_exporter.diagnosis.diagnose import diagnose
from kafka_producer_exporter.diagnosis.evidence import BROKERS, Brokers, Ended, Event, Evidence
from kafka_producer_exporter.diagnosis.model import Certainty
from kafka_producer_exporter.diagnosis.table import CAUSES
from tests.diagnosis.hand_made import brokers, causes, evidence

SILENT = {"response_total": 0.0, "node_response_total": 0.0, "requests_in_flight": 5.0, "record_send_total": 5.0}
NO_LINK = {
    "response_total": 0.0,
    "request_total": 0.0,
    "node_request_total": 0.0,
    "node_response_total": 0.0,
    "connections": 0.0,
    "record_send_total": 0.0,
    "topic_record_send_total": 0.0,
}
FAILED = {"record_error_total": 20.0, "topic_record_error_total": 20.0}
RETRIED = {"record_retry_total": 40.0, "topic_record_retry_total": 40.0}
NO_ANSWERS = {"response_total": 0.0, "node_response_total": 0.0, "record_send_total": 0.0}
TRANSACTIONS = {"txn_init_time_seconds_total": 0.0, "txn_begin_time_seconds_total": 0.01}
HEALTHY_TOPIC = (("kafka_topic_under_min_insync_partitions", {"topic": "orders"}, 0.0),)
HEALTHY = brokers(*HEALTHY_TOPIC, knows_events=True, all_topics=frozenset({"orders"}))


def event(kind, reason, *, transactional_id="orders-0", times=3, ago=5.0, span=20.0):
    return Event(transactional_id, kind, reason, times, ago, span)


def logged(*events):
    return Brokers(events=events, knows_events=True)


def often(*, committed, aborted):
    """A log in which the application ended transactions so often, and each abort was its own."""
    own = event("abort", "client", times=aborted)
    return Brokers(events=[own], knows_events=True, ended=[Ended("orders-0", committed, aborted)])


FOUND = {
    "sasl": [
        evidence(
            failed_authentication_total=6.0, connection_creation_total=6.0, connection_close_total=6.0, **NO_ANSWERS
        )
    ],
    "tls": [
        evidence(connection_creation_total=9.0, connection_close_total=9.0, **NO_LINK),
        evidence(
            failed_authentication_total=6.0,
            now_seconds=2000.0,
            brokers=brokers(("kafka_broker_certificate_expiry_timestamp_seconds", {"server": "k:9092"}, 1999.0)),
            **NO_ANSWERS,
        ),
    ],
    "dns": [
        evidence(**NO_LINK, **FAILED),
        evidence(
            brokers=brokers(("kafka_bootstrap_server_error", {"server": "k:9092", "reason": "dns"}, 1.0)),
            **NO_LINK,
            **FAILED,
        ),
    ],
    "broker-down": [
        evidence(connection_close_total=9.0, **NO_ANSWERS, **RETRIED),
        evidence(brokers=brokers(("kafka_topic_offline_partitions", {"topic": "orders"}, 1.0)), **RETRIED),
        evidence(record_send_total=0.0, topic_record_send_total=0.0, request_total=6.0, response_total=6.0, **FAILED),
        evidence(
            record_send_total=0.0,
            topic_record_send_total=0.0,
            brokers=brokers(
                ("kafka_topic_offline_partitions", {"topic": "orders"}, 1.0),
                ("kafka_topic_under_min_insync_partitions", {"topic": "orders"}, 1.0),
            ),
            **FAILED,
        ),
    ],
    "black-hole": [
        evidence(**SILENT, **RETRIED, connection_close_total=2.0, connection_creation_total=2.0),
        evidence(**SILENT),
        evidence(
            **RETRIED,
            connection_close_total=1.0,
            connection_creation_total=1.0,
            more=[
                ("kafka_producer_node_request_total", {"node_id": "node-2"}, 10.0),
                ("kafka_producer_node_response_total", {"node_id": "node-2"}, 4.0),
            ],
            more_before=[
                ("kafka_producer_node_request_total", {"node_id": "node-2"}, 5.0),
                ("kafka_producer_node_response_total", {"node_id": "node-2"}, 4.0),
            ],
        ),
    ],
    "not-enough-replicas": [
        evidence(**RETRIED),
        evidence(
            brokers=brokers(("kafka_topic_under_min_insync_partitions", {"topic": "orders"}, 1.0)), **RETRIED, **FAILED
        ),
    ],
    "unknown-topic": [
        evidence(record_send_total=0.0, topic_record_send_total=0.0, request_total=40.0),
        evidence(brokers=Brokers(all_topics=frozenset({"others"})), **RETRIED),
    ],
    "record-too-large": [
        evidence(record_error_total=200.0, record_send_total=0.0, request_total=0.0, response_total=0.0),
        evidence(**FAILED),
        evidence(batch_split_total=4.0),
        evidence(**FAILED, brokers=Brokers(settings={"orders": {"max.message.bytes": "1000"}})),
        evidence(
            **FAILED,
            brokers=Brokers(
                before={"kafka_broker_failed_produce_request_total": [({}, 0.0)]},
                page={
                    "kafka_broker_request_error_total": [({"request": "Produce", "error": "MESSAGE_TOO_LARGE"}, 20.0)]
                },
            ),
        ),
    ],
    "not-authorized": [
        evidence(
            **FAILED,
            brokers=Brokers(
                before={"kafka_broker_failed_produce_request_total": [({}, 0.0)]},
                page={
                    "kafka_broker_request_error_total": [
                        ({"request": "Produce", "error": "TOPIC_AUTHORIZATION_FAILED"}, 20.0)
                    ]
                },
            ),
        ),
        evidence(record_error_total=20.0, request_total=90.0),
    ],
    "quota": [evidence(produce_throttle_time_max_seconds=2.4, request_latency_avg_seconds=0.9)],
    "slow-broker": [
        evidence(request_latency_avg_seconds=1.2),
        evidence(request_latency_avg_seconds=0.3),
        evidence(txn_commit_time_seconds_total=8.0, txn_begin_time_seconds_total=0.1),
        evidence(
            more=[
                ("kafka_producer_node_request_latency_avg_seconds", {"node_id": node}, seconds)
                for node, seconds in (("node-1", 0.004), ("node-2", 0.4), ("node-3", 0.005))
            ]
        ),
    ],
    "delivery-timeout": [evidence(**FAILED, record_queue_time_max_seconds=120.0, topic_record_send_total=5.0)],
    "buffer-full": [
        evidence(buffer_exhausted_total=2.0, record_error_total=2.0, request_latency_avg_seconds=2.5),
        evidence(waiting_threads=1.0),
        evidence(buffer_available_bytes=1000.0),
    ],
    "lingering-batches": [evidence(record_queue_time_avg_seconds=0.5)],
    "saturated-sender": [
        evidence(record_send_total=90_000.0, request_total=9000.0, io_wait_time_seconds_total=0.2),
        evidence(record_send_total=400.0, request_total=400.0, io_wait_time_seconds_total=0.5),
    ],
    "lost-compression": [evidence(compression_rate_avg=0.99), evidence(compression_rate_avg=1.02)],
    "stale-metadata": [evidence(metadata_age_seconds=900.0)],
    "clock-drift": [evidence(brokers=brokers(("kafka_producer_exporter_clock_skew_seconds", {}, -95.0)))],
    "duplicate-client-id": [
        evidence(record_send_total=-45.0),
        evidence(more=[("kafka_producer_hidden", {"client_id": "audit", "reason": "duplicate_client_id"}, 1.0)]),
    ],
    "hidden-producer": [evidence(more=[("kafka_producer_hidden", {"client_id": "audit", "reason": "reporter"}, 1.0)])],
    "transaction-timeout": [
        evidence(brokers=logged(event("abort", "timeout"))),
        evidence(brokers=brokers(ended=[Ended("orders-0", 5, 0, 18.0, 20.0)])),
        evidence(
            brokers=brokers(
                ("kafka_transaction_open_seconds", {"transactional_id": "orders-0"}, 18.0),
                ("kafka_transaction_timeout_seconds", {"transactional_id": "orders-0"}, 20.0),
                knows_events=True,
            )
        ),
        Evidence(brokers=logged(event("abort", "timeout"))),
    ],
    "fencing": [
        evidence(brokers=logged(event("session", "takeover"))),
        evidence(brokers=logged(event("abort", "fenced"), event("session", "init", times=9))),
        evidence(**TRANSACTIONS, txn_abort_time_seconds_total=0.01),
        Evidence(brokers=logged(event("abort", "fenced"))),
    ],
    "hanging-transaction": [
        evidence(
            brokers=brokers(
                ("kafka_transaction_hanging", {"topic": "orders", "partition": "0", "producer_id": "7"}, 1.0)
            )
        ),
        Evidence(
            brokers=brokers(("kafka_transaction_hanging", {"topic": "x", "partition": "0", "producer_id": "7"}, 1.0))
        ),
    ],
    "application-aborts": [
        evidence(brokers=often(committed=4, aborted=3)),
        Evidence(brokers=often(committed=4, aborted=3)),
        evidence(**TRANSACTIONS, txn_abort_time_seconds_total=0.5, txn_commit_time_seconds_total=0.5),
    ],
    "short-lived-producers": [
        evidence(brokers=logged(event("session", "init", times=9))),
        Evidence(brokers=logged(event("session", "init", times=9))),
    ],
}
"""Evidence in which each cause must come first."""


@pytest.mark.parametrize(("cause", "found"), [(cause, one) for cause, examples in FOUND.items() for one in examples])
def test_the_cause_comes_first(cause, found):
    assert causes(found)[:1] == [cause]


def test_every_cause_has_an_example():
    assert {cause.id for cause in CAUSES} == FOUND.keys()


@pytest.mark.parametrize(
    "quiet",
    [
        evidence(),
        evidence(brokers=HEALTHY),
        evidence(compression_rate_avg=1.0),
        evidence(connection_close_total=2.0),
        evidence(connection_creation_total=1.0, connection_close_total=1.0),
        evidence(requests_in_flight=2.0, buffer_available_bytes=33_000_000.0),
        evidence(record_queue_time_avg_seconds=0.02, request_latency_avg_seconds=0.001),
        evidence(io_wait_time_seconds_total=0.0, request_total=20.0, response_total=20.0),
        evidence(metadata_age_seconds=299.0),
        evidence(
            txn_begin_time_seconds_total=0.1, txn_commit_time_seconds_total=0.4, txn_abort_time_seconds_total=0.01
        ),
        evidence(brokers=logged(event("abort", "fenced", transactional_id="payments-0"))),
        evidence(brokers=logged(event("abort", "timeout", ago=4000.0))),
        evidence(brokers=logged(event("session", "init", times=1))),
        evidence(brokers=often(committed=97, aborted=3)),
        evidence(brokers=often(committed=1, aborted=2)),
        evidence(brokers=brokers(ended=[Ended("orders-0", 5, 0, 11.0, 20.0)])),
        evidence(brokers=brokers(ended=[Ended("payments-0", 5, 0, 18.0, 20.0)])),
        evidence(
            brokers=brokers(("kafka_transaction_hanging", {"topic": "other", "partition": "0", "producer_id": "7"}, 1))
        ),
        evidence(brokers=brokers(("kafka_topic_under_min_insync_partitions", {"topic": "other"}, 1.0))),
        evidence(brokers=brokers(("kafka_producer_exporter_clock_skew_seconds", {}, 2.0))),
        evidence(response_total=0.0, request_total=90.0),  # acks=0: nothing is answered, and nothing waits
        evidence(
            more=[
                ("kafka_producer_node_request_latency_avg_seconds", {"node_id": node}, seconds)
                for node, seconds in (("node-1", 0.004), ("node-2", 0.1), ("node-3", 0.005))
            ]
        ),
        Evidence(brokers=HEALTHY),
    ],
)
def test_nothing_is_found_in_a_healthy_producer(quiet):
    assert causes(quiet) == []


@pytest.mark.parametrize(
    ("found", "first", "beside"),
    [
        (FOUND["sasl"][0], "sasl", "tls"),
        (evidence(**NO_LINK, **FAILED), "dns", "black-hole"),
        (evidence(connection_close_total=9.0, **RETRIED), "broker-down", "not-enough-replicas"),
        (evidence(**RETRIED), "not-enough-replicas", "unknown-topic"),
        (evidence(record_send_total=0.0, topic_record_send_total=0.0, **FAILED), "broker-down", "unknown-topic"),
        (evidence(**FAILED), "record-too-large", "not-authorized"),
        (evidence(**TRANSACTIONS, txn_abort_time_seconds_total=0.01), "fencing", "transaction-timeout"),
    ],
)
def test_what_the_evidence_cannot_separate_stands_first_together_with_what_tells_it_apart(found, first, beside):
    top, second, *_ = diagnose(found).findings

    assert (top.cause.id, second.cause.id) == (first, beside)
    assert [other for other, _ in top.apart] == [beside]
    assert [other for other, _ in second.apart] == [first]
    assert all(text.en and text.ko for _, text in top.apart)


@pytest.mark.parametrize(
    ("found", "cause", "not_beside"),
    [
        (FOUND["not-enough-replicas"][1], "not-enough-replicas", "unknown-topic"),
        (FOUND["unknown-topic"][1], "unknown-topic", "not-enough-replicas"),
        (FOUND["record-too-large"][3], "record-too-large", "not-authorized"),
        (FOUND["transaction-timeout"][0], "transaction-timeout", "fencing"),
        (FOUND["fencing"][0], "fencing", "transaction-timeout"),
    ],
)
def test_what_the_brokers_say_separates_them(found, cause, not_beside):
    top, *_ = diagnose(found).findings

    assert (top.cause.id, top.certainty, list(top.apart)) == (cause, Certainty.CERTAIN, [])


def test_records_that_fail_for_lack_of_a_login_are_not_taken_for_too_large_ones():
    found = evidence(failed_authentication_total=6.0, record_error_total=50.0, request_total=0.0, **NO_ANSWERS)

    assert causes(found) == ["sasl", "tls"]


def test_a_transaction_that_hangs_now_comes_before_what_happened_minutes_ago():
    hanging = ("kafka_transaction_hanging", {"topic": "orders", "partition": "0", "producer_id": "7"}, 1.0)
    found = Evidence(brokers=brokers(hanging, events=[event("abort", "fenced")], knows_events=True))

    assert causes(found) == ["hanging-transaction", "fencing"]


def test_consequences_come_after_what_explains_them():
    found = diagnose(evidence(**SILENT, **RETRIED, **FAILED, buffer_exhausted_total=3.0, metadata_age_seconds=900.0))

    assert found.findings[0].cause.id == "black-hole" or found.findings[0].cause.id == "buffer-full"
    by_id = {finding.cause.id: finding for finding in found.findings}
    assert "black-hole" in by_id["delivery-timeout"].consequence_of
    assert "black-hole" in by_id["stale-metadata"].consequence_of


def test_a_send_that_fails_while_no_broker_answers_is_a_consequence_and_no_large_record():
    found = diagnose(evidence(**{**SILENT, "request_total": 1.0}, record_error_total=3.0))

    by_id = {finding.cause.id: finding for finding in found.findings}
    assert by_id["record-too-large"].consequence_of == ("black-hole",)
    assert found.findings[0].cause.id == "black-hole"


def test_a_lost_broker_is_a_reason_of_too_few_replicas_and_not_the_finding():
    down = ("kafka_bootstrap_server_error", {"server": "k:9092", "reason": "refused"}, 1.0)
    under = ("kafka_topic_under_min_insync_partitions", {"topic": "orders"}, 1.0)

    found = causes(evidence(connection_close_total=9.0, brokers=brokers(down, under), **RETRIED))

    assert found[0] == "not-enough-replicas"
    assert "broker-down" in found


def test_an_idle_producer_is_idle_and_no_finding():
    quiet = evidence(
        record_send_total=0.0,
        topic_record_send_total=0.0,
        request_total=0.0,
        response_total=0.0,
        node_request_total=0.0,
    )

    diagnosis = diagnose(quiet)

    assert (list(diagnosis.findings), list(diagnosis.idle)) == ([], ["orders"])


def test_a_busy_producer_is_not_idle():
    assert diagnose(evidence()).idle == []


def test_a_counter_that_is_missing_is_unknown_and_not_zero():
    diagnosis = diagnose(evidence(without=["failed_authentication_total"]))

    assert ("sasl", ["kafka_producer_failed_authentication_total"]) in diagnosis.unknown
    assert list(diagnosis.findings) == []


def test_a_gauge_without_a_sample_is_no_finding_but_one_that_the_source_lacks_is_unknown():
    without = {"without": ["produce_throttle_time_max_seconds"]}

    assert "quota" not in dict(diagnose(evidence(**without)).unknown)
    diagnosis = diagnose(evidence(**without, provides=frozenset({"kafka_producer_record_send_total"})))
    assert dict(diagnosis.unknown)["quota"] == ["kafka_producer_produce_throttle_time_max_seconds"]


def test_without_brokers_it_says_what_only_they_know():
    unknown = dict(diagnose(evidence()).unknown)

    assert unknown["hanging-transaction"] == unknown["clock-drift"] == [BROKERS]


def test_a_producer_that_appears_between_the_readings_counts_from_zero():
    found = evidence(buffer_exhausted_total=0.0)
    late = Evidence(first=found.first._replace(page={}), second=found.second)

    assert late.clients()[0].increase("kafka_producer_buffer_exhausted_total") == 50.0


def test_counters_that_begin_again_count_from_zero():
    client = evidence(record_send_total=-45.0).clients()[0]

    assert client.increase("kafka_producer_record_send_total") == 5.0
    assert client.fell
    assert not client.restarted
