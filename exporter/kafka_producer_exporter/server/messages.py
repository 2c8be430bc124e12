"""HTTP/1.1 as values: received bytes become requests, responses become bytes to send. No socket and no clock.

h11 parses the requests. The limits are ours, and so is the encoding of a response, which leaves in one write.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import h11

MAX_HEAD_BYTES = 16 * 1024
MAX_HEADERS = 100
MAX_BODY_BYTES = 64 * 1024
"""No request here needs a body; a small one is read and ignored."""
MAX_DETAIL_CHARACTERS = 200

_HTML_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


class BadRequestError(Exception):
    """The peer sent no request that can be served. Holds the status of the answer; ``str()`` is for a person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request without its body."""

    method: str
    path: str
    """As sent, up to the question mark."""
    query: str
    headers: Mapping[str, str]
    """By lower-case name. The values of a repeated header are joined with commas."""
    keep_alive: bool
    received: float = 0.0
    """When the request was complete, by ``time.monotonic()``."""
    from_loopback: bool = True
    """Whether the peer is on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response to a request."""

    status: int = 200
    body: bytes = b""
    chunks: tuple[bytes, ...] = ()
    """The rest of the body, if it is large. It is not copied, so several responses may share it."""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def text_response(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a plain text response, with a newline at its end."""
    return Response(status=status, body=f"{text}\n".encode(), headers=headers or {})


def html_response(page: bytes, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with an HTML page, which may load and run nothing."""
    return Response(body=page, content_type="text/html; charset=utf-8", headers={**_HTML_HEADERS, **(headers or {})})


class RequestParser:
    """Parses the requests that arrive on one connection, which may be sent ahead of their responses."""

    def __init__(self) -> None:
        self._begin_request(b"")

    def _begin_request(self, received: bytes) -> None:
        # A new h11 connection per request, since h11 would otherwise want to see our responses, too.
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._request: Request | None = None
        self.in_request = False
        """Whether a part of a request has arrived that ``next_request`` has not returned yet."""
        self.receive(received)

    def receive(self, data: bytes) -> None:
        """Add *data* to what was received."""
        if not self.in_request:
            # RFC 9112, 2.2: ignore empty lines before the request line.
            data = data.lstrip(b"\r\n")
        if data:  # to h11, no bytes mean the end of the connection
            self.in_request = True
            self._http.receive_data(data)

    def next_request(self) -> Request | None:
        """Return the next request, or None while it is incomplete.

        Raise BadRequestError once it is clear that what has arrived cannot become a good request.
        """
        if not self.in_request:
            return None
        try:
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Request):
                    self._request = _checked(event)
                elif isinstance(event, h11.EndOfMessage):
                    request, (rest, _) = self._request, self._http.trailing_data
                    self._begin_request(rest)
                    return request
        except h11.RemoteProtocolError as error:
            raise _bad_request(error) from None
        return None


def response_pieces(response: Response, *, without_body: bool, keep_alive: bool, now: float) -> list[memoryview]:
    """Return the bytes to send, in order; *now*, in seconds since the epoch, is for the Date header.

    The first piece has the headers and the body, and each chunk is a piece. The caller sends them in one write, since a
    body that follows its headers waits 40 ms for a delayed acknowledgement.
    """
    fields = {
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)),
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body) + sum(len(chunk) for chunk in response.chunks)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "keep-alive" if keep_alive else "close",
        **response.headers,
    }
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if without_body:
        return [memoryview(head)]
    return [memoryview(head + response.body), *(memoryview(chunk) for chunk in response.chunks)]


def _checked(head: h11.Request) -> Request:
    """Return the request that begins with *head*; raise BadRequestError if it exceeds our limits."""
    if not head.http_version.startswith(b"1."):
        raise BadRequestError(505, "only HTTP/1.0 and HTTP/1.1 are supported")
    if len(head.headers) > MAX_HEADERS:
        raise BadRequestError(431, f"the request has more than {MAX_HEADERS} headers")
    # h11 limits the bytes that wait for the end of a head, but not a head that arrives whole.
    if len(head.target) + sum(len(name) + len(value) for name, value in head.headers) > MAX_HEAD_BYTES:
        raise _head_too_long()
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "transfer-encoding" in headers:
        raise BadRequestError(411, "a request body needs a Content-Length")
    if int(headers.get("content-length", "0")) > MAX_BODY_BYTES:
        raise BadRequestError(413, f"the request body is longer than {MAX_BODY_BYTES} bytes")
    path, _, query = _origin_form(head.target.decode("latin-1")).partition("?")
    options = {option.strip() for option in headers.get("connection", "").lower().split(",")}
    keep_alive = "keep-alive" in options if head.http_version == b"1.0" else "close" not in options
    return Request(method=head.method.decode("latin-1"), path=path, query=query, headers=headers, keep_alive=keep_alive)


def _origin_form(target: str) -> str:
    """Return the path and query of a target that a proxy may have sent with scheme and host (RFC 9112, 3.2.2)."""
    if target.lower().startswith("http://"):
        _, slash, rest = target[len("http://") :].partition("/")
        return slash + rest if slash else "/"
    return target


def _bad_request(error: h11.RemoteProtocolError) -> BadRequestError:
    if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return _head_too_long()
    detail = str(error)[:MAX_DETAIL_CHARACTERS]
    return BadRequestError(error.error_status_hint, f"this is not a valid HTTP request: {detail}")


def _head_too_long() -> BadRequestError:
    return BadRequestError(431, f"the request line and headers are longer than {MAX_HEAD_BYTES} bytes")
