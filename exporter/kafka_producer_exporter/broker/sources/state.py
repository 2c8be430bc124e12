"""Whether a source of the broker view is up, as the page says it and the log tells it: on change only.

A deadline outside of the library: a source that has said nothing for too long is down, whatever it waits for.
"""

import logging
import threading
from typing import NamedTuple

from kafka_producer_exporter.net.errors import Reason, TransportError

log = logging.getLogger(__name__)


class Status(NamedTuple):
    """What is known of a source now."""

    reason: Reason | None
    """None: it is up."""
    fresh: bool
    """Whether its gauges may be served: it is up, or failed once at most."""


class SourceState:
    """What became of the polls of one source. Thread-safe; times are ``time.monotonic()``."""

    def __init__(self, name: str, *, silent_seconds: float, now: float) -> None:
        self.name = name
        self._silent_seconds = silent_seconds
        self._lock = threading.Lock()
        self._heard = now
        self._failures = 0
        self._reason: Reason | None = Reason.UNAVAILABLE
        self._told: Reason | None = Reason.UNAVAILABLE

    def succeeded(self, now: float) -> None:
        """Note a poll that went well."""
        with self._lock:
            self._heard, self._failures, self._reason = now, 0, None
        self._tell(None, "")

    def failed(self, error: TransportError, now: float) -> int:
        """Note a poll that did not, and return how many did not in a row."""
        with self._lock:
            self._heard, self._reason = now, error.reason
            self._failures += 1
            failures = self._failures
        self._tell(error.reason, str(error))
        return failures

    def status(self, now: float) -> Status:
        """Return what is known now; before the first poll has ended the source is not up."""
        with self._lock:
            if now - self._heard > self._silent_seconds:
                return Status(Reason.TIMEOUT, fresh=False)
            return Status(self._reason, fresh=self._failures < 2)

    def _tell(self, reason: Reason | None, detail: str) -> None:
        if reason is self._told:
            return
        self._told = reason
        if reason is None:
            log.info("source=%s up", self.name)
        else:
            log.warning("source=%s %s: %s", self.name, reason, detail)
