"""The configuration as frozen, parsed values with all defaults filled in. Any package may import them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.address import Address

DEFAULT_LISTEN = Address("", 9797)
DEFAULT_LISTEN_PAGES = Address("127.0.0.1", 9798)


class TargetKind(StrEnum):
    """What runs in a target's JVM."""

    PRODUCER = "producer"
    BROKER = "broker"


class TransportKind(StrEnum):
    """How a JVM's MBeans are read."""

    RMI = "rmi"
    JMXQUERY = "jmxquery"


class TlsMode(StrEnum):
    """Which of a JMX agent's two ports use TLS."""

    NONE = "none"
    RMI = "rmi"
    """Only the RMI port (``com.sun.management.jmxremote.ssl``)."""
    BOTH = "both"
    """The RMI port and the registry (``com.sun.management.jmxremote.registry.ssl``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JmxTls:
    """TLS for the connection to a JMX agent."""

    mode: TlsMode = TlsMode.NONE
    ca_file: Path | None = None
    """None means the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    """Name that the certificate must be valid for; None means ``host``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jmx:
    """Address of a JVM's JMX agent, and login. The password itself is never kept here."""

    host: str = "127.0.0.1"
    port: int
    rmi_port: int | None = None
    """None means the port that the agent announces."""
    registry_name: str = "jmxrmi"
    """The agent's name in the RMI registry."""
    username: str | None = None
    password_file: Path | None = None
    """Read at each login, so that the password may be rotated."""
    password_env: str | None = None
    """Name of the environment variable that holds the password."""
    tls: JmxTls = field(default_factory=JmxTls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A JVM to read: an application with producers, or a broker."""

    name: str
    jmx: Jmx
    kind: TargetKind = TargetKind.PRODUCER
    transport: TransportKind = TransportKind.RMI
    labels: Mapping[str, str] = field(default_factory=dict)
    """Added to every series of this target. They never replace a label that a series already has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Maximum number of distinct values of a label. Series with further values are summed into ``other``."""

    clients: int = 200
    """Clients of one target."""
    topics: int = 500
    """Topics of one client."""
    nodes: int = 100
    """Brokers of one client."""
    transactional_ids: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class IdGroup:
    """Generated ids, such as those of Kafka Streams threads, and the id under which they are summed."""

    pattern: re.Pattern[str]
    """Must match the whole id."""
    group: str
    """The common id; ``\\1`` stands for the text of the pattern's first group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeNetwork:
    """Addresses and ports that ``/probe`` may reach."""

    network: IPv4Network | IPv6Network
    ports: tuple[int, ...]
    jmx: Jmx = field(default_factory=lambda: Jmx(port=0))
    """How to connect to each of them; the host and the port are those of the probe."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Added to every series of each address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTls:
    """TLS for the connections to the brokers."""

    ca_file: Path | None = None
    """None means the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None


class SaslMechanism(StrEnum):
    """Kafka's names of the SASL mechanisms."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"
    AWS_MSK_IAM = "AWS_MSK_IAM"
    GSSAPI = "GSSAPI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sasl:
    """Login to the brokers, or to the token endpoint that they trust."""

    mechanism: SaslMechanism
    username: str | None = None
    """For PLAIN and SCRAM, like the password."""
    password_file: Path | None = None
    """Read for each connection, so that the password may be rotated."""
    password_env: str | None = None
    """Name of the environment variable that holds the password."""
    token_file: Path | None = None
    """For OAUTHBEARER; read for each connection, so that the token may be rotated."""
    token_url: str | None = None
    """For OAUTHBEARER: a token endpoint for the client credentials grant. The next five fields belong to it."""
    client_id: str | None = None
    client_secret_file: Path | None = None
    client_secret_env: str | None = None
    """Name of the environment variable that holds the secret."""
    scope: str | None = None
    token_ca_file: Path | None = None
    """None means the system's CAs."""
    kerberos_service: str = "kafka"
    """For GSSAPI: the first part of the brokers' principal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A cluster whose transactions and producer ids are reported. Secrets are never kept here."""

    bootstrap_servers: tuple[Address, ...]
    cluster_id: str | None = None
    """Expected cluster id; None accepts any cluster."""
    tls: BrokerTls | None = None
    sasl: Sasl | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """Added to every series of the broker view."""
    topics: tuple[re.Pattern[str], ...] = ()
    """Topics whose settings and idempotent producers are reported."""
    dlq_topics: tuple[re.Pattern[str], ...] = ()
    """Dead letter topics, whose growth is reported."""
    shard: int = 0
    """Which part of the transaction log this exporter reads, from 0 to ``total_shards`` - 1."""
    total_shards: int = 1
    lookback_records: int = 100_000
    """Maximum number of records to read from each partition of the log at startup. They establish the state of the
    transactional ids and are not counted."""
    poll_seconds: int = 30
    request_timeout_seconds: int = 5

    @property
    def protocol(self) -> str:
        """Kafka's name of the security protocol, such as ``SASL_SSL``."""
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
    """The whole configuration."""

    listen: Address = DEFAULT_LISTEN
    listen_pages: Address | None = DEFAULT_LISTEN_PAGES
    """None means that the status pages are not served."""
    http_reload: bool = False
    """Whether anyone who reaches ``listen`` may have the configuration loaded again."""
    targets: tuple[Target, ...] = ()
    profile: Profile = Profile.DEFAULT
    limits: Limits = field(default_factory=Limits)
    id_groups: tuple[IdGroup, ...] = ()
    probe: tuple[ProbeNetwork, ...] = ()
    """If empty, ``/probe`` only accepts names of configured targets."""
    broker: Broker | None = None
    """None means that no broker is queried."""
    logging: Logging = field(default_factory=Logging)
