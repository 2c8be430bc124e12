"""The alerts of the demo: what Prometheus and the Alertmanager's receivers say of them, and how that changes."""

import contextlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.alertmanager import Alertmanager, Notification, Webhook
from lab.process import LabError, Service
from lab.prometheus import Prometheus

WATCHDOG = "KafkaProducerWatchdog"
"""Always fires, so it is not shown."""
_SUBJECTS = ("target", "transactional_id", "topic", "server", "source", "instance", "kafka_cluster")
_POLL_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Change:
    """An alert has changed: *state* is ``pending``, ``firing`` or ``resolved``, or ``inactive`` if it never fired."""

    clock: str
    alert: str
    subject: str
    """What it is about: the service, or the topic, cluster and so on if it is about no service."""
    state: str
    receiver: str = ""
    """The receiver of the Alertmanager that is told; empty if it is Prometheus that says so."""

    def __str__(self) -> str:
        """Return a line of progress."""
        by = f"Alertmanager notifies {self.receiver}" if self.receiver else "Prometheus"
        return f"{self.clock}  {f'{self.alert} ({self.subject})':48} {self.state:9} {by}"


class History:
    """Everything that has changed, in order."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._states: dict[tuple[str, str], str] = {}
        self._told: dict[tuple[str, str, str], str] = {}

    def look(self, alerts: Iterable[Mapping[str, Any]], clock: str) -> None:
        """Take in the active alerts of Prometheus."""
        states: dict[tuple[str, str], str] = {}
        for alert in alerts:
            key = _key(alert["labels"])
            if states.get(key) != "firing":
                states[key] = alert["state"]
        states = {key: state for key, state in states.items() if key[0] != WATCHDOG}
        for key, state in states.items():
            if self._states.get(key) != state:
                self.changes.append(Change(clock, *key, state))
        for key in self._states.keys() - states.keys():
            self.changes.append(Change(clock, *key, "resolved" if self._states[key] == "firing" else "inactive"))
        self._states = states

    def hear(self, notification: Notification, clock: str) -> None:
        """Take in what a receiver is told."""
        states: dict[tuple[str, str], str] = {}
        for alert in notification.alerts:
            key = _key(alert["labels"])
            if states.get(key) != "firing":
                states[key] = alert["status"]
        for key, state in states.items():
            place = (*key, notification.receiver)
            if key[0] != WATCHDOG and self._told.get(place) != state:
                self._told[place] = state
                self.changes.append(Change(clock, *key, state, notification.receiver))

    def active(self) -> Mapping[tuple[str, str], str]:
        """Return the state of each active alert, by its name and subject."""
        return dict(self._states)

    def states(self, alert: str, subject: str, *, start: int = 0, told: bool = False) -> list[str]:
        """Return the states through which an alert went since the change number *start*.

        With *told*, return what receivers were told, else what Prometheus said.
        """
        return [
            change.state
            for change in self.changes[start:]
            if (change.alert, change.subject) == (alert, subject) and bool(change.receiver) == told
        ]


def _key(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels["alertname"], next((labels[name] for name in _SUBJECTS if name in labels), "")


class Alerts(Service):
    """Watches a Prometheus, and the receivers of an Alertmanager if there is one, in the background."""

    def __init__(self, prometheus: Prometheus, alertmanager: Alertmanager | None, hook: Webhook) -> None:
        self.prometheus = prometheus
        self.alertmanager = alertmanager
        self.history = History()
        self._hook = hook
        self._heard = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Watch no longer."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(15)

    def has_been(self, states: Sequence[str], alert: str, subject: str, *, start: int) -> bool:
        """Return True if an alert went through these states in turn, and a receiver was told of the last one."""
        seen = iter(self.history.states(alert, subject, start=start))
        if not all(state in seen for state in states):
            return False
        return self.alertmanager is None or states[-1] in self.history.states(alert, subject, start=start, told=True)

    def _watch(self) -> None:
        while not self._ends.wait(_POLL_SECONDS):
            with contextlib.suppress(OSError, LabError):
                self.history.look(self.prometheus.alerts(), _clock())
            fresh = self._hook.notifications[self._heard :]
            self._heard += len(fresh)
            for notification in fresh:
                self.history.hear(notification, _clock())


def _clock() -> str:
    return time.strftime("%H:%M:%S")
