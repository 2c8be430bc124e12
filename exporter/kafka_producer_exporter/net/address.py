"""Host and port as one value."""

import ipaddress
from typing import NamedTuple


class Address(NamedTuple):
    """A host and a port. ``str()`` puts an IPv6 address in brackets. An empty host means every local address."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Parse ``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT``. Raise ValueError, which says what to write instead."""
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise ValueError("an IPv6 address goes in brackets; write [ADDRESS]:PORT")
        if not colon or not (port.isascii() and port.isdigit()):
            raise ValueError("this is not an address; write HOST:PORT")
        if len(port) > 5 or int(port) > 65535:
            raise ValueError(f"{port[:20]} is not a port; use 0 to 65535")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach *host*, an IP address or ``localhost``.

    127.0.0.0/8, ``::1``, and an IPv4 loopback address as a dual-stack socket reports it (``::ffff:127.0.0.1``).
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
