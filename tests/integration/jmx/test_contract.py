"""Our readings of live JVMs, compared with the catalogue and with the readings of the jmxquery package."""

import math
import time

import pytest

from kafka_producer_exporter.catalogue import mbean_kinds
from kafka_producer_exporter.catalogue.selections import selections
from kafka_producer_exporter.catalogue.table import IGNORED, by_attribute
from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import Selection
from kafka_producer_exporter.model import Attribute, Profile
from lab.broker import Broker, Security
from lab.certificates import make_certificates
from lab.jmxquery import read_mbeans
from lab.process import wait_until
from lab.producer import ProducerJvm
from tests.integration.topics import new_topic

CLIENTS = {"idle", "idle,eu", "sending", "committing"}
VERSIONS = ("2.8.2", "3.9.2", "4.4.0")

EVERYTHING = (Selection(mbean_kinds.PATTERN, lambda _, listed: listed),)

FREE_RUNNING = {
    # Windows: they change with the clock, and when a sample leaves them.
    "-avg": "the average of a window: a sample that enters or leaves moves it either way",
    "-max": "the maximum of a window: it falls when its sample leaves",
    "-rate": "an amount per length of a window, which grows from call to call and shrinks when a part of it leaves",
    "-ratio": "a rate of time per time",
    # Momentary values of a busy producer.
    "buffer-available-bytes": "less with each record, more with each response",
    "connection-count": "more with each connection, less with each close",
    "metadata-age": "0 again when the metadata is renewed",
    "requests-in-flight": "more with each request, less with each response",
    "waiting-threads": "more with each wait for memory, less with its end",
}
"""Attributes, or endings of their names, that need not lie between two reads of the same producer, and why."""


@pytest.fixture(scope="module", params=VERSIONS)
def jvm(request, broker):
    """A JVM with producers that are idle (one has a comma in its name), that send, and that commit."""
    orders = new_topic(broker, partitions=3)
    with ProducerJvm(request.param) as jvm:
        for name in ("idle", "idle,eu"):
            jvm.new(name, broker.bootstrap).send(orders, count=3)
        sending = jvm.new("sending", broker.bootstrap)
        sending.loop(orders, per_second=50)
        committing = jvm.new("committing", broker.bootstrap, transactional_id=f"committing-{request.param}-{orders}")
        committing.init()
        committing.loop(orders, per_second=10, records=3, abort_every=2)
        wait_until(
            "the producers are at work",
            lambda: sending.stats().get("ok", 0) > 10 and {"committed", "aborted"} <= committing.stats().keys(),
        )
        yield jvm


def ours(jvm, what):
    """Read with our own client. Return ObjectName → attribute → value."""
    transport = RmiTransport("127.0.0.1", jvm.jmx_port)
    try:
        readings = transport.read(what, deadline=time.monotonic() + 10)
    finally:
        transport.close()
    return {name.text: dict(zip(attributes, values, strict=True)) for name, attributes, values in readings}


def unknown_attributes(read):
    """Return the numeric attributes of this reading that are neither served nor ignored."""
    served = by_attribute(Profile.FULL)
    return [
        f"{name} {attribute} = {value}"
        for name, attributes in read.items()
        for kind in [mbean_kinds.kind_of(ObjectName(name))]
        for attribute, value in attributes.items()
        if isinstance(value, float) and (kind, attribute) not in served and Attribute(kind, attribute) not in IGNORED
    ]


def enclosed(before, read, after):
    """Yield ObjectName, attribute and the three values of whatever both other reads have as a number."""
    for name, attributes in read.items():
        for attribute, value in attributes.items():
            first, last = (theirs.get(name, {}).get(attribute) for theirs in (before, after))
            if isinstance(first, float) and isinstance(last, float):
                yield name, attribute, first, value, last


def contradictions(before, read, after):
    """Return our values that two reads of the jmxquery package, one before and one after ours, contradict."""
    return [
        f"{name} {attribute}: {value!r} was read between {first} and {last}"
        for name, attribute, first, value, last in enclosed(before, read, after)
        if not isinstance(value, float | int) or contradicts(name, attribute, first, float(value), last)
    ]


