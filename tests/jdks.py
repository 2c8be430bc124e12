"""Every way into a JVM, and the contract with jmxquery, on each JDK that can be had: the table docs/compatibility.md.

``python -m tests.jdks`` runs all of them, and writes a row as soon as its JDK is done. ``python -m tests.jdks 8 21``
runs these, and leaves the other rows as they are. Needs root and Debian: the JDKs are Debian packages that run in a
chroot.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from lab import jdks, jvm
from lab.fetch import PARTS_FILE, read_parts
from lab.process import LabError, exit_on_sigterm
from lab.producer import NEWEST_CLIENT
from tests.paths import DOCS, ROOT

PLACE = DOCS / "compatibility.md"
FOLDER = "tests/integration/jmx"
WAYS = {
    "plain": "plain",
    "password": "password",
    "tls-on-both-ports": "TLS on both ports",
    "tls-on-the-rmi-port": "TLS on the RMI port",
    "client-certificate": "client certificate",
    "client-certificate-on-the-rmi-port": "client certificate, RMI port",
}
"""Parameter of tests/integration/jmx/test_ways_in.py → heading of the column."""

TEST = "test_each_way_in_reads_the_producer_and_a_wrong_one_says_why"
NEWEST_FOR_JAVA_8 = "3.9.2"
FIRST_JAVA_OF_CLIENTS_4 = 11
CELLS = {True: "yes", False: "**no**", None: "not run"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened on one JDK."""

    version: int
    release: str = ""
    newest_client: str = ""
    tests: Mapping[str, bool] = field(default_factory=dict)
    """Module and name of each test that ran → whether it passed; empty if none ran."""

    def passed(self, part: str) -> bool | None:
        """Return whether every test with this text in its name passed; None if there is none."""
        chosen = [passed for name, passed in self.tests.items() if part in name]
        return all(chosen) if chosen else None

    @property
    def is_good(self) -> bool:
        """Whether the JDK was there and every test passed."""
        return bool(self.tests) and all(self.tests.values())


def outcomes_in(report: str) -> dict[str, bool]:
    """Return module and name of each test → whether it passed, from a report in JUnit's format."""
    return {
        f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}": len(case) == 0
        for case in ElementTree.fromstring(report).iter("testcase")
    }


def row(outcome: Outcome, *, date: str) -> str:
    """Return a JDK's row of the table."""
    ways = [CELLS[outcome.passed(f"test_ways_in::{TEST}[{way}]")] for way in WAYS]
    contract = CELLS[outcome.passed("test_contract::")]
    cells = [str(outcome.version), outcome.release or "–", *ways, contract, outcome.newest_client or "–", date]
    return f"| {' | '.join(cells)} |"


def with_row(text: str, new: str) -> str:
    """Return the document with this row in place of the one with the same version, and the rows in order."""
    rows = {int(line.split()[1]): line for line in [*text.splitlines(), new] if re.match(r"\| \d+ \|", line)}
    heads = ["Java", "release", *WAYS.values(), "contract test", "newest client", "run on"]
    table = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *(rows[version] for version in sorted(rows))]
    return "\n".join([HEADER, *table, ""])


HEADER = """\
# JDKs

`make jdks` writes this table. The command needs root, Debian, and 1.1 GB in the lab's cache.

A real producer runs on each JDK. The exporter reads it over each way in; over a wrong one it must fail with the right
reason (`tests/integration/jmx/test_ways_in.py`). In the contract test it reads producers of several Kafka clients at
work, and its numbers must agree with those that the jmxquery package reads (`tests/integration/jmx/test_contract.py`).
On Java 8 the contract test leaves out Kafka clients 4.x, which need Java 11.

Debian's packages of each JDK are unpacked with the C library of their suite into the lab's cache and run in a chroot
(`lab/jdks.py`). The JDK of the machine, 17 in this table, runs as it is.
`.venv/bin/python -m tests.jdks 8` runs one version and leaves the other rows as they are.
"""


def run_on(version: int, java: str, *, folder: Path) -> Outcome:
    """Run the two test modules with producers on this JDK; pytest reports each test as it ends."""
    release = jdks.release(java)
    if jdks.major(release) != version:
        raise LabError(f"{java} is Java {release}, not {version}")
    old = version < FIRST_JAVA_OF_CLIENTS_4
    newest = NEWEST_FOR_JAVA_8 if old else NEWEST_CLIENT
    report = folder / f"{version}.xml"
    modules = [f"{FOLDER}/test_ways_in.py", f"{FOLDER}/test_contract.py"]
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider", f"--junitxml={report}"),
            *(["-k", f"not {NEWEST_CLIENT}"] if old else []),
            *modules,
        ],
        cwd=ROOT,
        env={**os.environ, "PRODUCER_JAVA": java, "PRODUCER_CLIENT": newest},
        check=False,  # the report says which test failed
    )
    tests = outcomes_in(report.read_text()) if report.exists() else {}
    return Outcome(version, release, newest, tests)


def versions() -> list[int]:
    """Return the JDKs to run: those of lab/parts.toml, and the machine's own."""
    listed = [int(name.removeprefix("jdk-")) for name in read_parts(PARTS_FILE.read_text()) if name.startswith("jdk-")]
    return sorted({*listed, jdks.major(jdks.release(jvm.java()))})


def main(arguments: Sequence[str]) -> int:
    """Run; return 0, 1 if a test failed or a JDK could not be run, or 3 if none can be run here."""
    parser = argparse.ArgumentParser(prog="python -m tests.jdks", description=__doc__)
    parser.add_argument("versions", nargs="*", type=int, metavar="VERSION", help="these JDKs only")
    chosen = parser.parse_args(arguments).versions
    exit_on_sigterm()
    try:
        jdks.demand_root()
        own, wanted = jdks.major(jdks.release(jvm.java())), chosen or versions()
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 3
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for number, version in enumerate(wanted, start=1):
            print(f"\n== Java {version} ({number} of {len(wanted)})", flush=True)
            try:
                java = jvm.java() if version == own else jdks.launcher(version)
                outcome = run_on(version, java, folder=Path(folder))
            except LabError as error:
                print(f"ERROR Java {version} was not run: {error}", file=sys.stderr)
                outcome = Outcome(version)
            line = row(outcome, date=time.strftime("%Y-%m-%d"))
            PLACE.write_text(with_row(PLACE.read_text() if PLACE.exists() else "", line))
            print(f"{PLACE.relative_to(ROOT)}: {line}", flush=True)
            outcomes.append(outcome)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
