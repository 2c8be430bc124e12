"""Runs the lab in health and in the faults that panels are for, and asks the boards' queries meanwhile."""

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from dashboards.proof.ask import Asker, NotProvenError, problem_of
from dashboards.proof.record import HEALTH, Answer, Key, Proven, key_of, load
from lab.broker import Broker, Security
from lab.certificates import PASSWORD, make_certificates
from lab.faults.fault import Fault
from lab.faults.runner import owners
from lab.faults.table import Row, class_of
from lab.faults.world import Pod, World
from lab.process import LabError
from lab.prometheus import Prometheus, job

HEALTH_SECONDS = 120.0
"""How long health may take until every query has data: recordings look back a while."""
FAULT_SECONDS = 45.0
"""How long a fault may take for that, once its alerts fire."""
TLS = "encrypted"
"""The name of the cluster with TLS, of its service and of its topic."""
ANNOTATED = ("session-loop", "record-too-large")
"""Faults in which producers restart, and in which an alert pages, for annotations."""

Say = Callable[[str], None]
Save = Callable[[str, Sequence[Answer], Sequence[Key]], None]
"""Takes the key of a board, answers to its queries, and the queries that should have had one."""


class ProofWorld(World):
    """The world of the fault runs, with what the boards show besides.

    Prometheus scrapes itself, and there is a cluster whose clients use TLS; the exporter combines their ids.
    """

    def start(self) -> None:
        """Start everything, the TLS cluster with its service and broker view, too."""
        super().start()
        certificates = make_certificates(self.folder / TLS)
        security = Security(certificates=certificates, users={}, access_control=False)
        broker = self._stack.enter_context(Broker(security=security))
        broker.create_topic(TLS)
        groups = {"id_groups": [{"pattern": rf"{TLS}-\d", "group": TLS}]}
        pod = self._stack.enter_context(Pod(self, TLS, cluster=TLS, exporter=groups))
        for number in (1, 2):
            producer = pod.producer(
                f"{TLS}-{number}",
                bootstrap=broker.address("SSL"),
                own_times=True,
                security_protocol="SSL",
                ssl_truststore_location=str(certificates.trust_store),
                ssl_truststore_password=PASSWORD,
            )
            producer.loop(TLS, per_second=5)
        client = certificates.client
        tls = {"ca_file": certificates.ca, "cert_file": client.certificate, "key_file": client.key}
        bootstrap = broker.address("SSL")
        view = self.broker_view(
            f"{TLS}-view-0", cluster=TLS, bootstrap=bootstrap, tls={key: str(file) for key, file in tls.items()}
        )
        self._stack.enter_context(view)
        self.wait_scraped(view)

    def _prometheus(self) -> Prometheus:
        prometheus = super()._prometheus()
        prometheus.config["scrape_configs"] = [
            *cast("list[object]", prometheus.config["scrape_configs"]),
            job("prometheus", prometheus.address),
        ]
        return prometheus


def faults_of(boards: Iterable[Proven]) -> list[str]:
    """Return the faults that the boards need."""
    named = {place for proven in boards for asked in proven.queries for place in proven.places(asked)}
    return sorted((named | {*ANNOTATED}) - {HEALTH})


def missing_of(boards: Iterable[Proven]) -> list[str]:
    """Return the faults, and ``health``, in which queries without an answer are asked."""
    return sorted(
        {
            place
            for proven in boards
            for asked, answer in zip(proven.queries, proven.answers(load(proven.board.key)), strict=True)
            if answer is None
            for place in proven.places(asked) or ANNOTATED
        }
    )


