"""Makes the transport for a target from its settings."""

import os
from collections.abc import Mapping

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Transport
from kafka_producer_exporter.net.pool import Pool
from kafka_producer_exporter.net.secrets import Secret, read_secret
from kafka_producer_exporter.net.tls_settings import TlsSettings
from kafka_producer_exporter.settings import Jmx, JmxTls, Target, TlsMode, TransportKind


def transport_for(target: Target, memory: Pool | None = None) -> Transport:
    """Return the transport for a target, which connects at its first read. *memory* is for the replies it decodes."""
    jmx = target.jmx
    if target.transport is TransportKind.JMXQUERY:
        # Imported only where it is used, because it is rare.
        from kafka_producer_exporter.jmx.jar import JarTransport  # noqa: PLC0415

        return JarTransport(jmx.host, jmx.port)
    return RmiTransport(
        jmx.host,
        jmx.port,
        rmi_port=jmx.rmi_port,
        registry_name=jmx.registry_name,
        credentials=lambda: credentials(jmx),
        tls=_tls_settings(jmx.tls),
        tls_registry=jmx.tls.mode is TlsMode.BOTH,
        memory=memory,
    )


def credentials(jmx: Jmx, environment: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """Return the current user and password, or None without a user. Raise TransportError if there is no password."""
    if jmx.username is None:
        return None
    secret = Secret(
        *("password", jmx.password_file, jmx.password_env, "jmx.password_file", "jmx.password_env"), user=jmx.username
    )
    return jmx.username, read_secret(secret, environment)


def _tls_settings(tls: JmxTls) -> TlsSettings | None:
    if tls.mode is TlsMode.NONE:
        return None
    return TlsSettings(ca_file=tls.ca_file, cert_file=tls.cert_file, key_file=tls.key_file, server_name=tls.server_name)
