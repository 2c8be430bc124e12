"""Tokens for OAUTHBEARER, from a file that is kept up to date by others, or from a token endpoint.

Rule 1: no message contains the token, the client secret, or anything of a response except its error code.
Rule 2: a call ends by its timeout, whatever the endpoint does. A token that arrives later serves the next call.
"""

import base64
import functools
import json
import re
import ssl
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode, urlsplit

from kafka_producer_exporter.net.deadline import remaining_seconds
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.secrets import Secret, read_secret
from kafka_producer_exporter.net.shared_call import SharedCall
from kafka_producer_exporter.net.tls import (
    certificate_names,
    certificate_reason,
    name_problem,
    trust_problem,
    verifying_context,
)
from kafka_producer_exporter.settings import Sasl

HTTPS_PORT = 443
MAX_RESPONSE_BYTES = 1 << 20
MAX_LIFETIME_SECONDS = 86_400
DEFAULT_LIFETIME_SECONDS = 60
"""For a response without ``expires_in``, which RFC 6749 only recommends."""
# Kafka's own clients refresh at the same point (sasl.login.refresh.window.factor). kafka-python reauthenticates after
# 85 % of the remaining lifetime, and must find a new token then.
USED_SHARE = 0.8


def bearer_token(sasl: Sasl, *, timeout_seconds: float) -> str:
    """Return a token that has not expired as far as we know. Raise TransportError."""
    if sasl.token_url is not None:
        return _shared_endpoint(sasl).token(timeout_seconds)
    text = read_secret(Secret("token", sasl.token_file, None, "broker.sasl.token_file"))
    return _checked(text.strip(), f"{sasl.token_file}")


def forget_token(sasl: Sasl) -> None:
    """Request a new token next time, because a broker has rejected the present one."""
    if sasl.token_url is not None:
        _shared_endpoint(sasl).forget()


class Token(NamedTuple):
    """A token and how long to use it."""

    text: str
    used_until: float
    """On the monotonic clock."""


