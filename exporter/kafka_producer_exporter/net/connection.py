"""A TCP connection that never blocks: whoever uses it waits where the deadline is known."""

import errno
import select
import socket
import time
from collections.abc import Sequence
from typing import Final

from kafka_producer_exporter.net.errors import Reason, TransportError

_RECEIVE_BYTES: Final = 1 << 16
_NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


class Line:
    """An open connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._low_water_mark = 1

    def send(self, data: bytes | memoryview) -> int:
        """Send what can be sent at once; return how much that was. Raises OSError if nobody is there any more."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def receive(self) -> bytes | None:
        """Return what has come in: None if nothing has, empty if nothing will."""
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def wait(self, *, to_send: bool, deadline: float, at_least: int = 1) -> bool:
        """Wait for something to come in, or for room to send; return False at the deadline.

        At least so many bytes are known to be on their way: a JVM sends each answer by itself, and to be woken for
        each would cost more than to read it.
        """
        at_least = self._worth_waking_for(at_least)
        if at_least != self._low_water_mark:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, at_least)
            self._low_water_mark = at_least
        remaining = deadline - time.monotonic()
        poller = select.poll()  # select() itself cannot take descriptors from 1024 on
        poller.register(self._socket, select.POLLIN | (select.POLLOUT if to_send else 0))
        return remaining > 0 and bool(poller.poll(remaining * 1000))

    def _worth_waking_for(self, at_least: int) -> int:
        return min(at_least, _RECEIVE_BYTES)

    def close(self) -> None:
        """Close it; what was sent still arrives."""
        self._socket.close()


def connect(
    addresses: Sequence[tuple[socket.AddressFamily, str]], port: int, *, peer: str, advice: str, deadline: float
) -> socket.socket:
    """Return a connection to the first address that takes one; each gets its share of the time that is left.

    ``advice`` is what to do where nothing listens. Raises TransportError by the deadline.
    """
    trouble = TransportError(Reason.REFUSED, f"nothing listens on {peer}; {advice}")
    for index, (family, address) in enumerate(addresses):
        now = time.monotonic()
        until = now + (deadline - now) / (len(addresses) - index)
        try:
            return _connect(family, (address, port), until)
        except OSError as error:
            trouble = _explained(error, peer, advice)
    raise trouble


def _connect(family: socket.AddressFamily, address: tuple[str, int], deadline: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = connection.connect_ex(address)
        if code == errno.EINPROGRESS:
            there = Line(connection).wait(to_send=True, deadline=deadline)
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if there else errno.ETIMEDOUT
    except BaseException:
        connection.close()
        raise
    if code:
        connection.close()
        raise OSError(code, "")
    return connection


def _explained(error: OSError, peer: str, advice: str) -> TransportError:
    if error.errno in _NO_DESCRIPTOR:
        return TransportError(Reason.LIMIT, "no file descriptor is left in this process; raise its limit (ulimit -n)")
    if error.errno in _UNREACHABLE:
        return TransportError(Reason.REFUSED, f"there is no way to {peer}; check jmx.host and the network policy")
    if error.errno == errno.ETIMEDOUT:
        return TransportError(Reason.TIMEOUT, f"no connection to {peer} in time; see whether a firewall drops it")
    return TransportError(Reason.REFUSED, f"nothing listens on {peer}; {advice}")
