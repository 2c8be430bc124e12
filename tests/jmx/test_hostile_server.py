"""A read of a hostile server, for real over a socket: it ends with readings or in a TransportError, and in time."""

import threading
import time

import pytest

from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.jmx.conversation import EVERYTHING
from tests.torture.hostile_jmx import FIRST_WORDS, MODES, HostileJvm

SECONDS = 0.25
CONNECTIONS = 3
"""Each connection of a server spoils the reply to another call."""


def message_of_read(transport, *, deadline):
    """Return why a read failed, or an empty text if it did not."""
    try:
        transport.read([EVERYTHING], deadline=deadline)
    except TransportError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("mode", MODES)
def test_a_read_of_a_hostile_server_ends_in_time_and_with_nothing_but_a_transport_error(mode, client):
    with HostileJvm(mode, seed=1) as jvm:
        transport = client(jvm.port, rmi_port=jvm.port)
        for _ in range(CONNECTIONS):
            began = time.monotonic()
            message = message_of_read(transport, deadline=began + SECONDS)
            assert "\n" not in message
            assert len(message) < 500
            assert time.monotonic() - began < SECONDS + 1.5  # the bytes that have arrived are decoded first


@pytest.mark.parametrize("mode", FIRST_WORDS)
def test_a_server_that_speaks_something_else_is_not_jmx(mode, client):
    with HostileJvm(mode, seed=1) as jvm, pytest.raises(TransportError) as error:
        client(jvm.port, rmi_port=jvm.port).read([EVERYTHING], deadline=time.monotonic() + 2)

    assert error.value.reason in {Reason.NOT_JMX, Reason.TLS_MISMATCH}


def test_a_server_is_honest_up_to_the_reply_that_it_spoils(client):
    with HostileJvm("other-names-each-time", seed=1) as jvm:
        transport = client(jvm.port, rmi_port=jvm.port)
        readings = transport.read([EVERYTHING], deadline=time.monotonic() + 30)

    assert len(readings) == 500


def test_the_threads_of_a_server_end_with_it():
    before = threading.active_count()

    with HostileJvm("silence", seed=1):
        pass

    assert threading.active_count() == before
