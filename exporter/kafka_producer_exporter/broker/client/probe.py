"""Finds out why a bootstrap server cannot be used. kafka-python says "unable to bootstrap" whatever the cause.

The steps are name resolution, TCP, TLS, Kafka's protocol and SASL; the first one that fails is the reason. The probe
also learns two things that no client reports: how many addresses the host name has, and when the certificate expires.
"""

import contextlib
import functools
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import kafka.errors
from kafka.protocol.metadata import MetadataRequest
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from kafka_producer_exporter.broker.client.completeness import require_complete
from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.connection import connect
from kafka_producer_exporter.net.deadline import remaining_seconds
from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls import (
    certificate_names,
    certificate_reason,
    expired_at,
    expiry_of,
    name_problem,
    trust_problem,
)
from kafka_producer_exporter.settings import SaslMechanism

CLIENT_ID = "kafka-producer-exporter-probe"
BOOTSTRAP_KEY = "broker.bootstrap_servers"
MAX_RESPONSE_BYTES = 1 << 20
# Every broker since Kafka 1.0 has these versions of the requests.
METADATA_VERSION, SASL_HANDSHAKE_VERSION, SASL_AUTHENTICATE_VERSION = 4, 1, 0
_REJECTED_USER = "it rejected user and password; correct broker.sasl.username or the password"
_REJECTED = {
    SaslMechanism.OAUTHBEARER: "it rejected the token; check the token's expiry and audience, and broker.sasl.scope",
    SaslMechanism.AWS_MSK_IAM: "it rejected our AWS identity; allow the identity kafka-cluster:Connect",
    SaslMechanism.GSSAPI: "it rejected our Kerberos ticket; renew it, or correct broker.sasl.kerberos_service",
}


class SaslExchange(Protocol):
    """One authentication: the interface of kafka-python's SASL mechanisms."""

    def is_done(self) -> bool:
        """Return whether the exchange is complete."""

    def auth_bytes(self) -> bytes:
        """Return the next message to the broker."""

    def receive(self, auth_bytes: bytes) -> None:
        """Process the broker's reply."""


class Login(NamedTuple):
    """How to authenticate."""

    mechanism: SaslMechanism
    start: Callable[[str], SaslExchange]
    """Starts an exchange with the broker on a host, whose name is part of a Kerberos principal."""


@functools.lru_cache(maxsize=64)
def shared_resolver(host: str, address_key: str) -> Resolver:
    """Return the resolver of a host. All probes share it, so a name server that hangs blocks one thread and no more."""
    return Resolver(host, host_key=address_key)


def probe(
    server: Address,
    *,
    tls: ssl.SSLContext | None,
    login: Login | None,
    timeout_seconds: float,
    address_key: str = BOOTSTRAP_KEY,
    resolver_for: Callable[[str, str], Resolver] = shared_resolver,
) -> ServerProbe:
    """Probe one server. Return within *timeout_seconds*, and raise nothing.

    *address_key* is where the server's address is configured, for messages.
    """
    attempt = _Attempt(server, tls, login, time.monotonic() + timeout_seconds, address_key)
    error = None
    try:
        attempt.run(resolver_for(server.host, address_key))
    except TransportError as failed:
        error = failed
    return ServerProbe(attempt.addresses, attempt.certificate_expiry, error)


