"""Runs faults in the world, one after the other or several at the same time, and says what they fired."""

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab.faults.fault import Fault
from lab.faults.page import Fired, Result
from lab.faults.table import Row, class_of
from lab.faults.world import WATCHDOG, Firing, World
from lab.process import LabError

QUIET_SECONDS = 300.0
"""How long everything is quiet before a fault begins, in real windows."""
QUIET_WITHIN_SECONDS = 120.0
"""How long to wait for that, in seconds of the lab."""

SLOW = frozenset(
    {
        *("KafkaProducerCommitSlow", "KafkaProducerHighQueueTime", "KafkaProducerHighRequestLatency"),
        *("KafkaProducerHighRetryRatio", "KafkaProducerRecordsNearExpiry"),
    }
)
"""What also fires, rightly, where the machine itself is too busy."""

OUTLIVES = ("KafkaProducerErrorBudgetBurn", "warning")
"""An alert, by name and severity, that looks back hours and days, and so outlives every fault; promtool tests it."""

Say = Callable[[str], None]


def owners(
    labels: Mapping[str, str], running: Mapping[str, Row], known: Iterable[str] = (), healthy: Iterable[str] = ()
) -> set[str]:
    """Return whose an alert is: the fault that it is named after, else those that expect it, else all that run.

    What is named after a fault in *known* that does not run any more is nobody's, because the fault's service was taken
    down. What is named after one of the *healthy* services is nobody's, too, unless a fault runs alone: that one hurts
    what all share, and everything else is its.
    """
    alone = {name for name, row in running.items() if row.alone}
    names = {*running, *known, *(() if alone else healthy)}
    named = [name for name in names for value in labels.values() if _begins(value, name)]
    if named:
        return {max(named, key=len)} & running.keys()
    expecting = {name for name, row in running.items() if labels["alertname"] in (*row.fires, *row.may_fire)}
    return alone or expecting or set(running)


def _begins(value: str, name: str) -> bool:
    return value.startswith(name) and not value[len(name) : len(name) + 1].isalnum()


