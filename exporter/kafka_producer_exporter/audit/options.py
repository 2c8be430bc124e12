"""The options of Kafka's Java producer: their names, and the defaults that the checks need, by client version.

tests/integration/audit compares all of this with the ProducerConfig of real clients.
"""

import difflib
import re
from collections.abc import Mapping
from typing import NamedTuple

from kafka_producer_exporter.audit.findings import GuideLine
from kafka_producer_exporter.audit.version import ClientVersion


class Default(NamedTuple):
    """An option's default from a client version on, and where that is written down."""

    since: ClientVersion
    value: str
    source: str


def _since(version: str, value: str, source: str = "ProducerConfig") -> Default:
    return Default(ClientVersion.parse(f"{version}.0" if version.count(".") == 1 else version), value, source)


DEFAULTS: Mapping[str, tuple[Default, ...]] = {
    "acks": (_since("2.1", "1"), _since("3.0", "all", "KIP-679")),
    "batch.size": (_since("2.1", "16384"),),
    "buffer.memory": (_since("2.1", "33554432"),),
    "client.dns.lookup": (_since("2.1", "default", "KIP-302"), _since("2.6", "use_all_dns_ips", "KIP-602")),
    "client.id": (_since("2.1", ""),),
    "compression.type": (_since("2.1", "none"),),
    "delivery.timeout.ms": (_since("2.1", "120000", "KIP-91"),),
    "enable.idempotence": (
        _since("2.1", "false"),
        # 3.0.0 and 3.1.0 have the new default in ProducerConfig, and do not apply it (KAFKA-13598).
        _since("3.0.1", "true", "KIP-679, KAFKA-13598"),
        _since("3.1.0", "false", "KAFKA-13598"),
        _since("3.1.1", "true", "KIP-679, KAFKA-13598"),
    ),
    "linger.ms": (_since("2.1", "0"), _since("4.0", "5", "KIP-1030")),
    "max.block.ms": (_since("2.1", "60000"),),
    "max.in.flight.requests.per.connection": (_since("2.1", "5"),),
    "max.request.size": (_since("2.1", "1048576"),),
    "request.timeout.ms": (_since("2.1", "30000"),),
    "retries": (_since("2.1", "2147483647", "KIP-91"),),
    "retry.backoff.max.ms": (_since("3.7", "1000", "KIP-580"),),
    "retry.backoff.ms": (_since("2.1", "100"),),
    "sasl.mechanism": (_since("2.1", "GSSAPI"),),
    "security.protocol": (_since("2.1", "PLAINTEXT"),),
    "ssl.endpoint.identification.algorithm": (_since("2.1", "https", "KIP-294"),),
    "transaction.timeout.ms": (_since("2.1", "60000"),),
}

CONNECT_DEFAULTS: Mapping[str, str] = {
    "acks": "all",
    "delivery.timeout.ms": "2147483647",
    "enable.idempotence": "false",
    "max.block.ms": "9223372036854775807",
    "max.in.flight.requests.per.connection": "1",
}
"""What Kafka Connect sets for the producers of its source tasks (Worker.baseProducerConfigs, KAFKA-13759)."""