class _Attempt:
    """One probe: the steps in their order, and what was learned on the way. Each step raises TransportError."""

    def __init__(
        self, server: Address, tls: ssl.SSLContext | None, login: Login | None, deadline: float, address_key: str
    ) -> None:
        self.addresses = 0
        self.certificate_expiry: float | None = None
        self._server = server
        self._tls = tls
        self._login = login
        self._deadline = deadline
        self._address_key = address_key

    def run(self, resolver: Resolver) -> None:
        """Take every step."""
        addresses = resolver.addresses(deadline=self._deadline)
        self.addresses = len(addresses)
        with connect(
            addresses,
            self._server.port,
            peer=str(self._server),
            host_key=self._address_key,
            refused_advice=f"start the broker, or correct {self._address_key}",
            deadline=self._deadline,
        ) as plain:
            if self._tls is None:
                self._talk(plain)
            else:
                with self._secure(plain, self._tls) as secure:
                    self.certificate_expiry = expiry_of(secure.getpeercert() or {})
                    self._talk(secure)

    def _secure(self, plain: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        host = self._server.host
        try:
            address = plain.getpeername()
            plain.settimeout(remaining_seconds(self._deadline))
            return tls.wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            reason = certificate_reason(error)
            if reason is Reason.TLS_EXPIRED:
                self.certificate_expiry = expired_at(address, tls, name=host, deadline=self._deadline)
                problem = f"the certificate is not valid now ({error.verify_message}); renew it"
            elif reason is Reason.TLS_NAME:
                names = certificate_names(address, tls, name=host, deadline=self._deadline)
                problem = f"the certificate {name_problem(names, host, f'use in {self._address_key}')}"
            else:
                problem = f"the certificate {trust_problem(error, 'broker.tls.ca_file')}"
            raise self._error(reason, problem) from None
        except TimeoutError:
            problem = "no TLS reply in time; check that this listener uses TLS, or remove broker.tls"
            raise self._error(Reason.TIMEOUT, problem) from None
        except OSError as error:
            problem = f"no TLS ({error}); check that this listener uses TLS, or remove broker.tls"
            raise self._error(Reason.TLS_MISMATCH, problem) from None

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._login is None:
                # ApiVersions would prove nothing: a SASL listener answers it before authentication.
                request = MetadataRequest(topics=[], allow_auto_topic_creation=False)
                self._ask(connection, request, METADATA_VERSION)
            else:
                self._authenticate(connection, self._login)
        except TimeoutError:
            problem = "it accepts connections but does not reply; check whether it hangs, or is a TLS listener"
            raise self._error(Reason.TIMEOUT, problem) from None
        except ssl.SSLError as error:
            advice = "set broker.tls.cert_file to a client certificate that it trusts"
            raise self._error(
                Reason.TLS_MISMATCH, f"it rejected the TLS handshake ({error.reason}); {advice}"
            ) from None
        except (OSError, EOFError):
            protocol = ("SASL_" if self._login else "") + ("SSL" if self._tls else "PLAINTEXT")
            problem = f"it closed the connection, or does not speak Kafka; check that this is a {protocol} listener"
            raise self._error(Reason.NOT_KAFKA, problem) from None

    def _authenticate(self, connection: socket.socket, login: Login) -> None:
        mechanism = login.mechanism
        handshake = self._ask(connection, SaslHandshakeRequest(mechanism=str(mechanism)), SASL_HANDSHAKE_VERSION)
        if handshake.error_code == kafka.errors.UnsupportedSaslMechanismError.errno:
            offered = ", ".join(handshake.mechanisms) or "no mechanism"
            problem = f"this listener offers {offered}, but not {mechanism}; correct broker.sasl.mechanism"
            raise self._error(Reason.AUTHENTICATION, problem)
        if handshake.error_code == kafka.errors.IllegalSaslStateError.errno:
            raise self._error(Reason.AUTHENTICATION, "this listener does not use SASL; remove broker.sasl")
        with self._mechanism_errors(mechanism):
            exchange = login.start(self._server.host)
        while not exchange.is_done():
            with self._mechanism_errors(mechanism):
                ours = exchange.auth_bytes()
            reply = self._ask(connection, SaslAuthenticateRequest(auth_bytes=ours), SASL_AUTHENTICATE_VERSION)
            if reply.error_code:
                raise self._error(Reason.AUTHENTICATION, _REJECTED.get(mechanism, _REJECTED_USER))
            with self._mechanism_errors(mechanism):
                exchange.receive(bytes(reply.auth_bytes))

    @contextlib.contextmanager
    def _mechanism_errors(self, mechanism: SaslMechanism) -> Iterator[None]:
        """Report what a mechanism cannot find: a package, credentials, a ticket. It may raise any exception."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            detail = str(error) or type(error).__name__
            raise self._error(Reason.AUTHENTICATION, f"{mechanism} does not work here: {detail}") from None

    def _ask(self, connection: socket.socket, request: Any, version: int) -> Any:
        """Return the response. Raise OSError, or EOFError if the peer hangs up or does not speak Kafka's protocol."""
        request.API_VERSION = version
        request.with_header(correlation_id=1, client_id=CLIENT_ID)
        connection.settimeout(remaining_seconds(self._deadline))
        connection.sendall(request.encode(header=True, framed=True))
        size = struct.unpack(">i", self._receive(connection, 4))[0]
        if not 4 < size <= MAX_RESPONSE_BYTES:
            raise EOFError
        try:
            response = request.header.get_response_class().decode(self._receive(connection, size), header=True)
        except (ValueError, struct.error):
            raise EOFError from None
        return require_complete(response, str(self._server))

    def _receive(self, connection: socket.socket, size: int) -> bytes:
        received = b""
        while len(received) < size:
            if time.monotonic() >= self._deadline:  # a steady trickle of bytes would never run into a socket's timeout
                raise TimeoutError
            connection.settimeout(remaining_seconds(self._deadline))
            part = connection.recv(size - len(received))
            if not part:
                raise EOFError
            received += part
        return received

    def _error(self, reason: Reason, problem: str) -> TransportError:
        return TransportError(reason, f"{self._server}: {problem}")
