"""One page is made at a time, and the requests of one moment share it."""

import gzip
import random
import threading
import time

import pytest

from kafka_producer_exporter.catalogue.exporter import UP
from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import CHUNK_BYTES
from kafka_producer_exporter.model import Family, Labels
from kafka_producer_exporter.server.application import Collected
from kafka_producer_exporter.server.metrics_pages import GZIP_FROM_BYTES, MetricsPages, made_page

TEXT, OPENMETRICS = Format.PROMETHEUS_TEXT, Format.OPENMETRICS


class Source:
    """What is served: how often its families were assembled, and how many at the same time."""

    def __init__(self):
        self.made = 0
        self.at_once = 0
        self.most_at_once = 0

    def collected(self, moment):
        return Collected(moment, self._families)

    def _families(self):
        self.made += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.001)
        self.at_once -= 1
        return [Family(UP, [(Labels({"target": "checkout"}), float(self.made))])]


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def pages():
    return MetricsPages()


def ask(pages, collected, *, path="/metrics", page_format=TEXT, compress=False, received=0.0):
    with pages.request():
        return pages.page(path, collected, page_format, gzip=compress, received=received)


def test_sixteen_requests_of_one_read_share_one_page(pages, source):
    collected, bodies = source.collected("a read"), []
    start = threading.Barrier(16)

    def request():
        with pages.request():
            start.wait(5)  # as all of them wait for the same read
            bodies.append(pages.page("/metrics", collected, TEXT, gzip=False, received=0.0).chunks)

    threads = [threading.Thread(target=request) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert (len(bodies), source.made) == (16, 1)
    assert len({id(body) for body in bodies}) == 1


def test_pages_of_different_reads_are_made_one_at_a_time(pages, source):
    threads = [threading.Thread(target=ask, args=(pages, source.collected(number))) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert (source.made, source.most_at_once) == (16, 1)


@pytest.mark.parametrize(
    "other",
    [{"moment": "another read"}, {"page_format": OPENMETRICS}, {"compress": True}, {"path": "/probe"}],
    ids=str,
)
def test_a_page_is_not_shared_with_a_request_for_another_one(pages, source, other):
    options = {"moment": "a read"} | other
    with pages.request():
        one = ask(pages, source.collected("a read"))
        two = ask(pages, source.collected(options.pop("moment")), **options)

    assert source.made == 2
    assert one is not two


def test_what_is_not_from_a_read_is_never_older_than_the_request(source):
    now = [100.0]
    pages = MetricsPages(clock=lambda: now[0])
    with pages.request():
        ask(pages, source.collected(()), received=99.0)
        shared = ask(pages, source.collected(()), received=100.0)
        now[0] = 102.0
        fresh = ask(pages, source.collected(()), received=101.0)

    assert (b" 1.0\n" in shared.chunks[0], b" 2.0\n" in fresh.chunks[0]) == (True, True)


def test_nothing_is_kept_once_no_request_waits(pages, source):
    ask(pages, source.collected("a read"))
    ask(pages, source.collected("a read"))

    assert source.made == 2
    assert not pages._made


def test_a_page_that_cannot_be_made_leaves_nothing_behind(pages, source):
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(pages, Collected("a read", broken))

    assert not pages._made
    assert ask(pages, source.collected("a read")).chunks


def test_only_the_pages_of_the_last_read_are_kept_for_requests_that_still_wait(pages, source):
    with pages.request():
        for number in range(20):
            one, other = (ask(pages, source.collected(number), page_format=each) for each in (TEXT, OPENMETRICS))

        assert [page for _, page in pages._made.values()] == [one, other]


@pytest.mark.parametrize("size", [0, 1, GZIP_FROM_BYTES - 1, GZIP_FROM_BYTES, 10 * GZIP_FROM_BYTES])
def test_a_large_page_is_compressed_chunk_by_chunk(size):
    whole = random.Random(1).randbytes(size)
    chunks = [whole[at : at + CHUNK_BYTES] for at in range(0, size, CHUNK_BYTES)]

    plain, compressed = made_page(iter(chunks), gzip=False), made_page(iter(chunks), gzip=True)

    assert (plain.chunks, plain.is_gzip) == (tuple(chunks), False)
    assert compressed.is_gzip == (size >= GZIP_FROM_BYTES)
    body = b"".join(compressed.chunks)
    assert (gzip.decompress(body) if compressed.is_gzip else body) == whole
