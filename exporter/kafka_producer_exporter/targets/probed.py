"""The readers of addresses that only ``/probe`` names. Each keeps its session until nobody asks for its address."""

import threading
import time
from collections.abc import Callable, Sequence

from kafka_producer_exporter.settings import Target
from kafka_producer_exporter.targets.collector import SharedReader

IDLE_SECONDS = 600.0
"""Longer than usual scrape intervals, and short enough for pods that come and go."""
MAX_READERS = 2000
READER_BYTES = 64 << 10
"""A reader and its thread, before anything is known of the MBeans, which the memory budget admits one by one."""
SHARE_OF_MEMORY = 0.25
SHARE_OF_DESCRIPTORS = 0.25


class ProbedReaders:
    """Readers, up to a limit. Beyond it, the session that was used least recently ends. Thread-safe."""

    def __init__(self, *, at_most: int = MAX_READERS, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_most = at_most
        self._clock = clock
        self._lock = threading.Lock()
        self._readers: dict[str, tuple[SharedReader, float]] = {}
        """Name of the target → its reader, and when it was last asked for; the least recent one comes first."""

    def begin(
        self, target: Target, *, reader_of: Callable[[Target], SharedReader], deadline: float
    ) -> tuple[SharedReader, int | None]:
        """Start a read of a target, or join the one in progress. Return its reader, and the ticket to wait with."""
        with self._lock:
            self._end_idle()
            reader = self._readers.pop(target.name)[0] if target.name in self._readers else reader_of(target)
            self._readers[target.name] = reader, self._clock()
            if len(self._readers) > self._at_most:
                self._readers.pop(next(iter(self._readers)))[0].close()
            return reader, reader.begin(deadline=deadline)

    def end_idle(self) -> None:
        """End the sessions of the addresses that nobody has asked for recently."""
        with self._lock:
            self._end_idle()

    def readers(self) -> Sequence[SharedReader]:
        """Return all readers, for their owner to end."""
        with self._lock:
            return [reader for reader, _ in self._readers.values()]

    def _end_idle(self) -> None:
        oldest = self._clock() - IDLE_SECONDS
        while self._readers:
            name, (reader, asked) = next(iter(self._readers.items()))
            if asked >= oldest:
                break
            del self._readers[name]
            reader.close()


def at_most(*, memory_limit: int | None, max_descriptors: int) -> int:
    """Return how many readers fit into a process with these limits; None means no limit."""
    by_memory = MAX_READERS if memory_limit is None else int(memory_limit * SHARE_OF_MEMORY) // READER_BYTES
    return max(1, min(MAX_READERS, by_memory, int(max_descriptors * SHARE_OF_DESCRIPTORS)))
