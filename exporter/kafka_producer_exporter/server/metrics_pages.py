"""Metrics pages: made one at a time, and shared by the requests of one moment.

Rule 1: one page is made at a time. Python runs one thread at a time anyway, and many half-made pages would only fill
the memory.
Rule 2: requests whose values come from the same reads get the same bytes. Nothing older than a request is served to it,
beyond the reads in progress that it joined (see ``targets.collector``).
Rule 3: a page is not kept for later: once no request waits for one, all are forgotten.
"""

import itertools
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import CHUNK_BYTES, rendered
from kafka_producer_exporter.server.application import Collected

# Level 1 takes 3.4 ms of CPU per megabyte and leaves a tenth of the size. Between machines
# that is faster than sending the rest; within one machine it only costs (docs/adr/0005).
GZIP_FROM_BYTES = CHUNK_BYTES  # a shorter page is its first and only chunk
GZIP_LEVEL = 1
_GZIP_WINDOW = 31  # zlib's number for the largest window with a gzip header


class MetricsPage(NamedTuple):
    """The bytes of a page, in chunks: a large page is never copied, not even into a buffer that grows."""

    chunks: tuple[bytes, ...]
    is_gzip: bool


class MetricsPages:
    """Makes the pages of one listener. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._making = threading.Lock()
        self._counting = threading.Lock()
        self._requests = 0
        self._moment: object = None
        self._made: dict[object, tuple[float, MetricsPage]] = {}
        """What was made of the moment, for each path and encoding."""

    @contextmanager
    def request(self) -> Iterator[None]:
        """Keep what is made meanwhile, for other requests to share. A request reads and makes its page within."""
        with self._counting:
            self._requests += 1
        try:
            yield
        finally:
            with self._counting:
                self._requests -= 1
                is_last = not self._requests
            if is_last:
                with self._making:
                    self._made.clear()

    def page(self, path: str, collected: Collected, page_format: Format, *, gzip: bool, received: float) -> MetricsPage:
        """Return the page of what was collected for a request that was *received* at that instant.

        *gzip* allows compression, which is used for a large page.
        """
        key = path, page_format, gzip
        with self._making:
            began = self._clock()
            if collected.moment != self._moment:
                self._moment = collected.moment
                self._made.clear()
            made, page = self._made.get(key, (0.0, None))
            # What is not from a read, such as our own CPU time, is as old as the page: never older than the request.
            if page is None or made < received:
                self._made.pop(key, None)
                page = made_page(rendered(collected.families(), page_format), gzip=gzip)
                self._made[key] = began, page
            return page


def made_page(chunks: Iterator[bytes], *, gzip: bool) -> MetricsPage:
    """Return the page that consists of *chunks*. If it is compressed, it is never in memory as a whole."""
    if not gzip:
        return MetricsPage(tuple(chunks), is_gzip=False)
    first = next(chunks, b"")
    if len(first) < GZIP_FROM_BYTES:
        return MetricsPage((first,), is_gzip=False)
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    compressed = [compressor.compress(chunk) for chunk in itertools.chain([first], chunks)]
    return MetricsPage((b"".join([*compressed, compressor.flush()]),), is_gzip=True)
