"""A JVM with more MBeans than can be read, one of them with a name of a megabyte."""

import time

from kafka_producer_exporter.catalogue.selections import PRODUCER_NAMES, selections
from kafka_producer_exporter.jmx import replies
from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.readings import LeftOut
from kafka_producer_exporter.model import Profile
from tests.integration.jmx.java_program import with_agent

MANY = """
import java.lang.management.ManagementFactory;
import javax.management.ObjectName;

public class Many {
    public interface PlainMBean { double getValue(); }
    public static class Plain implements PlainMBean { public double getValue() { return 1.5; } }

    public static void main(String[] arguments) throws Exception {
        var server = ManagementFactory.getPlatformMBeanServer();
        var plain = new Plain();
        String topics = "kafka.producer:type=producer-topic-metrics,client-id=a,topic=";
        for (int index = 0; index < Integer.parseInt(arguments[0]); index++) {
            server.registerMBean(plain, new ObjectName(topics + index));
        }
        server.registerMBean(plain, new ObjectName(topics + "x".repeat(1 << 20)));
        server.registerMBean(plain, new ObjectName(topics + "y".repeat(60_000)));
        server.registerMBean(plain, new ObjectName("kafka.producer:type=producer-metrics,client-id=a"));
        System.out.println("READY");
        System.in.read(); // the advice is followed
        server.unregisterMBean(new ObjectName(topics + "x".repeat(1 << 20)));
        server.registerMBean(plain, new ObjectName(topics + "x"));
        for (int index = 0; index < Integer.parseInt(arguments[0]) / 2; index++) {
            server.unregisterMBean(new ObjectName(topics + index));
        }
        System.out.println("DONE");
        System.in.read();
    }
}
"""


def test_a_jvm_with_too_many_mbeans_is_read_and_what_is_left_out_is_counted_until_the_advice_is_followed(
    lab, tmp_path, monkeypatch
):
    monkeypatch.setattr(replies, "MAX_NAMES", 2_000)  # a JVM needs a minute for more than the real limit
    with with_agent(MANY, tmp_path, "3000", options=["-Xmx256m"]) as (process, port):
        assert process.stdout.readline() == b"READY\n"
        transport = RmiTransport("127.0.0.1", port)

        transport.read([PRODUCER_NAMES], deadline=time.monotonic() + 30)
        names, left_out = transport.listed, transport.left_out
        transport.read(selections(Profile.DEFAULT), deadline=time.monotonic() + 60)
        left_out_when_read = transport.left_out
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"DONE\n"
        transport.read([PRODUCER_NAMES], deadline=time.monotonic() + 30)
        left_out_afterwards = transport.left_out
        transport.close()

    assert left_out == left_out_when_read == {LeftOut.TOO_MANY: 3_001 - 2_000, LeftOut.NAME: 1}
    assert left_out_afterwards == {}
    assert "kafka.producer:type=producer-metrics,client-id=a" in names