class TokenEndpoint:
    """Requests tokens with client credentials (RFC 6749, 4.4) and keeps one until shortly before it expires."""

    def __init__(self, sasl: Sasl) -> None:
        self._sasl = sasl
        self._place = f"token endpoint {(sasl.token_url or '').partition('?')[0]}"  # a query may contain a key
        self._token: Token | None = None
        # In a thread, because urllib applies its timeout to each step, and an endpoint may take many.
        self._request = SharedCall("token", self._fetch, idle_seconds=0.0)

    def token(self, timeout_seconds: float) -> str:
        """Return a token. Concurrent callers share one request. Raise TransportError within *timeout_seconds*."""
        token = self._token
        if token is not None and time.monotonic() < token.used_until:
            return token.text
        deadline = time.monotonic() + timeout_seconds
        try:
            return self._request.wait(self._request.begin(deadline=deadline), deadline=deadline).text
        except TimeoutError:
            raise self._timeout() from None

    def forget(self) -> None:
        """Drop the token."""
        self._token = None

    def _fetch(self, deadline: float) -> Token:
        # Imported here, because they cost 1 MB and only a token endpoint needs them.
        import http.client  # noqa: PLC0415
        import urllib.request  # noqa: PLC0415

        from kafka_producer_exporter.net.http_client import send  # noqa: PLC0415

        sasl, url = self._sasl, self._sasl.token_url or ""
        form = {"grant_type": "client_credentials"} | ({"scope": sasl.scope} if sasl.scope else {})
        headers = {"Authorization": self._authorization(), "Accept": "application/json"}
        request = urllib.request.Request(url, urlencode(form).encode(), headers)  # noqa: S310 - checked with the settings
        requested_at = time.monotonic()
        try:
            status, body = send(
                request,
                context=self._tls_context(),
                timeout_seconds=remaining_seconds(deadline),
                max_bytes=MAX_RESPONSE_BYTES,
            )
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            raise self._connection_error(cause, deadline) from None
        if not 200 <= status < 300:
            raise self._status_error(status, body)
        # Kept here rather than by the caller, so that it is not lost if every caller has given up.
        self._token = self._parsed(body, requested_at)
        return self._token

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return verifying_context(self._sasl.token_ca_file)
        except OSError:
            problem = f"{self._sasl.token_ca_file} contains no readable certificate; correct broker.sasl.token_ca_file"
            raise self._error(problem) from None

    def _authorization(self) -> str:
        secret = read_secret(
            Secret(
                "client secret",
                self._sasl.client_secret_file,
                self._sasl.client_secret_env,
                "broker.sasl.client_secret_file",
                "broker.sasl.client_secret_env",
            )
        )
        # RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
        pair = f"{quote_plus(self._sasl.client_id or '')}:{quote_plus(secret)}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def _parsed(self, body: bytes, requested_at: float) -> Token:
        fields = _json_object(body)
        text, kind, seconds = fields.get("access_token"), fields.get("token_type", "bearer"), fields.get("expires_in")
        if not isinstance(text, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            raise self._error("the response contains no bearer token; check broker.sasl.token_url")
        if isinstance(seconds, str) and re.fullmatch("[0-9]{1,9}", seconds):  # some endpoints send a string
            seconds = int(seconds)
        lifetime = max(0, min(seconds, MAX_LIFETIME_SECONDS)) if isinstance(seconds, int) else DEFAULT_LIFETIME_SECONDS
        return Token(_checked(text, self._place), requested_at + USED_SHARE * lifetime)

    def _status_error(self, status: int, body: bytes) -> TransportError:
        code = _json_object(body).get("error")
        # RFC 6749, 5.2: error codes have a fixed alphabet. Nothing else of the response is shown.
        shown = f" ({code})" if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""
        if status in (400, 401, 403):
            keys = "broker.sasl.client_id, the client secret and broker.sasl.scope"
            return self._error(f"it rejected the request{shown}; check {keys}")
        if 300 <= status < 400:
            return self._error(
                "it redirects, and we do not send a secret on; put the final URL in broker.sasl.token_url"
            )
        return self._error(f"it replied HTTP {status}{shown}; check broker.sasl.token_url, and whether it is healthy")

    def _connection_error(self, cause: object, deadline: float) -> TransportError:
        if isinstance(cause, TimeoutError):
            return self._timeout()
        if isinstance(cause, ConnectionRefusedError):
            return self._error("nothing listens there; start it, or correct broker.sasl.token_url")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return self._error(f"its certificate {self._certificate_problem(cause, deadline)}")
        if isinstance(cause, OSError | UnicodeError):
            detail = getattr(cause, "strerror", None) or type(cause).__name__
            return self._error(f"no connection ({detail}); check broker.sasl.token_url")
        return self._error("the server there does not speak HTTP; correct broker.sasl.token_url")

    def _certificate_problem(self, error: ssl.SSLCertVerificationError, deadline: float) -> str:
        match certificate_reason(error):
            case Reason.TLS_EXPIRED:
                return f"is not valid now ({error.verify_message}); renew it"
            case Reason.TLS_NAME:
                url = urlsplit(self._sasl.token_url or "")
                host, address = url.hostname or "", (url.hostname, url.port or HTTPS_PORT)
                names = certificate_names(address, self._tls_context(), name=host, deadline=deadline)
                return name_problem(names, host, "use in broker.sasl.token_url")
            case _:
                return trust_problem(error, "broker.sasl.token_ca_file")

    def _timeout(self) -> TransportError:
        advice = "check whether it is running, and whether a firewall drops the packets"
        return self._error(f"no reply in time; {advice}", Reason.TIMEOUT)

    def _error(self, problem: str, reason: Reason = Reason.AUTHENTICATION) -> TransportError:
        return TransportError(reason, f"{self._place}: {problem}")


@functools.lru_cache(maxsize=8)
def _shared_endpoint(sasl: Sasl) -> TokenEndpoint:
    """Return the endpoint that all connections share, because a token outlives a connection."""
    return TokenEndpoint(sasl)


def _checked(token: str, place: str | Path) -> str:
    # RFC 6750, 2.1. Any other character could not be sent, or would end the token in the middle of the message.
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token):
        raise TransportError(Reason.AUTHENTICATION, f"{place}: the content is not a bearer token; provide one")
    return token


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
