"""Runs ``diagnose`` on real faults and writes docs/diagnosis.md: ``python -m tests.diagnosis [FAULT …]``.

Without a name, all faults of lab/faults.yaml that have a finding. With --second-set, with an older client and another
load. Ctrl-C ends it and leaves nothing running.
"""

import argparse
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from lab.broker import VERSION
from lab.faults.__main__ import rules
from lab.faults.table import Row, read_table
from lab.faults.world import World
from lab.process import LabError, exit_on_sigterm
from lab.producer import NEWEST_CLIENT, ORDINARY
from tests.diagnosis.lab_run import SECOND_SET, folder_of, run_one, save
from tests.diagnosis.page import write_page


def main(arguments: list[str]) -> int:
    """Run the faults. Return 0, 1 if a cause was not named, 3 if a part of the lab could not be started."""
    table = read_table()
    choices = [row.name for row in table.rows.values() if row.finding]
    parser = argparse.ArgumentParser(prog="python -m tests.diagnosis", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(choices))
    parser.add_argument("--at-once", type=int, default=1, help="faults that run at the same time; default 1")
    parser.add_argument("--second-set", choices=SECOND_SET, metavar="CLIENT", help=", ".join(SECOND_SET))
    parser.add_argument("--page", action="store_true", help="write the page from what was recorded, and run nothing")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.faults if name not in choices]:
        parser.error(f"no fault with a finding: {', '.join(unknown)}; there are {', '.join(choices)}")
    if options.page:
        write_page()
        return 0
    exit_on_sigterm()
    started = time.monotonic()

    def say(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        print(f"{minutes:2}:{seconds:02}  {text}", flush=True)

    second = options.second_set
    client, load = (second, SECOND_SET[second]) if second else (NEWEST_CLIENT, ORDINARY)
    bad = []

    def run(row: Row) -> None:
        say(f"{row.name}: {row.what}")
        try:
            result = run_one(world, row, {"Kafka": VERSION, "its client": client}, say)
        except Exception:  # noqa: BLE001 (one fault that cannot run must not end the others)
            say(traceback.format_exc())
            bad.append(row.name)
            return
        save(result, folder_of(second))
        write_page()
        if not result.is_good:
            bad.append(row.name)

    rows = [table.rows[name] for name in options.faults or choices]
    try:
        say("starting brokers, producers and exporters")
        with World(rules(), client_version=client, load=load, micrometer=second is None) as world:
            with ThreadPoolExecutor(options.at_once) as pool:
                list(pool.map(run, [row for row in rows if not row.alone]))
            for row in rows:
                if row.alone:
                    run(row)
                    time.sleep(5)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    say(f"not named: {', '.join(bad)}" if bad else "every cause was named")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
