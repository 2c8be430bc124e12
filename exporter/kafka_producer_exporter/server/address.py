"""Listen addresses: from text to a listening socket."""

import errno
import ipaddress
import os
import socket
from typing import NamedTuple

BACKLOG = 128


class ListenAddress(NamedTuple):
    """Where to listen; an empty host means every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as ``host:port``, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_listen_address(text: str) -> ListenAddress:
    """Read ``host:port``, ``[::1]:port`` or ``:port``; raises ValueError with what is wrong and what is right."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise ValueError(f"{text!r} has no port; write HOST:PORT or :PORT, with a port from 0 to 65535")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r}: write an IPv6 address in brackets, such as [::1]:{port}")
    return ListenAddress(host, int(port))


def listening_socket(address: ListenAddress) -> socket.socket:
    """Return a socket that listens there and does not block; raises OSError."""
    # As in most servers, "every address" takes in IPv4 and IPv6, wherever the kernel has both.
    if address.host in ("", "::") and socket.has_dualstack_ipv6():
        listener = socket.create_server(
            ("::", address.port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    else:
        family, where = _resolve(address)
        listener = socket.create_server(where, family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def why_not(error: OSError) -> str:
    """Return for a person why nothing can listen there, and what to do."""
    if isinstance(error, socket.gaierror):
        return "the host name has no address here; use an address of this machine, or 0.0.0.0 for all"
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use; stop the program that listens there, or choose another port"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address; use one of its own, or 0.0.0.0 for all"
        case errno.EACCES:
            return "this user may not use the port; choose one above 1023"
        case _:
            return os.strerror(error.errno) if error.errno else str(error)


def _resolve(address: ListenAddress) -> tuple[socket.AddressFamily, tuple[str, int]]:
    host = address.host or "0.0.0.0"  # noqa: S104 - the operator's word for every address
    try:
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:  # a name that cannot even be asked for, such as one with two dots in a row
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    # A name with both (localhost) means IPv4 to most clients that are told "127.0.0.1".
    family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(where[0]), int(where[1]))
