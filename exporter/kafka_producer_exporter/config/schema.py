"""THE TABLE of the configuration: every key, its shape, its meaning.

The loader's checks, the JSON schema, ``docs/configuration.md``, the flags and their ``--help`` all follow from it.
Defaults stand in ``settings``.
"""

import importlib.util
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.config.files import examine_file, examine_password_file
from kafka_producer_exporter.config.found import ALTERNATIVES, Findings, Found
from kafka_producer_exporter.config.ordinal import FROM_HOSTNAME, Ordinal
from kafka_producer_exporter.config.presets import PRESETS
from kafka_producer_exporter.config.shapes import (
    Choice,
    Either,
    FilePath,
    Integer,
    Key,
    Labels,
    Off,
    Section,
    Several,
    Text,
    VariableName,
    choice_of,
    loosened,
)
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.address import Address, is_loopback
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

# Static labels go onto the series that have the label ``target``; none of them may be told twice.
RESERVED_LABELS = tuple(
    sorted({label for metric in METRICS.values() if "target" in metric.labels for label in metric.labels})
)

BROKER_RESERVED_LABELS = tuple(sorted({label for metric in broker.METRICS for label in metric.labels}))

_HOST = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_IPV6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(%[A-Za-z0-9_.-]+)?"


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return the network. Raises ValueError where a bit of a host is set, or it is none."""
    try:
        wide = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not a network; write it like 10.0.0.0/8 or fd00::/8") from None
    if (
        str(wide) != str(ipaddress.ip_interface(text).network)
        or ipaddress.ip_interface(text).ip != wide.network_address
    ):
        raise ValueError(f"{text} is an address within a network; write {wide} for the network")
    return wide


def expression(text: str) -> re.Pattern[str]:
    """Return the regular expression, compiled. Raises ValueError for one that is none."""
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"this is not a regular expression: {error.msg}; correct it") from None


LISTEN = Text("HOST:PORT", rf"({_HOST}|\[{_IPV6}\])?:[0-9]{{1,5}}", "write HOST:PORT or [IPV6]:PORT", Address.parse)
HOST = Text("host name or address", f"({_HOST}|{_IPV6})", "write a host name or an address, the port apart")
NAME = Text("text", r"[^\x00-\x20\x7f,=]+", "write a name without spaces, commas and =, in quotes if it is a number")
LINE = Text("text", r"[^\x00-\x1f\x7f]+", "write one line of text, in quotes if it is a number")
PORT = Integer("1 to 65535", 1, 65535, "a port")
COUNT = Integer("1 to 1000000", 1, 1_000_000, "a limit")
FILE = FilePath(examine_file)
PASSWORD_FILE = FilePath(examine_password_file)


def check_tls(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse certificates without TLS, and half of a pair."""
    if values.get("mode", TlsMode.NONE) is TlsMode.NONE:
        for name in ("ca_file", "cert_file", "key_file", "server_name"):
            if name in found.keys:
                findings.add(found.keys[name].where, "no effect without TLS; write mode: rmi, or mode: both")
    check_pair(values, found, findings)


