"""THE TABLE of the configuration: every key with its shape, its help, its flag and its environment variable.

The loader, the JSON schema, ``docs/configuration.md``, the flags and their ``--help`` follow from this table.
Defaults are in ``settings``, checks between keys in ``checks``.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.config.checks import (
    check_broker,
    check_id_group,
    check_jmx_tls,
    check_key_pair,
    check_login,
    check_probe_login,
    check_sasl,
    check_settings,
    check_transport,
)
from kafka_producer_exporter.config.files import examine_file, examine_secret_file
from kafka_producer_exporter.config.located import PASSWORD_KEYS
from kafka_producer_exporter.config.parsers import parse_network, parse_pattern, parse_token_url
from kafka_producer_exporter.config.presets import PRESETS
from kafka_producer_exporter.config.sections import Key, Section, section_of_defaults
from kafka_producer_exporter.config.shapes import (
    Choice,
    FilePath,
    FromHostname,
    Integer,
    Labels,
    ListOf,
    Off,
    OneOf,
    Switch,
    Text,
    VariableName,
    choice_of,
)
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import (
    Broker,
    BrokerTls,
    IdGroup,
    Jmx,
    JmxTls,
    Limits,
    LogFormat,
    Logging,
    LogLevel,
    ProbeNetwork,
    Sasl,
    SaslMechanism,
    Settings,
    Target,
    TargetKind,
    TlsMode,
    TransportKind,
)

ENVIRONMENT_PREFIX = "KAFKA_PRODUCER_EXPORTER_"

# Static labels are added to series that have these labels already.
TARGET_LABELS = tuple(
    sorted({label for metric in METRICS.values() if "target" in metric.labels for label in metric.labels})
)
BROKER_LABELS = tuple(sorted({label for metric in broker.METRICS for label in metric.labels}))

_HOST = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_IPV6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(%[A-Za-z0-9_.-]+)?"

ADDRESS = Text("HOST:PORT", rf"({_HOST}|\[{_IPV6}\])?:[0-9]{{1,5}}", "write HOST:PORT or [IPV6]:PORT", Address.parse)
HOST = Text("host name or IP address", f"({_HOST}|{_IPV6})", "write a host name or an IP address, without a port")
NAME = Text("text", r"[^\x00-\x20\x7f,=]+", "write a name without spaces, commas and =, in quotes if it is a number")
LINE = Text("text", r"[^\x00-\x1f\x7f]+", "write one line of text, in quotes if it is a number")
PATTERN = Text("regular expression", r"[\s\S]+", "write a regular expression, in quotes", parse_pattern)
NETWORK = Text("CIDR", r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?", "write it like 10.0.0.0/8", parse_network)
TOKEN_URL = Text("https://HOST/PATH", r"[^\x00-\x20\x7f]+", "write https://HOST/PATH", parse_token_url)
PORT = Integer(1, 65535, "a port")
COUNT = Integer(1, 1_000_000, "a limit")
ID_COUNT = Integer(1, 5000, "a limit of ids with 13 series each")
"""The page of 5,000 ids takes 0.3 s to make. That of 10,000 takes 3 s, since their labels are too many to keep."""
SHARD = Integer(0, 999, "a shard")
FILE = FilePath(examine_file)
SECRET_FILE = FilePath(examine_secret_file, secret=True)
VARIABLE = VariableName()

CA_FILE_HELP = (
    "CA certificates to trust, in PEM. Default: the system's CAs. A server's certificate must lead to one of them, be "
    "valid now and contain the host's name. Revocation and optional X.509 extensions are not checked."
)

JMX_TLS = Section(
    JmxTls,
    keys=(
        Key(
            "mode",
            choice_of(TlsMode),
            "Which of the JMX agent's ports use TLS: none, only the RMI port (`com.sun.management.jmxremote.ssl`), "
            "or both the RMI port and the registry (`com.sun.management.jmxremote.registry.ssl`).",
            option="jmx-tls",
        ),
        Key("ca_file", FILE, CA_FILE_HELP, option="jmx-tls-ca-file"),
        Key("cert_file", FILE, "Client certificate, for agents that require one (`ssl.need.client.auth`)."),
        Key("key_file", FILE, "Private key of the client certificate."),
        Key("server_name", HOST, "Name that the agent's certificate must be valid for. Default: `jmx.host`."),
    ),
    check=check_jmx_tls,
)

JMX = Section(
    Jmx,
    keys=(
        Key("host", HOST, "Host of the JMX agent. In a pod, all containers share 127.0.0.1.", example="127.0.0.1"),
        Key("port", PORT, "`com.sun.management.jmxremote.port` of the JVM.", required=True, example="9999"),
        Key(
            "rmi_port",
            PORT,
            "RMI port to connect to (`com.sun.management.jmxremote.rmi.port`). "
            "Default: the port that the agent announces.",
        ),
        Key(
            "registry_name",
            Text("text", r"[^\x00-\x1f\x7f]{1,200}", "write a name of up to 200 characters"),
            "Name of the JMX agent in the RMI registry. Another name than `jmxrmi` is at the end of the connector's "
            "URL, such as `service:jmx:rmi:///jndi/rmi://localhost:1099/karaf-root`.",
        ),
        Key(
            "username",
            LINE,
            "User name in the JVM's password file. A user with the access level `readonly` is sufficient.",
            example="monitor",
            option="jmx-username",
        ),
        Key(
            "password_file",
            SECRET_FILE,
            "File with the password. It must not be readable by all users, and is read at each login.",
            example="/etc/kafka-producer-exporter/password",
            option="jmx-password-file",
        ),
        Key(
            "password_env",
            VARIABLE,
            "Name of the environment variable with the password.",
            option="jmx-password-env",
        ),
        Key("tls", JMX_TLS, "TLS for the connection to the JMX agent."),
    ),
    alternatives=PASSWORD_KEYS,
    inherits=True,
    secret="password",  # noqa: S106 - a key's name
    check=check_login,
)

TARGET = Section(
    Target,
    keys=(
        Key("name", NAME, "Value of the label `target`. Default: `HOST:PORT`.", example="checkout"),
        Key(
            "kind",
            choice_of(TargetKind),
            "What the JVM is: an application with producers, or a broker (see Error codes in docs/broker-view.md).",
        ),
        Key(
            "transport",
            choice_of(TransportKind),
            "`rmi` reads JMX without a JVM. `jmxquery` starts a JVM for each scrape.",
        ),
        Key(
            "jmx",
            JMX,
            "Address of the JVM's JMX agent, and the credentials for it.",
            required=True,
            example="{port: 9999}",
        ),
        Key(
            "labels",
            Labels(TARGET_LABELS),
            "Labels to add to all series of the target, such as `kafka_cluster`.",
            example="{kafka_cluster: orders}",
            option="label",
        ),
    ),
    inherits=True,
    check=check_transport,
)

LIMITS = Section(
    Limits,
    keys=(
        Key("clients", COUNT, "Maximum number of client ids per target.", option="limit-clients"),
        Key("topics", COUNT, "Maximum number of topics per client.", option="limit-topics"),
        Key("nodes", COUNT, "Maximum number of brokers per client.", option="limit-nodes"),
        Key(
            "transactional_ids",
            ID_COUNT,
            "Maximum number of transactional ids with their own 13 series. For more, use `id_groups` or shards.",
            option="limit-transactional-ids",
        ),
    ),
)


def _one_group(pattern: re.Pattern[str], group: str) -> tuple[IdGroup, ...]:
    """Return a group as a preset is: several of them."""
    return (IdGroup(pattern=pattern, group=group),)


ID_GROUP = Section(
    _one_group,
    keys=(
        Key(
            "pattern",
            PATTERN,
            "Python regular expression. It must match the whole id.",
            required=True,
            example=r"'orders-[0-9a-f]{8}-(\w+)'",
        ),
        Key(
            "group",
            LINE,
            "Id under which matching ids are combined. `\\1` stands for the text of the pattern's first group.",
            required=True,
            example=r"'orders-\1'",
        ),
    ),
    check=check_id_group,
)


def _jmx_of_any_address(**keys: Any) -> Jmx:
    return Jmx(port=0, **keys)


PROBE_JMX = replace(
    JMX,
    make=_jmx_of_any_address,
    keys=tuple(key for key in JMX.keys if key.name not in {"host", "port"}),
    check=check_probe_login,
)

PROBE_NETWORK = Section(
    ProbeNetwork,
    keys=(
        Key("network", NETWORK, "Network whose addresses may be probed.", required=True, example="10.0.0.0/8"),
        Key("ports", ListOf(PORT, minimum=1), "Ports that may be probed.", required=True, example="[9999]"),
        Key(
            "jmx",
            PROBE_JMX,
            "Credentials and TLS for every address of the network; `defaults` do not apply. A password requires TLS.",
        ),
        Key("labels", Labels(TARGET_LABELS), "Labels to add to all series of these addresses."),
    ),
)


def _allowed_networks(allow: tuple[ProbeNetwork, ...] = ()) -> tuple[ProbeNetwork, ...]:
    return allow


PROBE = Section(
    _allowed_networks,
    keys=(Key("allow", ListOf(PROBE_NETWORK), "Networks and ports that `/probe?target=` may reach."),),
)

BROKER_TLS = Section(
    BrokerTls,
    keys=(
        Key("ca_file", FILE, CA_FILE_HELP),
        Key("cert_file", FILE, "Client certificate, for brokers that require one (`ssl.client.auth`)."),
        Key("key_file", FILE, "Private key of the client certificate."),
    ),
    check=check_key_pair,
)

SASL = Section(
    Sasl,
    keys=(
        Key("mechanism", choice_of(SaslMechanism), "SASL mechanism.", required=True, example="SCRAM-SHA-512"),
        Key(
            "username",
            LINE,
            "PLAIN, SCRAM: user name. docs/broker-view.md lists the rights that the user needs.",
            example="exporter",
        ),
        Key(
            "password_file",
            SECRET_FILE,
            "PLAIN, SCRAM: file with the password. It must not be readable by all users, and is read "
            "for each connection.",
        ),
        Key("password_env", VARIABLE, "PLAIN, SCRAM: name of the environment variable with the password."),
        Key(
            "token_file",
            SECRET_FILE,
            "OAUTHBEARER: file with the token. It must not be readable by all users, and is read for each connection, "
            "so that the token may be rotated.",
        ),
        Key(
            "token_url",
            TOKEN_URL,
            "OAUTHBEARER, instead of `token_file`: token endpoint for the client credentials grant.",
        ),
        Key("client_id", LINE, "OAUTHBEARER with `token_url`: client id."),
        Key(
            "client_secret_file",
            SECRET_FILE,
            "OAUTHBEARER with `token_url`: file with the client secret. It must not be readable by all users, "
            "and is read for each token.",
        ),
        Key(
            "client_secret_env",
            VARIABLE,
            "OAUTHBEARER with `token_url`: name of the environment variable with the client secret.",
        ),
        Key("scope", LINE, "OAUTHBEARER with `token_url`: scope to request."),
        Key(
            "token_ca_file",
            FILE,
            "OAUTHBEARER with `token_url`: " + CA_FILE_HELP,
        ),
        Key("kerberos_service", LINE, "GSSAPI: first part of the brokers' principal."),
    ),
    alternatives=PASSWORD_KEYS,
    secret="password",  # noqa: S106 - a key's name
    check=check_sasl,
)

BROKER = Section(
    Broker,
    keys=(
        Key(
            "bootstrap_servers",
            ListOf(ADDRESS, minimum=1, may_be_text=True),
            "Brokers to connect to first; they return the addresses of the others. "
            "`kafka-1:9092,kafka-2:9092` is accepted too.",
            required=True,
            example="[kafka-1:9092, kafka-2:9092]",
            option="bootstrap-server",
        ),
        Key("cluster_id", LINE, "Expected cluster id. A cluster with another id is an error."),
        Key(
            "tls", BROKER_TLS, "TLS for the connections to the brokers; `{}` trusts the system's CAs. Default: no TLS."
        ),
        Key("sasl", SASL, "SASL authentication. Default: none."),
        Key(
            "labels",
            Labels(BROKER_LABELS),
            "Labels to add to all series of the broker view, such as `kafka_cluster`.",
            example="{kafka_cluster: orders}",
        ),
        Key("topics", ListOf(PATTERN), "Topics to report on. A pattern must match the whole name."),
        Key(
            "dlq_topics",
            ListOf(PATTERN),
            "Dead letter topics whose growth is reported. A pattern must match the whole name.",
        ),
        Key(
            "shard",
            OneOf(SHARD, FromHostname(SHARD)),
            "Which part of the transaction log this exporter reads, from 0 to `total_shards` - 1. "
            "`from_hostname` takes the number at the end of the StatefulSet pod's name.",
            option="shard",
        ),
        Key(
            "total_shards",
            Integer(1, 1000, "a number of shards"),
            "Number of exporters that share the transaction log.",
            option="total-shards",
        ),
        Key(
            "lookback_records",
            COUNT,
            "Maximum number of records to read from each partition of the transaction log at startup.",
        ),
        Key("poll_seconds", Integer(1, 3600, "an interval"), "Interval between polls of the brokers."),
        Key("request_timeout_seconds", Integer(1, 60, "a timeout"), "Timeout of a request to a broker."),
    ),
    check=check_broker,
)

LOGGING = Section(
    Logging,
    keys=(
        Key("format", choice_of(LogFormat), "Format of the log, which goes to standard error.", option="log-format"),
        Key("level", choice_of(LogLevel), "Lowest level to log.", option="log-level"),
    ),
)

SETTINGS = Section(
    Settings,
    keys=(
        Key(
            "listen",
            ADDRESS,
            "Address of `/metrics`, `/probe` and the health endpoints. Without a host: every address, IPv4 and IPv6.",
            example=":9797",
            option="listen",
        ),
        Key(
            "listen_pages",
            OneOf(ADDRESS, Off()),
            "Address of the status pages. `kubectl port-forward` reaches the default address.",
            option="listen-pages",
        ),
        Key(
            "http_reload",
            Switch(),
            "Whether `POST /-/reload` loads the configuration again. SIGHUP always does.",
            option="http-reload",
        ),
        Key(
            "profile",
            choice_of(Profile),
            "Which metrics to serve. `minimal`: those that alerts need or that the operating guide names. "
            "`default`: also those that most users want. `full`: every numeric attribute that adds information.",
            option="profile",
        ),
        Key(
            "targets",
            ListOf(TARGET),
            "JVMs to read. Targets from flags or from the environment replace those in the file.",
            option="target",
        ),
        Key(
            "defaults",
            section_of_defaults(TARGET, without=("name",)),
            "Values for keys that a target does not set itself.",
            check_only=True,
        ),
        Key("limits", LIMITS, "Limits on the number of series. Series beyond a limit are combined into `other`."),
        Key(
            "id_groups",
            ListOf(OneOf(ID_GROUP, Choice(tuple(PRESETS), PRESETS.__getitem__)), flat=True),
            "Groups of generated ids. Each group is combined under one id. The first pattern that matches applies.",
            option="id-group",
        ),
        Key("probe", PROBE, "Addresses that `/probe` may reach in addition to the configured targets."),
        Key("broker", BROKER, "Cluster to report the transactions and producer ids of (docs/broker-view.md)."),
        Key("logging", LOGGING, "Format and level of the log."),
    ),
    check=check_settings,
)


class Option(NamedTuple):
    """A key that can also be set by a flag and an environment variable."""

    path: tuple[str, ...]
    """The key's place in the file."""
    key: Key

    @property
    def flag(self) -> str:
        """The flag on the command line."""
        return f"--{self.key.option}"

    @property
    def repeatable(self) -> bool:
        """Whether the key holds several values: the flag may be repeated, and both it and the variable take commas."""
        return isinstance(self.key.shape, ListOf | Labels)

    @property
    def variable(self) -> str:
        """The environment variable."""
        plural = "S" if self.repeatable else ""
        return ENVIRONMENT_PREFIX + self.key.option.upper().replace("-", "_") + plural


def options(section: Section = SETTINGS, path: tuple[str, ...] = ()) -> Iterator[Option]:
    """Yield every key that can also be set by a flag and an environment variable."""
    for key in section.keys:
        below = (*path, key.name)
        if key.option:
            yield Option(below, key)
        if isinstance(key.shape, Section):
            yield from options(key.shape, below)
