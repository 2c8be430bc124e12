"""Listening sockets."""

import errno
import os
import socket

from kafka_producer_exporter.net.address import Address

BACKLOG = 128


def listening_socket(address: Address) -> socket.socket:
    """Return a non-blocking socket that listens on *address*; raise OSError if that fails."""
    # As in most servers, the empty host means IPv4 and IPv6 where the kernel has both.
    if address.host in ("", "::") and socket.has_dualstack_ipv6():
        listener = socket.create_server(
            ("::", address.port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    else:
        family, where = _resolve(address)
        listener = socket.create_server(where, family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def advice_for(error: OSError) -> str:
    """Return why nothing can listen on an address, and what to do, for a person."""
    if isinstance(error, socket.gaierror):
        return "this host name does not resolve; use an address of this machine, or leave out the host for all"
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use; stop the program that listens on it, or choose another port"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have this address; use one that it has, or leave out the host for all"
        case errno.EACCES:
            return "this user may not listen on this port; choose one above 1023"
        case _:
            return os.strerror(error.errno) if error.errno else str(error)


def _resolve(address: Address) -> tuple[socket.AddressFamily, tuple[str, int]]:
    host = address.host or "0.0.0.0"  # noqa: S104 - an empty host means every address
    try:
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:  # not a name at all, for example with two dots in a row
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    # Prefer IPv4 if the name has both (localhost), since many clients try 127.0.0.1 only.
    family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(where[0]), int(where[1]))
