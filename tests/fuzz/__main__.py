"""Feeds damaged bytes to each decoder: ``python -m tests.fuzz --executions 1000000 --seed 1 [DECODER …]``.

With ``--record`` the figures of each decoder are written into the table of docs/fuzzing.md.
"""

import argparse
import platform
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.fuzz import table
from tests.fuzz.decoders import DECODERS
from tests.fuzz.run import Report, run

CHUNK = 5_000
"""Executions that a process makes before it reports."""
PROGRESS_SECONDS = 15.0


def main() -> int:
    """Return 1 if a decoder raised anything but its intended errors."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Feed damaged bytes to each decoder.")
    parser.add_argument("decoders", nargs="*", choices=[[], *DECODERS], metavar="DECODER", help=", ".join(DECODERS))
    parser.add_argument("--executions", type=int, default=1_000_000, help="for each decoder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first execution")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--record", action="store_true", help=f"write the figures into {table.FILE.name}")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, seed {options.seed}", flush=True)
    with ProcessPoolExecutor(options.processes) as pool:
        for name in options.decoders or DECODERS:
            try:
                report = _run_in(pool, name, options)
            except AssertionError as finding:
                pool.shutdown(cancel_futures=True)
                print(f"{name}: {finding}\n{finding.__cause__}", file=sys.stderr)
                return 1
            print(f"{name}: {table.figures(report)}", flush=True)
    return 0


def _run_in(pool: ProcessPoolExecutor, name: str, options: argparse.Namespace) -> Report:
    """Run a decoder. Show and record now and then what is done so far, so that an end from outside loses little."""
    end = options.first + options.executions
    chunks = [
        pool.submit(_run, name, options.seed, at, min(CHUNK, end - at)) for at in range(options.first, end, CHUNK)
    ]
    total, shown = Report(Counter()), time.monotonic()
    for chunk in as_completed(chunks):
        total += chunk.result()
        done = total.outcomes.total()
        if done == options.executions or time.monotonic() - shown > PROGRESS_SECONDS:
            shown = time.monotonic()
            print(f"{name}: {done:,} of {options.executions:,}", flush=True)
            if options.record:
                table.record(name, seed=options.seed, report=total)
    return total


def _run(name: str, seed: int, first: int, executions: int) -> Report:
    return run(DECODERS[name], seed=seed, first=first, executions=executions)


if __name__ == "__main__":
    sys.exit(main())
