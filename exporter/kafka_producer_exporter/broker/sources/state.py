"""Whether a source of the broker view is up. The log reports changes only.

A source that has been silent for too long is down, whatever it is waiting for: a deadline outside kafka-python.
"""

import logging
import threading
from collections.abc import Mapping
from typing import NamedTuple

from kafka_producer_exporter.net.errors import Reason, TransportError

log = logging.getLogger(__name__)


class Status(NamedTuple):
    """What is known of a source at one instant."""

    reason: Reason | None
    """Why it is down; None if it is up."""
    fresh: bool
    """Whether its gauges may be served: its last poll succeeded, or failed for the first time."""


Statuses = Mapping[str, Status]
"""The status of every source, by its name."""


class SourceState:
    """The results of one source's polls. Thread-safe; times are ``time.monotonic()``."""

    def __init__(self, name: str, *, silent_seconds: float, now: float) -> None:
        """Take the source for down once no poll has ended for *silent_seconds*."""
        self._name = name
        self._silent_seconds = silent_seconds
        self._lock = threading.Lock()
        self._last_poll = now
        self._failures = 0
        self._reason: Reason | None = Reason.UNAVAILABLE
        self._logged: Reason | None = Reason.UNAVAILABLE
        self._succeeded = False

    def succeeded(self, now: float) -> None:
        """Record a successful poll."""
        with self._lock:
            self._last_poll, self._failures, self._reason = now, 0, None
        self._log_change(None, "")

    def failed(self, error: TransportError, now: float) -> int:
        """Record a failed poll. Return the number of consecutive failures."""
        with self._lock:
            self._last_poll, self._reason = now, error.reason
            self._failures += 1
            failures = self._failures
        self._log_change(error.reason, str(error))
        return failures

    def status(self, now: float) -> Status:
        """Return the status at *now*. A source is down until its first poll has succeeded."""
        with self._lock:
            if now - self._last_poll > self._silent_seconds:
                return Status(Reason.TIMEOUT, fresh=False)
            return Status(self._reason, fresh=self._failures < 2)

    def _log_change(self, reason: Reason | None, detail: str) -> None:
        if reason is self._logged:
            return
        self._logged = reason
        if reason is None:
            log.info("the source is up again" if self._succeeded else "the source is up", extra={"source": self._name})
            self._succeeded = True
        else:
            log.warning(detail, extra={"source": self._name, "reason": reason.value})
