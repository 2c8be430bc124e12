"""Draws every board in health and in faults, from the lab: ``python -m dashboards.tour`` writes ``docs/pictures/``.

Windows of rules and boards are divided, as in the fault runs, so that a picture of five minutes shows what usually
takes hours. Ctrl-C ends it and leaves nothing running.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from dashboards.pictures import PICTURES, draw_dashboards
from dashboards.proof.run import ProofWorld
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import dashboards
from lab.faults.table import class_of
from lab.faults.trial import rules
from lab.faults.world import SCALE, World
from lab.process import LabError, exit_on_sigterm

FAULTS = (
    *("record-too-large", "buffer-full", "fencing-loop", "hanging-transaction", "jvm-killed"),
    *("dead-letters", "topic-rejects-records"),
)
"""They run at the same time, so that each board has something to show."""
CHOSEN = {"producer": {"healthy": "checkout", "faults": "buffer-full"}}
"""The service that a board shows in each state; the others show all."""
CALM_SECONDS = 200.0
FAULT_SECONDS = 75.0
"""How long each state lasts before the pictures are taken."""


def main(arguments: Sequence[str]) -> int:
    """Draw the boards; return 0, or 3 if a part could not be started or a panel shows an error."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.tour", description=__doc__)
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES)
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    try:
        with ProofWorld(rules()) as world, ExitStack() as stack:
            time.sleep(CALM_SECONDS)
            _draw(world, "healthy", options.languages)
            faults = [class_of(name)(world, name) for name in FAULTS]
            for fault in faults:
                stack.callback(fault.close)
                fault.prepare()
            for fault in faults:
                fault.begin()
            time.sleep(FAULT_SECONDS)
            _draw(world, "faults", options.languages)
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


def _draw(world: World, state: str, languages: Sequence[str]) -> None:
    for language in languages:
        for file, content in dashboards.render(language=language, scale=SCALE).items():
            board = file.removesuffix(".json")
            service = CHOSEN.get(board, {}).get(state)
            (drawn,) = draw_dashboards(
                f"http://{world.prometheus.address}",
                {f"{board}-{state}-{language}": content},
                start="now-5m",
                folder=PICTURES,
                variables={"target": service} if service else None,
            )
            empty = f"; without data: {', '.join(drawn.without_data)}" if drawn.without_data else ""
            print(f"{drawn.name}{empty}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
