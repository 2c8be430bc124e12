"""The token of OAUTHBEARER: from a file that somebody keeps fresh, or from a token endpoint for our client credentials.

Rule 1: no message holds the token, the client's secret, or anything of an answer but its error code.
Rule 2: a call ends by its time-out, whatever the endpoint does. An answer that comes later is there for the next call.
"""

import base64
import functools
import json
import queue
import re
import ssl
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote_plus, urlencode, urlsplit

from kafka_producer_exporter.net.address import is_loopback
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.secrets import Secret, read_secret
from kafka_producer_exporter.settings import Sasl

MAX_ANSWER_BYTES = 1 << 20
# Kafka's own clients do the same (sasl.login.refresh.window.factor). kafka-python authenticates anew after 85 % of the
# time that is left, and must find a new token then.
USED_SHARE = 0.8
MAX_LIFETIME_SECONDS = 86_400
UNTOLD_LIFETIME_SECONDS = 60
"""Of a token whose answer has no ``expires_in``, which RFC 6749 only recommends."""


def bearer_token(sasl: Sasl, *, timeout_seconds: float) -> str:
    """Return a token that is good now, as far as we know. Raises TransportError."""
    if sasl.token_url is None:
        return _checked(
            read_secret(Secret("token", sasl.token_file, None, "sasl.token_file")).strip(), f"{sasl.token_file}"
        )
    return _endpoint(sasl).token(timeout_seconds)


def forget_token(sasl: Sasl) -> None:
    """Ask for a new token the next time: a broker has refused the one that we have."""
    if sasl.token_url is not None:
        _endpoint(sasl).forget()


class Token(NamedTuple):
    """What an endpoint gave us."""

    text: str
    used_until: float
    """On the monotonic clock."""


