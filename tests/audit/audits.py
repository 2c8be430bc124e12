"""Helpers: audit a text, and read what was found."""

from kafka_producer_exporter.audit.findings import Verdict
from kafka_producer_exporter.audit.read import read
from kafka_producer_exporter.audit.rules import audit_all
from kafka_producer_exporter.audit.version import NEWEST, ClientVersion

GOOD = {
    "bootstrap.servers": "kafka-1:9092,kafka-2:9092",
    "client.id": "orders-${HOSTNAME}",
    "compression.type": "lz4",
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.jaas.config": "${JAAS}",
    "ssl.truststore.location": "/etc/kafka/ca.p12",
    "linger.ms": "5",
}
"""Settings with which a client of any version has what the guide asks for, apart from old defaults."""

OLD = {"acks": "all", "enable.idempotence": "true", "client.dns.lookup": "use_all_dns_ips"}
"""What clients before 3.0 need beside them."""


def properties(settings):
    return "".join(f"{option}={value}\n" for option, value in settings.items())


def version_of(text):
    return NEWEST if text is None else ClientVersion.parse(text)


def audited(text, name="producer.properties", *, version=None):
    """Return all items of a file."""
    content = text if isinstance(text, bytes) else text.encode()
    return [item for _, items in audit_all(read(content, name, version_of(version))) for item in items]


def findings(items):
    return [item for item in items if item.verdict is Verdict.FINDING]


def found(settings=None, *, version=None, **more):
    """Return the findings about GOOD with these settings: ``found({"acks": "1"})``. None removes a setting."""
    wanted = {**GOOD, **(settings or {}), **more}
    text = properties({option: value for option, value in wanted.items() if value is not None})
    return findings(audited(text, version=version))
