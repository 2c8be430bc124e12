"""TLS on a connection, and what its failures mean. Imported only where TLS is used, because ssl costs 4 MB."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kafka_producer_exporter.net.connection import Connection
from kafka_producer_exporter.net.deadline import remaining_seconds
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.net.tls_settings import TlsKeys, TlsSettings

# OpenSSL, x509_vfy.h: X509_V_ERR_CERT_NOT_YET_VALID and _CERT_HAS_EXPIRED; _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH.
_DATE_ERRORS = frozenset({9, 10})
_NAME_ERRORS = frozenset({62, 64})
# No issuer is found among the trusted certificates: _UNABLE_TO_GET_ISSUER_CERT, _DEPTH_ZERO_SELF_SIGNED_CERT,
# _SELF_SIGNED_CERT_IN_CHAIN, _UNABLE_TO_GET_ISSUER_CERT_LOCALLY, _UNABLE_TO_VERIFY_LEAF_SIGNATURE, _CERT_UNTRUSTED.
_ISSUER_ERRORS = frozenset({2, 18, 19, 20, 21, 27})
_NO_CHECK_TIME = 0x200000
"""OpenSSL, x509_vfy.h: X509_V_FLAG_NO_CHECK_TIME, which Python does not name."""
_MAX_RECORD_BYTES = 1 << 14


def certificate_reason(error: ssl.SSLCertVerificationError) -> Reason:
    """Return why the peer's certificate was rejected: TLS_EXPIRED, TLS_NAME or, for every other cause, TLS_CA."""
    if error.verify_code in _DATE_ERRORS:
        return Reason.TLS_EXPIRED
    return Reason.TLS_NAME if error.verify_code in _NAME_ERRORS else Reason.TLS_CA


def trust_problem(error: ssl.SSLCertVerificationError, ca_key: str) -> str:
    """Return what is wrong with a certificate that has the reason TLS_CA, and what to do about it."""
    if error.verify_code in _ISSUER_ERRORS:
        return f"is not signed by a trusted CA ({error.verify_message}); set {ca_key} to the CA that signed it"
    return f"is not valid ({error.verify_message}); issue it again, or the certificate of its CA"


