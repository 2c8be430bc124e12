from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.server.messages import (
    FIRST_PIECE_BYTES,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    BadRequestError,
    Response,
    parse_request,
    response_pieces,
)

SCRAPE = b"GET /metrics?x=1 HTTP/1.1\r\nHost: a:9797\r\nAccept: text/plain\r\nACCEPT: */*;q=0.1\r\n\r\n"


def test_a_request_is_its_method_path_query_and_headers():
    request, length = parse_request(SCRAPE + b"GET /next")

    assert (request.method, request.path, request.query) == ("GET", "/metrics", "x=1")
    assert request.headers == {"host": "a:9797", "accept": "text/plain, */*;q=0.1"}
    assert request.keep_alive
    assert length == len(SCRAPE)


@pytest.mark.parametrize("cut", range(len(SCRAPE)))
def test_half_a_request_is_waited_for(cut):
    assert parse_request(SCRAPE[:cut]) is None


def test_a_body_belongs_to_its_request():
    head = b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"

    assert parse_request(head + b"ab") is None
    assert parse_request(head + b"abcGET")[1] == len(head) + 3


@pytest.mark.parametrize("received", [b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\n\n"])
def test_what_people_type_into_netcat_is_understood(received):
    request, length = parse_request(received)

    assert (request.path, request.keep_alive, length) == ("/", False, len(received))


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [("1.1", "", True), ("1.1", "x, Close", False), ("1.0", "", False), ("1.0", "Keep-Alive", True)],
)
def test_a_connection_is_kept_as_its_version_and_header_say(version, connection, kept):
    request, _ = parse_request(f"GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n".encode())

    assert request.keep_alive is kept


def test_the_target_of_a_proxy_is_cut_down_to_its_path():
    assert parse_request(b"GET http://a:1/metrics?y HTTP/1.0\r\n\r\n")[0].path == "/metrics"
    assert parse_request(b"GET http://a:1 HTTP/1.0\r\n\r\n")[0].path == "/"


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"\x16\x03\x01\x02\x00", 400),  # TLS, where plain HTTP is spoken
        (b"GET /\r\n", 400),  # HTTP/0.9
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"PRI * HTTP/2.0\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.0\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nA: \x00\r\n\r\n", 400),
        (b"GET /" + b"a" * MAX_HEAD_BYTES, 431),
        (b"GET / HTTP/1.0\r\nA: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.0\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"\r\n" * MAX_HEAD_BYTES, 431),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), 413),
        (b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 9000 + b"\r\n\r\n", 413),
    ],
)
def test_what_is_no_good_request_is_refused_with_its_status(received, status):
    with pytest.raises(BadRequestError) as caught:
        parse_request(received)

    assert caught.value.status == status


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, len(SCRAPE)))
def test_garbage_raises_nothing_but_a_refusal(garbage, cut):
    received = SCRAPE[:cut] + garbage

    with suppress(BadRequestError):
        parsed = parse_request(received)
        assert parsed is None or 0 < parsed[1] <= len(received)


def test_a_usual_response_is_one_piece():
    (piece,) = response_pieces(
        Response(body=b"up 1\n", headers={"Vary": "Accept"}), without_body=False, keep_alive=True, now=0
    )

    head, _, body = bytes(piece).partition(b"\r\n\r\n")
    assert body == b"up 1\n"
    assert head.decode().split("\r\n") == [
        "HTTP/1.1 200 OK",
        "Date: Thu, 01 Jan 1970 00:00:00 GMT",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Length: 5",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: keep-alive",
        "Vary: Accept",
    ]


def test_a_response_to_head_says_the_length_of_the_body_that_it_leaves_out():
    (piece,) = response_pieces(Response(body=b"up 1\n"), without_body=True, keep_alive=False, now=0)

    assert b"Content-Length: 5\r\n" in bytes(piece)
    assert bytes(piece).endswith(b"Connection: close\r\n\r\n")


def test_a_large_body_is_not_copied():
    body = b"x" * (3 * FIRST_PIECE_BYTES)

    pieces = response_pieces(Response(body=body), without_body=False, keep_alive=True, now=0)

    assert b"".join(pieces).endswith(b"\r\n\r\n" + body)
    assert pieces[1].obj is body
