"""HTTP/1.1 as values: received bytes to a request, a response to bytes to send. No socket and no clock."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

MAX_HEAD_BYTES = 16 * 1024
MAX_HEADER_LINES = 100
MAX_BODY_BYTES = 64 * 1024
"""No request here needs a body; a small one is read and thrown away."""
FIRST_PIECE_BYTES = 64 * 1024

_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r]*?)[ \t]*")


class BadRequestError(Exception):
    """What the peer sent is not a request that can be served; holds the status and a text for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without its body."""

    method: str
    path: str
    """As it was sent, up to the question mark."""
    query: str
    headers: Mapping[str, str]
    """By lower-case name; a repeated one is joined with commas."""
    keep_alive: bool
    received: float = 0.0
    """When it was complete, by ``time.monotonic()``."""
    from_loopback: bool = True
    """Whether the peer is on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered to one request."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def text_response(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a plain text, with a newline at its end."""
    return Response(status=status, body=f"{text}\n".encode(), headers=headers or {})


def parse_request(received: bytes | bytearray) -> tuple[Request, int] | None:
    """Return the first request in *received* and the number of bytes that it takes; None while it is incomplete.

    Raises BadRequestError as soon as it is clear that no good request can become of it.
    """
    # RFC 9112, 2.2: a blank line before the request line is to be ignored.
    start = len(received) - len(received.lstrip(b"\r\n"))
    if start < len(received) and not ord("A") <= received[start] <= ord("Z"):
        raise BadRequestError(400, "this is no HTTP request")
    line_end = received.find(b"\n", start)
    if line_end >= 0:
        method, target, minor = _request_line(_text(received[start:line_end]))
    head_end = _head_end(received, start)
    if max(head_end, 0) > MAX_HEAD_BYTES or (head_end < 0 and len(received) > MAX_HEAD_BYTES):
        raise BadRequestError(431, f"the request line and headers are longer than {MAX_HEAD_BYTES} bytes")
    if head_end < 0:
        return None
    headers = _headers(_text(received[line_end + 1 : head_end]))
    if minor >= 1 and "host" not in headers:
        raise BadRequestError(400, "HTTP/1.1 asks for a Host header")
    end = head_end + _body_length(headers)
    if len(received) < end:
        return None
    path, _, query = _origin_form(target).partition("?")
    options = {option.strip() for option in headers.get("connection", "").lower().split(",")}
    keep_alive = "close" not in options if minor >= 1 else "keep-alive" in options
    return Request(method=method, path=path, query=query, headers=headers, keep_alive=keep_alive), end


def response_pieces(response: Response, *, without_body: bool, keep_alive: bool, now: float) -> list[memoryview]:
    """Return what to send, in order; *now*, in seconds since the epoch, is for the Date header.

    The first piece has the headers and the beginning of the body, so that a usual response leaves
    in one write: a body that follows its headers waits 40 ms for a delayed acknowledgement. The
    rest of a large body is not copied.
    """
    fields = {
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)),
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
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
    body = memoryview(response.body)
    pieces = [memoryview(head + body[:FIRST_PIECE_BYTES]), body[FIRST_PIECE_BYTES:]]
    return [piece for piece in pieces if piece]


def _text(raw: bytes | bytearray) -> str:
    return raw.decode("latin-1")


def _head_end(received: bytes | bytearray, start: int) -> int:
    """Return where the blank line after the headers ends, -1 where there is none; a bare newline ends a line too."""
    ends = [received.find(mark, start) + len(mark) for mark in (b"\n\r\n", b"\n\n") if received.find(mark, start) >= 0]
    return min(ends, default=-1)


def _request_line(line: str) -> tuple[str, str, int]:
    match = _REQUEST_LINE.fullmatch(line.removesuffix("\r"))
    if not match:
        raise BadRequestError(400, "the request line is not METHOD PATH HTTP/1.1")
    method, target, major, minor = match.groups()
    if major != "1":
        raise BadRequestError(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    return method, target, int(minor)


def _headers(block: str) -> dict[str, str]:
    lines = [line.removesuffix("\r") for line in block.split("\n")]
    lines = [line for line in lines if line]
    if len(lines) > MAX_HEADER_LINES:
        raise BadRequestError(431, f"there are more than {MAX_HEADER_LINES} headers")
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER_LINE.fullmatch(line)
        if not match:
            raise BadRequestError(400, "a header is not NAME: VALUE")
        name, value = match[1].lower(), match[2]
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError(411, "a body must come with a Content-Length")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise BadRequestError(400, "Content-Length is not a number")
    # The digits are counted first: int() of thousands of them raises, or takes long.
    if len(length) > 18 or int(length) > MAX_BODY_BYTES:
        raise BadRequestError(413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    return int(length)


def _origin_form(target: str) -> str:
    """Return the path and query of a target that a proxy may have sent with scheme and host (RFC 9112, 3.2.2)."""
    if target.lower().startswith("http://"):
        _, slash, rest = target[len("http://") :].partition("/")
        return slash + rest if slash else "/"
    return target
