"""One run: honest and hostile peers at once around a ``serve`` with the limits of a small container.

Every scrape must show the honest targets as up, within its deadline; the process must live to the end, and need no more
threads and descriptors after the hostile peers than before them.
"""

import contextlib
import json
import os
import random
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.broker import Broker, Listener
from lab.container import Container
from lab.process import LabError, Port, Process, wait_until
from lab.producer import Producer, ProducerJvm
from lab.proxy import Proxy
from lab.synthetic_jvm import SyntheticJvm
from tests.integration.serving import Page, Serve
from tests.paths import ROOT
from tests.torture.hostile_broker import BadWire
from tests.torture.hostile_jmx import MODES
from tests.torture.scraper import Attempt, Scraper, is_up

TASKS = 96
"""For main, the HTTP loop, some 20 targets, the broker view, and up to 16 requests of each listener."""
DESCRIPTORS = 64
PRIORITY = -15
"""Of the exporter and of the scrapers, against other work on a busy machine: sched(7), "The autogroup feature"."""
HONEST = ("orders", "billing")
"""A real producer with a broker, and a synthetic JVM."""
RECORDS = 'kafka_producer_record_send_total{target="orders",client_id="orders"}'

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process uses."""

    threads: int
    descriptors: int
    resident_mb: float
    peak_mb: float

    @classmethod
    def of(cls, pid: int) -> "Usage":
        """Read it from ``/proc``."""
        status = Path(f"/proc/{pid}/status").read_text()
        number = {key: int(value.split()[0]) for key, value in re.findall(r"(Threads|VmRSS|VmHWM):\s+(.*)", status)}
        descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        return cls(number["Threads"], descriptors, number["VmRSS"] / 1024, number["VmHWM"] / 1024)


@dataclass
class Minute:
    """A minute of the run, for the report."""

    scrapes: int = 0
    up: int = 0
    worst_seconds: float = 0.0
    resident_mb: float = 0.0
    threads: int = 0
    descriptors: int = 0


@dataclass
class Result:
    """What happened."""

    seed: int
    seconds: float
    memory_mb: int
    missing: list[str]
    """The limits that could not be set."""
    only: str = ""
    """A regular expression: the hostile peers that took part have such a name."""
    priority: bool = False
    """Whether the exporter had priority over other work of the machine."""
    minutes: dict[int, Minute] = field(default_factory=lambda: defaultdict(Minute))
    attempts: dict[str, int] = field(default_factory=dict)
    """Of each hostile peer."""
    seen_as: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """How the page showed each hostile target, and in how many scrapes."""
    wire: Counter[str] = field(default_factory=Counter)
    configurations: int = 0
    """How often a configuration, valid or not, was loaded."""
    before: Usage | None = None
    after: Usage | None = None
    peak_mb: float = 0.0
    group_peak_mb: float = 0.0
    committed: dict[str, float | None] = field(default_factory=dict)
    """What each view of the broker counted; the same as the producer's own number, or that is among the problems."""
    problems: list[str] = field(default_factory=list)

    @property
    def scrapes(self) -> int:
        """The number of honest scrapes while the hostile peers were there."""
        return sum(minute.scrapes for minute in self.minutes.values())

    @property
    def up(self) -> int:
        """How many of them showed all honest targets as up within the deadline."""
        return sum(minute.up for minute in self.minutes.values())

    @property
    def worst_seconds(self) -> float:
        """The longest scrape."""
        return max((minute.worst_seconds for minute in self.minutes.values()), default=0.0)


