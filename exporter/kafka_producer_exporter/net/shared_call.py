"""Shared reads: one read of a source at a time, and whoever comes meanwhile waits for it, up to its own deadline."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SharedRead(Generic[Result]):
    """Runs a read in a thread of its own, so that no caller ever waits longer than it wants to.

    The thread is started by the first read and kept: a source that hangs beyond every deadline (a name server that
    does not answer) holds up this thread and nobody else.
    """

    def __init__(self, name: str, read: Callable[[float], Result], end: Callable[[], None] = lambda: None) -> None:
        """``read`` is handed a deadline (``time.monotonic()``, in seconds) and must not raise; nor must ``end``.

        Both run in the thread of the reads, one after the other, so neither needs to be thread-safe.
        """
        self._name = name
        self._read = read
        self._end = end
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._started = 0
        self._finished = 0
        self._deadline = 0.0
        self._result: Result | None = None
        self._closed = False

    def begin(self, *, deadline: float) -> int:
        """Start a read, or join the one under way; returns its ticket for ``wait``."""
        with self._changed:
            if self._closed:
                raise RuntimeError(f"the reads of {self._name} have ended")
            if self._started == self._finished:
                self._started += 1
                self._deadline = deadline
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=f"read-{self._name}", daemon=True)
                    self._thread.start()
                self._changed.notify_all()
            return self._started

    def wait(self, ticket: int, *, deadline: float) -> Result | None:
        """Return what the read of this ticket, or a later one, brought; None where it did not end by the deadline."""
        with self._changed:
            time_left = max(0.0, deadline - time.monotonic())
            return self._result if self._changed.wait_for(lambda: self._finished >= ticket, time_left) else None

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End the thread, and so the source, as soon as the read under way has ended; waits for that so long."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(wait_seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._started > self._finished or self._closed)
                if self._started == self._finished:
                    break
                deadline = self._deadline
            result = self._read(deadline)
            with self._changed:
                self._result = result
                self._finished = self._started
                self._changed.notify_all()
        self._end()
