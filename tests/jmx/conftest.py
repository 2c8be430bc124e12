import contextlib
import time

import pytest

from kafka_producer_exporter.jmx.connection import RmiTransport
from kafka_producer_exporter.net.errors import TransportError
from tests.jmx.conversation import EVERYTHING


@pytest.fixture
def client():
    """Makes transports to a port of this machine, and closes them at the end: ``client(port, rmi_port=port)``."""
    with contextlib.ExitStack() as clients:
        yield lambda port, **options: clients.enter_context(
            contextlib.closing(RmiTransport("127.0.0.1", port, **options))
        )


@pytest.fixture
def client_of(client):
    """Makes transports to a FakeAgent that has its registry and its RMI port on one port: ``client_of(agent)``."""
    return lambda agent, **options: client(agent.port, **({"rmi_port": agent.port} | options))


@pytest.fixture
def failure_of():
    """Reads once and returns the TransportError. Fails if it comes after the deadline: ``failure_of(client, 0.4)``."""

    def read(client: RmiTransport, seconds: float = 5.0) -> TransportError:
        deadline = time.monotonic() + seconds
        with pytest.raises(TransportError) as error:
            client.read([EVERYTHING], deadline=deadline)
        assert time.monotonic() < deadline + 0.5
        assert "\n" not in str(error.value)
        return error.value

    return read
