"""Runs a decoder on a sequence of damaged inputs that a seed decides, and measures how the executions end."""

import random
import resource
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

Decoder = Callable[[random.Random], str]
"""Makes one damaged input and decodes it. Returns how that ended, and raises for anything but an intended error."""

MAX_SECONDS = 5.0
"""The most CPU time that one execution may take."""
MAX_GROWTH_BYTES = 256 << 20
"""The most memory that a run may add to the process."""


class Report(NamedTuple):
    """How the executions of a run ended, and what they cost."""

    outcomes: Counter[str]
    cpu_seconds: float = 0.0
    slowest_seconds: float = 0.0
    growth_bytes: int = 0
    """How far the peak of the resident memory rose."""

    def __add__(self, other: object) -> "Report":
        """Return the report of two runs of one decoder."""
        if not isinstance(other, Report):
            return NotImplemented
        return Report(
            self.outcomes + other.outcomes,
            self.cpu_seconds + other.cpu_seconds,
            max(self.slowest_seconds, other.slowest_seconds),
            max(self.growth_bytes, other.growth_bytes),
        )


def decoder_name(decoder: Decoder) -> str:
    """Return the name of a decoder on the command line."""
    return decoder.__name__.replace("_", "-")


def run(decoder: Decoder, *, seed: int, first: int = 0, executions: int) -> Report:
    """Run *decoder*. Raise AssertionError, with the cause, for a finding.

    Execution N depends only on *seed* and N, so a finding can be repeated alone.
    """
    outcomes: Counter[str] = Counter()
    total = slowest = 0.0
    peak_before = _peak_bytes()
    for number in range(first, first + executions):
        chance = random.Random(f"{seed} {number}")
        began = time.thread_time()
        try:
            outcomes[decoder(chance)] += 1
        except Exception as error:
            raise AssertionError(f"an unintended error; {_repeat(decoder, seed, number)}") from error
        seconds = time.thread_time() - began
        total += seconds
        slowest = max(slowest, seconds)
        if seconds > MAX_SECONDS:
            raise AssertionError(f"{seconds:.1f} s of CPU time; {_repeat(decoder, seed, number)}")
        if _peak_bytes() - peak_before > MAX_GROWTH_BYTES:
            raise AssertionError(f"more than {MAX_GROWTH_BYTES >> 20} MB; {_repeat(decoder, seed, number)}")
    return Report(outcomes, total, slowest, _peak_bytes() - peak_before)


def _repeat(decoder: Decoder, seed: int, number: int) -> str:
    return f"repeat it with: python -m tests.fuzz {decoder_name(decoder)} --seed {seed} --first {number} --executions 1"


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
