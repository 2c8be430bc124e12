"""Asks the queries of the boards in the lab, records the answers, and writes docs/dashboard-proof.md.

``python -m dashboards.proof [--boards BOARD …] [--faults FAULT …]``. Ctrl-C ends it and leaves nothing running.
"""

import argparse
import sys
import threading
import time
from collections.abc import Sequence

from dashboards.proof.page import write_page
from dashboards.proof.record import HEALTH, Answer, Key, load, save, shipped, unproven
from dashboards.proof.run import ProofWorld, Prover, faults_of, missing_of, rows_of
from lab.faults.table import read_table
from lab.faults.trial import rules, versions
from lab.process import LabError, exit_on_sigterm
from lab.prometheus import CURRENT


def main(arguments: list[str]) -> int:
    """Prove boards; return 0, 1 if something is not proven, 3 if a part could not be started."""
    boards = shipped()
    parser = argparse.ArgumentParser(prog="python -m dashboards.proof", description=__doc__)
    parser.add_argument("--boards", nargs="+", choices=list(boards), default=list(boards), help="default: all")
    needed = f"default: {HEALTH}, and the faults that panels are for; other answers stay as they are"
    parser.add_argument("--faults", nargs="+", metavar="FAULT", help=needed)
    missing = "only health and the faults with queries that have no answer as they are now"
    parser.add_argument("--missing", action="store_true", help=missing)
    parser.add_argument("--at-once", type=int, default=3, help="faults that run at the same time; default 3")
    parser.add_argument("--page", action="store_true", help="write the page from what was recorded, and run nothing")
    options = parser.parse_args(arguments)
    if options.page:
        write_page()
        return 0
    exit_on_sigterm()
    chosen = [boards[key] for key in options.boards]
    started = time.monotonic()
    lock = threading.Lock()

    def say(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        print(f"{minutes:2}:{seconds:02}  {text}", flush=True)

    def record(key: str, answers: Sequence[Answer], failed: Sequence[Key]) -> None:
        with lock:
            save(boards[key], answers, failed=failed, versions=versions(CURRENT))
            write_page()

    try:
        names = options.faults or (missing_of(chosen) if options.missing else [HEALTH, *faults_of(chosen)])
        table = read_table().rows
        rows = rows_of(names, table)
        say("starting brokers, producers, exporters, Prometheus and Alertmanager")
        with ProofWorld(rules()) as world:
            prover = Prover(world, chosen, table, say, record)
            if HEALTH in names:
                prover.in_health()
            prover.in_faults(rows, at_once=options.at_once)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    problems = [line for proven in chosen for line in unproven(proven, load(proven.board.key))]
    for line in problems:
        say(f"NOT PROVEN {line}")
    say(f"{sum(len(proven.queries) for proven in chosen)} queries, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
