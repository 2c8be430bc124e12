"""GET and POST for sources of evidence: bounded in time and size, with a token, a CA and headers."""

import base64
import http.client
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.http_client import send
from kafka_producer_exporter.net.tls import certificate_reason, verifying_context

TIMEOUT_SECONDS = 10.0
MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a server is reached."""

    token_file: Path | None = None
    """Its content is sent as a bearer token. Read for each request."""
    ca_file: Path | None = None
    """None means the system's CAs."""
    headers: Mapping[str, str] = field(default_factory=dict)


def fetch(url: str, access: Access, form: Mapping[str, str] | None = None, *, accept: str = "*/*") -> bytes:
    """Return the body of a response. With *form*, send it. Raise TransportError, which shows no token."""
    shown = without_login(url)
    try:
        headers = {"Accept": accept, **_login(url), **access.headers}
        if access.token_file is not None:
            headers["Authorization"] = f"Bearer {access.token_file.read_text().strip()}"
        context = verifying_context(access.ca_file) if url.startswith("https:") else None
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(shown, data, headers)  # noqa: S310 (the scheme is checked when it is parsed)
        status, body = send(request, context=context, timeout_seconds=TIMEOUT_SECONDS, max_bytes=MAX_BYTES + 1)
    except urllib.error.URLError as error:
        raise TransportError(_reason(error.reason), f"{shown}: {error.reason}") from None
    except TimeoutError:
        raise TransportError(Reason.TIMEOUT, f"{shown}: no answer within {TIMEOUT_SECONDS:g} s") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise TransportError(Reason.PROTOCOL, f"{shown}: {error}") from None
    if not 200 <= status < 300:
        raise _status_error(shown, status, body)
    if len(body) > MAX_BYTES:
        raise TransportError(Reason.LIMIT, f"{shown}: the answer is larger than {MAX_BYTES >> 20} MiB")
    return body


def without_login(url: str) -> str:
    """Return a URL without user and password."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _login(url: str) -> dict[str, str]:
    """Return the header for a URL's user and password, if it has them."""
    parts = urllib.parse.urlsplit(url)
    if parts.username is None:
        return {}
    login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _status_error(shown: str, status: int, body: bytes) -> TransportError:
    if 300 <= status < 400:
        return TransportError(
            Reason.PROTOCOL, f"{shown}: it redirects, and we do not send a token on; give the final URL"
        )
    reason = Reason.AUTHENTICATION if status in (401, 403) else Reason.PROTOCOL
    words = http.client.responses.get(status, "")
    return TransportError(reason, f"{shown}: {status} {words}; {body[:300].decode('utf-8', 'replace')}")


def _reason(error: object) -> Reason:
    match error:
        case ConnectionRefusedError():
            return Reason.REFUSED
        case TimeoutError():
            return Reason.TIMEOUT
        case ssl.SSLCertVerificationError():
            return certificate_reason(error)
        case ssl.SSLError():
            return Reason.TLS_MISMATCH
        case socket.gaierror():
            return Reason.DNS
    return Reason.CLOSED
