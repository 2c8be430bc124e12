"""Compare this exporter with jmx_exporter's standalone, in turns on the same JVM.

    python -m benchmarks.against_jmx_exporter [--shape 1x3x5] [--rounds 3] [--before OTHER/.venv/bin/python]

A shape is CLIENTS x NODES x TOPICS of one JVM. Our exporter is measured with its default and its full profile. The
ratios use the full one, since jmx_exporter serves every attribute. ``--before`` adds an earlier version of this
exporter, with its default profile.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.exporters import Command, Exporter, Scraped, jmx_exporter, median, ours
from lab.process import exit_on_sigterm
from lab.synthetic_jvm import SyntheticJvm

CANDIDATES: Mapping[str, Command] = {
    "ours": ours("default"),
    "ours, full": ours("full"),
    "jmx_exporter": jmx_exporter,
}
BEFORE = "before"
"""The candidate of ``--before``."""
SHAPES = {"1x3x5": 100, "10x6x20": 60, "50x10x50": 20}
"""Shape → number of scrapes in a round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The figures of one candidate in one round."""

    first_page_seconds: float
    scraped: Scraped
    resident_megabytes: float


FIGURES = {
    "first page after the start, ms": lambda turn: turn.first_page_seconds * 1e3,
    "one scrape, median, ms": lambda turn: turn.scraped.median_seconds * 1e3,
    "CPU time per scrape, ms": lambda turn: turn.scraped.cpu_seconds * 1e3,
    "the target's CPU time per scrape, ms": lambda turn: turn.scraped.target_cpu_seconds * 1e3,
    "resident memory afterwards, MB": lambda turn: turn.resident_megabytes,
    "samples": lambda turn: turn.scraped.samples,
}


def measure(
    shape: str, candidates: Mapping[str, Command], *, rounds: int, scrapes: int, folder: Path
) -> dict[str, list[Turn]]:
    """Return the figures of each candidate, round by round, on one JVM of this shape."""
    clients, nodes, topics = (int(number) for number in shape.split("x"))
    turns: dict[str, list[Turn]] = {name: [] for name in candidates}
    # Java's default options, because an application runs with both compilers.
    with SyntheticJvm(clients=clients, nodes=nodes, topics=topics, java_options=()) as target:
        lines = {name: warm(command, target, scrapes=scrapes, folder=folder) for name, command in candidates.items()}
        for _ in range(rounds):
            for name, command in candidates.items():
                with Exporter(command, target, folder) as exporter:
                    first = exporter.first_page(lines=lines[name])
                    scraped = exporter.scrape_often(scrapes)
                    resident = exporter.resident_megabytes()
                turns[name].append(Turn(first_page_seconds=first, scraped=scraped, resident_megabytes=resident))
    return turns


def warm(command: Command, target: SyntheticJvm, *, scrapes: int, folder: Path) -> int:
    """Scrape until the JVM has compiled its code for this candidate; return the number of lines of a complete page."""
    with Exporter(command, target, folder) as exporter:
        exporter.first_page(lines=1)
        exporter.scrape_often(scrapes)
        return exporter.scrape().count(b'client_id="')


def report(shape: str, turns: Mapping[str, list[Turn]]) -> str:
    """Return the medians over all rounds as a Markdown table."""
    ratios = {"jmx_exporter : ours, full": ("jmx_exporter", "ours, full")}
    if BEFORE in turns:
        ratios[f"ours : {BEFORE}"] = ("ours", BEFORE)
    rows = [[shape, *turns, *ratios], ["---"] * (len(turns) + len(ratios) + 1)]
    for title, figure in FIGURES.items():
        medians = {name: median([figure(turn) for turn in some]) for name, some in turns.items()}
        figures = [format(value, ",.0f" if value >= 100 else ".3g") for value in medians.values()]
        rows.append([title, *figures, *(quotient(medians[one], medians[other]) for one, other in ratios.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def quotient(value: float, other: float) -> str:
    """Return *value* divided by *other*, with two significant digits."""
    ratio = value / other if other else float("nan")
    return f"{ratio:.2f}" if ratio < 2 else f"{ratio:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", metavar="CxNxT", help=f"default: {', '.join(SHAPES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", metavar="PYTHON", help="the Python of an environment with an earlier version")
    arguments = parser.parse_args()
    exit_on_sigterm()
    print(f"load average before the start: {Path('/proc/loadavg').read_text().split()[0]}; {arguments.rounds} rounds")
    candidates = {**CANDIDATES, BEFORE: ours(python=arguments.before)} if arguments.before else CANDIDATES
    with tempfile.TemporaryDirectory() as folder:
        for shape in arguments.shape or SHAPES:
            scrapes = SHAPES.get(shape, 20)
            turns = measure(shape, candidates, rounds=arguments.rounds, scrapes=scrapes, folder=Path(folder))
            print(f"\n{report(shape, turns)}", flush=True)


if __name__ == "__main__":
    main()
