"""RMI registries and ports that are not the ones that the exporter expects, each read as its message advises."""

import contextlib
import re
import time

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.net.errors import Reason, TransportError
from lab.process import Port
from tests.integration.jmx.java_program import java_program

RUNTIME = Selection("java.lang:type=Runtime", lambda _, listed: listed)

SOURCE = """
import java.lang.management.ManagementFactory;
import java.rmi.Remote;
import java.rmi.RemoteException;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.UnicastRemoteObject;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;

/** A JVM with a JMX agent under another name, as Apache Karaf has it. For each line it binds one more object. */
public class Container {
    public interface Clock extends Remote { long now() throws RemoteException; }
    public static class LocalClock implements Clock { public long now() { return System.nanoTime(); } }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        int rmiPort = Integer.parseInt(arguments[1]);
        Registry registry = LocateRegistry.createRegistry(port);
        String url = "service:jmx:rmi://127.0.0.1:" + rmiPort + "/jndi/rmi://127.0.0.1:" + port + "/karaf-root";
        var beans = ManagementFactory.getPlatformMBeanServer();
        JMXConnectorServerFactory.newJMXConnectorServer(new JMXServiceURL(url), null, beans).start();
        System.out.println("ready");
        while (System.in.read() == '\\n') {
            registry.bind("clock", UnicastRemoteObject.exportObject(new LocalClock(), rmiPort));
            System.out.println("bound");
        }
    }
}
"""


@pytest.fixture(scope="module")
def container(lab, tmp_path_factory):
    """Return the process, the port of its registry, and its RMI port."""
    registry, rmi = Port(), Port()
    folder = tmp_path_factory.mktemp("container")
    with java_program(SOURCE, folder, str(registry.number), str(rmi.number)) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process, registry.number, rmi.number
    registry.close()
    rmi.close()


def read(port, **options):
    with contextlib.closing(RmiTransport("127.0.0.1", port, **options)) as transport:
        return transport.read([RUNTIME], deadline=time.monotonic() + 10)


def message_of(port, **options):
    with pytest.raises(TransportError) as caught:
        read(port, **options)
    assert caught.value.reason is Reason.NOT_JMX
    return str(caught.value)


def test_an_agent_under_another_name_is_read_under_the_name_that_the_message_gives(container):
    process, port, _ = container

    message = message_of(port)
    name = re.search(r"set jmx\.registry_name to (\S+);", message)[1]
    readings = read(port, registry_name=name)

    process.stdin.write(b"\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"bound\n"
    both = message_of(port)
    wrong = message_of(port, registry_name="clock")

    assert name == "karaf-root"
    assert readings
    assert "set jmx.registry_name to its name" in both
    assert {"karaf-root", "clock"} <= set(re.split(r"\W+ ", both.partition(" but ")[2]))
    assert wrong.endswith("no JMX agent under the name 'clock'; set jmx.registry_name to the name of the JMX agent")


def test_an_rmi_port_that_is_given_for_the_registrys_is_reported_as_such(container):
    _, port, rmi_port = container

    assert "set jmx.port to the port of -Dcom.sun.management.jmxremote.port, not to that of" in message_of(rmi_port)
    assert read(port, registry_name="karaf-root")


def test_a_wrong_rmi_port_is_read_without_it_as_the_message_says(container):
    _, port, _ = container

    message = message_of(port, registry_name="karaf-root", rmi_port=port)

    assert message.endswith("is not the RMI port of this JMX agent; correct or remove jmx.rmi_port")
    assert read(port, registry_name="karaf-root")
