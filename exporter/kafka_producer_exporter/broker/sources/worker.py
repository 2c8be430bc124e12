"""A thread for each source, so that one that hangs holds up no other, and no scrape.

What a source needs to ask (a client) is made for a session, and made anew after every failure and every few minutes.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from kafka_producer_exporter.broker.sources.state import SourceState
from kafka_producer_exporter.net.errors import Reason, TransportError

RENEW_SECONDS = 300.0
"""See rule 3 of ``client``."""
RETRY_SECONDS = (0.2, 1.0, 2.0, 5.0)
"""How long to wait after the first, second, … failure in a row."""
IDLE_SECONDS = 1.0
"""How often a source that is not wanted looks whether it is."""

log = logging.getLogger(__name__)

Step = Callable[[], float]
"""One poll. Raises TransportError; returns how long to wait before the next one, in seconds."""


class Worker:
    """Polls one source until it is closed."""

    def __init__(
        self,
        name: str,
        session: Callable[[], AbstractContextManager[Step]],
        *,
        silent_seconds: float,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Poll with what each ``session`` gives, for as long as the source is ``wanted``.

        A source that has told nothing for ``silent_seconds`` is down, whatever it waits for.
        """
        self._session = session
        self._wanted = wanted
        self._closed = threading.Event()
        self.state = SourceState(name, silent_seconds=silent_seconds, now=time.monotonic())
        self._thread = threading.Thread(target=self._run, name=f"source-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End as soon as the call under way has ended; waits for that so long."""
        self._closed.set()
        self._thread.join(wait_seconds)

    def _run(self) -> None:
        while not self._closed.is_set():
            if not self._wanted():
                self._closed.wait(IDLE_SECONDS)
                continue
            try:
                self._hold_a_session()
                continue
            except TransportError as error:
                failures = self.state.failed(error, time.monotonic())
            except Exception:  # a defect of ours in one poll must not end the source
                log.exception("source=%s unexpected error, please report it", self.state.name)
                defect = TransportError(Reason.INTERNAL, "see the traceback above")
                failures = self.state.failed(defect, time.monotonic())
            self._closed.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1])

    def _hold_a_session(self) -> None:
        """Poll with one client for as long as it is good, or until it is old. Raises TransportError."""
        with self._session() as step:
            old_at = time.monotonic() + RENEW_SECONDS
            while not self._closed.is_set() and self._wanted() and time.monotonic() < old_at:
                wait_seconds = step()
                self.state.succeeded(time.monotonic())
                self._closed.wait(wait_seconds)