class Prover:
    """Asks the queries of boards in a world."""

    def __init__(
        self,
        world: World,
        boards: Sequence[Proven],
        known: Iterable[str],
        say: Say,
        save: Save,
        *,
        patience_seconds: float = FAULT_SECONDS,
        class_of: Callable[[str], type[Fault]] = class_of,
    ) -> None:
        """Set it up; *known* are the names of all faults, and queries have data in a fault within the patience."""
        self._patience = patience_seconds
        self._class_of = class_of
        self._world = world
        self._boards = boards
        self._known = list(known)
        self._say = say
        self._save = save
        self._asker = Asker(world.prometheus)
        self._running: dict[str, Row] = {}
        self._lock = threading.Lock()
        self._ends = threading.Event()

    def in_health(self) -> None:
        """Ask everything. What is for a fault need not have data, but Prometheus must understand it."""
        self._ask(HEALTH, since=0, within=HEALTH_SECONDS)
        for proven in self._boards:
            for asked in proven.queries:
                try:
                    self._asker.ask(asked, {}, now=time.time())
                except LabError as error:
                    self._say(f"WRONG {asked.where}: {problem_of(error)}")
                    self._save(proven.board.key, [], [key_of(asked, place) for place in proven.places(asked)])

    def in_faults(self, rows: Sequence[Row], *, at_once: int = 3) -> None:
        """Ask what is for these faults, those that run alone first."""
        for row in rows:
            if row.alone:
                self._in_fault(row)
        with ThreadPoolExecutor(at_once) as pool:
            try:
                list(pool.map(self._in_fault, [row for row in rows if not row.alone]))
            except BaseException:  # interrupted: the faults that run are given up, too
                self._ends.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _in_fault(self, row: Row) -> None:
        with self._lock:
            self._running[row.name] = row
        fault = self._class_of(row.name)(self._world, row.name)
        self._say(f"{row.name}: prepare: {row.what}")
        try:
            fault.prepare()
            began, since = time.monotonic(), time.time()
            fault.begin()
            silent = self._wait_for(row, began)
            self._say(f"{row.name}: " + (f"{', '.join(sorted(silent))} not fired" if silent else "asking"))
            self._ask(row.name, since=since, within=self._patience)
            fault.end()
        except Exception:  # noqa: BLE001 (one fault that cannot run must not end the others)
            self._say(f"WRONG {row.name}\n{traceback.format_exc()}")
        finally:
            fault.close()
            with self._lock:
                del self._running[row.name]

    def _wait_for(self, row: Row, began: float) -> set[str]:
        """Return once all of the fault's alerts fire, or after its time; return those that do not fire."""
        waiting = set(row.fires)
        deadline = began + (row.fires_within if waiting else row.lasts)
        while time.monotonic() < deadline:
            with self._lock:
                running = dict(self._running)
            waiting -= {
                one.name for one in self._world.watcher.firing() if row.name in owners(one.labels, running, self._known)
            }
            if row.fires and not waiting:
                break
            if self._ends.wait(0.5):
                raise LabError("interrupted")
        return waiting

    def _ask(self, name: str, *, since: float, within: float) -> None:
        """Ask the queries of a place until each has data or the time is over, and save what came of it."""
        deadline = time.monotonic() + within
        waiting = [
            (proven, asked)
            for proven in self._boards
            for asked in proven.queries
            if name in (proven.places(asked) or (name,))
        ]
        answers: dict[str, list[Answer]] = {proven.board.key: [] for proven in self._boards}
        problems: dict[int, str] = {}
        while not self._ends.is_set():
            still = []
            for proven, asked in waiting:
                try:
                    answers[proven.board.key].append(self._asker.answer(asked, proven_in=name, since=since))
                except (LabError, NotProvenError, OSError) as error:
                    problems[id(asked)] = problem_of(error)
                    still.append((proven, asked))
            waiting = still
            must = [asked for proven, asked in waiting if list(proven.places(asked)) == [name]]
            if not must or time.monotonic() > deadline:
                break
            self._ends.wait(2)
        for asked in must:
            self._say(f"WRONG {name}: {asked.where}: {problems[id(asked)]}\n    {asked.expr}")
        for proven in self._boards:
            failed = [key_of(asked, name) for owner, asked in waiting if owner is proven and proven.places(asked)]
            self._save(proven.board.key, answers[proven.board.key], failed)
        count = sum(map(len, answers.values()))
        self._say(f"{name}: {count} queries have data, {len(waiting)} have none")


def rows_of(names: Sequence[str], rows: Mapping[str, Row]) -> list[Row]:
    """Return the rows of faults; raise LabError if the table has no such fault."""
    if unknown := [name for name in names if name not in {*rows, HEALTH}]:
        raise LabError(f"lab/faults.yaml has no fault {', '.join(unknown)}")
    return [rows[name] for name in names if name != HEALTH]
