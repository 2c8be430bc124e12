"""JVMs with a serialization filter, which JMX requests must pass as well."""

import re
import time

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
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
def test_a_filter_that_rejects_jmx_is_reported_and_the_jvm_is_read_with_the_filter_that_the_message_advises(
    read, serial_filter
):
    with pytest.raises(TransportError, match="rejects JMX requests") as caught:
        read(serial_filter)
    advice = re.search(
        r"put (\S+) at the start of -Djdk\.serialFilter, and remove limits such as (\w+)", str(caught.value)
    )
    kept = [part for part in serial_filter.split(";") if not part.startswith(f"{advice[2]}=")]

    [reading] = read(";".join([advice[1], *kept]))

    assert caught.value.reason is Reason.PROTOCOL
    assert len(reading.values) > 50
