"""A TCP connection with a non-blocking socket. Only ``wait`` waits, up to a deadline."""

import errno
import select
import socket
import time
from collections.abc import Sequence

from kafka_producer_exporter.net.errors import Reason, TransportError

_RECEIVE_BYTES = 1 << 16
_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


class Connection:
    """An open TCP connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._low_water_mark = 1

    def send(self, data: bytes | memoryview) -> int:
        """Send as much as fits into the send buffer. Return the number of bytes sent.

        Raise OSError if the connection is broken.
        """
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def receive(self) -> bytes | None:
        """Return the bytes that have arrived: None if there are none yet, empty if the connection has ended."""
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def wait(self, *, to_send: bool, deadline: float, min_bytes: int = 1) -> bool:
        """Wait until bytes arrive or, if *to_send*, until there is room to send. Return False at the deadline.

        The caller knows that at least *min_bytes* are still to come, so the kernel need not wake it for fewer: a JVM
        sends each reply in a packet of its own, and waking up for each one costs more than reading it.
        """
        min_bytes = self._wake_up_bytes(min_bytes)
        if min_bytes != self._low_water_mark:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min_bytes)
            self._low_water_mark = min_bytes
        remaining = deadline - time.monotonic()
        poller = select.poll()  # select() cannot take file descriptors above 1023
        poller.register(self._socket, select.POLLIN | (select.POLLOUT if to_send else 0))
        return remaining > 0 and bool(poller.poll(remaining * 1000))

    def _wake_up_bytes(self, min_bytes: int) -> int:
        return min(min_bytes, _RECEIVE_BYTES)

    def close(self) -> None:
        """Close the connection. The kernel still delivers what was sent."""
        self._socket.close()


def connect(
    addresses: Sequence[tuple[socket.AddressFamily, str]],
    port: int,
    *,
    peer: str,
    host_key: str,
    refused_advice: str,
    deadline: float,
) -> socket.socket:
    """Return a non-blocking socket, connected to the first of *addresses* that accepts.

    Each address gets an equal share of the time that remains. Raise TransportError by *deadline*. Its message names
    the *peer*, and says what to do: *refused_advice* if nothing listens there, or check the configuration key
    *host_key* if there is no route.
    """
    last_error = OSError(errno.ECONNREFUSED, "")
    for index, (family, address) in enumerate(addresses):
        now = time.monotonic()
        try:
            return _connect(family, (address, port), now + (deadline - now) / (len(addresses) - index))
        except OSError as error:
            last_error = error
    raise _transport_error(last_error, peer, host_key, refused_advice)


def _connect(family: socket.AddressFamily, address: tuple[str, int], deadline: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = connection.connect_ex(address)
        if code == errno.EINPROGRESS:
            connected = Connection(connection).wait(to_send=True, deadline=deadline)
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if connected else errno.ETIMEDOUT
    except BaseException:
        connection.close()
        raise
    if code:
        connection.close()
        raise OSError(code, "")
    return connection


def descriptors_error(error: OSError) -> TransportError | None:
    """Return the error to report if an operation failed because no file descriptor is left, otherwise None."""
    if error.errno not in _OUT_OF_DESCRIPTORS:
        return None
    return TransportError(Reason.LIMIT, "this process has no file descriptor left; raise its limit (ulimit -n)")


def _transport_error(error: OSError, peer: str, host_key: str, refused_advice: str) -> TransportError:
    exhausted = descriptors_error(error)
    if exhausted is not None:
        return exhausted
    if error.errno in _UNREACHABLE:
        return TransportError(Reason.REFUSED, f"there is no route to {peer}; check {host_key} and the network policy")
    if error.errno == errno.ETIMEDOUT:
        return TransportError(
            Reason.TIMEOUT, f"no connection to {peer} in time; check whether a firewall drops the packets"
        )
    return TransportError(Reason.REFUSED, f"nothing listens on {peer}; {refused_advice}")