class Runner:
    """Runs faults in a world; *versions* are recorded with their results."""

    def __init__(
        self,
        world: World,
        known: Iterable[str],
        say: Say,
        versions: Mapping[str, str],
        quiet_seconds: float = QUIET_SECONDS,
        is_busy: bool = False,
    ) -> None:
        """Set it up. With *is_busy*, alerts that say that something is slow count only where a fault must fire them."""
        self._world = world
        self._known = list(known)
        self._say = say
        self._versions = versions
        self._quiet = quiet_seconds / world.scale
        self._ignored = SLOW if is_busy else frozenset()
        self._running: dict[str, Row] = {}
        self._lock = threading.Lock()
        self._ends = threading.Event()

    def run(self, rows: Sequence[Row], done: Callable[[Result], object], *, at_once: int = 4) -> list[Result]:
        """Run the faults, those that run alone first; call *done* with each result as soon as it is there."""
        results = []

        def one(row: Row) -> None:
            result = self.run_one(row)
            with self._lock:
                results.append(result)
                done(result)

        for row in rows:
            if row.alone:
                one(row)
        with ThreadPoolExecutor(at_once) as pool:
            try:
                list(pool.map(one, [row for row in rows if not row.alone]))
            except BaseException:  # interrupted: the faults that run are given up, too
                self._ends.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return results

    def run_one(self, row: Row) -> Result:
        """Run one fault from its preparation to its removal."""
        with self._lock:
            self._running[row.name] = row
        fault = class_of(row.name)(self._world, row.name)
        self._tell(row, f"prepare: {row.what}")
        try:
            return self._go_through(row, fault)
        except Exception as error:  # noqa: BLE001 (one fault that cannot run must not end the others)
            self._tell(row, traceback.format_exc())
            return self._result(row, 0.0, [], 0, [f"{type(error).__name__}: {str(error).splitlines()[0]}"])
        finally:
            fault.close()
            with self._lock:
                del self._running[row.name]

    def _go_through(self, row: Row, fault: Fault) -> Result:
        fault.prepare()
        if noisy := self._wait_quiet(row):
            return self._result(row, 0.0, [], 0, [f"{name} fires before the fault" for name in noisy])
        problems: list[str] = []
        began = time.monotonic()
        fault.begin()
        self._tell(row, f"begun; waiting for {', '.join(row.fires) or f'{row.lasts:g} s of silence'}")
        missing = self._wait_for(row, began)
        problems += [f"{name} does not fire within {row.fires_within:g} s" for name in sorted(missing)]
        self._pause(row.lasts)
        problems += self._wait_told(row, "firing", began)
        repaired = time.monotonic()
        fault.end()
        self._tell(row, "repaired; waiting until all is resolved")
        problems += self._wait_resolved(row)
        fired = self._mine(row, began)
        allowed = {*row.fires, *row.may_fire}
        problems += sorted({f"{one} must not fire" for one in fired if one.name not in allowed})
        problems += sorted({f"{one} fires for a healthy service" for one in self._strays(began) if not row.alone})
        pages = self._pages(row, began)
        if row.pages is not None and pages > row.pages:
            problems.append(f"{pages} pages, where {row.pages} may be sent")
        problems += self._wait_told(row, "resolved", began)
        if not any(one.name == WATCHDOG for one in self._world.watcher.firing()) and self._has_watchdog():
            problems.append("the watchdog does not fire")
        return self._result(row, began, fired, pages, problems, repaired)

    def _wait_quiet(self, row: Row) -> list[str]:
        """Return once nothing has fired for a while; or, if that takes too long, what fires."""
        started = since = time.monotonic()
        while time.monotonic() < since + self._quiet:
            if noisy := sorted(self._names(row, max(since, time.monotonic() - 1))):
                since = time.monotonic()
                if since > started + QUIET_WITHIN_SECONDS:
                    return noisy
            self._pause(0.5)
        return []

    def _wait_for(self, row: Row, began: float) -> set[str]:
        deadline = time.monotonic() + row.fires_within
        waiting = set(row.fires)
        while waiting and time.monotonic() < deadline:
            for one in self._mine(row, began):
                if one.name in waiting:
                    waiting.discard(one.name)
                    self._tell(row, f"{one} fires after {one.began - began:.1f} s")
            self._pause(0.5)
        return waiting

    def _wait_resolved(self, row: Row) -> list[str]:
        deadline = time.monotonic() + row.resolves_within
        while time.monotonic() < deadline:
            left = [one for one in self._world.watcher.firing() if self._is_mine(row, one)]
            if not left:
                return []
            self._pause(0.5)
        return [f"{one} does not resolve within {row.resolves_within:g} s" for one in left]

    def _wait_told(self, row: Row, status: str, began: float) -> list[str]:
        """Return the expected alerts of which no receiver is told in time, and which are not inhibited either."""
        deadline = time.monotonic() + self._world.notifies_within
        fired = {one.name for one in self._mine(row, began)}
        while True:
            left = {name for name in row.fires if name in fired and not self._is_told(name, status, began)}
            left -= {
                labels["alertname"]
                for labels in self._world.watcher.inhibited_since(began)
                if row.name in self._owners(labels)
            }
            if not left or time.monotonic() > deadline:
                return [f"{name}: no receiver was told that it is {status}" for name in sorted(left)]
            self._pause(0.5)

    def _is_told(self, name: str, status: str, began: float) -> bool:
        return self._world.webhook.of(name, status, since=began) is not None

    def _pages(self, row: Row, began: float) -> int:
        """Return the number of pages: all messages of one group are the same page."""

        def is_page(alert: Mapping[str, Any]) -> bool:
            labels = alert["labels"]
            is_critical = alert["status"] == "firing" and labels.get("severity") == "critical"
            return is_critical and row.name in self._owners(labels)

        messages = [one for one in list(self._world.webhook.notifications) if one.at >= began]
        return len({message.group for message in messages if any(map(is_page, message.alerts))})

    def _owners(self, labels: Mapping[str, str]) -> set[str]:
        healthy = [pod.service for pod in self._world.pods.values()]
        with self._lock:
            return owners(labels, self._running, self._known, healthy)

    def _is_mine(self, row: Row, one: Firing) -> bool:
        if one.name == WATCHDOG or (one.name in self._ignored and one.name not in row.fires):
            return False
        if (one.name, one.severity) == OUTLIVES:
            return False
        return row.name in self._owners(one.labels)

    def _mine(self, row: Row, moment: float) -> list[Firing]:
        return [one for one in self._world.watcher.since(moment) if self._is_mine(row, one)]

    def _strays(self, moment: float) -> list[Firing]:
        healthy = {pod.service for pod in self._world.pods.values()}
        fired = [one for one in self._world.watcher.since(moment) if one.name not in self._ignored]
        return [one for one in fired if one.labels.get("target") in healthy and (one.name, one.severity) != OUTLIVES]

    def _names(self, row: Row, moment: float) -> set[str]:
        return {str(one) for one in [*self._mine(row, moment), *self._strays(moment)]}

    def _has_watchdog(self) -> bool:
        return any(rule["name"] == WATCHDOG for rule in self._world.prometheus.rules())

    def _result(
        self,
        row: Row,
        began: float,
        fired: Sequence[Firing],
        pages: int,
        problems: Sequence[str],
        repaired: float = 0.0,
    ) -> Result:
        alerts: dict[str, Fired] = {}
        for name in sorted({one.name for one in fired}):
            same = [one for one in fired if one.name == name]
            ends = [one.ended for one in same if one.ended is not None]
            alerts[name] = Fired(
                severity=same[0].severity,
                fires_after=round(min(one.began for one in same) - began, 1),
                resolved_after=round(max(ends) - repaired, 1) if len(ends) == len(same) else None,
                instances=len({tuple(sorted(one.labels.items())) for one in same}),
            )
        verdict = "; ".join(problems) or "as expected"
        self._tell(row, f"done, {verdict}" + "".join(f"\n    {name}: {alert}" for name, alert in alerts.items()))
        return Result(
            fault=row.name,
            generation=self._world.generation,
            scale=self._world.scale,
            versions=self._versions,
            lasted=round(max(0.0, repaired - began), 1),
            fired=alerts,
            pages=pages,
            problems=list(problems),
        )

    def _pause(self, seconds: float) -> None:
        if self._ends.wait(seconds):
            raise LabError("interrupted")

    def _tell(self, row: Row, text: str) -> None:
        self._say(f"{row.name}: {text}")


def check_rules(world: World) -> None:
    """Raise LabError if Prometheus cannot evaluate a rule."""
    bad = [f"{rule['name']}: {rule['lastError']}" for rule in world.prometheus.rules() if rule["health"] == "err"]
    if bad:
        raise LabError("Prometheus cannot evaluate these rules\n" + "\n".join(bad))
