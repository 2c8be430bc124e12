"""Runs ``diagnose`` while a fault of the lab is on, and compares what it names with what was injected."""

import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lab.faults.fault import Fault
from lab.faults.table import Row, class_of
from lab.faults.world import NAMESPACE, Pod, World
from lab.jmx_exporter import BEFORE_1, SINCE_1, JmxExporter
from lab.producer import MICROMETER, ORDINARY, Load
from tests.paths import RECORDED

RESULTS = RECORDED / "diagnosis"
INTERVAL_SECONDS = 5
FIRST_AFTER_SECONDS = 8.0
"""When ``diagnose`` is run for the first time: a person is not there at once, either."""
GIVE_UP_AFTER_SECONDS = 60.0
SECOND_SET = {"2.8.2": Load(rate=0.4, size=2.5), "3.9.2": Load(rate=3, size=0.5)}
"""Clients and loads that no rule was written with: client version → factors of the usual rates and sizes."""
PROMETHEUS = "Prometheus"
PROMETHEUS_SECONDS = 15
"""Five minutes, divided as all windows of the world."""
PAGES = (f"jmx_exporter {BEFORE_1}", f"jmx_exporter {SINCE_1}", MICROMETER.replace("micrometer-", "Micrometer "))
QUIET = ("nothing", "idle")
"""What is to be found of healthy producers."""

UNREACHABLE: Mapping[str, Any] = {"findings": [], "reachable": False, "cannot_know": []}
"""What is said of a source that fails."""

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
    cannot_know: Sequence[str] = field(default_factory=list)
    """The causes of which the report says that its source cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One fault, and what was named of it."""

    fault: str
    finding: str
    jmx: Named | None
    """With JMX alone; None if there is no producer to look at."""
    brokers: Named | None
    """With JMX and the brokers."""
    pages: Mapping[str, Named] = field(default_factory=dict)
    """With another source alone: a metrics page of another exporter, or the Prometheus that sends the alerts."""
    load: Load = ORDINARY
    versions: Mapping[str, str]
    is_good: bool


def run_one(world: World, row: Row, versions: Mapping[str, str], say: Say) -> Result:
    """Prepare a fault, begin it, diagnose until the cause is named or a minute has passed, and repair it."""
    fault = class_of(row.name)(world, row.name)
    with contextlib.ExitStack() as stack:
        stack.callback(fault.close)
        fault.prepare()
        pods = subjects_of(world, fault, row)
        pages = stack.enter_context(pages_of(pods[0])) if pods and world.micrometer else {}
        if row.finding not in QUIET:
            time.sleep(3)
        began = time.monotonic()
        fault.begin()
        with contextlib.suppress(Exception):  # a fault that lasts only as long as its call is over by now
            time.sleep(max(0.0, began + FIRST_AFTER_SECONDS - time.monotonic()))
        found = _diagnose_until_named(_commands(world, fault, pods, pages), row, began, say)
        fault.end()
    result = Result(
        fault=row.name,
        finding=row.finding,
        jmx=found.pop("jmx", None),
        brokers=found.pop("brokers"),
        pages=found,
        load=world.load,
        versions=versions,
        is_good=False,
    )
    result = replace(result, is_good=is_good(result, row))
    shown = _shown({"jmx": result.jmx, "brokers": result.brokers, **found})
    say(f"{row.name}: {'named' if result.is_good else 'NOT NAMED'}; {shown}")
    return result


def is_good(result: Result, row: Row) -> bool:
    """Return whether the brokers show the cause, and each other source does or says that it cannot."""
    named_by_brokers = result.brokers is not None and row.finding in result.brokers.first
    alone = [one for one in (result.jmx, *result.pages.values()) if one is not None]
    return named_by_brokers and (row.finding_by == "brokers" or all(_is_done(one, row) for one in alone))


def _is_done(one: Named, row: Row) -> bool:
    return row.finding in one.first or row.finding in one.cannot_know


@contextlib.contextmanager
def pages_of(pod: Pod) -> Iterator[Mapping[str, str]]:
    """Provide the metrics pages of other exporters that show a pod's producers: URL by exporter."""
    with JmxExporter(BEFORE_1, pod.jvm.jmx_port) as before, JmxExporter(SINCE_1, pod.jvm.jmx_port) as since:
        micrometer = f"http://127.0.0.1:{pod.jvm.micrometer_port}/metrics"
        yield dict(zip(PAGES, (before.url, since.url, micrometer), strict=True))