ABSENT_THROUGH: Mapping[str, frozenset[str]] = {
    version: frozenset(names.split())
    for version, names in {
        "": """
            acks batch.size bootstrap.servers buffer.memory client.dns.lookup client.id compression.type
            connections.max.idle.ms delivery.timeout.ms enable.idempotence interceptor.classes key.serializer linger.ms
            max.block.ms max.in.flight.requests.per.connection max.request.size metadata.max.age.ms metric.reporters
            metrics.num.samples metrics.recording.level metrics.sample.window.ms partitioner.class receive.buffer.bytes
            reconnect.backoff.max.ms reconnect.backoff.ms request.timeout.ms retries retry.backoff.ms
            sasl.client.callback.handler.class sasl.jaas.config sasl.kerberos.kinit.cmd
            sasl.kerberos.min.time.before.relogin sasl.kerberos.service.name sasl.kerberos.ticket.renew.jitter
            sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class sasl.login.class
            sasl.login.refresh.buffer.seconds sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor
            sasl.login.refresh.window.jitter sasl.mechanism security.protocol send.buffer.bytes ssl.cipher.suites
            ssl.enabled.protocols ssl.endpoint.identification.algorithm ssl.key.password ssl.keymanager.algorithm
            ssl.keystore.location ssl.keystore.password ssl.keystore.type ssl.protocol ssl.provider
            ssl.secure.random.implementation ssl.trustmanager.algorithm ssl.truststore.location ssl.truststore.password
            ssl.truststore.type transaction.timeout.ms transactional.id value.serializer""",
        "2.1": "security.providers",
        "2.4": "metadata.max.idle.ms",
        "2.5": """
            socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms ssl.engine.factory.class
            ssl.keystore.certificate.chain ssl.keystore.key ssl.truststore.certificates""",
        "2.8": """
            sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.retry.backoff.max.ms
            sasl.login.retry.backoff.ms sasl.oauthbearer.clock.skew.seconds sasl.oauthbearer.expected.audience
            sasl.oauthbearer.expected.issuer sasl.oauthbearer.jwks.endpoint.refresh.ms
            sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
            sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name
            sasl.oauthbearer.token.endpoint.url""",
        "3.1": """
            partitioner.adaptive.partitioning.enable partitioner.availability.timeout.ms partitioner.ignore.keys""",
        "3.3": """
            auto.include.jmx.reporter compression.gzip.level compression.lz4.level compression.zstd.level
            enable.metrics.push metadata.recovery.strategy retry.backoff.max.ms sasl.oauthbearer.header.urlencode""",
        "3.9": "metadata.recovery.rebootstrap.trigger.ms",
        "4.0": """
            sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
            sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss
            sasl.oauthbearer.assertion.claim.jti.include sasl.oauthbearer.assertion.claim.nbf.seconds
            sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file
            sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase
            sasl.oauthbearer.assertion.template.file sasl.oauthbearer.client.credentials.client.id
            sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.jwt.retriever.class
            sasl.oauthbearer.jwt.validator.class sasl.oauthbearer.scope transaction.two.phase.commit.enable""",
        "4.1": "config.providers",
        "4.3": """
            bootstrap.resolve.timeout.ms buffer.memory.allocation.strategy client.rack metadata.cluster.check.enable
            partitioner.rack.aware sasl.oauthbearer.allow.unverified.audience sasl.oauthbearer.allow.unverified.issuer
            """,
    }.items()
}
"""The options of all clients, by the newest version that was looked at and does not have them yet."""

REMOVED_IN: Mapping[str, ClientVersion] = {"auto.include.jmx.reporter": ClientVersion(4, 0, 0)}
KNOWN = frozenset(name for names in ABSENT_THROUGH.values() for name in names)

OTHER_CLIENTS = frozenset(
    [
        "allow.auto.create.topics",
        "auto.commit.interval.ms",
        "auto.offset.reset",
        "check.crcs",
        "default.api.timeout.ms",
        "enable.auto.commit",
        "exclude.internal.topics",
        "fetch.max.bytes",
        "fetch.max.wait.ms",
        "fetch.min.bytes",
        "group.id",
        "group.instance.id",
        "group.protocol",
        "group.remote.assignor",
        "heartbeat.interval.ms",
        "isolation.level",
        "key.deserializer",
        "max.partition.fetch.bytes",
        "max.poll.interval.ms",
        "max.poll.records",
        "partition.assignment.strategy",
        "session.timeout.ms",
        "value.deserializer",
        "application.id",
        "processing.guarantee",
        "num.stream.threads",
        "replication.factor",
        "state.dir",
        "min.insync.replicas",
    ]
)
"""Options of consumers, of Kafka Streams, and of topics. They stand beside a producer's, and are no misspellings."""

SECRETS = frozenset(
    {
        *("ssl.key.password", "ssl.keystore.password", "ssl.truststore.password", "ssl.keystore.key"),
        *("sasl.jaas.config", "sasl.oauthbearer.client.credentials.client.secret"),
        "sasl.oauthbearer.assertion.private.key.passphrase",
    }
)

