"""Runs the exporter between hostile and honest peers, shows progress, and reports what happened."""

import argparse
import sys
from pathlib import Path

from lab.process import LabError, exit_on_sigterm
from tests.torture.report import document
from tests.torture.run import torture


def main() -> int:
    """Return 0 if every demand was met, 1 if one was not, or 3 if the lab cannot run here."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-mb", type=int, default=64, help="memory limit of the exporter")
    parser.add_argument("--priority", action="store_true", help="let the exporter go before other work; needs root")
    parser.add_argument("--only", default="", metavar="REGEX", help="hostile peers with such a name")
    parser.add_argument("--report", type=Path, help="file to write the report to")
    options = parser.parse_args()
    exit_on_sigterm()
    print(f"seed {options.seed}", flush=True)
    try:
        result = torture(
            seconds=options.seconds,
            seed=options.seed,
            memory_mb=options.memory_mb,
            only=options.only,
            priority=options.priority,
            report=lambda line: print(line, flush=True),
        )
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    text = document(result)
    print(text)
    if options.report is not None:
        options.report.write_text(text)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
