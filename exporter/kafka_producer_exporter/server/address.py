"""From an address to a socket that listens there."""

import errno
import os
import socket

from kafka_producer_exporter.net.address import Address

BACKLOG = 128


def listening_socket(address: Address) -> socket.socket:
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


def _resolve(address: Address) -> tuple[socket.AddressFamily, tuple[str, int]]:
    host = address.host or "0.0.0.0"  # noqa: S104 - the operator's word for every address
    try:
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:  # a name that cannot even be asked for, such as one with two dots in a row
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    # A name with both (localhost) means IPv4 to most clients that are told "127.0.0.1".
    family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(where[0]), int(where[1]))
