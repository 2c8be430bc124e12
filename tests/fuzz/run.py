"""Runs a decoder on a sequence of damaged inputs that a seed decides."""

import random
from collections.abc import Callable, Iterator


def run(decoder: Callable[[random.Random], None], *, seed: int, first: int = 0, executions: int) -> Iterator[int]:
    """Run *decoder*, and yield how many executions are done. Raise AssertionError, with the cause, for a finding."""
    for number in range(first, first + executions):
        try:
            decoder(random.Random(f"{seed} {number}"))
        except Exception as error:
            repeat = f"python -m tests.fuzz {decoder.__name__} --seed {seed} --first {number} --executions 1"
            raise AssertionError(f"an unintended error; repeat it with: {repeat}") from error
        yield number - first + 1
