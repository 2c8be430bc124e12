"""What the configuration comes to: frozen values, every default filled in. Made by ``config``, read by anyone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.address import Address

DEFAULT_LISTEN = Address("0.0.0.0", 9797)  # noqa: S104 - Prometheus is on another machine
DEFAULT_LISTEN_PAGES = Address("127.0.0.1", 9798)


class TargetKind(StrEnum):
    """Whose JVM a target is."""

    PRODUCER = "producer"
    BROKER = "broker"


class TransportKind(StrEnum):
    """The way in to a JVM."""

    RMI = "rmi"
    JMXQUERY = "jmxquery"


class TlsMode(StrEnum):
    """Which of a JMX agent's two ports speak TLS."""

    NONE = "none"
    RMI = "rmi"
    """Only the RMI port (``com.sun.management.jmxremote.ssl``)."""
    BOTH = "both"
    """The registry too (``com.sun.management.jmxremote.registry.ssl``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JmxTls:
    """TLS towards a JMX agent."""

    mode: TlsMode = TlsMode.NONE
    ca_file: Path | None = None
    """None: the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    """The name that the certificate must be for; None: the configured host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jmx:
    """Where a JVM's JMX agent is, and how to log in. The password itself is never kept here."""

    host: str = "127.0.0.1"
    port: int
    rmi_port: int | None = None
    """None: the port that the agent names."""
    username: str | None = None
    password_file: Path | None = None
    """Read again whenever it changes."""
    password_env: str | None = None
    """Name of the environment variable that holds the password."""
    tls: JmxTls = field(default_factory=JmxTls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One JVM whose producers are read; or a broker's own, of which the numbers that concern producers are."""

    name: str
    jmx: Jmx
    kind: TargetKind = TargetKind.PRODUCER
    transport: TransportKind = TransportKind.RMI
    labels: Mapping[str, str] = field(default_factory=dict)
    """Go onto every series of this target; they never replace a label that the series has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many distinct values of a label one target may have; what comes later is folded into ``other``."""

    clients: int = 200
    topics: int = 500
    """Topics of one client."""
    nodes: int = 100
    """Brokers of one client."""
    transactional_ids: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class IdGroup:
    """Client ids that are made anew for ever, such as a Kafka Streams thread's, and the name that they share."""

    pattern: re.Pattern[str]
    """Must match the whole client id."""
    group: str
    """The name; ``\\1`` stands for what the pattern's first group matched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeNetwork:
    """Addresses that ``/probe`` may be pointed at."""

    network: IPv4Network | IPv6Network
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTls:
    """TLS towards the brokers."""

    ca_file: Path | None = None
    """None: the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None


class SaslMechanism(StrEnum):
    """How we prove who we are."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"
    AWS_MSK_IAM = "AWS_MSK_IAM"
    GSSAPI = "GSSAPI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sasl:
    """Who we are."""

    mechanism: SaslMechanism
    username: str | None = None
    """Of PLAIN and SCRAM, as the password is."""
    password_file: Path | None = None
    """Read again with each new connection, so that it may rotate."""
    password_env: str | None = None
    """Name of the environment variable that holds the password."""
    token_file: Path | None = None
    """Of OAUTHBEARER; read again with each new connection."""
    token_url: str | None = None
    """Of OAUTHBEARER: a token endpoint for client credentials, as all that follows."""
    client_id: str | None = None
    client_secret_file: Path | None = None
    client_secret_env: str | None = None
    """Name of the environment variable that holds the secret."""
    scope: str | None = None
    token_ca_file: Path | None = None
    """None: the system's CAs."""
    kerberos_service: str = "kafka"
    """Of GSSAPI: the first part of the brokers' principal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """One cluster whose transactions and producer ids are looked at. Secrets are read when needed, and are not here."""

    bootstrap_servers: tuple[Address, ...]
    cluster_id: str | None = None
    """Where given, a cluster of another id is refused."""
    tls: BrokerTls | None = None
    sasl: Sasl | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """Go onto every series of the broker view."""
    topics: tuple[re.Pattern[str], ...] = ()
    """Patterns of the topics whose settings, and producers without transactions, are looked at."""
    dlq_topics: tuple[re.Pattern[str], ...] = ()
    """Patterns of the dead letter topics whose growth is served."""
    shard: int = 0
    total_shards: int = 1
    lookback_records: int = 100_000
    """So much of each partition of the log is read at the start, to know the state of its ids; nothing of it counts."""
    poll_seconds: int = 30
    request_timeout_seconds: int = 5

    @property
    def protocol(self) -> str:
        """Kafka's name for it: ``SASL_SSL`` and the like."""
        return ("SASL_" if self.sasl else "") + ("SSL" if self.tls else "PLAINTEXT")


class LogFormat(StrEnum):
    """How a log line is written."""

    LOGFMT = "logfmt"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe message that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """Format and level of the exporter's own log."""

    format: LogFormat = LogFormat.LOGFMT
    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the exporter was told."""

    listen: Address = DEFAULT_LISTEN
    listen_pages: Address | None = DEFAULT_LISTEN_PAGES
    """None: no pages for people."""
    targets: tuple[Target, ...] = ()
    profile: Profile = Profile.DEFAULT
    limits: Limits = field(default_factory=Limits)
    id_groups: tuple[IdGroup, ...] = ()
    probe: tuple[ProbeNetwork, ...] = ()
    """Empty: ``/probe`` takes names of configured targets only."""
    broker: Broker | None = None
    """None: no broker is asked."""
    logging: Logging = field(default_factory=Logging)
