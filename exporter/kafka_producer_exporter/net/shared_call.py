"""One call in a thread, shared by all callers, each of which waits up to its own deadline."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SharedCall(Generic[Result]):
    """Makes one call at a time, in a thread of its own. A caller that arrives during a call waits for that one.

    A call that hangs beyond every deadline (a name server that does not answer) blocks this thread and nothing else.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[float], Result],
        *,
        end: Callable[[], None] = lambda: None,
        idle_seconds: float | None = None,
        keep_late_result: bool = False,
        floor_seconds: float = 0.0,
    ) -> None:
        """Prepare to make *call*, which gets a deadline (``time.monotonic()``, in seconds).

        *end* is called once, after the last call; it must not raise. Both run in the same thread, one after the other,
        so neither needs to be thread-safe. The thread starts with the first call. It ends after *idle_seconds* without
        a call, and the next call starts another; None keeps it until ``close``.

        *keep_late_result*: a result that arrives after all callers have given up goes to the next caller. Without it,
        the next caller starts a new call, so that no result is stale.

        A call gets the latest deadline of its callers so far, and at least *floor_seconds*. So a caller with little
        time gives up by itself, and does not end the call for the others.
        """
        self._name = name
        self._call = call
        self._end = end
        self._idle_seconds = idle_seconds
        self._keep_late_result = keep_late_result
        self._floor_seconds = floor_seconds
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._started = 0
        self._finished = 0
        self._delivered = 0
        self._deadline = 0.0
        self._result: Result | None = None
        self._error: Exception | None = None
        self._closed = False

    def begin(self, *, deadline: float) -> int:
        """Start a call, or join the one in progress. Return its ticket for ``wait``.

        Raise RuntimeError once closed, or if the kernel refuses another thread; then the next caller tries again.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError(f"the calls of {self._name} have ended")
            if self._thread is not None and not self._thread.is_alive():
                # It ran out of memory outside the call. Those who wait for it learn that; the next call gets a thread.
                self._thread = None
                if self._started > self._finished:
                    self._result, self._error = None, RuntimeError(f"the thread of {self._name} has died")
                    self._finished = self._started
                    self._changed.notify_all()
            self._deadline = max(self._deadline, deadline)
            late = self._keep_late_result and self._finished > self._delivered and self._error is None
            if self._started == self._finished and not late:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    thread.start()
                    self._thread = thread
                self._started += 1
                self._changed.notify_all()
            return self._started

    def wait(self, ticket: int, *, deadline: float) -> Result:
        """Return what the call of *ticket*, or a later one, returned; raise what it raised.

        Raise TimeoutError if it has not ended by *deadline*.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._finished >= ticket, max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            self._delivered = self._finished
            if self._error is not None:
                raise self._error
            return self._result  # type: ignore[return-value]  # set by every call that did not raise

    def close(self, *, wait_seconds: float = 0.0) -> None:
        """End the thread after the call in progress. Wait up to *wait_seconds* for that."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(wait_seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._started > self._finished or self._closed, self._idle_seconds)
                if self._started == self._finished:  # closed, or idle for long enough
                    if not self._closed:
                        self._thread = None
                    break
                deadline = max(self._deadline, time.monotonic() + self._floor_seconds)
            result: Result | None = None
            error: Exception | None = None
            try:
                result = self._call(deadline)
            except Exception as raised:  # noqa: BLE001 - every caller that waits raises it
                error = raised
            with self._changed:
                self._result, self._error = result, error
                self._finished = self._started
                self._changed.notify_all()
        if self._closed:
            self._end()
