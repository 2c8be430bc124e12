import errno
import socket
import time

import pytest

from kafka_producer_exporter.net.connection import Connection, connect
from kafka_producer_exporter.net.errors import Reason, TransportError

LOOPBACK = (socket.AF_INET, "127.0.0.1")


def open_connection(addresses, port):
    return connect(
        addresses, port, peer="peer:1", host_key="jmx.host", refused_advice="start it", deadline=time.monotonic() + 5
    )


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_the_first_address_that_accepts_is_used(listener):
    port = listener.getsockname()[1]

    with open_connection([(socket.AF_INET6, "::1"), LOOPBACK], port) as connected:
        assert connected.getpeername() == ("127.0.0.1", port)


def test_bytes_arrive_after_the_wait_and_the_end_is_empty(listener):
    with open_connection([LOOPBACK], listener.getsockname()[1]) as connected:
        connection, (peer, _) = Connection(connected), listener.accept()
        before = connection.receive()
        peer.sendall(b"hello")
        peer.close()

        assert before is None
        assert connection.wait(to_send=False, deadline=time.monotonic() + 5)
        assert connection.receive() == b"hello"
        assert connection.wait(to_send=False, deadline=time.monotonic() + 5)
        assert connection.receive() == b""


def test_waiting_ends_at_the_deadline(listener):
    with open_connection([LOOPBACK], listener.getsockname()[1]) as connected:
        assert not Connection(connected).wait(to_send=False, deadline=time.monotonic() + 0.01)


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        (errno.ECONNREFUSED, Reason.REFUSED, "nothing listens on peer:1; start it"),
        (errno.ENETUNREACH, Reason.REFUSED, "there is no route to peer:1; check jmx.host and the network policy"),
        (
            errno.ETIMEDOUT,
            Reason.TIMEOUT,
            "no connection to peer:1 in time; check whether a firewall drops the packets",
        ),
        (errno.EMFILE, Reason.LIMIT, "this process has no file descriptor left; raise its limit (ulimit -n)"),
    ],
)
def test_a_failure_to_connect_is_reported_with_its_reason_and_what_to_do(monkeypatch, code, reason, message):
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: code)

    with pytest.raises(TransportError) as error:
        open_connection([LOOPBACK], 1)

    assert (error.value.reason, str(error.value)) == (reason, message)
