"""Every rule of the guide on a good file, on a bad one, and with the defaults of several client versions."""

import pytest

from kafka_producer_exporter.audit.configuration import Idempotence
from kafka_producer_exporter.audit.findings import Basis, Verdict
from kafka_producer_exporter.audit.read import read
from kafka_producer_exporter.audit.rules import audit_all
from kafka_producer_exporter.audit.version import ClientVersion
from tests.audit.audits import GOOD, OLD, audited, findings, found, properties

SECRET = "hunter2"


@pytest.mark.parametrize("version", ["2.1", "2.5", "2.8", "3.0.0", "3.1", "3.9", "4.0", "4.4", "5.0"])
def test_a_good_file_has_no_findings_with_any_client(version):
    assert found(OLD, version=version) == []


def test_a_good_file_needs_no_more_than_its_defaults_with_a_new_client():
    assert found() == []


BAD = [
    ({"acks": "1"}, "acks", "If it dies before the others have copied the record"),
    ({"acks": "0"}, "acks", "Records that no broker accepts are lost"),
    ({"acks": "2"}, "acks", "it accepts all, -1, 0, 1"),
    ({"min.insync.replicas": "2"}, "min.insync.replicas", "The producer ignores it"),
    ({"enable.idempotence": "false"}, "enable.idempotence", "writes the record twice"),
    ({"max.in.flight.requests.per.connection": "6"}, "max.in.flight.requests.per.connection", "last 5 batches"),
    ({"retries": "0"}, "retries", "The first error of a broker loses the records"),
    ({"retries": "5"}, "retries", "used up within 2.5 s"),
    ({"retries": "many"}, "retries", "not a whole number"),
    ({"retries": "-1"}, "retries", "not a whole number"),
    ({"retry.backoff.ms": "0"}, "retry.backoff.ms", "without a pause"),
    ({"retry.backoff.ms": "90000"}, "retry.backoff.ms", "room for hardly one retry"),
    ({"delivery.timeout.ms": "20000"}, "delivery.timeout.ms", "at least linger.ms + request.timeout.ms = 30005"),
    ({"delivery.timeout.ms": "31000"}, "delivery.timeout.ms", "no time is left for a retry"),
    ({"delivery.timeout.ms": "2147483647"}, "delivery.timeout.ms", "retried for 24 days"),
    ({"request.timeout.ms": "150000"}, "delivery.timeout.ms", "The client raises its limit"),
    ({"linger.ms": "95000"}, "delivery.timeout.ms", "The client raises its limit"),
    ({"batch.size": "0"}, "batch.size", "Batches hold few records"),
    ({"batch.size": "2000000", "buffer.memory": "99999999"}, "batch.size", "larger than a request may be"),
    ({"linger.ms": "2000"}, "linger.ms", "each record waits this long"),
    ({"compression.type": "none"}, "compression.type", "Records are sent as they are"),
    ({"compression.type": "LZ4"}, "compression.type", "it accepts none, gzip"),
    ({"compression.type": None}, "compression.type", "Records are sent as they are"),
    ({"security.protocol": "PLAINTEXT"}, "security.protocol", "Anyone on the way can read"),
    ({"security.protocol": None}, "security.protocol", "Anyone on the way can read"),
    ({"security.protocol": "SASL_PLAINTEXT"}, "security.protocol", "The login is not encrypted"),
    ({"security.protocol": "SSL"}, "security.protocol", "have no effect without SASL"),
    ({"security.protocol": "TLS"}, "security.protocol", "it accepts PLAINTEXT, SSL"),
    ({"sasl.mechanism": None, "sasl.jaas.config": "a.PlainLoginModule required;"}, "sasl.mechanism", "does not fit"),
    ({"ssl.endpoint.identification.algorithm": ""}, "ssl.endpoint.identification.algorithm", "any one of the same CA"),
    ({"ssl.enabled.protocols": "TLSv1.1,TLSv1.2"}, "ssl.enabled.protocols", "TLS before 1.2 is broken"),
    ({"ssl.truststore.password": SECRET}, "ssl.truststore.password", "A secret stands in this file"),
    ({"sasl.jaas.config": f'm required password="{SECRET}";'}, "sasl.jaas.config", "A secret stands in this file"),
    ({"buffer.memory": "100000"}, "buffer.memory", "The pool has room for 6 batches"),
    ({"max.block.ms": "9223372036854775807"}, "max.block.ms", "keeps the application's threads this long"),
    ({"max.block.ms": "100"}, "max.block.ms", "The first send()"),
    ({"bootstrap.servers": "kafka-1:9092"}, "bootstrap.servers", "There is one host"),
    ({"bootstrap.servers": "kafka:9092, KAFKA.:9093"}, "bootstrap.servers", "There is one host"),
    ({"bootstrap.servers": "kafka-1,kafka-2"}, "bootstrap.servers", "each address must be HOST:PORT"),
    ({"client.dns.lookup": "default"}, "client.dns.lookup", "only the first address"),
    (
        {"client.dns.lookup": "resolve_canonical_bootstrap_servers_only"},
        "client.dns.lookup",
        "resolved once, at the start",
    ),
    ({"client.id": None}, "client.id", "producer-1 in every instance"),
    ({"transactional.id": "a", "enable.idempotence": "false"}, "enable.idempotence", "The client does not start"),
    ({"transactional.id": "a", "transaction.timeout.ms": "3600000"}, "transaction.timeout.ms", "INVALID_TRANSACTION"),
    ({"transactional.id": "a", "transaction.timeout.ms": "5000"}, "transaction.timeout.ms", "only waiting"),
    ({"partitioner.ignore.keys": "true"}, "partitioner.ignore.keys", "their order is lost"),
    (
        {"partitioner.class": "org.apache.kafka.clients.producer.RoundRobinPartitioner"},
        "partitioner.class",
        "their order is lost",
    ),
    ({"metric.reporters": "com.example.Mine"}, "metric.reporters", "nobody sees what it does"),
    ({"bacth.size": "1"}, "batch.size", "no option of this name"),
    ({"auto.include.jmx.reporter": "true"}, "auto.include.jmx.reporter", "Client 4.4 does not have this option"),
]


