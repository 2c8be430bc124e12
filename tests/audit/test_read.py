"""Files of every format, as people have them."""

import codecs
import textwrap
import time

import pytest

from kafka_producer_exporter.audit.configuration import Style
from kafka_producer_exporter.audit.entries import UnreadableError
from kafka_producer_exporter.audit.read import Format, format_of, read
from kafka_producer_exporter.audit.version import NEWEST
from tests.audit.audits import GOOD, audited, findings, properties

SPRING = """\
    spring:
      kafka:
        bootstrap-servers: [kafka-1:9092, kafka-2:9092]
        client-id: orders-${HOSTNAME}
        security.protocol: SASL_SSL
        ssl:
          trust-store-location: file:/etc/kafka/ca.p12
          trust-store-password: ${TRUST_STORE_PASSWORD}
        properties:
          sasl:
            mechanism: SCRAM-SHA-512
            jaas.config: org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="${PW}";
          session.timeout.ms: 45000
        consumer:
          group-id: orders
          auto-offset-reset: earliest
        producer:
          acks: all
          batchSize: 32KB
          compression-type: lz4
          properties:
            "[linger.ms]": 10
            max.in.flight.requests.per.connection: 5
"""


def settings(text, name):
    """Return the options of the only configuration in a file, by name."""
    (configuration,) = read(textwrap.dedent(text).encode(), name, NEWEST)
    return {option: setting.value for option, setting in configuration.settings.items()}


def places(text, name):
    return [(one.option, one.where, one.why.en) for one in findings(audited(textwrap.dedent(text), name))]


def test_spring_yaml_is_read_as_spring_boot_reads_it():
    assert findings(audited(textwrap.dedent(SPRING), "application.yml")) == []
    read_settings = settings(SPRING, "application.yml")
    assert read_settings["bootstrap.servers"] == "kafka-1:9092,kafka-2:9092"
    assert (read_settings["batch.size"], read_settings["linger.ms"]) == ("32768", "10")
    assert "group.id" not in read_settings


def test_a_producers_own_keys_precede_those_of_all_clients():
    text = """\
        spring.kafka.producer.properties.acks=all
        spring.kafka.producer.acks=1
        spring.kafka.properties.acks=0
        spring.kafka.client-id=common
        spring.kafka.producer.client-id=own
    """

    assert settings(text, "application.properties") == {"acks": "all", "client.id": "own"}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("spring.kafka.producer.linger-ms", "spring.kafka.producer.properties.linger.ms"),
        ("spring.kafka.producer.enable-idempotence", "spring.kafka.producer.properties.enable.idempotence"),
        ("spring.kafka.producer.compresion-type", "spring.kafka.producer.compression-type"),
        ("spring.kafka.producer.properties.linger-ms", "spring.kafka.producer.properties.linger.ms"),
        ("spring.kafka.properties.sasl.mechanisms", "spring.kafka.properties.sasl.mechanism"),
    ],
)
def test_a_key_that_spring_boot_ignores_is_found(key, meant):
    items = findings(audited(f"spring.kafka.producer.acks=all\n{key}=5\n", "application.properties"))

    assert [one.advice.en for one in items if one.written == key] == [f"Did you mean {meant}?"]


def test_a_profile_adds_to_the_document_for_all_and_findings_are_not_repeated():
    text = textwrap.dedent(SPRING) + textwrap.dedent("""\
        ---
        spring:
          config.activate.on-profile: dev
          kafka.producer.acks: 1
    """)

    configurations = read(text.encode(), "application.yml", NEWEST)

    assert [one.name for one in configurations] == ["application.yml", "application.yml (profile dev)"]
    assert {(one.option, one.where) for one in findings(audited(text, "application.yml"))} == {
        ("acks", "application.yml:27")
    }


def test_a_ssl_bundle_may_have_a_trust_store():
    (configuration,) = read(b"spring.kafka.producer.acks=all\nspring.kafka.ssl.bundle=b\n", "a.properties", NEWEST)

    assert configuration.settings["ssl.truststore.location"].is_placeholder


