"""Runs faults in a world of real parts, checks which alerts they fire, and writes docs/fault-matrix.md.

``python -m lab.faults [FAULT …]``; without a name, all of ``lab/faults.yaml``. Ctrl-C ends it and leaves nothing
running.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

import yaml

from lab.faults.page import ROOT, Result, save, write_page
from lab.faults.runner import Runner, check_rules
from lab.faults.table import read_table
from lab.faults.trial import rules, versions
from lab.faults.world import QUICK_CONFIG, SCALE, World
from lab.process import LabError, exit_on_sigterm

CONFIG = ROOT / "alerts" / "alertmanager.yaml"


def main(arguments: list[str]) -> int:
    """Run the faults; return 0, 1 if one did not fire what it must or fired more, 3 if a part could not be started."""
    table = read_table()
    parser = argparse.ArgumentParser(prog="python -m lab.faults", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(table.rows))
    parser.add_argument("--generation", type=int, choices=(2, 3), default=3, help="of Prometheus; default 3")
    parser.add_argument("--at-once", type=int, default=4, help="faults that run at the same time; default 4")
    parser.add_argument("--scale", type=float, default=SCALE, help=f"what windows are divided by; default {SCALE:g}")
    parser.add_argument("--rules", type=Path, help="a rule file in place of the pack's; nothing is recorded then")
    busy = "for a machine with other work: let alerts on slowness be; nothing is recorded then"
    parser.add_argument("--busy", action="store_true", help=busy)
    parser.add_argument("--verbose", action="store_true", help="log every step of the lab")
    parser.add_argument("--page", action="store_true", help="write the page from what was recorded, and run nothing")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.faults if name not in table.rows]:
        parser.error(f"no such fault: {', '.join(unknown)}; the faults are {', '.join(table.rows)}")
    if options.page:
        write_page()
        return 0
    exit_on_sigterm()
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        logging.getLogger("kafka").setLevel(logging.ERROR)
    rows = [table.rows[name] for name in options.faults or table.rows]
    started = time.monotonic()

    def say(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        print(f"{minutes:2}:{seconds:02}  {text}", flush=True)

    def done(result: Result) -> None:
        if not options.rules and not options.busy:
            save(result)
            write_page()

    content = yaml.safe_load(options.rules.read_text()) if options.rules else rules(options.scale)
    config = yaml.safe_load(CONFIG.read_text()) if CONFIG.exists() else QUICK_CONFIG
    try:
        say("starting brokers, producers, exporters, Prometheus and Alertmanager")
        with World(content, config=config, generation=options.generation, scale=options.scale) as world:
            check_rules(world)
            runner = Runner(world, table.rows, say, versions(options.generation), is_busy=options.busy)
            results = runner.run(rows, done, at_once=options.at_once)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    bad = [result for result in results if result.problems]
    for result in bad:
        say("\n    ".join([f"WRONG {result.fault}", *result.problems]))
    say(f"{len(results) - len(bad)} of {len(results)} faults as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
