"""The decoders that are fuzzed. Each function runs one of them once, and raises for anything but an intended error."""

import gzip
import random
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from crc32c import crc32c

from kafka_producer_exporter.broker.log import records
from kafka_producer_exporter.broker.log.record_batches import read_records
from kafka_producer_exporter.jmx.javastream import Decoder, JavaStreamError, NeedMore
from kafka_producer_exporter.jmx.jrmp import Wire
from kafka_producer_exporter.jmx.replies import decode_listed_attributes, decode_names
from kafka_producer_exporter.jmx.requests import REGISTRY_NAMES
from kafka_producer_exporter.jmx.stubs import read_registry_names, read_stub
from kafka_producer_exporter.jmx.templates import AttributesReader, RepeatedReplyReader
from kafka_producer_exporter.server.messages import BadRequestError, RequestParser
from tests.fuzz.java_writer import JavaWriter
from tests.fuzz.mutations import mutated
from tests.jmx.conversation import GET_ATTRIBUTES, GET_MBEAN_INFO, LOOKUP, QUERY_NAMES, RecordedConversation
from tests.transaction_log import recorded_log

_REQUESTS = (
    b"GET /metrics?x=1 HTTP/1.1\r\nHost: a:9797\r\nAccept: text/plain\r\nACCEPT: */*;q=0.1\r\n\r\n",
    b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
    b"GET http://a/probe?target=b HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
)
_CRC_AT, _AFTER_CRC = 17, 21


@cache
def _small_replies() -> list[tuple[bytes, Callable]]:
    """Return the smallest recorded reply of each kind, with a function that makes a reader for it."""
    conversation = RecordedConversation.load()

    def smallest(mark: bytes) -> bytes:
        return min(conversation.replies_to(mark), key=len)

    return [
        (smallest(LOOKUP), lambda: read_stub),
        (smallest(REGISTRY_NAMES), lambda: read_registry_names),
        (smallest(QUERY_NAMES), lambda: RepeatedReplyReader(decode_names, keep=1)),
        (smallest(GET_MBEAN_INFO), lambda: RepeatedReplyReader(decode_listed_attributes, keep=1)),
        (smallest(GET_ATTRIBUTES), AttributesReader),
        (conversation.failures["NoSuchObjectException"], lambda: read_stub),
    ]


@cache
def _log_records() -> list[tuple[bytes, bytes]]:
    return [(record.key, record.value) for name in ("tv0", "tv2") for record in recorded_log(name)[:40]]


def java_stream(chance: random.Random) -> None:
    """Decode a damaged object stream."""
    reply = JavaWriter(shape=chance, numbers=chance).attribute_list()
    with suppress(NeedMore, JavaStreamError):
        Decoder(mutated(reply[22:], chance)).value()


def replies_in_pieces(chance: random.Random) -> None:
    """Read a damaged reply in pieces. The pieces must not change the result."""
    reply, make = chance.choice(_small_replies())
    broken = bytes(mutated(reply, chance))
    size = chance.randrange(1, len(broken) + 1)
    results = []
    for pieces in ([broken], [broken[at : at + size] for at in range(0, len(broken), size)]):
        reader, wire, values, failure = make(), Wire(), [], None
        wire.receive(b"\x4e" + bytes(6))
        wire.expect([reader])
        for piece in pieces:
            if failure is None:
                some, failure = wire.receive(piece)
                values += some
        results.append(repr((values, type(failure))))
    if results[0] != results[1]:
        raise AssertionError(f"{broken.hex()} in pieces of {size}: {results}")


def templates(chance: random.Random) -> None:
    """Read a reply with the templates of earlier ones. They must not change the result."""
    seed, reader = chance.randrange(1 << 40), AttributesReader()
    for numbers in (None, chance, chance):
        reply = JavaWriter(shape=random.Random(seed), numbers=numbers).attribute_list()
        known, fresh = (read(bytearray(reply), 0) for read in (reader, AttributesReader()))
        if repr((known[0].attributes, list(known[0].values))) != repr((fresh[0].attributes, list(fresh[0].values))):
            raise AssertionError(f"{reply.hex()}: {known} is not {fresh}")


def http_requests(chance: random.Random) -> None:
    """Parse a damaged request in pieces."""
    broken = bytes(mutated(chance.choice(_REQUESTS), chance))
    size = chance.randrange(1, len(broken) + 1)
    parser = RequestParser()
    with suppress(BadRequestError):
        for at in range(0, len(broken), size):
            parser.receive(broken[at : at + size])
            while parser.next_request() is not None:
                pass


def record_batches(chance: random.Random) -> None:
    """Read damaged record batches, most of them with the checksum that fits."""
    content = chance.randbytes(chance.randrange(60))
    records_of_batch = mutated(_record(b"key", content) + _record(b"key", b""), chance)
    compressed = chance.randrange(2)
    payload = gzip.compress(records_of_batch, 1) if compressed else bytes(records_of_batch)
    after_crc = compressed.to_bytes(2, "big") + (1).to_bytes(4, "big") + bytes(16) + b"\xff" * 14
    after_crc += (2).to_bytes(4, "big") + payload
    head = bytes(8) + (9 + len(after_crc)).to_bytes(4, "big") + bytes(4) + b"\x02"
    batch = (
        mutated(head + bytes(4) + after_crc, chance) if chance.randrange(3) else bytearray(head + bytes(4) + after_crc)
    )
    if chance.randrange(8):
        batch[_CRC_AT:_AFTER_CRC] = crc32c(bytes(batch[_AFTER_CRC:])).to_bytes(4, "big")
    high_watermark = chance.randrange(4)
    chunk = read_records(bytes(batch), 0, crc32c, high_watermark=high_watermark)
    assert chunk.next_offset <= high_watermark
    for _, key, value in chunk.records:
        with suppress(records.DamagedRecordError):
            records.decode(key or b"", value)


def _record(key: bytes, value: bytes) -> bytes:
    body = b"\x00\x00\x00" + bytes([2 * len(key)]) + key + _varint(len(value)) + value + b"\x00"
    return _varint(len(body)) + body


def _varint(number: int) -> bytes:
    zigzag, encoded = 2 * number, b""
    while zigzag >= 0x80:
        encoded += bytes([zigzag & 0x7F | 0x80])
        zigzag >>= 7
    return encoded + bytes([zigzag])


def log_records(chance: random.Random) -> None:
    """Decode a damaged record of the transaction log."""
    key, value = chance.choice(_log_records())
    if chance.randrange(4) == 0:
        key = bytes(mutated(key, chance))
    with suppress(records.DamagedRecordError):
        records.decode(key, bytes(mutated(value, chance)) if value else value)


DECODERS = (java_stream, replies_in_pieces, templates, http_requests, record_batches, log_records)