def contradicts(name, attribute, first, value, last):
    """Return whether our value contradicts the two others.

    If they agree, ours must be equal to them; if not, ours must lie between them, unless the attribute runs free. A
    free-running value of a busy producer may change and change back, so the two may agree by chance; that of an idle
    producer may not.
    """
    if same(first, last):
        return not same(first, value) and (is_at_rest(name) or not is_free_running(attribute))
    return not min(first, last) <= value <= max(first, last) and not is_free_running(attribute)


def same(one, other):
    return one == other or (math.isnan(one) and math.isnan(other))


def client_id(name):
    properties = ObjectName(name).properties
    return properties.get("client-id", properties.get("id"))


def is_at_rest(name):
    return client_id(name).startswith("idle")


def is_free_running(attribute):
    return any(attribute.endswith(ending) for ending in FREE_RUNNING)


def test_every_numeric_attribute_of_a_live_jvm_is_served_or_ignored_with_a_reason(jvm):
    read = read_mbeans(jvm.jmx_port)

    assert unknown_attributes(read) == []
    assert {mbean_kinds.kind_of(ObjectName(name)) for name in read} == set(mbean_kinds.KINDS) - {mbean_kinds.TLS}


def test_every_numeric_attribute_of_a_tls_connection_is_served(lab, producer_jvm, tmp_path):
    certificates = make_certificates(tmp_path / "certificates")
    options = {
        "security_protocol": "SSL",
        "ssl_truststore_location": certificates.trust_store,
        "ssl_truststore_password": "changeit",
    }
    with Broker(security=Security(certificates=certificates, users={}, access_control=False)) as broker:
        broker.create_topic("orders")
        jvm = producer_jvm()
        jvm.new("orders", broker.address("SSL"), **options).send("orders")

        read = read_mbeans(jvm.jmx_port)

    assert unknown_attributes(read) == []
    assert mbean_kinds.TLS in {mbean_kinds.kind_of(ObjectName(name)) for name in read}


@pytest.mark.parametrize("what", [EVERYTHING, selections(Profile.FULL)], ids=["everything", "full"])
def test_our_numbers_lie_between_two_reads_of_jmxquery(jvm, what):
    before = read_mbeans(jvm.jmx_port)

    read = ours(jvm, what)

    after = read_mbeans(jvm.jmx_port)
    compared = {name for name, *_ in enclosed(before, read, after)}
    assert contradictions(before, read, after) == []
    assert {client_id(name) for name in compared} == CLIENTS
    assert {mbean_kinds.kind_of(ObjectName(name)) for name in compared} >= {
        *(mbean_kinds.CLIENT, mbean_kinds.NODE, mbean_kinds.TOPIC, mbean_kinds.APP_INFO)
    }


def test_we_read_the_same_mbeans_attributes_and_texts_as_jmxquery(jvm):
    theirs = read_mbeans(jvm.jmx_port)

    read = ours(jvm, EVERYTHING)

    assert {name: sorted(attributes) for name, attributes in read.items()} == {
        name: sorted(attributes) for name, attributes in theirs.items()
    }
    assert texts(read) == texts(theirs)


def texts(read):
    return {
        (name, attribute): value
        for name, attributes in read.items()
        for attribute, value in attributes.items()
        if isinstance(value, str)
    }


def test_only_windows_and_momentary_values_run_free(jvm):
    read = ours(jvm, EVERYTHING)
    attributes = {attribute for values in read.values() for attribute in values}

    unused = [ending for ending in FREE_RUNNING if not any(name.endswith(ending) for name in attributes)]
    excused = {name for name in attributes if is_free_running(name)}

    assert unused == []
    assert {name for name in attributes if name.endswith(("-total", "-ms", "-bytes"))} & excused == {
        "buffer-available-bytes"
    }
