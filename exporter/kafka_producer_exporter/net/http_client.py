"""One HTTP request to a configured URL. Imported only where one is used, because urllib costs 1 MB."""

import http.client
import ssl
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from kafka_producer_exporter.net.address import is_loopback


class _EveryResponse(urllib.request.HTTPErrorProcessor):
    """Returns every response: urllib must not follow a redirect, since it would send the secret in our headers on."""

    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ARG002
        return response

    https_response = http_response


def send(
    request: urllib.request.Request, *, context: ssl.SSLContext | None, timeout_seconds: float, max_bytes: int
) -> tuple[int, bytes]:
    """Return the status, also of a redirect or an error, and at most *max_bytes* of the body.

    None as *context* is for a URL without TLS. Raise what urllib raises: OSError (with the cause as ``reason``, if it
    is a URLError), UnicodeError or HTTPException.
    """
    handlers: list[urllib.request.BaseHandler] = [_EveryResponse()]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    if is_loopback(urlsplit(request.full_url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))  # a proxy of the environment cannot reach our loopback
    with urllib.request.build_opener(*handlers).open(request, timeout=timeout_seconds) as response:
        body = response.read(max_bytes)
        if response.length and len(body) < max_bytes:
            raise http.client.IncompleteRead(body, response.length)  # read() does not, if it is given a number
        return response.status, body
