"""Names to addresses, by a deadline: the system's resolver knows none, and may take a minute where DNS is down."""

import socket
import threading
import time
from collections.abc import Callable, Sequence

from kafka_producer_exporter.net.errors import Reason, TransportError

LookUp = Callable[[str, None, int, int], Sequence[tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]]]
"""As socket.getaddrinfo: host, port, family and type to addresses."""


class Resolver:
    """Looks one host up. At most one look-up is under way; a read that comes meanwhile waits for the same one."""

    def __init__(self, host: str, *, look_up: LookUp = socket.getaddrinfo) -> None:
        self._host = host
        self._look_up = look_up
        self._lookup: _Lookup | None = None

    def addresses(self, *, deadline: float) -> list[tuple[socket.AddressFamily, str]]:
        """Return the host's addresses in the order in which to try them. Raises TransportError by the deadline."""
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, self._host)
            except (OSError, ValueError):
                continue
            return [(family, self._host)]
        if self._lookup is None:
            self._lookup = _Lookup(self._host, self._look_up)
            self._lookup.start()
        self._lookup.join(max(0.0, deadline - time.monotonic()))
        if self._lookup.is_alive():
            raise TransportError(Reason.DNS, f"{self._host!r} was not resolved in time; check the name server")
        lookup, self._lookup = self._lookup, None
        if not lookup.found:
            raise TransportError(Reason.DNS, f"{self._host!r} has no address ({lookup.trouble}); check jmx.host")
        return lookup.found


class _Lookup(threading.Thread):
    """One look-up. A thread that nobody waits for any longer ends with the resolver's own time-out."""

    def __init__(self, host: str, look_up: LookUp) -> None:
        super().__init__(name="jmx-resolver", daemon=True)
        self._host = host
        self._look_up = look_up
        self.found: list[tuple[socket.AddressFamily, str]] = []
        self.trouble = "none found"

    def run(self) -> None:
        """Look the host up."""
        try:
            answers = self._look_up(self._host, None, 0, socket.SOCK_STREAM)
        except OSError as error:
            self.trouble = error.strerror or str(error)
        except UnicodeError:  # a label that is empty or too long for DNS
            self.trouble = "not a host name"
        else:
            self.found = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in answers))
