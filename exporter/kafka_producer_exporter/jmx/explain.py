"""What went wrong with an agent, in words: where, what, and what to do now."""

from kafka_producer_exporter.jmx.javastream import JavaStreamError, StreamLimitError
from kafka_producer_exporter.jmx.jrmp import NotJrmpError, RemoteFailure
from kafka_producer_exporter.net.errors import Reason, TransportError

_TLS_ALERT = b"\x15\x03"
# To what it cannot read as a request, a server may answer as HTTP 0.9 did: with the document alone.
_HTTP = (b"http/", b"<!doctype html", b"<html")


class ClosedError(Exception):
    """The peer closed the connection before all replies were there; ``greeted`` tells whether it spoke JRMP before."""

    def __init__(self, *, greeted: bool) -> None:
        super().__init__(greeted)
        self.greeted = greeted


def broken(peer: str, failure: JavaStreamError | ClosedError) -> TransportError:
    """Return why the connection cannot be read any further."""
    if isinstance(failure, ClosedError):
        return TransportError(Reason.CLOSED, _closed(peer, greeted=failure.greeted))
    if isinstance(failure, NotJrmpError):
        return _not_jrmp(peer, failure)
    if isinstance(failure, StreamLimitError):
        return TransportError(Reason.LIMIT, f"{peer} sent {failure}; no JMX agent does that: check what listens there")
    return TransportError(
        Reason.PROTOCOL,
        f"{peer} sent an answer that cannot be understood ({failure}); check what stands between it and us, "
        "and if that is nothing, please report it with the JVM's version",
    )


def _closed(peer: str, *, greeted: bool) -> str:
    if greeted:
        return f"{peer} closed the connection in the middle of an answer; see whether the JVM was stopped"
    return f"{peer} closed the connection without a word; check that it is the JMX port, and whether it wants TLS"


def _not_jrmp(peer: str, failure: NotJrmpError) -> TransportError:
    if failure.greeting.startswith(_TLS_ALERT):
        return TransportError(Reason.TLS_MISMATCH, f"{peer} wants TLS; set jmx.tls.mode to both")
    speaks = "HTTP" if failure.greeting.lower().startswith(_HTTP) else f"something else ({failure})"
    return TransportError(
        Reason.NOT_JMX,
        f"{peer} does not speak JMX but {speaks}; give the port of -Dcom.sun.management.jmxremote.port",
    )


def lookup_refused(peer: str, answer: object) -> TransportError:
    """Return why the registry did not hand out the agent's stub."""
    if isinstance(answer, RemoteFailure) and not answer.is_a("NotBoundException"):
        return _remote(peer, answer)
    return TransportError(
        Reason.NOT_JMX,
        f"{peer} is an RMI registry without a JMX agent; give the port of -Dcom.sun.management.jmxremote.port",
    )


def login_refused(peer: str, answer: object, *, user: str | None) -> TransportError:
    """Return why the agent did not let us in."""
    if not isinstance(answer, RemoteFailure) or not answer.is_a("SecurityException"):
        return _remote(peer, answer)
    return TransportError(
        Reason.AUTHENTICATION,
        f"{peer} wants a user and a password; set jmx.username and jmx.password_file"
        if user is None
        else f"{peer} refuses the user {user!r} or the password; compare them with the agent's jmxremote.password",
    )


def names_refused(peer: str, answer: object) -> TransportError:
    """Return why the agent does not tell the names of its MBeans."""
    if isinstance(answer, RemoteFailure) and answer.is_a("SecurityException"):
        advice = "give the user the role readonly in the agent's jmxremote.access"
        return TransportError(Reason.AUTHENTICATION, f"{peer} does not let this user read; {advice}")
    return _remote(peer, answer)


def tls_differs(peer: str, *, agent_wants_it: bool) -> TransportError:
    """Return that the stub and the configuration differ over TLS. Going on in plain would be a downgrade."""
    return TransportError(
        Reason.TLS_MISMATCH,
        f"the agent at {peer} wants TLS on its RMI port; set jmx.tls.mode to rmi"
        if agent_wants_it
        else f"the agent at {peer} has no TLS on its RMI port, but jmx.tls.mode asks for it; "
        "start the JVM with -Dcom.sun.management.jmxremote.ssl=true, or set jmx.tls.mode to none",
    )


def _remote(peer: str, answer: object) -> TransportError:
    words = f"{answer.classes[0]}: {answer.message}" if isinstance(answer, RemoteFailure) else "something unexpected"
    return TransportError(Reason.PROTOCOL, f"{peer} answered with {words}; see the JVM's log")
