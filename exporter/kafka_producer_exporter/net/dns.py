"""Name resolution with a deadline. The system's resolver has none, and may take a minute if DNS is down."""

import socket
from collections.abc import Callable, Sequence

from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.shared_call import SharedCall

LookUp = Callable[[str, None, int, int], Sequence[tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]]]
"""The signature of socket.getaddrinfo: host, port, family and type to addresses."""

HostAddresses = list[tuple[socket.AddressFamily, str]]
"""The addresses of a host, in the order in which to try them."""


class Resolver:
    """Resolves one host. Only one lookup runs at a time; a caller that arrives during a lookup waits for that one."""

    def __init__(self, host: str, *, host_key: str, look_up: LookUp = socket.getaddrinfo) -> None:
        """Resolve *host*. Messages tell the reader to check the configuration key *host_key*."""
        self._host = host
        self._host_key = host_key
        self._look_up = look_up
        self._shared = SharedCall(f"resolve-{host}", self._resolve, idle_seconds=0.0, keep_late_result=True)

    def addresses(self, *, deadline: float) -> HostAddresses:
        """Return the host's addresses in the order in which to try them. Raise TransportError by *deadline*."""
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, self._host)
            except (OSError, ValueError):
                continue
            return [(family, self._host)]
        try:
            return self._shared.wait(self._shared.begin(deadline=deadline), deadline=deadline)
        except TimeoutError:
            message = f"{self._host!r} was not resolved in time; check the name server"
            raise TransportError(Reason.DNS, message) from None

    def _resolve(self, _: float) -> HostAddresses:
        """Look up the host. Ignore the deadline, because a lookup ends only with the resolver's own timeout."""
        cause = "none found"
        try:
            answers = self._look_up(self._host, None, 0, socket.SOCK_STREAM)
        except OSError as error:
            cause = error.strerror or str(error)
        except UnicodeError:  # a label that is empty or too long for DNS
            cause = "not a host name"
        else:
            found = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in answers))
            if found:
                return found
        raise TransportError(Reason.DNS, f"{self._host!r} has no address ({cause}); check {self._host_key}")