class Judge:
    """Notes what each scrape showed."""

    def __init__(self, result: Result, report: Report) -> None:
        self._result = result
        self._report = report
        self._lock = threading.Lock()
        self._records = 0.0
        self.last = ""

    def __call__(self, attempt: Attempt) -> None:
        """Note one scrape."""
        up = is_up(attempt.page, HONEST)
        with self._lock:
            minute = self._result.minutes[int(attempt.at // 60)]
            minute.scrapes += 1
            minute.up += up
            minute.worst_seconds = max(minute.worst_seconds, attempt.seconds)
            if not up:
                seen = re.findall(r"kafka_producer_\S+target_error\S+", attempt.page)
                failure = attempt.failure or f"not up: {[word for word in seen if any(h in word for h in HONEST)]}"
                self._problem(f"scrape at {attempt.at:.0f} s: {failure}")
            if attempt.page:
                self.last = attempt.page
                self._note_targets(attempt.page)
                self._note_records(attempt)

    def _problem(self, text: str) -> None:
        self._result.problems.append(text)
        self._report(f"PROBLEM {text}")

    def _note_targets(self, page: str) -> None:
        for target in re.findall(r'kafka_producer_up\{target="([^"]+)"\} 1', page):
            self._result.seen_as[target]["up"] += 1
        for words in re.findall(r"kafka_producer_exporter_target_error\{([^}]*)\} 1", page):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', words))
            self._result.seen_as[labels["target"]][labels["reason"]] += 1

    def _note_records(self, attempt: Attempt) -> None:
        found = re.search(re.escape(RECORDS) + r" (\S+)", attempt.page)
        records = float(found[1]) if found else 0.0
        # The scrapes of several servers overlap, so their order is not that of the answers.
        if records < self._records - 200:
            self._problem(f"scrape at {attempt.at:.0f} s: records fell from {self._records:g} to {records:g}")
        self._records = max(self._records, records)


def torture(
    *, seconds: float, seed: int, memory_mb: int = 64, only: str = "", priority: bool = False, report: Report = print
) -> Result:
    """Run for *seconds* with hostile peers, and return what happened; raise LabError if the lab fails."""
    with contextlib.ExitStack() as running:
        folder = Path(tempfile.mkdtemp(prefix="lab-torture-"))
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # the exporter is another user
        report("starting the broker, the producers and the exporter")
        wire = Proxy()
        running.callback(wire.close)
        broker = running.enter_context(Broker(listeners=[Listener(name="WIRE", proxy=wire)]))
        broker.create_topic("orders", partitions=3)
        jvm = running.enter_context(ProducerJvm())
        synthetic = running.enter_context(SyntheticJvm(clients=3, nodes=3, topics=5, heap_megabytes=64))
        ports = {mode: Port() for mode in MODES if re.search(only, mode)}
        for port in ports.values():
            running.callback(port.close)
        container = running.enter_context(Container(memory_bytes=memory_mb << 20, tasks=TASKS, descriptors=DESCRIPTORS))
        result = Result(seed, seconds, memory_mb, container.missing, only, priority)
        for text in container.missing:
            report(f"NOT LIMITED {text}")
        jvms = dict(zip(HONEST, (jvm.jmx_port, synthetic.jmx_port), strict=True))
        jvms |= {mode: port.number for mode, port in ports.items()}
        config = _write_config(folder / "exporter.yml", jvms, broker.address("WIRE"))
        exact = running.enter_context(Serve("--bootstrap-server", broker.bootstrap, folder=folder / "exact"))
        serve = running.enter_context(Serve("--config", str(config), folder=folder, prefix=container.prefix()))
        orders = jvm.new("orders", broker.bootstrap)
        orders.loop("orders", per_second=20)
        paying = jvm.new("paying", broker.bootstrap, transactional_id="paying")
        paying.init()
        paying.loop("orders", per_second=2, records=2, abort_every=5)
        run = _Run(result, report, serve, container, folder)
        run.rest()
        if priority:
            for pid in (serve.process.pid, os.getpid()):
                with contextlib.suppress(OSError):  # this kernel has no such groups, or we are not root
                    Path(f"/proc/{pid}/autogroup").write_text(str(PRIORITY))
        hostile = _hostile_peers(seed, only, serve, ports, folder)
        running.callback(hostile.kill)
        wire.alter = bad = BadWire(seed=seed) if re.search(only, "wire") else None
        configurations = _Configurations(config, serve, seed=seed)
        run.hurt(hostile, seconds, configurations)
        wire.alter = None
        result.wire = bad.done if bad else Counter()
        result.configurations = configurations.loaded
        hostile.kill()
        wire.cut()
        if serve.process.exit_code is None:
            configurations.restore()
            run.recover()
            _compare(result, orders, paying, serve, exact)
        result.group_peak_mb = container.group.peak_bytes() / (1 << 20) if container.group else 0.0
        if container.kills():
            result.problems.append(f"the kernel killed {container.kills()} processes for want of memory")
        if result.problems:
            report(serve.process.log_tail(200))
        return result


class _Configurations:
    """Replaces the configuration file again and again: by one without a hostile target, by invalid ones, by itself."""

    SECONDS = 3.0
    INVALID = (b"targets: [", b"a: &a [*a, *a]", b"targets: nonsense", b"\x00\xff", b"- " * 5_000, b"x" * (2 << 20))

    def __init__(self, place: Path, serve: Serve, *, seed: int) -> None:
        self._place = place
        self._serve = serve
        self._chance = random.Random(f"{seed} configuration")
        self._original = place.read_bytes()
        settings = json.loads(self._original)
        self._fewer = json.dumps({**settings, "targets": settings["targets"][:-1]}).encode()
        self._due = 0.0
        self.loaded = 0

    def replace_when_due(self) -> None:
        """Replace the file and reload, if it is time to."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self.SECONDS
            self._load(self._chance.choice((self._original, self._fewer, self._chance.choice(self.INVALID))))

    def restore(self) -> None:
        """Load the original configuration again."""
        self._load(self._original)

    def _load(self, text: bytes) -> None:
        self.loaded += 1
        written = self._place.with_suffix(".new")
        written.write_bytes(text)
        written.chmod(0o644)
        written.replace(self._place)  # a file that is half written could be a valid one without targets
        self._serve.reload()


class _Run:
    """The three parts of a run."""

    def __init__(self, result: Result, report: Report, serve: Serve, container: Container, folder: Path) -> None:
        self._result = result
        self._report = report
        self._serve = serve
        self._container = container
        self._folder = folder

    def rest(self) -> None:
        """Wait until the honest targets are up, and note what the exporter uses without hostile peers."""
        self._serve.page_once("the honest targets are up", lambda page: is_up(page.text, HONEST))
        self._serve.page_once("the broker is followed", _follows, timeout_seconds=30)
        for _ in range(3):  # each connection that is kept between scrapes is there after the first
            self._serve.page()
        self._result.before = Usage.of(self._serve.process.pid)

    def hurt(self, hostile: Process, seconds: float, configurations: _Configurations) -> None:
        """Scrape every second while the hostile peers are at work."""
        judge = Judge(self._result, self._report)
        scraper = Scraper(self._serve.address, judge)
        threading.Thread(target=self._read_attempts, args=(hostile,), daemon=True).start()
        began = shown = time.monotonic()
        scraper.start()
        try:
            while (passed := time.monotonic() - began) < seconds:
                time.sleep(0.25)
                if self._serve.process.exit_code is not None:
                    self._problem(f"the exporter ended with {self._serve.process.exit_code} after {passed:.0f} s")
                    break
                configurations.replace_when_due()
                self._measure(int(passed // 60))
                if time.monotonic() - shown > 10:
                    shown = time.monotonic()
                    self._show(passed, seconds)
        finally:
            scraper.stop()

    def recover(self) -> None:
        """Wait until the exporter uses what it used before, and all of its view of the brokers is up again."""
        before = self._result.before
        assert before is not None
        usage = before

        def is_back() -> bool:
            nonlocal usage
            self._serve.page()
            usage = Usage.of(self._serve.process.pid)
            return usage.threads <= before.threads and usage.descriptors <= before.descriptors

        with contextlib.suppress(LabError):
            wait_until("threads and descriptors are back", is_back, timeout_seconds=60)
        if usage.threads > before.threads:
            self._problem(f"{usage.threads} threads are left of {before.threads} at the start")
        if usage.descriptors > before.descriptors:
            self._problem(f"{usage.descriptors} descriptors are left of {before.descriptors} at the start")
        self._result.after = usage
        try:
            self._serve.page_once("the brokers are followed again", _follows, timeout_seconds=60)
        except LabError as error:
            self._problem(str(error).splitlines()[0])

    def _problem(self, text: str) -> None:
        self._result.problems.append(text)
        self._report(f"PROBLEM {text}")

    def _measure(self, number: int) -> None:
        with contextlib.suppress(OSError, KeyError):  # it has just ended
            usage = Usage.of(self._serve.process.pid)
            minute = self._result.minutes[number]
            minute.resident_mb = max(minute.resident_mb, usage.resident_mb)
            minute.threads = max(minute.threads, usage.threads)
            minute.descriptors = max(minute.descriptors, usage.descriptors)
            self._result.peak_mb = max(self._result.peak_mb, usage.peak_mb)

    def _read_attempts(self, hostile: Process) -> None:
        with contextlib.suppress(ValueError, OSError):  # the pipe is closed at the end
            for line in hostile.stdout:
                self._result.attempts |= json.loads(line)

    def _show(self, passed: float, seconds: float) -> None:
        result = self._result
        now = Usage.of(self._serve.process.pid)
        self._report(
            f"{passed:4.0f} of {seconds:.0f} s: {result.scrapes} scrapes, {result.up} up, worst"
            f" {result.worst_seconds:.2f} s; {now.resident_mb:.0f} MB (peak {now.peak_mb:.0f}), {now.threads} threads,"
            f" {now.descriptors} descriptors; {sum(result.attempts.values())} hostile attempts"
        )


def _follows(page: Page) -> bool:
    sources = [sample.value for sample in page.samples if sample.name == "kafka_producer_exporter_source_up"]
    return bool(sources) and all(sources)


def _write_config(place: Path, jvms: dict[str, int], bootstrap: str) -> Path:
    targets = [
        {"name": name, "jmx": {"host": "127.0.0.1", "port": port, "rmi_port": port}} for name, port in jvms.items()
    ]
    broker = {"bootstrap_servers": [bootstrap], "request_timeout_seconds": 2}
    place.write_text(json.dumps({"http_reload": "on", "targets": targets, "broker": broker}))  # JSON is YAML
    place.chmod(0o644)
    return place


def _hostile_peers(seed: int, only: str, serve: Serve, ports: dict[str, Port], folder: Path) -> Process:
    addresses = [address.rpartition(":")[2] for address in (serve.address, serve.pages_address)]
    modes = [f"{mode}={port.number}" for mode, port in ports.items()]
    return Process(
        "hostile peers",
        [sys.executable, "-m", "tests.torture.peers", str(seed), only, *addresses, *modes],
        log_file=folder / "hostile.log",
        pipes=True,
        cwd=ROOT,
    )


def _compare(result: Result, orders: Producer, paying: Producer, serve: Serve, exact: Serve) -> None:
    """Compare the honest numbers with what the producers know about themselves."""
    sent, paid = orders.stop_loop(), paying.stop_loop()
    orders.flush()
    records = serve.page().value("kafka_producer_record_send_total", target="orders", client_id="orders")
    if records != orders.stats()["ok"]:
        result.problems.append(f"the page has {records} records, and the producer {sent}")
    views = {"beside the bad wire": exact}
    if serve.page().value("kafka_producer_exporter_transaction_counts_exact") == 1:
        views["behind the bad wire, which claims to be exact,"] = serve
    for name, view in views.items():
        result.committed[name] = _committed(view, paid["committed"])
        if result.committed[name] != paid["committed"]:
            result.problems.append(f"the view {name} has {result.committed[name]} commits of {paid['committed']}")


def _committed(view: Serve, expected: int) -> float | None:
    """Return how many commits a view has counted, as soon as it is the expected number, or after a while anyway."""
    with contextlib.suppress(LabError):
        view.page_once("all commits are counted", lambda page: _of_paying(page) == expected, timeout_seconds=20)
    return _of_paying(view.page())


def _of_paying(page: Page) -> float | None:
    return page.value("kafka_transaction_committed_total", transactional_id="paying")