def check_pair(_: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse half of a pair of certificate and key."""
    for name, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if name in found.keys and other not in found.keys:
            findings.add(found.keys[name].where, f"useless without {other}; give both, or neither")


TLS = Section(
    JmxTls,
    (
        Key(
            "mode", choice_of(TlsMode),
            "Which of the JMX agent's two ports speak TLS: none, the RMI port (`jmxremote.ssl`), "
            "or the registry too (`jmxremote.registry.ssl`).", option="jmx-tls",
        ),
        Key("ca_file", FILE, "Whom to trust, in PEM. Without it: the system's CAs.", option="jmx-tls-ca-file"),
        Key("cert_file", FILE, "Our own certificate, where the agent asks for one (`ssl.need.client.auth`)."),
        Key("key_file", FILE, "The key of our own certificate."),
        Key("server_name", HOST, "The name that the agent's certificate must be for. Without it: `host`."),
    ),
    check=check_tls,
)  # fmt: skip


def check_login(_: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse a user without a password, and a password without a user."""
    password = next((found.keys[name] for name in ALTERNATIVES if name in found.keys), None)
    if password and "username" not in found.keys:
        findings.add(password.where, "a password without a user; add username")
    if not password and "username" in found.keys and "password" not in found.keys:
        findings.add(found.keys["username"].where, f"a user without a password; add {' or '.join(ALTERNATIVES)}")


JMX = Section(
    Jmx,
    (
        Key("host", HOST, "Where the JVM is. In a pod all containers share 127.0.0.1.", example="127.0.0.1"),
        Key("port", PORT, "`com.sun.management.jmxremote.port` of the JVM.", required=True, example="9999"),
        Key("rmi_port", PORT, "`jmxremote.rmi.port`, where the agent names a port that is not reachable as such."),
        Key("username", LINE, "A user of the JVM's password file; the role `readonly` is enough.",
            example="monitor", option="jmx-username"),
        Key("password_file", PASSWORD_FILE, "File with the password, not readable by all; read at each login.",
            example="/etc/kafka-producer-exporter/password", option="jmx-password-file"),
        Key("password_env", VariableName(), "Name of the environment variable with the password; read at each login.",
            option="jmx-password-env"),
        Key("tls", TLS, "TLS towards the JMX agent."),
    ),
    alternatives=ALTERNATIVES,
    inherits=True,
    secret="password",  # noqa: S106 - a key's name
    check=check_login,
)  # fmt: skip


def check_transport(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse what jmxquery cannot do, or would do on the command line of its JVM, where everyone can read it."""
    if values.get("transport") is not TransportKind.JMXQUERY or "jmx" not in found.keys:
        return
    jmx = found.keys["jmx"].keys
    for name in ("username", "password_file", "password_env"):
        if name in jmx:
            findings.add(jmx[name].where, "transport jmxquery would show it to every process; use transport: rmi")
    for name in ("rmi_port", "tls"):
        if name in jmx:
            findings.add(jmx[name].where, "transport jmxquery cannot do this; use transport: rmi")


TARGET = Section(
    Target,
    (
        Key("name", NAME, "Its label `target`. Without it: `HOST:PORT`.", example="checkout"),
        Key("kind", choice_of(TargetKind),
            "Whose JVM it is: an application's, or a broker's own (docs/broker-view.md, Error codes)."),
        Key("transport", choice_of(TransportKind),
            "`rmi` reads JMX without a JVM; `jmxquery` starts one for each scrape."),
        Key("jmx", JMX, "The JVM's JMX agent, and how to log in.", required=True, example="{port: 9999}"),
        Key("labels", Labels(RESERVED_LABELS), "Labels for all series of the target, such as `kafka_cluster`.",
            example="{kafka_cluster: orders}"),
    ),
    inherits=True,
    check=check_transport,
)  # fmt: skip

DEFAULTS = loosened(TARGET, without=("name",))


def check_group(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse a group that refers to what the pattern does not capture."""
    pattern, group = values.get("pattern"), values.get("group")
    if isinstance(pattern, re.Pattern) and isinstance(group, str):
        try:
            pattern.sub(group, "")
        except (re.error, IndexError):
            findings.add(
                found.keys["group"].where, "it refers to a group that the pattern has not; use \\1 for the first"
            )


def one_group(pattern: re.Pattern[str], group: str) -> tuple[IdGroup, ...]:
    """Return a group of the operator's own, as a preset returns several."""
    return (IdGroup(pattern=pattern, group=group),)


ID_GROUP = Section(
    one_group,
    (
        Key("pattern", Text("regular expression", r"[\s\S]+", "write a regular expression, in quotes", expression),
            "Python regular expression that must match the whole client id.", required=True,
            example=r"'orders-[0-9a-f]{8}-(\w+)'"),
        Key("group", LINE, "The `client_id` that they share; `\\1` is what the pattern's first group matched.",
            required=True, example=r"'orders-\1'"),
    ),
    check=check_group,
)  # fmt: skip

LIMITS = Section(
    Limits,
    (
        Key("clients", COUNT, "Client ids of a target.", option="limit-clients"),
        Key("topics", COUNT, "Topics of a client.", option="limit-topics"),
        Key("nodes", COUNT, "Brokers of a client.", option="limit-nodes"),
        Key("transactional_ids", COUNT, "Transactional ids.", option="limit-transactional-ids"),
    ),
)  # fmt: skip

NETWORK = Section(
    ProbeNetwork,
    (
        Key("network", Text("CIDR", r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?", "write it like 10.0.0.0/8", network),
            "Addresses that may be probed.", required=True, example="10.0.0.0/8"),
        Key("ports", Several(PORT, minimum=1), "Ports that may be probed.", required=True, example="[9999]"),
    ),
)  # fmt: skip


def allowed(allow: tuple[ProbeNetwork, ...] = ()) -> tuple[ProbeNetwork, ...]:
    """Return the networks that ``/probe`` may be pointed at."""
    return allow


PROBE = Section(allowed, (Key("allow", Several(NETWORK), "Networks and ports that `/probe?target=` takes."),))

BROKER_TLS = Section(
    BrokerTls,
    (
        Key("ca_file", FILE, "Whom to trust, in PEM. Without it: the system's CAs."),
        Key("cert_file", FILE, "Our own certificate, where the brokers ask for one (`ssl.client.auth`)."),
        Key("key_file", FILE, "The key of our own certificate."),
    ),
    check=check_pair,
)  # fmt: skip


def endpoint(text: str) -> str:
    """Return the address of a token endpoint. Raises ValueError, without the text: it may hold a secret."""
    try:
        url = urlsplit(text)
        whole = bool(url.hostname) and url.port != 0
    except ValueError:
        raise ValueError("this is not an address; write https://HOST/PATH") from None
    if url.scheme != "https" and (url.scheme != "http" or not is_loopback(url.hostname or "")):
        raise ValueError("a secret would go unencrypted, or nowhere; write https:// (http:// for this machine only)")
    if not whole or url.fragment or not text.isascii():
        raise ValueError("this is not an address; write https://HOST/PATH")
    if url.username is not None:
        raise ValueError("credentials do not belong here; use client_id and client_secret_file")
    return text


_LOGIN = frozenset({"username", *ALTERNATIVES})
_SECRETS = ("client_secret_file", "client_secret_env")
_ENDPOINT = frozenset({"client_id", *_SECRETS, "scope", "token_ca_file"})
SASL_KEYS: Mapping[SaslMechanism, frozenset[str]] = {
    SaslMechanism.PLAIN: _LOGIN,
    SaslMechanism.SCRAM_SHA_256: _LOGIN,
    SaslMechanism.SCRAM_SHA_512: _LOGIN,
    SaslMechanism.OAUTHBEARER: _ENDPOINT | {"token_file", "token_url"},
    SaslMechanism.AWS_MSK_IAM: frozenset(),
    SaslMechanism.GSSAPI: frozenset({"kerberos_service"}),
}
"""Which keys go with which mechanism."""
SASL_PACKAGES = {SaslMechanism.AWS_MSK_IAM: "botocore", SaslMechanism.GSSAPI: "gssapi"}
"""What kafka-python needs besides for it."""


def check_sasl(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse keys of another mechanism, and half of what one needs."""
    mechanism = values.get("mechanism")
    if not isinstance(mechanism, SaslMechanism):
        return
    allowed_keys = SASL_KEYS[mechanism]
    for name in frozenset().union(*SASL_KEYS.values()) - allowed_keys:
        if name in found.keys:
            findings.add(
                found.keys[name].where, f"no effect with {mechanism}; leave it out, or choose another mechanism"
            )
    if allowed_keys == _LOGIN:
        if "username" not in found.keys and not any(name in found.keys for name in ALTERNATIVES):
            findings.add(f"{found.where}.username", "missing; write username: exporter")
        check_login(values, found, findings)
    if mechanism is SaslMechanism.OAUTHBEARER:
        _check_token(found, findings)
    package = SASL_PACKAGES.get(mechanism)
    if package and importlib.util.find_spec(package) is None:
        findings.add(found.keys["mechanism"].where, f"{mechanism} needs the package {package}; pip install {package}")


def _check_token(found: Found, findings: Findings) -> None:
    if "token_url" not in found.keys:
        if "token_file" not in found.keys:
            message = "missing; write token_file: FILE, or token_url, client_id and client_secret_file"
            findings.add(f"{found.where}.token_file", message)
        for name in sorted(_ENDPOINT & found.keys.keys()):
            findings.add(found.keys[name].where, "no effect without token_url; add it, or leave this out")
        return
    if "token_file" in found.keys:
        findings.add(found.keys["token_url"].where, "token_file and token_url are both there; keep one of them")
    if "client_id" not in found.keys:
        findings.add(f"{found.where}.client_id", "missing; write client_id: exporter")
    secrets = [name for name in _SECRETS if name in found.keys]
    if not secrets:
        findings.add(f"{found.where}.client_secret_file", f"missing; add {' or '.join(_SECRETS)}")
    if len(secrets) > 1:
        findings.add(found.keys[secrets[-1]].where, f"{' and '.join(secrets)} are both there; keep one of them")


ENDPOINT = Text("https://HOST/PATH", r"[^\x00-\x20\x7f]+", "write https://HOST/PATH", endpoint)

SASL = Section(
    Sasl,
    (
        Key("mechanism", choice_of(SaslMechanism), "How to prove who we are.", required=True, example="SCRAM-SHA-512"),
        Key("username", LINE, "PLAIN, SCRAM: the user; docs/broker-view.md has the rights that it needs.",
            example="exporter"),
        Key("password_file", PASSWORD_FILE, "PLAIN, SCRAM: file with the password, not readable by all; read at each "
            "connection."),
        Key("password_env", VariableName(), "PLAIN, SCRAM: name of the environment variable with the password."),
        Key("token_file", PASSWORD_FILE, "OAUTHBEARER: file with the token, not readable by all; read at each "
            "connection, so that it may rotate."),
        Key("token_url", ENDPOINT, "OAUTHBEARER: a token endpoint instead, asked by client credentials."),
        Key("client_id", LINE, "OAUTHBEARER, with `token_url`: who we are there."),
        Key("client_secret_file", PASSWORD_FILE, "OAUTHBEARER, with `token_url`: file with the secret, not readable by "
            "all; read for each token."),
        Key("client_secret_env", VariableName(), "OAUTHBEARER, with `token_url`: name of the environment variable "
            "with the secret."),
        Key("scope", LINE, "OAUTHBEARER, with `token_url`: what the token shall be good for."),
        Key("token_ca_file", FILE, "OAUTHBEARER, with `token_url`: whom to trust there, in PEM. Without it: the "
            "system's CAs."),
        Key("kerberos_service", LINE, "GSSAPI: the first part of the brokers' principal."),
    ),
    alternatives=ALTERNATIVES,
    secret="password",  # noqa: S106 - a key's name
    check=check_sasl,
)  # fmt: skip

TOPIC_PATTERN = Text("regular expression", r"[\s\S]+", "write a regular expression, in quotes", expression)


def check_shards(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse a shard that is none of so many."""
    shard, total = values.get("shard", 0), values.get("total_shards", 1)
    if isinstance(shard, int) and isinstance(total, int) and shard >= total:
        told = found.keys["shard"]
        whose = f"{shard}, from the host name," if told.value == FROM_HOSTNAME else f"{shard}"
        findings.add(told.where, f"{whose} is no shard of {total}; use 0 to {total - 1}")


def check_broker(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse a shard that is none of so many, and a mechanism without the TLS that it needs."""
    check_shards(values, found, findings)
    mechanism = found.keys["sasl"].keys.get("mechanism") if "sasl" in found.keys else None
    if mechanism and mechanism.value == SaslMechanism.AWS_MSK_IAM and "tls" not in found.keys:
        findings.add(mechanism.where, f"{mechanism.value} works over TLS only; add tls: {{}} to broker")


BROKER = Section(
    Broker,
    (
        Key("bootstrap_servers", Several(LISTEN, minimum=1), "Addresses of brokers to begin with.", required=True,
            example="[kafka-1:9092, kafka-2:9092]", option="bootstrap-server"),
        Key("cluster_id", LINE, "The id that the cluster must have; another cluster is refused."),
        Key("tls", BROKER_TLS, "TLS towards the brokers; `{}` for the system's CAs. Without it: plain text."),
        Key("sasl", SASL, "How to log in. Without it: not at all."),
        Key("labels", Labels(BROKER_RESERVED_LABELS), "Labels for all series of the cluster, such as `kafka_cluster`.",
            example="{kafka_cluster: orders}"),
        Key("topics", Several(TOPIC_PATTERN), "Patterns of the topics whose idempotent producers are shown."),
        Key("dlq_topics", Several(TOPIC_PATTERN), "Patterns of the dead letter topics whose growth is shown."),
        Key("shard", Ordinal("0 to 999, or from_hostname", 0, 999, "a shard"),
            "Which part of the transaction log is ours; `from_hostname`: the number of our pod in its StatefulSet.",
            option="shard"),
        Key("total_shards", Integer("1 to 1000", 1, 1000, "a number of shards"), "How many collectors share the log.",
            option="total-shards"),
        Key("lookback_records", COUNT, "Records of each of the log's partitions that are read at the start, at most."),
        Key("poll_seconds", Integer("1 to 3600", 1, 3600, "an interval"), "How often the brokers are asked."),
        Key("request_timeout_seconds", Integer("1 to 60", 1, 60, "a time-out"), "How long an answer may take."),
    ),
    check=check_broker,
)  # fmt: skip

LOGGING = Section(
    Logging,
    (
        Key("format", choice_of(LogFormat), "One line each, on standard error.", option="log-format"),
        Key("level", choice_of(LogLevel), "From which level on.", option="log-level"),
    ),
)  # fmt: skip


def check_names(found: Found, findings: Findings) -> None:
    """Refuse two targets of one name: they would be one on every panel and in every alert."""
    seen: dict[object, int] = {}
    for index, target in enumerate(found.items):
        name = target.keys.get("name", target)
        if not isinstance(name.value, str):
            continue
        if name.value in seen:
            findings.add(
                name.where, f'"{name.value}" is already the name of targets[{seen[name.value]}]; choose another'
            )
        else:
            seen[name.value] = index


def check_settings(values: Mapping[str, object], found: Found, findings: Findings) -> None:
    """Refuse two targets of one name, and two listeners on one port."""
    if "targets" in found.keys:
        check_names(found.keys["targets"], findings)
    listen, pages = values.get("listen", SETTINGS.default("listen")), values.get("listen_pages")
    # The default of listen_pages may be taken: serve leaves the pages out then, and says so.
    if isinstance(listen, Address) and isinstance(pages, Address):
        (host, port), (other_host, other_port) = listen, pages
        shared = host == other_host or {host, other_host} & {"", "0.0.0.0", "::"}  # noqa: S104 - compared only
        if port == other_port != 0 and shared:
            findings.add(found.keys["listen_pages"].where, f"port {port} is taken by listen; choose another, or off")


SETTINGS = Section(
    Settings,
    (
        Key("listen", LISTEN, "Where `/metrics`, `/probe` and health are served.", example="0.0.0.0:9797",
            option="listen"),
        Key("listen_pages", Off(LISTEN), "Where the pages for people are served; `kubectl port-forward` reaches them.",
            option="listen-pages"),
        Key("profile", choice_of(Profile),
            "How much is served: the guide's names and what the alerts need; what most want; every numeric attribute.",
            option="profile"),
        Key("targets", Several(TARGET), "The JVMs to read: those of a higher layer replace those of a lower one.",
            option="target"),
        Key("defaults", DEFAULTS, "What targets share: a target without a key has the one of here.", kept=False),
        Key("limits", LIMITS, "How many distinct ids are kept; what comes later is summed into `other`."),
        Key("id_groups", Several(Either(Choice(tuple(PRESETS), PRESETS.__getitem__), ID_GROUP), flat=True),
            "Client ids made anew for ever are summed under the name of their group. The first match holds.",
            option="id-group"),
        Key("probe", PROBE, "Whom `/probe` may be pointed at, beside the configured targets."),
        Key("broker", BROKER, "The cluster whose transactions and producer ids are looked at."),
        Key("logging", LOGGING, "What the log looks like."),
    ),
    check=check_settings,
)  # fmt: skip


class Option(NamedTuple):
    """A key that may be given as a flag and as an environment variable."""

    path: tuple[str, ...]
    """Where it stands in the file; ``targets`` and what targets share are those of every target."""
    key: Key

    @property
    def flag(self) -> str:
        """As on the command line."""
        return f"--{self.key.option}"

    @property
    def repeatable(self) -> bool:
        """A list: the flag is repeated, the variable has commas."""
        return isinstance(self.key.shape, Several)

    @property
    def variable(self) -> str:
        """The environment variable."""
        plural = "S" if self.repeatable else ""
        return ENVIRONMENT_PREFIX + self.key.option.upper().replace("-", "_") + plural


def options(section: Section = SETTINGS, path: tuple[str, ...] = ()) -> Iterator[Option]:
    """Yield every key of the configuration that is also a flag."""
    for key in section.keys:
        below = (*path, key.name)
        if key.option:
            yield Option(below, key)
        if isinstance(key.shape, Section):
            yield from options(key.shape, below)