GUIDE_LINES: Mapping[str, GuideLine] = {
    "acks": GuideLine.DURABILITY,
    "min.insync.replicas": GuideLine.DURABILITY,
    "batch.size": GuideLine.PERFORMANCE,
    "linger.ms": GuideLine.PERFORMANCE,
    "compression.type": GuideLine.PERFORMANCE,
    "enable.idempotence": GuideLine.DUPLICATES,
    "max.in.flight.requests.per.connection": GuideLine.IN_FLIGHT,
    "retries": GuideLine.RETRIES,
    "retry.backoff.ms": GuideLine.RETRIES,
    "retry.backoff.max.ms": GuideLine.RETRIES,
    "delivery.timeout.ms": GuideLine.DELIVERY_TIMEOUT,
    "request.timeout.ms": GuideLine.DELIVERY_TIMEOUT,
    "security.protocol": GuideLine.SECURITY,
    "sasl.mechanism": GuideLine.SECURITY,
    "sasl.jaas.config": GuideLine.SECURITY,
    "ssl.truststore.location": GuideLine.SECURITY,
    "ssl.endpoint.identification.algorithm": GuideLine.SECURITY,
    "ssl.enabled.protocols": GuideLine.SECURITY,
    "buffer.memory": GuideLine.BUFFER,
    "max.block.ms": GuideLine.BUFFER,
    "max.request.size": GuideLine.BUFFER,
    "bootstrap.servers": GuideLine.BACKUP,
    "client.dns.lookup": GuideLine.BACKUP,
    "client.id": GuideLine.CLIENT_ID,
    "transactional.id": GuideLine.TRANSACTIONS,
    "transaction.timeout.ms": GuideLine.TRANSACTIONS,
    "partitioner.class": GuideLine.PARTITION_KEY,
    "partitioner.ignore.keys": GuideLine.PARTITION_KEY,
    "metric.reporters": GuideLine.MONITORING,
    "auto.include.jmx.reporter": GuideLine.MONITORING,
}
"""The line of the guide that an option belongs to."""

_SECRET_WORDS = frozenset({"password", "passwd", "secret", "jaas", "passphrase", "credentials", "token"})
_CLOSE = 0.88
_MAX_MISSING = 3


def default_of(option: str, version: ClientVersion) -> Default | None:
    """Return the default that a client of this version applies. None if none is known here."""
    return next((one for one in reversed(DEFAULTS.get(option, ())) if one.since <= version), None)


def is_known_to(option: str, version: ClientVersion) -> bool:
    """Return whether a client of this version has the option, as far as that is known: True in doubt."""
    absent = next((through for through, names in ABSENT_THROUGH.items() if option in names), "")
    if absent and version <= ClientVersion.parse(absent):
        return False
    return option not in REMOVED_IN or version < REMOVED_IN[option]


def line_of(option: str) -> GuideLine | None:
    """Return the line of the guide that an option belongs to. None if the guide does not mention it."""
    if option not in GUIDE_LINES and option.startswith(("sasl.", "security.", "ssl.")):
        return GuideLine.SECURITY
    return GUIDE_LINES.get(option)


def squashed(name: str) -> str:
    """Return a name without what people and frameworks write differently: case, dots, dashes and underscores."""
    return re.sub(r"[._\-\[\]]", "", name).lower()


def nearest(name: str) -> str | None:
    """Return the known name that a misspelt one was probably meant to be."""
    if name in KNOWN or name in OTHER_CLIENTS:
        return None
    if squashed(name) in _SQUASHED:
        return _SQUASHED[squashed(name)]
    alike = [one for one in _SQUASHED.values() if abs(len(one) - len(name)) <= _MAX_MISSING]  # a file has many keys
    close = difflib.get_close_matches(name.lower(), alike, n=1, cutoff=_CLOSE)
    return close[0] if close else None


_SQUASHED = {squashed(name): name for name in sorted(KNOWN)}


def holds_secret(option: str) -> bool:
    """Return whether the option's value is, or may be, a secret; also for options that are not Kafka's."""
    words = re.split(r"[._\-]", option.lower())
    return option in SECRETS or not _SECRET_WORDS.isdisjoint(words)
