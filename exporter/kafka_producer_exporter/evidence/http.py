"""GET and POST for sources of evidence: bounded in time and size, with a token, a CA and headers."""

import base64
import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kafka_producer_exporter.net.errors import Reason, TransportError

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
        context = ssl.create_default_context(cafile=access.ca_file) if url.startswith("https:") else None
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(shown, data, headers)  # noqa: S310 (the scheme is checked when it is parsed)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as response:  # noqa: S310
            body: bytes = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            detail = error.read(300).decode("utf-8", "replace")
        reason = Reason.AUTHENTICATION if error.code in (401, 403) else Reason.PROTOCOL
        raise TransportError(reason, f"{shown}: {error.code} {error.reason}; {detail}") from None
    except urllib.error.URLError as error:
        raise TransportError(_reason(error.reason), f"{shown}: {error.reason}") from None
    except TimeoutError:
        raise TransportError(Reason.TIMEOUT, f"{shown}: no answer within {TIMEOUT_SECONDS:g} s") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise TransportError(Reason.PROTOCOL, f"{shown}: {error}") from None
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


def _reason(error: object) -> Reason:
    if isinstance(error, ConnectionRefusedError):
        return Reason.REFUSED
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT
    if isinstance(error, ssl.SSLError):
        return Reason.TLS_CA
    return Reason.DNS if type(error).__name__ == "gaierror" else Reason.CLOSED
