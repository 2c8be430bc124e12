"""JVMs with a serialization filter, which JMX requests must pass as well."""

import time

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.explain import ALLOWED_BY_FILTER
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.net.errors import Reason, TransportError

PRODUCERS = Selection("kafka.producer:type=producer-metrics,client-id=*", lambda _, listed: listed)


@pytest.fixture
def read(broker, producer_jvm):
    """Return a function that reads every attribute of a producer in a JVM with a filter."""

    def read(serial_filter):
        jvm = producer_jvm(java_options=[f"-Djdk.serialFilter={serial_filter}"])
        jvm.new("orders", broker.bootstrap)
        transport = RmiTransport("127.0.0.1", jvm.jmx_port)
        try:
            return transport.read([PRODUCERS], deadline=time.monotonic() + 10)
        finally:
            transport.close()

    return read


@pytest.mark.parametrize("serial_filter", ["!*", "java.base/*;!*", "maxarray=32"])
def test_a_filter_that_rejects_jmx_is_reported_with_what_it_must_allow(read, serial_filter):
    with pytest.raises(TransportError, match="rejects JMX requests") as caught:
        read(serial_filter)

    assert caught.value.reason is Reason.PROTOCOL
    assert f"put {ALLOWED_BY_FILTER} at the start of -Djdk.serialFilter" in str(caught.value)
    assert "remove limits such as maxarray" in str(caught.value)


@pytest.mark.parametrize("serial_filter", ["!*", "java.base/*;!*"])
def test_a_jvm_with_the_filter_that_the_message_advises_is_read(read, serial_filter):
    [reading] = read(f"{ALLOWED_BY_FILTER};{serial_filter}")

    assert len(reading.values) > 50
