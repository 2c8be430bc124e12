"""Checks between the keys of a section. The shape of a single key is checked before, by itself.

Each check takes the values that are valid by themselves, and the section as it was written.
"""

import importlib.util
import re
from collections.abc import Mapping

from kafka_producer_exporter.config.context import LoadContext
from kafka_producer_exporter.config.located import PASSWORD_KEYS, Located
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import DEFAULT_LISTEN, JmxTls, SaslMechanism, TlsMode, TransportKind

_PASSWORD_LOGIN = frozenset({"username", *PASSWORD_KEYS})
_CLIENT_SECRETS = ("client_secret_file", "client_secret_env")
_TOKEN_ENDPOINT = frozenset({"client_id", *_CLIENT_SECRETS, "scope", "token_ca_file"})
_SASL_KEYS: Mapping[SaslMechanism, frozenset[str]] = {
    SaslMechanism.PLAIN: _PASSWORD_LOGIN,
    SaslMechanism.SCRAM_SHA_256: _PASSWORD_LOGIN,
    SaslMechanism.SCRAM_SHA_512: _PASSWORD_LOGIN,
    SaslMechanism.OAUTHBEARER: _TOKEN_ENDPOINT | {"token_file", "token_url"},
    SaslMechanism.AWS_MSK_IAM: frozenset(),
    SaslMechanism.GSSAPI: frozenset({"kerberos_service"}),
}
"""Keys of ``broker.sasl`` that each mechanism uses."""
_SASL_PACKAGES = {SaslMechanism.AWS_MSK_IAM: "botocore", SaslMechanism.GSSAPI: "gssapi"}
"""Packages that kafka-python needs for a mechanism and does not install itself."""


