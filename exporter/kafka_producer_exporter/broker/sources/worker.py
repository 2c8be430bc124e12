"""A thread for each source, so that a source that hangs delays no other source and no scrape."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext

from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.sources.source import Session, Source
from kafka_producer_exporter.broker.sources.state import SourceState, Statuses
from kafka_producer_exporter.net.connection import descriptors_error
from kafka_producer_exporter.net.errors import Reason, TransportError

RENEW_SECONDS = 300.0
"""How long a session is used. See rule 3 of ``client.connection``."""
RETRY_SECONDS = (0.2, 1.0, 2.0, 5.0)
"""How long to wait after the first, second, third, and every further consecutive failure."""
TURN_SECONDS = 2.0
"""How long a source waits for another one to end its poll, if they take turns."""
IDLE_SECONDS = 1.0
"""How often a source that is not wanted is checked again."""

log = logging.getLogger(__name__)


class Turns:
    """Lets one source poll at a time, so that large responses are not decoded at once. A source that hangs loses it."""

    def __init__(self, *, patience_seconds: float = TURN_SECONDS) -> None:
        """Let others wait up to *patience_seconds*."""
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._holder: int | None = None

    def __enter__(self) -> None:
        """Wait for the turn, up to the patience; then go on without."""
        if self._lock.acquire(timeout=self._patience_seconds):
            self._holder = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        """End the turn, if this thread has it."""
        if self._holder == threading.get_ident():
            self._holder = None
            self._lock.release()


class Worker:
    """Polls one source until it is closed."""

    def __init__(
        self,
        source: Source,
        open_client: Callable[[], Client],
        statuses: Callable[[], Statuses],
        *,
        turns: "Turns | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Poll *source* with clients from *open_client*, as long as *statuses* says that it is wanted.

        Sources with the same *turns* poll one after the other.
        """
        self.source = source
        self.state = SourceState(source.name, silent_seconds=source.silent_seconds, now=clock())
        self._session = Session(open_client)
        self._statuses = statuses
        self._clock = clock
        self._turns = turns
        self._renew_at = clock() + RENEW_SECONDS
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it is running.

        If the kernel refuses another thread, the source is down until a later call succeeds. Raise nothing.
        """
        with self._starting:
            if self._closed.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            thread = threading.Thread(target=self._run, name=f"source-{self.source.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                message = "this process cannot start another thread; raise its limit of threads (pids)"
                self.state.failed(TransportError(Reason.LIMIT, message), self._clock())
            else:
                self._thread = thread

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End the thread after the call in progress. Wait up to *wait_seconds* for that."""
        with self._starting:
            self._closed.set()
        if self._thread is not None:
            self._thread.join(wait_seconds)

    def step(self) -> float:
        """Poll the source once, if it is wanted. Return the time until the next step, in seconds. Raise nothing."""
        try:
            return self._poll()
        except TransportError as error:
            failures = self.state.failed(error, self._clock())
        except Exception as error:  # a bug in one poll must not end the source
            failure = descriptors_error(error) if isinstance(error, OSError) else None
            if failure is None:
                log.exception("unexpected error, please report it", extra={"source": self.source.name})
                failure = TransportError(Reason.INTERNAL, "see the traceback above")
            failures = self.state.failed(failure, self._clock())
        return RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]

    def _run(self) -> None:
        while not self._closed.is_set():
            self._closed.wait(self.step())
        self._session.close()

    def _poll(self) -> float:
        if not self.source.wanted(self._statuses()):
            self._renew_session()
            return IDLE_SECONDS
        if self._clock() >= self._renew_at:
            self._renew_session()
        try:
            with self._turns or nullcontext():
                wait_seconds = self.source.poll(self._session)
        except Exception:
            self._renew_session()
            raise
        self.state.succeeded(self._clock())
        return wait_seconds

    def _renew_session(self) -> None:
        self._renew_at = self._clock() + RENEW_SECONDS
        self._session.close()
