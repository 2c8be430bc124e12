"""Why a bootstrap server cannot be used: each step by hand, since kafka-python says "unable to bootstrap" of them all.

Address, connection, TLS, Kafka's protocol, SASL: the first step that fails is the reason. Besides it finds what only
this way is seen: how many addresses a name has, and when the listener's certificate expires.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError

METADATA, SASL_HANDSHAKE, SASL_AUTHENTICATE = 3, 17, 36
# Of no topic, and none is to be created. ApiVersions would not do: a SASL listener answers it to anybody.
NO_TOPICS = struct.pack(">i?", 0, False)
UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE = 33, 34
MAX_ANSWER_BYTES = 1 << 20
_REFUSED = {
    "OAUTHBEARER": "the broker refused the token; has it expired, or is it meant for another audience or scope?",
    "AWS_MSK_IAM": "the broker refused our AWS identity; does its policy allow kafka-cluster:Connect?",
    "GSSAPI": "the broker refused our Kerberos ticket; is it still good, and is kerberos_service right?",
}


class SaslExchange(Protocol):
    """One authentication, as kafka-python's mechanisms have it."""

    def is_done(self) -> bool:
        """Whether there is nothing more to say."""

    def auth_bytes(self) -> bytes:
        """Return what to say next."""

    def receive(self, auth_bytes: bytes) -> None:
        """Take in the answer."""


def probe(
    server: Address,
    *,
    tls: ssl.SSLContext | None,
    mechanism: str | None,
    exchange: Callable[[str], SaslExchange] | None,
    timeout_seconds: float,
) -> ServerProbe:
    """Try one bootstrap server; raises nothing. Ends by the time-out, but for the name server's own."""
    deadline = time.monotonic() + timeout_seconds
    host, port = server
    try:
        addresses = {info[4] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError, ValueError):
        return ServerProbe(0, None, TransportError(Reason.DNS, f"{server}: the name {host} has no address"))
    expiry = None
    try:
        with _connect(server, deadline) as plain:
            if tls is None:
                _talk(plain, server, host, mechanism, exchange, deadline)
            else:
                with _secure(plain, tls, server, host, deadline) as secure:
                    expiry = _expiry(secure)
                    _talk(secure, server, host, mechanism, exchange, deadline)
    except TransportError as error:
        return ServerProbe(len(addresses), expiry, error)
    return ServerProbe(len(addresses), expiry, None)


def _connect(server: Address, deadline: float) -> socket.socket:
    try:
        return socket.create_connection(server, timeout=max(0.001, deadline - time.monotonic()))
    except ConnectionRefusedError:
        raise TransportError(Reason.REFUSED, f"{server}: nothing listens there; is the broker up?") from None
    except TimeoutError:
        raise TransportError(Reason.TIMEOUT, f"{server}: no connection in time; is a firewall between?") from None
    except OSError as error:
        raise TransportError(Reason.CLOSED, f"{server}: {error.strerror or error}") from None


def _secure(plain: socket.socket, tls: ssl.SSLContext, server: Address, host: str, deadline: float) -> ssl.SSLSocket:
    try:
        plain.settimeout(max(0.001, deadline - time.monotonic()))
        return tls.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in (9, 10):  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
            raise TransportError(Reason.TLS_EXPIRED, f"{server}: the certificate has expired; renew it") from None
        if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
            message = f"{server}: the certificate is not for {host}; use a name that it has"
            raise TransportError(Reason.TLS_NAME, message) from None
        message = f"{server}: the certificate is not trusted ({error.verify_message}); is ca_file the right one?"
        raise TransportError(Reason.TLS_CA, message) from None
    except TimeoutError:
        message = f"{server}: no TLS answer in time; is this listener a plaintext one?"
        raise TransportError(Reason.TIMEOUT, message) from None
    except OSError as error:
        message = f"{server}: no TLS with it ({error}); is this listener a TLS one?"
        raise TransportError(Reason.TLS_MISMATCH, message) from None


