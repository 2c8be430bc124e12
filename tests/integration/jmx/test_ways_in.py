"""Each way into a JVM that its JMX agent offers. ``make jdks`` runs this module on every JDK that it can get."""

import contextlib
import time

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls_settings import TlsSettings
from lab.certificates import make_certificates
from lab.producer import JmxTls, write_password_file

NOBODY = "127.0.0.1:9"  # a producer registers its MBeans whether a broker answers or not
PRODUCERS = Selection("kafka.producer:*", lambda _, listed: listed)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def plain(certificates, folder):
    return {}, {}, {"tls": TlsSettings(ca_file=certificates.ca), "tls_registry": True}


def password(certificates, folder):
    file = write_password_file(folder, {"monitor": "secret"})
    return {"password_file": file}, {"credentials": lambda: ("monitor", "secret")}, {}


def tls(certificates, folder, *, registry=True, demand=False, show=False):
    """Return the JVM's side and ours; with *show* we show a certificate, and with *demand* the JVM demands one."""
    jvm = JmxTls(
        identity=certificates.server,
        registry=registry,
        client_trust_store=certificates.trust_store if demand else None,
    )
    trusting = TlsSettings(ca_file=certificates.ca)
    me = certificates.client
    shown = TlsSettings(ca_file=certificates.ca, cert_file=me.certificate, key_file=me.key)
    right = {"tls": shown if show else trusting, "tls_registry": registry}
    return {"tls": jvm}, right, ({"tls": trusting, "tls_registry": registry} if demand else {})


WAYS = {
    "plain": plain,
    "password": password,
    "tls-on-both-ports": tls,
    "tls-on-the-rmi-port": lambda *arguments: tls(*arguments, registry=False),
    "client-certificate": lambda *arguments: tls(*arguments, demand=True, show=True),
    "client-certificate-on-the-rmi-port": lambda *arguments: tls(*arguments, registry=False, demand=True, show=True),
}
"""Way in → options of the JVM, ours that fit them, and ours that do not."""

REFUSALS = {"plain": Reason.TLS_MISMATCH, "password": Reason.AUTHENTICATION}
"""The reason for which the wrong way in is refused; for the ways with TLS it is a mismatch."""


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_reads_the_producer_and_a_wrong_one_says_why(lab, producer_jvm, certificates, tmp_path, way):
    theirs, right, wrong = WAYS[way](certificates, tmp_path)
    target = producer_jvm(**theirs)
    target.new("orders", NOBODY)

    def read(options):
        with contextlib.closing(RmiTransport("127.0.0.1", target.jmx_port, **options)) as transport:
            return transport.read([PRODUCERS], deadline=time.monotonic() + 10)

    readings = read(right)
    with pytest.raises(TransportError) as refused:
        read(wrong)

    assert any(reading.name.properties.get("client-id") == "orders" for reading in readings)
    assert refused.value.reason is REFUSALS.get(way, Reason.TLS_MISMATCH)
