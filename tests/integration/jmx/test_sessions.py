"""What reads leave in a real JVM: one session while the exporter runs, however the reads end, and none afterwards.

A JVM has a thread for each JMX session, "JMX server connection timeout N". The kernel shows the first 15 characters.
"""

import contextlib
import time
from pathlib import Path

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.net.errors import Reason, TransportError
from lab.process import wait_until
from lab.producer import ProducerJvm, write_password_file
from lab.proxy import Proxy
from tests.integration.jmx.java_program import with_agent
from tests.integration.serving import Serve

EVERYTHING = Selection("*:*", lambda _, listed: listed)
PRODUCERS = Selection("kafka.producer:*", lambda _, listed: listed)


def within(seconds):
    return time.monotonic() + seconds


def sessions(pid):
    """Return the number of JMX sessions of a JVM."""
    found = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has just ended
            found += (thread / "comm").read_text() == "JMX server conn\n"
    return found


def wait_for_sessions(number, pid):
    wait_until(f"the JVM has {number} JMX sessions", lambda: sessions(pid) == number, timeout_seconds=15)


def reasons(transport, reads, *, seconds=10, selection=PRODUCERS):
    """Read some times. Return why the reads failed; None is a read that succeeded."""
    found = []
    for _ in range(reads):
        try:
            transport.read([selection], deadline=within(seconds))
            found.append(None)
        except TransportError as error:
            found.append(error.reason)
    return found


@pytest.fixture
def target(producer_jvm):
    return producer_jvm("4.4.0")


@pytest.fixture
def client():
    """Makes transports to a port, and closes them at the end."""
    with contextlib.ExitStack() as open_:
        yield lambda port, **options: open_.enter_context(
            contextlib.closing(RmiTransport("127.0.0.1", port, **options))
        )


def test_reads_that_time_out_leave_one_session_and_none_after_close(client, target):
    transport = client(target.jmx_port)
    before = reasons(transport, 1)
    target.pause()
    frozen = reasons(transport, 5, seconds=0.3)
    target.resume()
    wait_for_sessions(1, target.pid)

    after = reasons(transport, 1)
    wait_for_sessions(1, target.pid)
    target.pause()
    frozen += reasons(transport, 1, seconds=0.3)
    target.resume()
    transport.close()

    assert [*before, *after] == [None, None]
    assert set(frozen) == {Reason.TIMEOUT}
    wait_for_sessions(0, target.pid)


def test_close_while_the_jvm_is_frozen_leaves_no_session_once_it_runs_again(client, target):
    transport = client(target.jmx_port)
    reasons(transport, 1)
    wait_for_sessions(1, target.pid)
    target.pause()

    transport.close()

    target.resume()
    wait_for_sessions(0, target.pid)


def test_an_idle_connection_that_is_cut_leaves_one_session_and_none_after_close(client, target):
    with Proxy(target.jmx_port) as proxy:
        transport = client(proxy.port, rmi_port=proxy.port)
        found = []
        for _ in range(5):
            found += reasons(transport, 1)
            proxy.cut()
        wait_for_sessions(1, target.pid)

        transport.close()

        assert found == [None] * 5
        wait_for_sessions(0, target.pid)


def test_reads_that_a_serialization_filter_rejects_leave_one_session_and_none_after_close(client, producer_jvm):
    target = producer_jvm(java_options=["-Djdk.serialFilter=!*"])
    transport = client(target.jmx_port)

    found = reasons(transport, 5)

    assert found == [Reason.PROTOCOL] * 5
    wait_for_sessions(1, target.pid)
    transport.close()
    wait_for_sessions(0, target.pid)


def test_a_wrong_password_leaves_no_session(client, producer_jvm, tmp_path):
    target = producer_jvm("4.4.0", password_file=write_password_file(tmp_path, {"monitor": "right"}))
    transport = client(target.jmx_port, credentials=lambda: ("monitor", "wrong"))

    found = reasons(transport, 3)

    assert found == [Reason.AUTHENTICATION] * 3
    wait_for_sessions(0, target.pid)


HUGE = """
import java.lang.management.ManagementFactory;
import javax.management.ObjectName;

public class Huge {
    public interface ListMBean { Object getValue(); }
    public static class List implements ListMBean { public Object getValue() { return new Object[300_000]; } }

    public static void main(String[] arguments) throws Exception {
        ManagementFactory.getPlatformMBeanServer().registerMBean(new List(), new ObjectName("huge:type=list"));
        System.out.println("READY");
        System.in.read();
    }
}
"""


def test_replies_over_a_limit_leave_one_session_and_none_after_close(lab, client, tmp_path):
    with with_agent(HUGE, tmp_path) as (process, port):
        assert process.stdout.readline() == b"READY\n"
        transport = client(port)

        found = reasons(transport, 5, selection=Selection("huge:*", lambda _, listed: listed))

        assert set(found) <= {Reason.LIMIT, None}
        wait_for_sessions(1, process.pid)
        transport.close()
        wait_for_sessions(0, process.pid)


@pytest.mark.parametrize("frozen", [False, True], ids=["running", "frozen"])
def test_an_exporter_that_ends_leaves_no_session(target, tmp_path, frozen):
    target.new("orders", "127.0.0.1:9")
    with Serve("--target", f"checkout=127.0.0.1:{target.jmx_port}", folder=tmp_path) as serve:
        serve.page_once("the target is up", lambda page: page.value("kafka_producer_up") == 1)
        wait_for_sessions(1, target.pid)
        if frozen:
            target.pause()
            serve.page(timeout_seconds=1)
    target.resume()

    wait_for_sessions(0, target.pid)


def test_reads_over_restarts_of_the_jvm_leave_one_session(client, lab):
    with ProducerJvm("4.4.0") as target:
        transport = client(target.jmx_port)
        for _ in range(3):
            reasons(transport, 2)
            target.kill()
            reasons(transport, 2, seconds=1)
            target.start()
            assert reasons(transport, 3) == [None] * 3
            wait_for_sessions(1, target.pid)

        transport.close()

        wait_for_sessions(0, target.pid)
