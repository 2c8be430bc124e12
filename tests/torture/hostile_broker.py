"""What a bad wire or a hostile peer does to the bytes between a broker and its client: see ``lab.proxy.Alter``."""

import random
import threading
from collections import Counter
from collections.abc import Iterator


class BadWire:
    """Delays, cuts, flips bits, splits and repeats, with a chance that depends on the seed.

    Half of the chunks pass unchanged, so that a client gets far enough to be hurt in any of its states. Bits flip on
    the way from the broker only, because a broker is not under test.
    """

    def __init__(self, *, seed: int) -> None:
        self._chance = random.Random(f"{seed} broker")
        self._lock = threading.Lock()
        self.done: Counter[str] = Counter()

    def __call__(self, data: bytes, from_target: bool) -> Iterator[tuple[float, bytes]]:
        """Return the pieces to forward."""
        with self._lock:
            pieces = self._altered(data, from_target)
        return iter(pieces)

    def _altered(self, data: bytes, from_target: bool) -> list[tuple[float, bytes]]:
        chance = self._chance
        kind = chance.choice(("delay", "split", "cut", "flip", "repeat", *["pass"] * 5))
        if not from_target and kind in {"flip", "repeat"}:
            kind = "pass"
        self.done[kind] += 1
        at = chance.randrange(len(data))
        match kind:
            case "delay":
                return [(chance.random(), data)]
            case "split":
                size = chance.choice((1, 7, 100))
                head = [(0.001, data[start : start + size]) for start in range(0, min(len(data), 50 * size), size)]
                return [*head, *([(0.0, data[50 * size :])] if len(data) > 50 * size else [])]
            case "cut":
                return [(0.0, data[:at] or data[:1]), (0.0, b"")]
            case "flip":
                flipped = bytearray(data)
                flipped[at] ^= 1 << chance.randrange(8)
                return [(0.0, bytes(flipped))]
            case "repeat":
                return [(0.0, data[:at] + data[max(0, at - 200) :])]
            case _:
                return [(0.0, data)]
