"""From a target's settings to the transport that reads it."""

import os
from collections.abc import Mapping

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Transport
from kafka_producer_exporter.net.secrets import Secret, read_secret
from kafka_producer_exporter.net.tls_settings import TlsSettings
from kafka_producer_exporter.settings import Jmx, JmxTls, Target, TlsMode, TransportKind


def transport_for(target: Target) -> Transport:
    """Return the transport of a target. Opens nothing yet."""
    jmx = target.jmx
    if target.transport is TransportKind.JMXQUERY:
        # Needs a Java at run time, and is rare: whoever does not use it does not load it.
        from kafka_producer_exporter.jmx.jar import JarTransport  # noqa: PLC0415

        return JarTransport(jmx.host, jmx.port)
    return RmiTransport(
        jmx.host, jmx.port, rmi_port=jmx.rmi_port, credentials=lambda: credentials(jmx), tls=_tls_settings(jmx.tls)
    )


def credentials(jmx: Jmx, environment: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """Return user and password as they are now; None without a user. Raise TransportError if there is no password."""
    if jmx.username is None:
        return None
    secret = Secret("password", jmx.password_file, jmx.password_env, "jmx.password_file", "jmx.password_env")
    return jmx.username, read_secret(secret, environment)


def _tls_settings(tls: JmxTls) -> TlsSettings:
    return TlsSettings(
        registry=tls.mode is TlsMode.BOTH,
        rmi=tls.mode is not TlsMode.NONE,
        ca_file=tls.ca_file,
        cert_file=tls.cert_file,
        key_file=tls.key_file,
        server_name=tls.server_name,
    )
