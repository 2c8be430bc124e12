"""What a live producer shows, from the values that JMX would have."""

import pytest

from kafka_producer_exporter.audit.findings import Basis, Verdict
from kafka_producer_exporter.audit.live import LiveProducer, audit_producers, unseen
from kafka_producer_exporter.audit.version import ClientVersion

HEALTHY = {
    "batch-size-avg": 900.0,
    "batch-size-max": 16_000.0,
    "buffer-available-bytes": 33_000_000.0,
    "buffer-total-bytes": 33_554_432.0,
    "compression-rate-avg": 0.4,
    "connection-count": 3.0,
    "failed-authentication-total": 0.0,
    "record-queue-time-avg": 5.0,
    "record-send-rate": 100.0,
    "request-latency-avg": 3.0,
    "requests-in-flight": 2.0,
    "successful-authentication-total": 3.0,
    "waiting-threads": 0.0,
}


def producer(attributes=None, **more):
    values = {name: value for name, value in {**HEALTHY, **(attributes or {})}.items() if value is not None}
    defaults = {"target": "checkout", "client_id": "orders", "version": ClientVersion(4, 4), "brokers": 3}
    return LiveProducer(attributes=values, **{**defaults, "has_tls": True, **more})


def seen(one):
    ((_, items),) = audit_producers([one])
    return {item.option: (item.verdict, item.basis) for item in items}


def test_a_healthy_producer_has_no_findings_and_says_what_is_only_inferred():
    items = seen(producer(bootstrap_servers=2))

    assert Verdict.FINDING not in {verdict for verdict, _ in items.values()}
    assert items["buffer.memory"] == (Verdict.GOOD, Basis.SEEN)
    assert items["compression.type"] == (Verdict.GOOD, Basis.SEEN)
    assert items["delivery.timeout.ms"] == (Verdict.GOOD, Basis.INFERRED)
    assert items["bootstrap.servers"] == (Verdict.GOOD, Basis.SEEN)
    assert items["acks"] == items["enable.idempotence"] == (Verdict.UNKNOWN, Basis.NONE)


@pytest.mark.parametrize(
    ("attributes", "more", "option", "basis"),
    [
        ({"request-latency-avg": None}, {}, "acks", Basis.INFERRED),
        ({"compression-rate-avg": 1.0}, {}, "compression.type", Basis.INFERRED),
        ({"record-queue-time-avg": 2000.0}, {}, "linger.ms", Basis.INFERRED),
        ({"requests-in-flight": 16.0}, {}, "max.in.flight.requests.per.connection", Basis.INFERRED),
        ({"successful-authentication-total": 0.0}, {"has_tls": False}, "security.protocol", Basis.INFERRED),
        ({}, {"has_tls": False}, "security.protocol", Basis.INFERRED),
        ({"waiting-threads": 1.0}, {}, "buffer.memory", Basis.SEEN),
        ({"buffer-available-bytes": 1.0}, {}, "buffer.memory", Basis.SEEN),
        ({}, {"client_id": "producer-1"}, "client.id", Basis.SEEN),
    ],
)
def test_what_the_values_disprove_is_a_finding(attributes, more, option, basis):
    items = seen(producer(attributes, **more))

    assert [name for name, (verdict, _) in items.items() if verdict is Verdict.FINDING] == [option]
    assert items[option][1] is basis


def test_an_idle_or_unconnected_producer_shows_nothing_and_is_no_finding():
    missing = dict.fromkeys(HEALTHY) | {"buffer-total-bytes": 33_554_432.0, "connection-count": 0.0}

    items = seen(producer(missing, has_tls=False))

    assert Verdict.FINDING not in {verdict for verdict, _ in items.values()}
    assert {"acks", "batch.size", "linger.ms", "compression.type", "security.protocol"} <= {
        option for option, (verdict, _) in items.items() if verdict is Verdict.UNKNOWN
    }


def test_two_targets_with_one_client_id_are_found():
    results = audit_producers([producer(), producer(target="other")])

    for _, items in results:
        assert [one.option for one in items if one.verdict is Verdict.FINDING] == ["client.id"]


def test_a_transactional_id_shows_in_the_default_client_id():
    ((_, items),) = audit_producers([producer(client_id="producer-orders-1")])

    assert [one.value for one in items if one.option == "transactional.id"] == ["orders-1"]
    assert [one.verdict for one in items if one.option == "client.id"] == [Verdict.GOOD]


def test_the_defaults_of_the_client_version_are_named_for_what_nobody_can_see():
    lookup = {one.option: one.why.en for one in unseen(ClientVersion(2, 5))}["client.dns.lookup"]

    assert "Client 2.5 has default by default" in lookup
    assert all(one.verdict is Verdict.UNKNOWN and one.line is not None for one in unseen(None))