@pytest.mark.parametrize(
    ("variable", "option"),
    [
        ("SPRING_KAFKA_PRODUCER_ACKS", "acks"),
        ("SPRING_KAFKA_PRODUCER_BATCHSIZE", "batch.size"),
        ("SPRING_KAFKA_PRODUCER_BATCH_SIZE", "batch.size"),
        ("SPRING_KAFKA_PRODUCER_PROPERTIES_LINGER_MS", "linger.ms"),
        ("SPRING_KAFKA_BOOTSTRAPSERVERS", "bootstrap.servers"),
        ("SPRING_KAFKA_SSL_TRUSTSTORELOCATION", "ssl.truststore.location"),
        ("KAFKA_PRODUCER_LINGER_MS", "linger.ms"),
        ("KAFKA_ACKS", "acks"),
        ("KAFKA_BOOTSTRAP_SERVERS", "bootstrap.servers"),
        ("CONNECT_PRODUCER_LINGER_MS", "linger.ms"),
    ],
)
def test_an_environment_variable_is_an_option(variable, option):
    assert settings(f"HOME=/root\nexport {variable}='1'\n", ".env") == {option: "1"}


def test_variables_that_are_no_options_are_ignored():
    text = "KAFKA_ACKS=all\nKAFKA_HEAP_OPTS=-Xmx1g\nKAFKA_TOPIC=t\nKAFKA_GROUP_ID=g\nPATH=/bin\n"

    assert not [one for one in audited(text, "a.env") if one.option.startswith(("topic", "heap", "group"))]


def test_a_misspelt_variable_is_found():
    items = findings(audited("KAFKA_PRODUCER_ACKS=all\nKAFKA_PRODUCER_LINGERMS=5\n", "a.env"))

    assert [one.advice.en for one in items if one.written == "KAFKA_PRODUCER_LINGERMS"] == [
        "Did you mean KAFKA_PRODUCER_LINGER_MS?"
    ]


def test_the_producers_of_kafka_connect_have_the_defaults_of_kafka_connect():
    text = "CONNECT_BOOTSTRAP_SERVERS=a:1,b:1\nCONNECT_PRODUCER_COMPRESSION_TYPE=lz4\n"
    text += "CONNECT_PRODUCER_SECURITY_PROTOCOL=SSL\n"

    (configuration,) = read(text.encode(), "connect.env", NEWEST)

    assert configuration.style is Style.CONNECT
    assert (configuration.text("acks"), configuration.number("delivery.timeout.ms")) == ("all", 2**31 - 1)
    assert [(one.option, list(one.change)) for one in findings(audited(text, "connect.env"))] == [
        ("enable.idempotence", ["CONNECT_PRODUCER_ENABLE_IDEMPOTENCE"])
    ]


def test_a_worker_file_of_kafka_connect_has_producers_below_a_prefix():
    text = "bootstrap.servers=a:1,b:1\nkey.converter=x\nsecurity.protocol=SSL\nproducer.acks=all\nconsumer.acks=1\n"

    assert settings(text, "connect-distributed.properties") == {"bootstrap.servers": "a:1,b:1", "acks": "all"}


def test_each_prefix_with_options_of_a_producer_is_a_producer():
    text = """\
        kafka:
          bootstrap.servers: a:1,b:1
          consumer: {group.id: g, bootstrap.servers: "a:1"}
          producers:
            orders: {acks: 1, linger.ms: 5}
            bills: {acks: all}
        http: {retries: 0}
    """

    configurations = read(textwrap.dedent(text).encode(), "micronaut.yaml", NEWEST)

    assert [one.name for one in configurations] == [
        "micronaut.yaml, kafka.producers.orders",
        "micronaut.yaml, kafka.producers.bills",
    ]
    assert all(one.text("bootstrap.servers") == "a:1,b:1" for one in configurations)


def test_a_configmap_may_hold_variables_and_files():
    text = """\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: orders}
        data:
          KAFKA_BOOTSTRAP_SERVERS: a:1,b:1
          KAFKA_ACKS: "0"
          application.yml: |
            spring:
              kafka:
                producer:
                  retries: 0
          producer.properties: |-

            acks=1
          quoted.properties: "acks=1\\nlinger.ms=5000"
          logback.xml: |
            <configuration>
            </configuration>
    """

    found = {(option, where) for option, where, _ in places(text, "cm.yaml")}

    assert {("acks", "cm.yaml:6"), ("retries", "cm.yaml:11"), ("acks", "cm.yaml:14")} <= found
    assert ("linger.ms", "cm.yaml:16") in found


def test_the_configmaps_of_a_list_are_read():
    text = """\
        apiVersion: v1
        kind: ConfigMapList
        items:
          - apiVersion: v1
            kind: ConfigMap
            data:
              application.yaml: |
                spring.kafka.producer.acks: 0
          - apiVersion: v1
            kind: ConfigMap
            data: {KAFKA_ACKS: "1"}
    """

    assert {(option, where) for option, where, _ in places(text, "all.yaml") if option == "acks"} == {
        ("acks", "all.yaml:8"),
        ("acks", "all.yaml:11"),
    }


