"""Feeds damaged bytes to each decoder: ``python -m tests.fuzz --executions 1000000 --seed 1 [DECODER …]``.

Execution N of a decoder depends only on the seed and N, so a finding is repeated with ``--first N --executions 1``.
"""

import argparse
import sys
import time

from tests.fuzz.decoders import DECODERS
from tests.fuzz.run import run

PROGRESS_SECONDS = 10.0


def main() -> int:
    """Return 1 if a decoder raised anything but its intended errors."""
    by_name = {decoder.__name__: decoder for decoder in DECODERS}
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Feed damaged bytes to each decoder.")
    parser.add_argument("decoders", nargs="*", choices=[[], *by_name], metavar="DECODER", help=", ".join(by_name))
    parser.add_argument("--executions", type=int, default=1_000_000, help="for each decoder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first execution")
    options = parser.parse_args()
    for name in options.decoders or by_name:
        began = shown = time.monotonic()
        for done in run(by_name[name], seed=options.seed, first=options.first, executions=options.executions):
            if time.monotonic() - shown > PROGRESS_SECONDS:
                shown = time.monotonic()
                print(f"{name}: {done:,} of {options.executions:,}", flush=True)
        print(
            f"{name}: {options.executions:,} executions, seed {options.seed}, {time.monotonic() - began:.0f} s: clean"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