def check_settings(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report two targets with the same name, and two listeners on the same port."""
    if "targets" in located.entries:
        _check_target_names(located.entries["targets"], context)
    listen, pages = values.get("listen", DEFAULT_LISTEN), values.get("listen_pages")
    # The default of listen_pages may be in use: serve then runs without status pages, and logs it.
    if isinstance(listen, Address) and isinstance(pages, Address):
        overlap = listen.host == pages.host or {listen.host, pages.host} & {"", "0.0.0.0", "::"}  # noqa: S104 - compared only
        if listen.port == pages.port != 0 and overlap:
            where = located.entries["listen_pages"].where
            context.report(where, f"port {pages.port} is taken by listen; choose another port, or off")


def _check_target_names(targets: Located, context: LoadContext) -> None:
    """Report two targets with the same name: no panel and no alert could tell them apart."""
    seen: dict[object, int] = {}
    for index, target in enumerate(targets.items):
        name = target.entries.get("name", target)
        if not isinstance(name.value, str):
            continue
        first = seen.setdefault(name.value, index)
        if first != index:
            context.report(name.where, f'"{name.value}" is already the name of targets[{first}]; choose another')


def check_transport(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report keys that jmxquery cannot honor, or would put on the command line of its JVM for everyone to read."""
    if values.get("transport") is not TransportKind.JMXQUERY or "jmx" not in located.entries:
        return
    jmx = located.entries["jmx"].entries
    for name in ("username", "password_file", "password_env"):
        if name in jmx:
            context.report(jmx[name].where, "transport jmxquery would show this to every process; use transport: rmi")
    for name in ("rmi_port", "registry_name", "tls"):
        if name in jmx:
            context.report(jmx[name].where, "transport jmxquery does not support this; use transport: rmi")


def check_login(_: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report a user without a password, and a password without a user."""
    password = next((located.entries[name] for name in PASSWORD_KEYS if name in located.entries), None)
    if password and "username" not in located.entries:
        context.report(password.where, "a password without a user; add username")
    if not password and "username" in located.entries and "password" not in located.entries:
        advice = f"add {' or '.join(PASSWORD_KEYS)}"
        context.report(located.entries["username"].where, f"a user without a password; {advice}")


def check_probe_login(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report a login without TLS: anyone who may ask for an address would have the password sent there, and shown."""
    check_login(values, located, context)
    tls = values.get("tls", JmxTls())
    if "username" in located.entries and isinstance(tls, JmxTls) and tls.mode is TlsMode.NONE:
        what = "without TLS, the password would be sent to every address that is asked for; set tls.mode to rmi or both"
        context.report(located.entries["username"].where, what)


def check_jmx_tls(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report certificates without TLS, and half of a pair of certificate and key."""
    if values.get("mode", TlsMode.NONE) is TlsMode.NONE:
        for name in ("ca_file", "cert_file", "key_file", "server_name"):
            if name in located.entries:
                context.report(located.entries[name].where, "no effect without TLS; set jmx.tls.mode to rmi or both")
    check_key_pair(values, located, context)


def check_key_pair(_: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report half of a pair of certificate and key."""
    for name, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if name in located.entries and other not in located.entries:
            context.report(located.entries[name].where, f"no effect without {other}; set both, or neither")


def check_id_group(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report a group name that refers to something that the pattern does not capture."""
    pattern, group = values.get("pattern"), values.get("group")
    if isinstance(pattern, re.Pattern) and isinstance(group, str):
        try:
            pattern.sub(group, "")  # parses the group name even though nothing matches
        except (re.error, IndexError):
            where = located.entries["group"].where
            context.report(where, "the pattern has no such group; use \\1 for its first group")


def check_broker(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report a shard number outside 0..total_shards-1, and a mechanism without the TLS that it needs."""
    shard, total = values.get("shard", 0), values.get("total_shards", 1)
    if isinstance(shard, int) and isinstance(total, int) and shard >= total:
        written = located.entries["shard"]
        number = f"{shard}" if isinstance(written.value, int) else f"{shard}, from the host name,"
        context.report(written.where, f"{number} is not less than total_shards ({total}); use 0 to {total - 1}")
    mechanism = located.entries["sasl"].entries.get("mechanism") if "sasl" in located.entries else None
    if mechanism and mechanism.value == SaslMechanism.AWS_MSK_IAM and "tls" not in located.entries:
        context.report(mechanism.where, f"{mechanism.value} requires TLS; add tls: {{}} to broker")


def check_sasl(values: Mapping[str, object], located: Located, context: LoadContext) -> None:
    """Report keys that the mechanism does not use, and keys or packages that it needs."""
    mechanism = values.get("mechanism")
    if not isinstance(mechanism, SaslMechanism):
        return
    used = _SASL_KEYS[mechanism]
    for name in frozenset().union(*_SASL_KEYS.values()) - used:
        if name in located.entries:
            what = f"no effect with {mechanism}; remove it, or choose another mechanism"
            context.report(located.entries[name].where, what)
    if used == _PASSWORD_LOGIN:
        if not used & located.entries.keys():
            context.report(f"{located.where}.username", "missing; write username: exporter")
        check_login(values, located, context)
    if mechanism is SaslMechanism.OAUTHBEARER:
        _check_token(located, context)
    package = _SASL_PACKAGES.get(mechanism)
    if package and importlib.util.find_spec(package) is None:
        what = f"{mechanism} needs the package {package}; run pip install {package}"
        context.report(located.entries["mechanism"].where, what)


def _check_token(located: Located, context: LoadContext) -> None:
    """Report an OAUTHBEARER login that has neither a token nor everything to get one, or that has both."""
    if "token_url" not in located.entries:
        if "token_file" not in located.entries:
            what = "missing; write token_file: FILE, or set token_url, client_id and client_secret_file"
            context.report(f"{located.where}.token_file", what)
        for name in sorted(_TOKEN_ENDPOINT & located.entries.keys()):
            context.report(located.entries[name].where, "no effect without token_url; add it, or remove this")
        return
    if "token_file" in located.entries:
        context.report(located.entries["token_url"].where, "token_file and token_url are both set; keep one of them")
    if "client_id" not in located.entries:
        context.report(f"{located.where}.client_id", "missing; write client_id: exporter")
    secrets = [name for name in _CLIENT_SECRETS if name in located.entries]
    if not secrets:
        context.report(f"{located.where}.client_secret_file", f"missing; add {' or '.join(_CLIENT_SECRETS)}")
    if len(secrets) > 1:
        context.report(located.entries[secrets[-1]].where, f"{' and '.join(secrets)} are both set; keep one of them")