@pytest.mark.parametrize(("settings", "option", "why"), BAD, ids=lambda value: str(value)[:60])
def test_a_setting_that_differs_from_the_guide_is_found(settings, option, why):
    matching = [one for one in found(settings) if one.option == option and why in one.why.en]

    assert matching, [(one.option, one.why.en) for one in found(settings)]
    assert all(one.owner is not None and (one.change or one.advice) for one in found(settings))


@pytest.mark.parametrize(("settings", "option", "why"), BAD, ids=lambda value: str(value)[:60])
def test_what_a_finding_says_to_set_ends_it(settings, option, why):
    for _ in range(2):  # a raised delivery.timeout.ms may need a second step
        change = {key: value for one in found(settings) for key, value in one.change.items()}
        settings = {**settings, **change}
    left = [one for one in found(settings) if one.change]

    assert left == []


def test_no_secret_is_in_any_text_of_an_item():
    settings = {
        "ssl.truststore.password": SECRET,
        "ssl.key.password": SECRET,
        "ssl.keystore.key": SECRET,
        "ssl.trustore.password": SECRET,
        "my.password": SECRET,
        "sasl.jaas.config": f'm required username="u" password="{SECRET}";',
        "sasl.oauthbearer.client.credentials.client.secret": SECRET,
    }

    items = found(settings)

    assert len([one for one in items if one.why.en.startswith("A secret")]) == 5
    assert SECRET not in repr(items)


@pytest.mark.parametrize(
    "value",
    ["${env:PASSWORD}", "${PASSWORD}", "{{ password }}", "$(PASSWORD)", "$PASSWORD", "@password@", "<password>", ""],
)
def test_a_secret_that_is_only_referred_to_is_no_finding(value):
    jaas = f'm required password="{value}";'

    assert found({"ssl.truststore.password": value, "sasl.jaas.config": jaas}) == []


def test_a_placeholder_cannot_be_known():
    items = audited(properties({**GOOD, "acks": "${ACKS}", "linger.ms": "{{ .Values.linger }}"}))

    unknown = {one.option: one for one in items if one.verdict is Verdict.UNKNOWN}
    assert {"acks", "linger.ms", "client.id", "min.insync.replicas"} <= set(unknown)
    assert unknown["acks"].basis is Basis.NONE
    assert findings(items) == []


def test_a_value_of_the_file_is_certain_and_a_default_is_likely():
    certain, likely = found({"acks": "1", "compression.type": None, "enable.idempotence": "false"})[::2]

    assert (certain.basis.certainty, certain.where) == ("certain", "producer.properties:8")
    assert (likely.option, likely.basis.certainty, likely.value) == ("compression.type", "likely", "none")