class TokenEndpoint:
    """Gets tokens for client credentials (RFC 6749, 4.4), and keeps one until shortly before it expires."""

    def __init__(self, sasl: Sasl) -> None:
        self._sasl = sasl
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._coming: queue.SimpleQueue[Token | Exception] | None = None

    def token(self, timeout_seconds: float) -> str:
        """Return a token; of several threads one asks, and the others wait. Raises TransportError."""
        deadline = time.monotonic() + timeout_seconds
        if not self._lock.acquire(timeout=timeout_seconds):
            self._refuse("no answer in time; is it up, and is a firewall between?", Reason.TIMEOUT)
        try:
            if self._token is None or time.monotonic() >= self._token.used_until:
                self._token = self._next(deadline)
            return self._token.text
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Keep no token."""
        with self._lock:
            self._token = None

    def _next(self, deadline: float) -> Token:
        coming = self._coming or self._start_fetching(max(0.001, deadline - time.monotonic()))
        try:
            answer = coming.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            self._refuse("no answer in time; is it up, and is a firewall between?", Reason.TIMEOUT)
        self._coming = None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start_fetching(self, timeout_seconds: float) -> queue.SimpleQueue[Token | Exception]:
        """Fetch in a thread, since urllib's time-out is one for each step, and an endpoint may take many."""
        self._coming = queue.SimpleQueue()
        arguments = (self._coming, timeout_seconds)
        threading.Thread(target=self._fetch_into, args=arguments, name="token", daemon=True).start()
        return self._coming

    def _fetch_into(self, answers: queue.SimpleQueue[Token | Exception], timeout_seconds: float) -> None:
        try:
            answers.put(self._fetch(timeout_seconds))
        except Exception as error:  # noqa: BLE001 - whoever waits for it raises it
            answers.put(error)

    def _fetch(self, timeout_seconds: float) -> Token:
        # For a token endpoint only: it costs a megabyte.
        import http.client  # noqa: PLC0415
        import urllib.error  # noqa: PLC0415
        import urllib.request  # noqa: PLC0415

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            """Follows nobody: urllib would take the client's secret along to another host."""

            def redirect_request(self, *_: Any) -> None:
                return None

        url = self._sasl.token_url or ""
        handlers: list[urllib.request.BaseHandler] = [
            NoRedirect(),
            urllib.request.HTTPSHandler(context=self._tls_context()),
        ]
        if is_loopback(urlsplit(url).hostname or ""):
            handlers.append(urllib.request.ProxyHandler({}))  # no proxy of the environment has our loopback
        form = {"grant_type": "client_credentials"} | ({"scope": self._sasl.scope} if self._sasl.scope else {})
        headers = {"Authorization": self._authorization(), "Accept": "application/json"}
        request = urllib.request.Request(url, urlencode(form).encode(), headers)  # noqa: S310 - checked with the settings
        asked_at = time.monotonic()
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=timeout_seconds) as response:
                answer = response.read(MAX_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                self._refuse_status(error.code, error.read(MAX_ANSWER_BYTES))
        except (OSError, http.client.HTTPException) as error:
            self._refuse_connection(getattr(error, "reason", error))
        return self._understood(answer, asked_at)

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._sasl.token_ca_file)
        except OSError:
            self._refuse(f"{self._sasl.token_ca_file} holds no certificate that can be read; correct token_ca_file")

    def _authorization(self) -> str:
        sasl = self._sasl
        secret = read_secret(
            Secret(
                "client secret",
                sasl.client_secret_file,
                sasl.client_secret_env,
                "sasl.client_secret_file",
                "sasl.client_secret_env",
            )
        )
        # RFC 6749, 2.3.1: both are form-encoded before they are joined.
        pair = f"{quote_plus(sasl.client_id or '')}:{quote_plus(secret)}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def _understood(self, answer: bytes, asked_at: float) -> Token:
        told = _json_object(answer)
        text, kind, seconds = told.get("access_token"), told.get("token_type", "bearer"), told.get("expires_in")
        if not isinstance(text, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            self._refuse("its answer holds no bearer token; is this the address of a token endpoint?")
        if isinstance(seconds, str) and re.fullmatch("[0-9]{1,9}", seconds):  # as some endpoints write it
            seconds = int(seconds)
        lifetime = max(0, min(seconds, MAX_LIFETIME_SECONDS)) if isinstance(seconds, int) else UNTOLD_LIFETIME_SECONDS
        return Token(_checked(text, self._place), asked_at + USED_SHARE * lifetime)

    def _refuse_status(self, status: int, answer: bytes) -> NoReturn:
        code = _json_object(answer).get("error")
        # RFC 6749, 5.2: the codes are of a fixed alphabet. Whatever else stands there is not shown.
        why = f" ({code})" if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""
        if status in (400, 401, 403):
            self._refuse(f"it refused us{why}; are client_id, the client secret and scope right?")
        if 300 <= status < 400:
            self._refuse("it redirects, and a secret is not sent on; write the address that it redirects to")
        self._refuse(f"it answered HTTP {status}{why}; is this the address of a token endpoint, and is it well?")

    def _refuse_connection(self, cause: object) -> NoReturn:
        if isinstance(cause, TimeoutError):
            self._refuse("no answer in time; is it up, and is a firewall between?", Reason.TIMEOUT)
        if isinstance(cause, ConnectionRefusedError):
            self._refuse("nothing listens there; is it up?")
        if isinstance(cause, ssl.SSLCertVerificationError):
            self._refuse(f"its certificate is not trusted ({cause.verify_message}); is token_ca_file the right one?")
        if isinstance(cause, OSError):
            self._refuse(f"no connection ({cause.strerror or type(cause).__name__}); is the address right?")
        self._refuse("what answers there does not speak HTTP; is the address right?")

    @property
    def _place(self) -> str:
        """The endpoint as messages name it, without a query, where some put a key."""
        return "token endpoint " + (self._sasl.token_url or "").partition("?")[0]

    def _refuse(self, message: str, reason: Reason = Reason.AUTHENTICATION) -> NoReturn:
        raise TransportError(reason, f"{self._place}: {message}")


@functools.lru_cache(maxsize=8)
def _endpoint(sasl: Sasl) -> TokenEndpoint:
    """Return the one that all connections share: they come and go, and the token outlives them."""
    return TokenEndpoint(sasl)


def _checked(token: str, place: str | Path) -> str:
    # RFC 6750, 2.1: another character could not be sent, or would end the token in the midst of the message.
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token):
        raise TransportError(Reason.AUTHENTICATION, f"{place}: what it holds is no bearer token; put a token there")
    return token


def _json_object(answer: bytes) -> dict[str, Any]:
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
