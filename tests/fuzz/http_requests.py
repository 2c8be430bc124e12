"""Fuzzes what an HTTP client sends: the parser, and the handlers of both listeners."""

import random
import re

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.server.application import Collected, ProbeRefusedError, TargetStatus
from kafka_producer_exporter.server.messages import (
    MAX_HEAD_BYTES,
    BadRequestError,
    Request,
    RequestParser,
    Response,
    response_pieces,
)
from kafka_producer_exporter.server.routes import accepts_gzip, metrics_handler, status_pages_handler
from tests.fuzz.mutations import mutated

_REQUESTS = (
    b"GET /metrics?x=1 HTTP/1.1\r\nHost: a:9797\r\nAccept: text/plain\r\nACCEPT: */*;q=0.1\r\n\r\n",
    b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
    b"GET http://a/probe?target=b HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n",
    b"PUT /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    b"GET /probe?target=a%3A9999&target=%ff%00 HTTP/1.1\r\nHost: [::1]:9797\r\nConnection: close, x\r\n\r\n",
    b"\r\nHEAD /targets.json HTTP/1.0\r\nConnection: keep-alive\r\nAccept-Encoding: br, gzip;q=0.5, *;q=0\r\n\r\n",
    b"GET /metrics HTTP/1.1\nHost: a\nAccept: application/openmetrics-text;version=1.0.0,text/plain;q=.5;escaping=\n\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (MAX_HEAD_BYTES - 40) + b"\r\n\r\n",
)
_WEIGHTS = (9, 9, 9, 9, 9, 9, 9, 9, 1)
_VALUES = (
    *(b"0", b"-1", b"1e999", b"nan", b"10", b"*/*", b"gzip", b"q=0.", b"q=", b"close", b"%ff%00", b"?target=x"),
    *(b"//", b"http://", b"HTTP/1.0\r\n", b"HTTP/2.0\r\n", b"chunked\r\n", b"a\xff\r\n", b"\r\n", b"\n", b" ", b"\0"),
    *(b"\x80", b"", b"["),
)
_HEADERS = (
    *(b"Host: b\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"X-Y: \xe4,\t;\r\n", b": x\r\n"),
    *(b" x\r\n", b"Accept: text/plain;q=2;version=\r\n", b"Upgrade: h2c\r\n", b"Connection: keep-alive, close\r\n"),
    *(b"Content-Length: 99999999999999999999\r\n", b"Accept-Encoding: gzip;q=\r\n", b"X: y\r\n" * 101),
)


class _Application:
    """A program with one target that is not up, which refuses every probe and every reload."""

    def collect(self, *, deadline: float) -> Collected:
        return Collected(None, list)

    def probe(self, target: str, *, deadline: float) -> Collected:
        raise ProbeRefusedError(f"{target} may not be probed")

    def statuses(self, *, max_age_seconds: float, deadline: float) -> list[TargetStatus]:
        return [TargetStatus("a", Address("a", 1), None)]

    def broker_families(self) -> list[Family] | None:
        return None

    def reload(self) -> None:
        raise ConfigError("exporter.yml", [Problem("exporter.yml:1", "not YAML")])

    def config_error(self) -> str | None:
        return None


_HANDLERS = (
    metrics_handler(_Application(), http_reload=True),
    metrics_handler(_Application()),
    status_pages_handler(_Application(), own_host="a"),
)


def http_requests(chance: random.Random) -> str:
    """Parse a damaged request whole and in pieces, which must not change the result, and answer it."""
    data = chance.choices(_REQUESTS, _WEIGHTS)[0]
    if chance.randrange(3):  # other values and other headers, many of which still make a request
        for _ in range(chance.choice((0, 1, 2))):
            parts = re.split(rb"(?<=[ ,;:=?/\n])", data)
            parts[chance.randrange(len(parts))] = chance.choice(_VALUES)
            data = b"".join(parts)
        for _ in range(chance.choice((0, 1, 2))):
            data = data.replace(b"\n", b"\n" + chance.choice(_HEADERS), 1)
    else:
        data = bytes(mutated(data or b"\0", chance))
    size = chance.randrange(1, len(data) + 2)
    requests, status = _parsed([data])
    if len(data) < MAX_HEAD_BYTES:
        pieces = _parsed([data[at : at + size] for at in range(0, len(data), size)])
        if pieces != (requests, status):
            raise AssertionError(f"{data!r} in pieces of {size}: {pieces} is not {(requests, status)}")
    for request in requests:
        response = chance.choice(_HANDLERS)(request)
        if not isinstance(response, Response):
            response = response()
        accepts_gzip(request)
        response_pieces(response, without_body=request.method == "HEAD", keep_alive=request.keep_alive, now=0.0)
    return str(status) if status else "parsed" if requests else "incomplete"


def _parsed(pieces: list[bytes]) -> tuple[list[Request], int]:
    """Return the requests, and the status of the answer to what is not one, or 0."""
    parser, requests = RequestParser(), []
    try:
        for piece in pieces:
            parser.receive(piece)
            while (request := parser.next_request()) is not None:
                requests.append(request)
    except BadRequestError as error:
        return requests, error.status
    return requests, 0


DECODERS = (http_requests,)
