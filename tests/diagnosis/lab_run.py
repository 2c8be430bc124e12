"""Runs ``diagnose`` while a fault of the lab is on, and compares what it names with what was injected."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.faults.fault import Fault
from lab.faults.table import Row, class_of
from lab.faults.world import Pod, World
from tests.paths import RECORDED

RESULTS = RECORDED / "diagnosis"
INTERVAL_SECONDS = 5
FIRST_AFTER_SECONDS = 8.0
"""When ``diagnose`` is run for the first time: a person is not there at once, either."""
GIVE_UP_AFTER_SECONDS = 60.0
QUIET = ("nothing", "idle")
"""What is to be found of healthy producers."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What ``diagnose`` named with some sources."""

    first: Sequence[str]
    """The first finding, and those that it says cannot be separated from it; or nothing, idle, unreachable."""
    later: Sequence[str]
    certainty: str
    after_seconds: float
    """From the beginning of the fault to the end of the run that named it."""
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One fault, and what was named of it."""

    fault: str
    finding: str
    jmx: Named | None
    """With JMX alone; None if there is no producer to look at."""
    brokers: Named | None
    """With JMX and the brokers."""
    versions: Mapping[str, str]
    is_good: bool


def run_one(world: World, row: Row, versions: Mapping[str, str], say: Say) -> Result:
    """Prepare a fault, begin it, diagnose until the cause is named or a minute has passed, and repair it."""
    fault = class_of(row.name)(world, row.name)
    try:
        fault.prepare()
        if row.finding not in QUIET:
            time.sleep(3)
        began = time.monotonic()
        fault.begin()
        with contextlib.suppress(Exception):  # a fault that lasts only as long as its call is over by now
            time.sleep(max(0.0, began + FIRST_AFTER_SECONDS - time.monotonic()))
        jmx, brokers = _diagnose_until_named(world, fault, row, began, say)
        fault.end()
    finally:
        fault.close()
    good_alone = jmx is None or row.finding in jmx.first or row.finding_by == "brokers"
    good = good_alone and (brokers is None or row.finding in brokers.first)
    result = Result(fault=row.name, finding=row.finding, jmx=jmx, brokers=brokers, versions=versions, is_good=good)
    say(f"{row.name}: {'named' if good else 'NOT NAMED'}; jmx {jmx and jmx.first}, brokers {brokers and brokers.first}")
    return result


def _diagnose_until_named(
    world: World, fault: Fault, row: Row, began: float, say: Say
) -> tuple[Named | None, Named | None]:
    pods = subjects_of(world, fault, row)
    bootstrap = fault.single.bootstrap if hasattr(fault, "single") else world.cluster.bootstrap
    targets = [word for pod in pods for word in ("--target", f"{pod.name}=127.0.0.1:{pod.jvm.jmx_port}")]
    jmx: Named | None = None
    brokers: Named | None = None
    runs = 0
    while True:
        runs += 1
        commands = {"brokers": [*targets, "--bootstrap-server", bootstrap], **({"jmx": targets} if targets else {})}
        processes = {name: _start(words) for name, words in commands.items()}
        answers = {name: _answer(process, name) for name, process in processes.items()}
        after = round(time.monotonic() - began, 1)
        brokers = named(answers["brokers"], row.finding, after, runs)
        if "jmx" in answers and (jmx is None or row.finding not in jmx.first):
            jmx = named(answers["jmx"], row.finding, after, runs)
        wanted = [brokers, *([jmx] if jmx is not None and row.finding_by == "jmx" else [])]
        if all(row.finding in one.first for one in wanted):
            return jmx, brokers
        if time.monotonic() > began + GIVE_UP_AFTER_SECONDS:
            (Path("/tmp") / f"diagnose-{row.name}.json").write_text(json.dumps(answers, indent=1))
            return jmx, brokers
        say(f"{row.name}: not named yet: jmx {jmx and jmx.first}, brokers {brokers.first}")


def subjects_of(world: World, fault: Fault, row: Row) -> list[Pod]:
    """Return the pods to look at: the fault's own or, for one that has none, healthy ones that it hurts."""
    if fault.own_pods or row.finding == "hanging-transaction":
        return fault.own_pods[:1]
    names = ["archive-0"] if row.finding == "idle" else ["checkout-0", "checkout-1", "payments-0"]
    return [world.pods[name] for name in names]


def named(subjects: Sequence[Mapping[str, Any]], wanted: str, after: float, runs: int) -> Named:
    """Return what a report names: of several targets, that of the one that names what is wanted, if there is one."""
    found = [_named(subject, after, runs) for subject in subjects]
    worst = max(found, key=lambda one: one.first not in (["nothing"], ["idle"]))
    return worst if wanted in QUIET else next((one for one in found if wanted in one.first), worst)


def _named(subject: Mapping[str, Any], after: float, runs: int) -> Named:
    findings = subject["findings"]
    if not subject["reachable"]:
        first, later, certainty = ["unreachable"], [], ""
    elif not findings:
        is_idle = subject["idle"] and set(subject["idle"]) == set(subject["clients"])
        first, later, certainty = ["idle" if is_idle else "nothing"], [], ""
    else:
        beside = [one["cause"] for one in findings[0]["inseparable_from"]]
        first = [findings[0]["cause"], *beside]
        later = [one["cause"] for one in findings if one["cause"] not in first]
        certainty = findings[0]["certainty"]
    return Named(first=first, later=later, certainty=certainty, after_seconds=after, runs=runs)


def _start(words: Sequence[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "kafka_producer_exporter", "diagnose", "--format", "json"]
    return subprocess.Popen(
        [*command, "--interval", str(INTERVAL_SECONDS), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _answer(process: "subprocess.Popen[str]", name: str) -> list[dict[str, Any]]:
    printed, errors = process.communicate(timeout=120)
    if process.returncode not in (0, 1, 3) or not printed:
        raise RuntimeError(f"diagnose with {name} ended with {process.returncode}: {errors}")
    answer: list[dict[str, Any]] = json.loads(printed)
    return answer


def save(result: Result, folder: Path = RESULTS) -> None:
    """Record a result."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.fault}.json").write_text(json.dumps(asdict(result), indent=1, sort_keys=True) + "\n")


def load(folder: Path = RESULTS) -> dict[str, Result]:
    """Return the recorded results, by fault."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        for name in ("jmx", "brokers"):
            if content[name] is not None:
                content[name] = Named(**content[name])
        found[content["fault"]] = Result(**content)
    return found
