"""Errors of a JMX agent, explained: where, what happened, and what to do."""

from collections.abc import Sequence

from kafka_producer_exporter.jmx.javastream import JavaStreamError, MemoryLimitError, StreamLimitError
from kafka_producer_exporter.jmx.jrmp import NotJrmpError, RemoteFailure
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable

_TLS_ALERT = b"\x15\x03"
# A server that cannot parse the request may answer as HTTP 0.9 did: with the document alone.
_HTTP = (b"http/", b"<!doctype html", b"<html")
# The message of a remote object that is asked for a method that its interface does not have.
_OTHER_CLASS = "unrecognized method hash"
# The agent's message to a user with the right password and without a line in the access file.
_NO_ACCESS = "No entries found in the access file"

ALLOWED_BY_FILTER = "java.lang.*;java.rmi.*;java.rmi.server.*;java.util.*;javax.management.**"
"""The classes that a JVM's serialization filter must allow, as a pattern."""


class ClosedError(Exception):
    """The peer closed the connection before all replies had arrived. ``greeted`` says whether it spoke JRMP before."""

    def __init__(self, *, greeted: bool) -> None:
        super().__init__(greeted)
        self.greeted = greeted


def connection_error(peer: str, failure: JavaStreamError | ClosedError) -> TransportError:
    """Return why nothing more can be read from the connection."""
    if isinstance(failure, ClosedError):
        return TransportError(Reason.CLOSED, _closed(peer, greeted=failure.greeted))
    if isinstance(failure, NotJrmpError):
        return _not_jrmp(peer, failure)
    if isinstance(failure, MemoryLimitError):
        return TransportError(Reason.LIMIT, f"{peer} sent {failure}; give the container more memory")
    if isinstance(failure, StreamLimitError):
        return TransportError(
            Reason.LIMIT, f"{peer} sent {failure}, which no JMX agent does; check what listens on this port"
        )
    return TransportError(
        Reason.PROTOCOL,
        f"{peer} sent a reply that cannot be decoded ({failure}); check for a proxy on the way, "
        "and if there is none, please report this with the JVM's version",
    )


def _closed(peer: str, *, greeted: bool) -> str:
    if greeted:
        return f"{peer} closed the connection in the middle of a reply; check whether the JVM was stopped"
    return (
        f"{peer} closed the connection without a reply; check that this is the JMX port and whether it requires TLS "
        "(jmx.tls.mode)"
    )


def _not_jrmp(peer: str, failure: NotJrmpError) -> TransportError:
    if failure.greeting.startswith(_TLS_ALERT):
        return TransportError(Reason.TLS_MISMATCH, f"{peer} requires TLS; set jmx.tls.mode to both")
    protocol = "HTTP" if failure.greeting.lower().startswith(_HTTP) else f"something else ({failure})"
    return TransportError(
        Reason.NOT_JMX,
        f"{peer} does not speak JMX but {protocol}; use the port of -Dcom.sun.management.jmxremote.port",
    )


def lookup_error(peer: str, reply: object) -> TransportError:
    """Return why the RMI registry did not return a stub, if it is not that the name is unknown."""
    if isinstance(reply, RemoteFailure) and reply.is_a("NoSuchObjectException"):
        return TransportError(
            Reason.NOT_JMX,
            f"{peer} is an RMI port, but not that of a registry; set jmx.port to the port of "
            "-Dcom.sun.management.jmxremote.port, not to that of -Dcom.sun.management.jmxremote.rmi.port",
        )
    return _unexpected(peer, reply)


def unknown_name_error(peer: str, name: str, known: Sequence[str]) -> TransportError:
    """Return that the RMI registry does not have *name*, but the *known* names."""
    port = "use the port of -Dcom.sun.management.jmxremote.port"
    if not known:
        return TransportError(Reason.NOT_JMX, f"{peer} is an RMI registry without a JMX agent; {port}")
    names = printable(", ".join(known))
    which = "it" if len(known) == 1 else "one of them"
    return TransportError(
        Reason.NOT_JMX,
        f"the RMI registry at {peer} has no {name!r}, but {names}; if {which} is the JMX agent, set jmx.registry_name "
        f"to {names if len(known) == 1 else 'its name'}; otherwise {port}",
    )


