"""TLS on a connection, and what its failures mean. Imported only where TLS is used, because ssl costs 4 MB."""

import socket
import ssl
from typing import NamedTuple

from kafka_producer_exporter.net.connection import Connection
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls_settings import TlsKeys, TlsSettings

# OpenSSL, x509_vfy.h: X509_V_ERR_CERT_NOT_YET_VALID and _CERT_HAS_EXPIRED; _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH.
_DATE_ERRORS = frozenset({9, 10})
_NAME_ERRORS = frozenset({62, 64})
_MAX_RECORD_BYTES = 1 << 14


def certificate_reason(error: ssl.SSLCertVerificationError) -> Reason:
    """Return why the peer's certificate was rejected: TLS_EXPIRED, TLS_NAME or, for every other cause, TLS_CA."""
    if error.verify_code in _DATE_ERRORS:
        return Reason.TLS_EXPIRED
    return Reason.TLS_NAME if error.verify_code in _NAME_ERRORS else Reason.TLS_CA


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
            advice = f"set {self.keys.server_name} to the name in the certificate"
            return TransportError(reason, f"{certificate} is for another name; {advice}")
        message = f"{certificate} is not signed by a trusted CA ({error.verify_message}); set {self.keys.ca_file}"
        return TransportError(reason, message)


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
        wrapped = context.wrap_socket(connected, server_hostname=name, do_handshake_on_connect=False)
    except ValueError as error:  # also UnicodeError
        message = f"no certificate can be for the name {name!r}; set {keys.server_name}"
        raise TransportError(Reason.TLS_NAME, message) from error
    except OSError as error:
        raise other_side.error(error) from error
    connection = TlsConnection(wrapped, other_side)
    try:
        connection.shake_hands(deadline=deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def client_context(settings: TlsSettings, keys: TlsKeys) -> ssl.SSLContext:
    """Return a context that verifies servers. Raise TransportError, which names the *keys*, if a file is unusable."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
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