def _commands(world: World, fault: Fault, pods: Sequence[Pod], pages: Mapping[str, str]) -> dict[str, list[str]]:
    targets = [word for pod in pods for word in ("--target", f"{pod.name}=127.0.0.1:{pod.jvm.jmx_port}")]
    bootstrap = fault.own_bootstrap or world.cluster.bootstrap
    return {
        "brokers": [*targets, "--bootstrap-server", bootstrap],
        **({"jmx": targets} if targets else {}),
        **{name: ["--metrics-url", url] for name, url in pages.items()},
        **({PROMETHEUS: _line_of_alerts(world, fault)} if pages and fault.own_pods else {}),
    }


def _line_of_alerts(world: World, fault: Fault) -> list[str]:
    """Return what the line in the descriptions of the service's alerts says, with the world's shorter window."""
    match = f'namespace="{NAMESPACE}"'
    return [fault.name, "--prometheus", world.prometheus.url, "--match", match, "--interval", str(PROMETHEUS_SECONDS)]


def _diagnose_until_named(commands: Mapping[str, Sequence[str]], row: Row, began: float, say: Say) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for runs in itertools.count(1):
        open_ones = [name for name in commands if name not in found or not _is_done(found[name], row)]
        processes = {name: _start(commands[name]) for name in open_ones}
        answers = {name: _answer(process, name) for name, process in processes.items()}
        after = round(time.monotonic() - began, 1)
        found |= {name: named(answer, row.finding, after, runs) for name, answer in answers.items()}
        wanted = [one for name, one in found.items() if name == "brokers" or row.finding_by == "jmx"]
        if all(_is_done(one, row) for one in wanted):
            break
        if time.monotonic() > began + GIVE_UP_AFTER_SECONDS:
            file = Path(tempfile.gettempdir()) / f"diagnose-{row.name}.json"
            file.write_text(json.dumps(answers, indent=1))
            say(f"{row.name}: the last reports are in {file}")
            break
        say(f"{row.name}: not named yet: {_shown(found)}")
    return found


def _shown(found: Mapping[str, Named | None]) -> str:
    return ", ".join(f"{name} {' or '.join(one.first)}" for name, one in found.items() if one is not None)


def subjects_of(world: World, fault: Fault, row: Row) -> list[Pod]:
    """Return the pods to look at: the fault's own or, where it hurts what all share, healthy ones."""
    if fault.own_pods or not row.alone:
        return fault.own_pods[:1]
    return [world.pods[name] for name in ("checkout-0", "checkout-1", "payments-0")]


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
    cannot_know = [one["cause"] for one in subject["cannot_know"]]
    return Named(first=first, later=later, certainty=certainty, after_seconds=after, runs=runs, cannot_know=cannot_know)


def _start(words: Sequence[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "kafka_producer_exporter", "diagnose", "--format", "json"]
    return subprocess.Popen(
        [*command, "--interval", str(INTERVAL_SECONDS), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _answer(process: "subprocess.Popen[str]", name: str) -> Sequence[Mapping[str, Any]]:
    printed, errors = process.communicate(timeout=120)
    if process.returncode == 3 and not printed:  # a page that is not there
        return [UNREACHABLE]
    if process.returncode not in (0, 1, 3) or not printed:
        raise RuntimeError(f"diagnose with {name} ended with {process.returncode}: {errors}")
    answer: list[dict[str, Any]] = json.loads(printed)
    return answer


def folder_of(client_version: str | None) -> Path:
    """Return where the results of a client of the second set are, or those of the first one."""
    return RESULTS if client_version is None else RESULTS / f"client-{client_version}"


def save(result: Result, folder: Path) -> None:
    """Record a result."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.fault}.json").write_text(json.dumps(asdict(result), indent=1, sort_keys=True) + "\n")


def load(folder: Path) -> dict[str, Result]:
    """Return the recorded results, by fault."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        for name in ("jmx", "brokers"):
            if content[name] is not None:
                content[name] = Named(**content[name])
        content["pages"] = {name: Named(**one) for name, one in content.get("pages", {}).items()}
        content["load"] = Load(**content.get("load", {}))
        found[content["fault"]] = Result(**content)
    return found
