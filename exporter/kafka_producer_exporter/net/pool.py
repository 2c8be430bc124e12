"""Bytes that many users share: each takes what it needs for a while, and gives it back."""

import threading
from collections.abc import Callable


class Pool:
    """A bounded number of bytes, for what is in memory only for a short time. Thread-safe.

    It only counts. A caller that gets no room leaves something out, and reports it.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._taken = 0
        self._lock = threading.Lock()

    def admit(self, count: int) -> bool:
        """Return whether *count* more bytes are free, and if so take them."""
        with self._lock:
            if self._taken + count > self.size_bytes:
                return False
            self._taken += count
            return True

    def release(self, count: int) -> None:
        """Give back bytes that were taken."""
        with self._lock:
            self._taken -= count


class Reservation:
    """The bytes of one user of a pool, which grow while it works, and all go back at once. Not thread-safe."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.taken = 0
        self._discard: Callable[[], None] | None = None

    def begin(self, discard: Callable[[], None]) -> None:
        """Give everything back, and begin with something else. *discard* frees it, before its bytes are given back."""
        self.release()
        self._discard = discard

    def grow_to(self, count: int) -> bool:
        """Return whether the user may have *count* bytes in total, and if so take what is missing."""
        if count > self.taken:
            if not self.pool.admit(count - self.taken):
                return False
            self.taken = count
        return True

    def release(self) -> None:
        """Free what is in memory, and give everything back."""
        discard, self._discard = self._discard, None
        if discard is not None:
            discard()
        taken, self.taken = self.taken, 0
        self.pool.release(taken)