def test_the_variables_of_a_deployment_are_read_and_references_cannot_be_known():
    text = """\
        apiVersion: apps/v1
        kind: Deployment
        spec:
          template:
            spec:
              containers:
                - name: orders
                  env:
                    - {name: KAFKA_ACKS, value: "1"}
                    - name: KAFKA_BOOTSTRAP_SERVERS
                      valueFrom: {configMapKeyRef: {name: kafka, key: servers}}
    """

    assert settings(text, "deployment.yaml") == {"acks": "1", "bootstrap.servers": None}


def test_yaml_aliases_merges_and_numbers_are_read():
    text = """\
        base: &base
          acks: all
          batch.size: 16_384
        kafka:
          <<: *base
          linger.ms: 5
    """

    configurations = read(textwrap.dedent(text).encode(), "a.yaml", NEWEST)

    assert {one.text("batch.size") for one in configurations} == {"16384"}
    assert configurations[-1].text("acks") == "all"


def test_an_item_of_a_list_is_a_producer():
    (first,) = [one for one in audited("- {acks: all, client.id: x}\n", "a.yaml") if one.option == "compression.type"]

    assert list(first.change) == ["[0].compression.type"]


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.properties", "A=1", Format.PROPERTIES),
        ("a.yml", "a=1", Format.YAML),
        ("a.json", "{}", Format.YAML),
        (".env", "", Format.ENVIRONMENT),
        ("deploy/.env.prod", "", Format.ENVIRONMENT),
        ("stdin", "# c\nacks=all\nclient.id=x\n", Format.PROPERTIES),
        ("stdin", "KAFKA_ACKS=all\nHOME=/root\n", Format.ENVIRONMENT),
        ("stdin", "spring:\n  kafka:\n    x: a=b\n", Format.YAML),
        ("stdin", '{"acks": "all"}', Format.YAML),
        ("stdin", "", Format.YAML),
    ],
)
def test_the_format_is_that_of_the_name_or_of_the_lines(name, text, form):
    assert format_of(name, text) is form


@pytest.mark.parametrize(
    "content",
    [
        properties(GOOD | {"acks": "1"}).encode(),
        codecs.BOM_UTF8 + properties(GOOD | {"acks": "1"}).encode(),
        codecs.BOM_UTF16_LE + properties(GOOD | {"acks": "1"}).encode("utf-16-le"),
        codecs.BOM_UTF16_BE + properties(GOOD | {"acks": "1"}).encode("utf-16-be"),
        properties(GOOD | {"acks": "1"}).encode() + "# 주문".encode(),
        properties(GOOD | {"acks": "1"}).encode() + "# é".encode("latin-1"),
    ],
)
def test_every_encoding_that_people_save_is_read(content):
    assert {one.option for one in findings(audited(content))} == {"acks"}


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.properties", b"", "no option of a Kafka producer was found"),
        ("a.properties", b"server.port=80\n", "no option of a Kafka producer was found"),
        ("consumer.properties", b"bootstrap.servers=a:1\ngroup.id=g\n", "no option of a Kafka producer was found"),
        ("a.properties", b"\x7fELF\0\0", "not a text file"),
        ("a.properties", codecs.BOM_UTF16_LE + b"\x00\xd8a", "save the file as UTF-8"),
        ("a.yaml", b"acks: [hunter2\n", "not YAML"),
        ("a.yaml", b"acks: {{ .Values.acks }}\nhunter2: {{ x }}y", "it looks like a template"),
        ("a.yaml", b"acks: \x01hunter2", "not YAML"),
        ("a.yaml", b"a: &a [*a, *a]", "nested too deeply"),
        ("a.yaml", b"[" * 5000, "nested too deeply"),
        ("a.yaml", b"hunter2", "no option of a Kafka producer was found"),
        ("a.properties", b"".join(b"a%d.acks=1\n" % number for number in range(1000)), "more than 100 clients"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_without_its_content(name, content, what):
    with pytest.raises(UnreadableError, match=what) as caught:
        read(content, name, NEWEST)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"acks=all\n" + b"".join(b"key.number.%d=1\n" % number for number in range(20_000)),
        b"acks=all\\\n" * 100_000,
        b"acks=all\n" + b"a=" + b"\\" * 900_000,
        b"acks=all\n" + b'password="' * 100_000,
    ],
)
def test_a_large_file_ends_soon(content):
    began = time.process_time()

    audited(content)

    assert time.process_time() - began < 10
