from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_producer_exporter.server.messages import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    BadRequestError,
    RequestParser,
    Response,
    response_pieces,
)

SCRAPE = b"GET /metrics?x=1 HTTP/1.1\r\nHost: a:9797\r\nAccept: text/plain\r\nACCEPT: */*;q=0.1\r\n\r\n"
RELOAD = b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


def parse(*received):
    """Return the requests in what was received, in as many pieces, and whether a part of another one follows them."""
    parser = RequestParser()
    requests = []
    for data in received:
        parser.receive(data)
        requests += iter(parser.next_request, None)
    return requests, parser.in_request


def parse_one(received):
    requests, more = parse(received)
    assert not more
    (request,) = requests
    return request


def test_a_request_is_its_method_path_query_and_headers():
    request = parse_one(SCRAPE)

    assert (request.method, request.path, request.query) == ("GET", "/metrics", "x=1")
    assert request.headers == {"host": "a:9797", "accept": "text/plain, */*;q=0.1"}
    assert request.keep_alive


@pytest.mark.parametrize("request_bytes", [SCRAPE, RELOAD], ids=["scrape", "reload"])
def test_an_incomplete_request_is_awaited_wherever_it_is_cut(request_bytes):
    for cut in range(1, len(request_bytes)):
        assert parse(request_bytes[:cut]) == ([], True)
        assert parse(request_bytes[:cut], request_bytes[cut:]) == parse(request_bytes)


def test_requests_sent_ahead_are_parsed_in_order():
    requests, more = parse(RELOAD + SCRAPE + b"GET /next")

    assert [request.path for request in requests] == ["/-/reload", "/metrics"]
    assert more


@pytest.mark.parametrize(
    "received", [b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\n\n", b"GET / HTTP/1.0\r\n\r\n\r\n"]
)
def test_empty_lines_around_a_request_and_bare_newlines_are_accepted(received):
    request = parse_one(received)

    assert (request.path, request.keep_alive) == ("/", False)


def test_any_number_of_empty_lines_takes_no_memory_and_is_no_request():
    assert parse(*[b"\r\n" * MAX_HEAD_BYTES] * 10) == ([], False)


def test_a_folded_header_is_unfolded():
    assert parse_one(b"GET / HTTP/1.0\r\nA: b\r\n folded\r\n\r\n").headers == {"a": "b folded"}


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [("1.1", "", True), ("1.1", "x, Close", False), ("1.0", "", False), ("1.0", "Keep-Alive", True)],
)
def test_a_connection_is_kept_as_version_and_header_say(version, connection, kept):
    request = parse_one(f"GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n".encode())

    assert request.keep_alive is kept


@pytest.mark.parametrize(
    "head", [b"CONNECT / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n"]
)
def test_an_offer_to_switch_protocols_is_ignored(head):
    requests, _ = parse(head + b"\r\n" + SCRAPE)

    assert [request.path for request in requests] == ["/", "/metrics"]


def test_the_absolute_target_of_a_proxy_is_reduced_to_its_path():
    assert parse_one(b"GET http://a:1/metrics?y HTTP/1.0\r\n\r\n").path == "/metrics"
    assert parse_one(b"GET http://a:1 HTTP/1.0\r\n\r\n").path == "/"


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"\x16\x03\x01\x02\x00", 400),  # TLS, where plain HTTP is spoken
        (b"GET /\r\n\r\n", 400),  # HTTP/0.9
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nA: \x00\r\n\r\n", 400),
        (b"GET /" + b"a" * MAX_HEAD_BYTES, 431),
        (b"GET / HTTP/1.0\r\nA: " + b"a" * MAX_HEAD_BYTES, 431),
        (b"GET / HTTP/1.0\r\nA: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.0\r\n\r\n", 431),
        (b"GET / HTTP/1.0\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 9000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), 413),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
)
def test_what_is_not_a_good_request_is_refused_with_its_status(received, status):
    with pytest.raises(BadRequestError) as caught:
        parse(received)

    assert caught.value.status == status


def test_the_reason_of_a_refusal_is_short_and_printable():
    with pytest.raises(BadRequestError) as caught:
        parse(b"GET / HTTP/1.0\r\n\x00" + b"a" * 9000 + b"\r\n\r\n")

    assert str(caught.value).startswith("this is not a valid HTTP request: illegal header line")
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


FRAGMENTS = st.sampled_from(
    [
        *(b"GET ", b"POST ", b"/", b"*", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/9.9", b"Host: a", b"Connection: close"),
        *(b"Upgrade: h2c", b"Expect: 100-continue", b"Content-Length: ", b"3", b"99999", b"-1", b","),
        *(b"Transfer-Encoding: ", b"chunked", b"gzip", b"CONNECT ", b":", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\0"),
        *(SCRAPE, RELOAD),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=20)), max_size=40))
def test_hostile_bytes_raise_nothing_but_a_refusal(pieces):
    for received in (pieces, [b"".join(pieces)]):
        with suppress(BadRequestError):
            parse(*received)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([SCRAPE, RELOAD]), st.data())
def test_a_mutated_request_raises_nothing_but_a_refusal(request_bytes, data):
    mutated = bytearray(request_bytes)
    for _ in range(data.draw(st.integers(1, 5))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))

    with suppress(BadRequestError):
        parse(bytes(mutated))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([SCRAPE, RELOAD, b"\r\n"]), max_size=5), st.data())
def test_requests_are_the_same_however_the_network_cuts_them(sent, data):
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert parse(*pieces) == parse(stream)


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


def test_a_response_to_head_has_the_length_of_the_body_that_it_omits():
    (piece,) = response_pieces(Response(body=b"up 1\n"), without_body=True, keep_alive=False, now=0)

    assert b"Content-Length: 5\r\n" in bytes(piece)
    assert bytes(piece).endswith(b"Connection: close\r\n\r\n")


def test_the_chunks_of_a_large_body_are_not_copied():
    chunks = (b"x" * 70_000, b"y" * 10)

    pieces = response_pieces(Response(body=b"0", chunks=chunks), without_body=False, keep_alive=True, now=0)

    assert b"Content-Length: 70011\r\n" in bytes(pieces[0])
    assert b"".join(pieces).endswith(b"\r\n\r\n0" + b"".join(chunks))
    assert [piece.obj for piece in pieces[1:]] == list(chunks)
    assert all(piece.obj is chunk for piece, chunk in zip(pieces[1:], chunks, strict=True))
