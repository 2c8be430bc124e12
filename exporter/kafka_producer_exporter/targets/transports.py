"""From a target's settings to the transport that reads it."""

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Transport
from kafka_producer_exporter.net.tls_settings import TlsSettings
from kafka_producer_exporter.settings import JmxTls, Target, TlsMode, TransportKind
from kafka_producer_exporter.targets.credentials import credentials


def transport_for(target: Target) -> Transport:
    """Return the transport of a target. Opens nothing yet."""
    jmx = target.jmx
    if target.transport is TransportKind.JMXQUERY:
        # Needs a Java at run time, and is rare: whoever does not use it does not load it.
        from kafka_producer_exporter.jmx.jar import JarTransport  # noqa: PLC0415

        return JarTransport(jmx.host, jmx.port)
    return RmiTransport(
        jmx.host, jmx.port, rmi_port=jmx.rmi_port, credentials=credentials(jmx), tls=_tls_settings(jmx.tls)
    )


def _tls_settings(tls: JmxTls) -> TlsSettings:
    return TlsSettings(
        registry=tls.mode is TlsMode.BOTH,
        rmi=tls.mode is not TlsMode.NONE,
        ca_file=tls.ca_file,
        cert_file=tls.cert_file,
        key_file=tls.key_file,
        server_name=tls.server_name,
    )
