"""Runs the parts and writes their sections: ``python -m tests.truth [PART …] [--seed N]``."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from lab.process import exit_on_sigterm
from tests.paths import DOCS
from tests.truth import hanging, random_run
from tests.truth.page import Section, with_section

PLACE = DOCS / "truth.md"
Report = Callable[[str], None]
PARTS: Mapping[str, Callable[[int, Report], Section]] = {"hanging": hanging.run, "counts": random_run.run}
"""Each part by its name: it gets a seed and a function that shows a line, and returns its section."""


def main() -> int:
    """Return 1 if the broker view was wrong, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    exit_on_sigterm()
    is_good = True
    for name in options.parts or PARTS:
        began = time.monotonic()

        def report(line: str, name: str = name, began: float = began) -> None:
            print(f"{name} {time.monotonic() - began:5.0f} s: {line}", flush=True)

        report(f"seed {options.seed}")
        section = PARTS[name](options.seed, report)
        page = PLACE.read_text() if PLACE.exists() else ""
        PLACE.write_text(with_section(page, name, section))
        report("right" if section.is_good else "WRONG")
        is_good &= section.is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
