import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.jar import JarTransport
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.settings import Jmx, Target, TransportKind
from kafka_producer_exporter.targets.transports import credentials, transport_for


def test_a_target_without_a_user_logs_in_without_credentials():
    assert credentials(Jmx(port=1), {}) is None


def test_a_target_with_a_user_logs_in_with_the_current_password():
    assert credentials(Jmx(port=1, username="u", password_env="PW"), {"PW": "secret"}) == ("u", "secret")


def test_the_jvms_own_password_file_is_not_a_password(tmp_path):
    file = tmp_path / "jmxremote.password"
    file.write_text("monitor secret\n")

    with pytest.raises(TransportError, match="is the JVM's own password file"):
        credentials(Jmx(port=1, username="monitor", password_file=file))


def test_the_agent_is_looked_up_under_its_configured_name():
    transport = transport_for(Target(name="a", jmx=Jmx(port=1, registry_name="karaf-root")))

    assert transport._agent.registry_name == "karaf-root"


@pytest.mark.parametrize(
    ("kind", "expected"), [(TransportKind.RMI, RmiTransport), (TransportKind.JMXQUERY, JarTransport)]
)
def test_the_setting_transport_decides_which_transport_reads_the_target(kind, expected):
    assert isinstance(transport_for(Target(name="a", transport=kind, jmx=Jmx(port=1))), expected)