@pytest.mark.parametrize(
    ("version", "options"),
    [
        ("2.5", {"acks", "enable.idempotence", "client.dns.lookup"}),
        ("2.8", {"acks", "enable.idempotence"}),
        ("3.0.0", {"enable.idempotence"}),  # KAFKA-13598
        ("3.0", set()),
        ("3.1.0", {"enable.idempotence"}),
        ("3.9", set()),
        ("4.4", set()),
    ],
)
def test_the_defaults_are_those_of_the_client_version(version, options):
    assert {one.option for one in found(version=version)} == options


def test_no_linger_is_a_note_and_the_default_of_old_clients():
    def notes(version):
        text = properties({**GOOD, **OLD, "linger.ms": "0"})
        return [one.option for one in audited(text, version=version) if one.verdict is Verdict.NOTE]

    assert notes("3.9") == notes("4.4") == ["linger.ms"]
    del_linger = properties({option: value for option, value in GOOD.items() if option != "linger.ms"})
    assert "linger.ms" in [one.option for one in audited(del_linger, version="3.9")]
    assert "linger.ms" not in [one.option for one in audited(del_linger, version="4.0")]


@pytest.mark.parametrize(
    ("settings", "version", "outcome"),
    [
        ({}, "2.8", Idempotence.OFF),
        ({"enable.idempotence": "true"}, "2.8", Idempotence.ON),  # which raises the default of acks
        ({"transactional.id": "a"}, "2.8", Idempotence.ON),
        ({}, "3.9", Idempotence.ON),
        ({"acks": "1"}, "3.9", Idempotence.DISABLED),
        ({"retries": "0"}, "4.4", Idempotence.DISABLED),
        ({"max.in.flight.requests.per.connection": "6"}, "3.9", Idempotence.DISABLED),
        ({"max.in.flight.requests.per.connection": "6"}, "4.0", Idempotence.REFUSED),
        ({"acks": "1", "enable.idempotence": "true"}, "4.4", Idempotence.REFUSED),
        ({"acks": "1", "transactional.id": "a"}, "4.4", Idempotence.REFUSED),
        ({"acks": "${ACKS}"}, "4.4", Idempotence.UNKNOWN),
    ],
)
def test_idempotence_is_what_the_client_makes_of_the_settings(settings, version, outcome):
    text = properties({"bootstrap.servers": "a:1", **settings})
    (configuration,) = read(text.encode(), "p.properties", ClientVersion.parse(version))

    assert configuration.idempotence() is outcome


def test_retries_are_judged_by_how_long_they_last_together():
    assert "used up within 0.5 s" in found({**OLD, "retries": "5"}, version="3.6")[0].why.en  # constant backoff
    assert "used up within 2.5 s" in found({**OLD, "retries": "5"}, version="3.7")[0].why.en  # 100 200 400 800 1000
    assert found({"retries": "100"}) == []


def test_an_option_that_only_newer_clients_have_has_no_effect():
    (finding,) = found({**OLD, "partitioner.ignore.keys": "false"}, version="2.8")

    assert "Client 2.8 does not have this option" in finding.why.en
    assert found({"partitioner.ignore.keys": "false"}, version="3.9") == []


def test_a_setting_that_stands_twice_is_found_with_both_lines():
    items = findings(audited(properties(GOOD) + "acks=1\nacks=all\n"))

    (finding,) = items
    assert (finding.where, "in line 10" in finding.why.en) == ("producer.properties:9", True)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("linger", None),
        ("linger_ms", "linger.ms"),
        ("lingerMs", "linger.ms"),
        ("max.in.flight.request.per.connection", "max.in.flight.requests.per.connection"),
        ("compresion.type", "compression.type"),
        ("session.timeout.ms", None),
        ("server.port", None),
    ],
)
def test_a_misspelt_option_is_reported_with_the_nearest_known_one(name, meant):
    advice = [one.advice.en for one in found({name: "5"})]

    assert advice == ([f"Did you mean {meant}?"] if meant else [])


def test_two_files_with_one_client_id_or_transactional_id_are_found():
    same = {"client.id": "orders", "transactional.id": "orders-1"}
    both = [
        one
        for name in ("a.properties", "b.properties")
        for one in read(properties({**GOOD, **same}).encode(), name, ClientVersion(4, 4))
    ]

    results = audit_all(both)

    for (_, items), other in zip(results, ("b.properties", "a.properties"), strict=True):
        shared = [one for one in findings(items) if f"{other}:" in one.why.en]
        assert [one.option for one in shared] == ["client.id", "transactional.id"]
