"""The JVM flags that ``check`` prints, followed: a JVM that is started with them is read."""

import time

import pytest

from kafka_producer_exporter.commands.check import VERSIONS, jvm_flags
from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.net.tls_settings import TlsSettings
from kafka_producer_exporter.settings import Jmx, JmxTls, TlsMode
from lab.certificates import PASSWORD, make_certificates
from lab.process import Port
from lab.producer import write_password_file


@pytest.mark.parametrize(("host", "mode"), [("::1", TlsMode.NONE), ("127.0.0.1", TlsMode.RMI)])
def test_a_jvm_with_the_advised_flags_is_read(broker, producer_jvm, tmp_path, host, mode):
    port = Port()
    write_password_file(tmp_path, {"monitor": "secret"})
    (tmp_path / "jmxremote.access").write_text("monitor readonly\n")
    certificates = make_certificates(tmp_path / "certificates") if mode is TlsMode.RMI else None
    flags = jvm_flags(Jmx(host=host, port=port.number, tls=JmxTls(mode=mode)))
    options = [flag.replace("/etc/jmx", str(tmp_path)) for flag in flags]
    if certificates:
        options.append(f"-Djavax.net.ssl.keyStore={certificates.server.key_store}")
        options.append(f"-Djavax.net.ssl.keyStorePassword={PASSWORD}")
    jvm = producer_jvm(jmx=False, java_options=options)
    jvm.new("orders", broker.bootstrap)
    tls = TlsSettings(ca_file=certificates.ca) if certificates else None
    transport = RmiTransport(host, port.number, credentials=lambda: ("monitor", "secret"), tls=tls)

    readings = transport.read([VERSIONS], deadline=time.monotonic() + 10)
    transport.close()
    port.close()

    assert readings