def _expiry(secure: ssl.SSLSocket) -> float | None:
    certificate = secure.getpeercert()
    if not certificate or "notAfter" not in certificate:  # without verification Python does not parse it
        return None
    return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def _talk(
    connection: socket.socket,
    server: Address,
    host: str,
    mechanism: str | None,
    exchange: Callable[[str], SaslExchange] | None,
    deadline: float,
) -> None:
    try:
        if mechanism is None or exchange is None:
            _call(connection, METADATA, 4, NO_TOPICS, deadline)
        else:
            _authenticate(connection, server, mechanism, host, exchange, deadline)
    except TimeoutError:
        message = f"{server}: it accepts connections and does not answer; is it frozen, or is it a TLS listener?"
        raise TransportError(Reason.TIMEOUT, message) from None
    except ssl.SSLError as error:
        message = f"{server}: it refused us in the TLS handshake ({error.reason}); does it want a client certificate?"
        raise TransportError(Reason.TLS_MISMATCH, message) from None
    except (OSError, EOFError):
        message = (
            f"{server}: it closed the connection at once; is this listener one for {_wanted(connection, mechanism)}?"
        )
        raise TransportError(Reason.NOT_KAFKA, message) from None


def _wanted(connection: socket.socket, mechanism: str | None) -> str:
    return ("SASL_" if mechanism else "") + ("SSL" if isinstance(connection, ssl.SSLSocket) else "PLAINTEXT")


def _authenticate(
    connection: socket.socket,
    server: Address,
    mechanism: str,
    host: str,
    exchange: Callable[[str], SaslExchange],
    deadline: float,
) -> None:
    answer = _call(connection, SASL_HANDSHAKE, 1, _string(mechanism), deadline)
    code = struct.unpack_from(">h", answer)[0]
    if code == UNSUPPORTED_SASL_MECHANISM:
        message = (
            f"{server}: the broker does not have {mechanism} on this listener; it has {', '.join(_strings(answer))}"
        )
        raise TransportError(Reason.AUTHENTICATION, message)
    if code == ILLEGAL_SASL_STATE:
        raise TransportError(Reason.AUTHENTICATION, f"{server}: this listener wants no SASL; leave `sasl` out")
    with _telling(server, mechanism):
        ours = exchange(host)
    while not ours.is_done():
        with _telling(server, mechanism):
            said = ours.auth_bytes()
        answer = _call(connection, SASL_AUTHENTICATE, 0, struct.pack(">i", len(said)) + said, deadline)
        if struct.unpack_from(">h", answer)[0]:
            why = _REFUSED.get(mechanism, f"user or password is wrong for {mechanism}")
            raise TransportError(Reason.AUTHENTICATION, f"{server}: {why}")
        text = max(0, struct.unpack_from(">h", answer, 2)[0])
        with _telling(server, mechanism):
            ours.receive(answer[8 + text :])


@contextlib.contextmanager
def _telling(server: Address, mechanism: str) -> Iterator[None]:
    """Tell what a mechanism cannot do, such as find a package, credentials or a ticket; each raises what it likes."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        message = f"{server}: {mechanism} cannot be done here: {str(error) or type(error).__name__}"
        raise TransportError(Reason.AUTHENTICATION, message) from None


def _call(connection: socket.socket, api: int, version: int, body: bytes, deadline: float) -> bytes:
    """Return the body of the answer. Raises OSError, or EOFError where the peer closes or sends no frame of Kafka's."""
    message = struct.pack(">hhi", api, version, 1) + _string("kafka-producer-exporter-probe") + body
    connection.settimeout(max(0.001, deadline - time.monotonic()))
    connection.sendall(struct.pack(">i", len(message)) + message)
    size = struct.unpack(">i", _receive(connection, 4, deadline))[0]
    if not 4 < size <= MAX_ANSWER_BYTES:
        raise EOFError
    return _receive(connection, size, deadline)[4:]


def _receive(connection: socket.socket, size: int, deadline: float) -> bytes:
    received = b""
    while len(received) < size:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        part = connection.recv(size - len(received))
        if not part:
            raise EOFError
        received += part
    return received


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _strings(answer: bytes) -> list[str]:
    """Return the mechanisms of a SaslHandshake answer."""
    count, at, texts = struct.unpack_from(">i", answer, 2)[0], 6, []
    for _ in range(min(count, 100)):
        size = struct.unpack_from(">h", answer, at)[0]
        texts.append(answer[at + 2 : at + 2 + size].decode(errors="replace"))
        at += 2 + size
    return texts