def login_error(peer: str, reply: object, *, user: str | None, name: str, has_rmi_port: bool) -> TransportError:
    """Return why the agent, which has *name* in the registry, did not accept the login.

    *has_rmi_port* says whether its RMI port is configured.
    """
    if isinstance(reply, RemoteFailure) and reply.is_a("NoSuchObjectException"):
        key = "correct or remove jmx.rmi_port" if has_rmi_port else "set jmx.rmi_port to the agent's RMI port"
        return TransportError(Reason.NOT_JMX, f"{peer} is not the RMI port of this JMX agent; {key}")
    if isinstance(reply, RemoteFailure) and reply.is_a("UnmarshalException") and _OTHER_CLASS in reply.root_message:
        advice = "set jmx.registry_name to the name of the JMX agent"
        return TransportError(Reason.NOT_JMX, f"{peer} has no JMX agent under the name {name!r}; {advice}")
    if not isinstance(reply, RemoteFailure) or not reply.is_a("SecurityException"):
        return _unexpected(peer, reply)
    if _NO_ACCESS in reply.root_message:
        return _no_access(peer)
    return TransportError(
        Reason.AUTHENTICATION,
        f"{peer} requires a user and a password; set jmx.username and jmx.password_file"
        if user is None
        else f"{peer} rejected the user {user!r} or the password; compare them with the agent's jmxremote.password",
    )


def credentials_error(peer: str, error: ValueError) -> TransportError:
    """Return that the user or the password cannot be sent."""
    advice = "check jmx.username, and jmx.password_file or jmx.password_env"
    return TransportError(Reason.AUTHENTICATION, f"{peer}: the user or the password is too long ({error}); {advice}")


def names_error(peer: str, reply: object) -> TransportError:
    """Return why the agent did not return the names of its MBeans."""
    if isinstance(reply, RemoteFailure) and reply.is_a("SecurityException"):
        return _no_access(peer)
    return _unexpected(peer, reply)


def _no_access(peer: str) -> TransportError:
    advice = "give the user the role readonly in the agent's jmxremote.access"
    return TransportError(Reason.AUTHENTICATION, f"{peer} does not allow this user to read; {advice}")


def tls_mode_error(peer: str, *, agent_requires_tls: bool) -> TransportError:
    """Return that the stub and the configuration disagree about TLS. To continue in plaintext would be a downgrade."""
    return TransportError(
        Reason.TLS_MISMATCH,
        f"the agent at {peer} requires TLS on its RMI port; set jmx.tls.mode to rmi"
        if agent_requires_tls
        else f"the agent at {peer} has no TLS on its RMI port, but jmx.tls.mode requires it; "
        "set jmx.tls.mode to none, or start the JVM with -Dcom.sun.management.jmxremote.ssl=true and a key store",
    )


def filter_error(peer: str) -> TransportError:
    """Return that a serialization filter of the JVM rejects what every JMX client sends."""
    return TransportError(
        Reason.PROTOCOL,
        f"the serialization filter of the JVM at {peer} rejects JMX requests (filter status: REJECTED); "
        f"put {ALLOWED_BY_FILTER} at the start of -Djdk.serialFilter, and remove limits such as maxarray from it",
    )


def _unexpected(peer: str, reply: object) -> TransportError:
    if isinstance(reply, RemoteFailure) and reply.is_filtered:
        return filter_error(peer)
    text = "an unexpected reply"
    if isinstance(reply, RemoteFailure):
        text = f"{reply.classes[0]}: {reply.message}"
        if reply.root_message not in {"", reply.message}:
            text += f" ({reply.classes[-1]}: {reply.root_message})"
    return TransportError(Reason.PROTOCOL, f"{peer} answered with {text}; see the JVM's log")
