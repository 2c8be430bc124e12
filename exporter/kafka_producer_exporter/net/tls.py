"""TLS towards a JMX agent, and what its failures mean. Imported only where TLS is wanted: ssl costs four megabytes."""

import socket
import ssl
from typing import Final

from kafka_producer_exporter.net.connection import Line
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.tls_settings import TlsSettings

# X509_V_ERR_CERT_NOT_YET_VALID, CERT_HAS_EXPIRED; HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH (OpenSSL, x509_vfy.h).
_DATES: Final = frozenset({9, 10})
_NAMES: Final = frozenset({62, 64})
_RECORD_BYTES: Final = 1 << 14


def certificate_reason(error: ssl.SSLCertVerificationError) -> Reason:
    """Return why the peer's certificate was rejected: TLS_EXPIRED, TLS_NAME or, for every other cause, TLS_CA."""
    if error.verify_code in _DATES:
        return Reason.TLS_EXPIRED
    return Reason.TLS_NAME if error.verify_code in _NAMES else Reason.TLS_CA


class TlsLine(Line):
    """A Line in TLS. A certificate that the agent refuses may show itself only at the first receive()."""

    def __init__(self, connected: ssl.SSLSocket, peer: str, settings: TlsSettings) -> None:
        super().__init__(connected)
        self._tls = connected
        self._peer = peer
        self._settings = settings

    def shake_hands(self, *, deadline: float) -> None:
        """Prove to each other who we are. Raises TransportError by the deadline."""
        while True:
            try:
                self._tls.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as want:
                if not self.wait(to_send=isinstance(want, ssl.SSLWantWriteError), deadline=deadline):
                    raise TransportError(
                        Reason.TIMEOUT, f"{self._peer} did not answer in TLS in time; check that it speaks TLS"
                    ) from None
            except OSError as error:
                raise _explained(error, self._peer, self._settings) from error
            else:
                return

    def send(self, data: bytes | memoryview) -> int:
        """Send what can be sent at once: see Line."""
        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def _worth_waking_for(self, at_least: int) -> int:
        return min(at_least, 1)  # what is on its way may be inside of a record of which we hold the greater part

    def receive(self) -> bytes | None:
        """Return what has come in: see Line. Raises TransportError for what is not TLS any more."""
        try:
            return self._tls.recv(_RECORD_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except ssl.SSLError as error:
            raise _explained(error, self._peer, self._settings) from error
        except OSError:
            return b""


def open_tls(connected: socket.socket, settings: TlsSettings, *, host: str, peer: str, deadline: float) -> TlsLine:
    """Begin TLS on a connection. The files are read anew each time, so that a renewed certificate is taken up."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ValueError) as error:
        what = f"jmx.tls.ca_file {settings.ca_file} cannot be used ({_words(error)})"
        raise TransportError(Reason.TLS_CA, f"{what}; give a file of PEM certificates") from error
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
        except (OSError, ValueError) as error:
            what = f"jmx.tls.cert_file {settings.cert_file} or its key cannot be used ({_words(error)})"
            raise TransportError(Reason.TLS_MISMATCH, f"{what}; give PEM files, unencrypted") from error
    name = settings.server_name or host
    try:
        wrapped = context.wrap_socket(connected, server_hostname=name, do_handshake_on_connect=False)
    except ValueError as error:  # UnicodeError among them
        what = f"{name!r} can be no certificate's name"
        raise TransportError(Reason.TLS_NAME, f"{what}; set jmx.tls.server_name") from error
    except OSError as error:
        raise _explained(error, peer, settings) from error
    line = TlsLine(wrapped, peer, settings)
    try:
        line.shake_hands(deadline=deadline)
    except BaseException:
        line.close()
        raise
    return line


def _no_password() -> str:
    raise ValueError("it is encrypted")


def _explained(error: OSError, peer: str, settings: TlsSettings) -> TransportError:
    """Return what a failure of TLS means, and what to do."""
    words = _words(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = certificate_reason(error)
        if reason is Reason.TLS_EXPIRED:
            return TransportError(reason, f"the certificate of {peer}: {error.verify_message}; renew it")
        if reason is Reason.TLS_NAME:
            advice = "set jmx.tls.server_name to the name that it has"
            return TransportError(reason, f"the certificate of {peer} is for another name; {advice}")
        what = f"the certificate of {peer} is not signed by a CA that we trust ({error.verify_message})"
        return TransportError(reason, f"{what}; set jmx.tls.ca_file")
    if "alert" in words:  # the agent's own words: it would not have us
        ours = settings.cert_file is not None
        advice = "have its truststore hold the CA of jmx.tls.cert_file" if ours else "set jmx.tls.cert_file"
        return TransportError(Reason.TLS_MISMATCH, f"{peer} refuses TLS with us ({words}); {advice}")
    return TransportError(
        Reason.TLS_MISMATCH,
        f"{peer} does not answer in TLS ({words}); set jmx.tls.mode to rmi if only its RMI port does, or to none",
    )


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