def verifying_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies servers by the same rules on every Python. Raise OSError or ValueError.

    It checks the signatures up to a certificate in *ca_file*, the dates and the name. As in Java, every certificate in
    *ca_file* is trusted, also one that is no root. Python 3.13 would also require the extensions of RFC 5280, which the
    CAs of many clusters do not have (Strimzi's, for one); Java does not require them.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    return context


def certificate_names(
    address: Sequence[Any], context: ssl.SSLContext, *, name: str, deadline: float
) -> list[str] | None:
    """Return the DNS names and IP addresses in the certificate of a server that has the wrong name.

    Connects once more: see ``_rejected_certificate``. Return None if that fails by *deadline*.
    """
    certificate = _rejected_certificate(address, context, name=name, deadline=deadline)
    if certificate is None:
        return None
    return [value for kind, value in certificate.get("subjectAltName", ()) if kind in {"DNS", "IP Address"}]


def expired_at(address: Sequence[Any], context: ssl.SSLContext, *, name: str, deadline: float) -> float | None:
    """Return when the expired certificate of a server expired, in seconds since 1970.

    Connects once more: see ``_rejected_certificate``. Return None if that fails by *deadline*.
    """
    certificate = _rejected_certificate(address, context, name=name, deadline=deadline)
    return expiry_of(certificate) if certificate is not None else None


def expiry_of(certificate: Mapping[str, Any]) -> float | None:
    """Return when a certificate, as ``getpeercert`` returns it, expires, in seconds since 1970. None: it has none."""
    return float(ssl.cert_time_to_seconds(certificate["notAfter"])) if "notAfter" in certificate else None


def _rejected_certificate(
    address: Sequence[Any], context: ssl.SSLContext, *, name: str, deadline: float
) -> Mapping[str, Any] | None:
    """Return the certificate of a server that was rejected for its name or its date.

    Connects once more, because OpenSSL keeps no certificate that it has rejected. The signatures are verified again.
    """
    flags = context.verify_flags
    context.check_hostname, context.verify_flags = False, ssl.VerifyFlags(flags | _NO_CHECK_TIME)
    try:
        with (
            socket.create_connection((address[0], address[1]), timeout=remaining_seconds(deadline)) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            return secure.getpeercert() or {}
    except OSError:
        return None
    finally:
        context.check_hostname, context.verify_flags = True, flags


def name_problem(names: Sequence[str] | None, name: str, advice: str) -> str:
    """Return what is wrong with a certificate with *names* that should have *name*. *advice* names one of them."""
    if names is None:
        return f"is not for {name}; {advice} a name in the certificate"
    if not names:
        return f"names no host; issue it again with {name} as subject alternative name"
    return f"is not for {name}; {advice} a name in the certificate: {printable(', '.join(names))}"


class _Peer(NamedTuple):
    """The other side, and what an error message says about it."""

    name: str
    keys: TlsKeys
    plaintext_advice: str
    has_our_certificate: bool

    def error(self, error: OSError) -> TransportError:
        """Return what an error of the connection means, and what to do."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._certificate_error(error)
        detail = _detail(error)
        if "alert" in detail:  # the peer sent the error: it rejects us
            key = self.keys.cert_file
            advice = f"add the CA of {key} to its truststore" if self.has_our_certificate else f"set {key}"
            return TransportError(Reason.TLS_MISMATCH, f"{self.name} rejected the TLS handshake ({detail}); {advice}")
        return TransportError(
            Reason.TLS_MISMATCH, f"{self.name} does not answer in TLS ({detail}); {self.plaintext_advice}"
        )

    def _certificate_error(self, error: ssl.SSLCertVerificationError) -> TransportError:
        certificate, reason = f"the certificate of {self.name}", certificate_reason(error)
        if reason is Reason.TLS_EXPIRED:
            return TransportError(reason, f"{certificate} is not valid now ({error.verify_message}); renew it")
        if reason is Reason.TLS_NAME:
            return TransportError(reason, f"{certificate} is for another name")
        return TransportError(reason, f"{certificate} {trust_problem(error, self.keys.ca_file)}")

    def name_error(self, names: Sequence[str] | None, name: str) -> TransportError:
        """Return that the certificate, which has *names*, is not for *name*."""
        problem = name_problem(names, name, f"set {self.keys.server_name} to")
        return TransportError(Reason.TLS_NAME, f"the certificate of {self.name} {problem}")


class TlsConnection(Connection):
    """A Connection in TLS.

    In TLS 1.3 a peer that rejects our certificate says so only after the handshake, so the first ``receive`` may raise.
    """

    def __init__(self, connected: ssl.SSLSocket, peer: _Peer) -> None:
        super().__init__(connected)
        self._tls = connected
        self._peer = peer

    def shake_hands(self, *, deadline: float) -> None:
        """Do the TLS handshake. Raise TransportError by *deadline*."""
        while True:
            try:
                self._tls.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as want:
                if not self.wait(to_send=isinstance(want, ssl.SSLWantWriteError), deadline=deadline):
                    message = f"no TLS handshake with {self._peer.name} in time; check that it uses TLS"
                    raise TransportError(Reason.TIMEOUT, message) from None
            except OSError as error:
                raise self._peer.error(error) from error
            else:
                return

    def send(self, data: bytes | memoryview) -> int:
        """Send as much as fits: see Connection."""
        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def receive(self) -> bytes | None:
        """Return the bytes that have arrived: see Connection. Raise TransportError if they are not TLS."""
        try:
            return self._tls.recv(_MAX_RECORD_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except ssl.SSLError as error:
            raise self._peer.error(error) from error
        except OSError:
            return b""

    def _wake_up_bytes(self, min_bytes: int) -> int:
        return min(min_bytes, 1)  # OpenSSL may already hold most of the record that contains the missing bytes


def open_tls(
    connected: socket.socket,
    settings: TlsSettings,
    *,
    host: str,
    peer: str,
    keys: TlsKeys,
    plaintext_advice: str,
    deadline: float,
) -> TlsConnection:
    """Start TLS on a connected socket. Raise TransportError by *deadline*.

    The certificate files are read each time, so a renewed certificate needs no restart. Messages name the *peer* and
    the configuration *keys*; *plaintext_advice* says what to do if the peer does not use TLS.
    """
    context = client_context(settings, keys)
    other_side = _Peer(peer, keys, plaintext_advice, has_our_certificate=settings.cert_file is not None)
    name = settings.server_name or host
    try:
        name.encode("idna")  # as wrap_socket does, which leaves the socket to the garbage collector if that fails
        address = connected.getpeername()
        wrapped = context.wrap_socket(connected, server_hostname=name, do_handshake_on_connect=False)
    except ValueError as error:  # also UnicodeError
        message = f"no certificate can be for the name {name!r}; set {keys.server_name}"
        raise TransportError(Reason.TLS_NAME, message) from error
    except OSError as error:
        raise other_side.error(error) from error
    connection = TlsConnection(wrapped, other_side)
    try:
        connection.shake_hands(deadline=deadline)
    except BaseException as error:
        connection.close()
        if isinstance(error, TransportError) and error.reason is Reason.TLS_NAME:
            names = certificate_names(address, context, name=name, deadline=deadline)
            raise other_side.name_error(names, name) from error
        raise
    return connection


def client_context(settings: TlsSettings, keys: TlsKeys) -> ssl.SSLContext:
    """Return a context that verifies servers. Raise TransportError, which names the *keys*, if a file is unusable."""
    try:
        context = verifying_context(settings.ca_file)
    except (OSError, ValueError) as error:
        problem = f"{keys.ca_file} {settings.ca_file} cannot be used ({_detail(error)})"
        raise TransportError(Reason.TLS_CA, f"{problem}; provide a file of PEM certificates") from error
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
        except (OSError, ValueError) as error:
            problem = f"{keys.cert_file} {settings.cert_file} or its key cannot be used ({_detail(error)})"
            raise TransportError(Reason.TLS_MISMATCH, f"{problem}; provide unencrypted PEM files") from error
    return context


def _no_password() -> str:
    """Raise, because OpenSSL would otherwise ask the terminal for the password of an encrypted key."""
    raise ValueError("the key is encrypted")


def _detail(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
