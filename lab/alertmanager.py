"""A real Alertmanager on loopback, amtool, and a webhook that records the notifications."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kafka_producer_exporter.pack import durations
from lab.fetch import fetch
from lab.jvm import built_folder, rename_or_leave
from lab.process import Process, Server, Service, run

PART = "alertmanager"
TEMPLATES = b"/usr/share/prometheus/alertmanager"
_TIMES = ("group_wait", "group_interval", "repeat_interval")


class Notification(NamedTuple):
    """One message of the Alertmanager to a receiver."""

    at: float
    """``time.monotonic()`` when it arrived."""
    receiver: str
    status: str
    """``firing`` if at least one of its alerts fires, else ``resolved``."""
    alerts: Sequence[Mapping[str, Any]]
    """Each with ``status``, ``labels`` and ``annotations``."""
    group: str = ""
    """Names the group: messages of one group are one page, or one ticket."""

    def names(self, status: str) -> set[str]:
        """Return the names of its alerts in this status: ``firing`` or ``resolved``."""
        return {alert["labels"]["alertname"] for alert in self.alerts if alert["status"] == status}


class Webhook(Service):
    """Receives what an Alertmanager sends to ``url(receiver)``, and keeps it in ``notifications``."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Accept notifications."""
        notifications = self.notifications

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver = self.path.strip("/")
                notifications.append(
                    Notification(time.monotonic(), receiver, body["status"], body["alerts"], body.get("groupKey", ""))
                )
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Refuse further notifications."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def url(self, receiver: str) -> str:
        """Return the address for the notifications to a receiver."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}/{receiver}"

    def of(self, alert: str, status: str, *, since: float = 0.0) -> Notification | None:
        """Return the first notification with this alert in this status, or None."""
        found = (one for one in list(self.notifications) if one.at >= since and alert in one.names(status))
        return next(found, None)


class Alertmanager(Server):
    """An Alertmanager with the given configuration.

    ``with Webhook() as hook, Alertmanager(to_webhook(config, hook)) as alertmanager: alertmanager.alerts()``
    """

    def __init__(self, config: Mapping[str, Any], *, folder: Path | None = None) -> None:
        super().__init__("Alertmanager", folder)
        self.config = config

    def start(self) -> None:
        """Start it, and return once it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "alertmanager.yml"
        config.write_text(yaml.safe_dump(dict(self.config), sort_keys=False))
        program, home = alertmanager_binary()
        self._launch(
            Process(
                self.name,
                [
                    *(program, f"--config.file={config}", f"--storage.path={self.folder / 'data'}", "--log.level=warn"),
                    *(f"--web.listen-address={self.address}", "--cluster.listen-address="),
                ],
                log_file=self.folder / "alertmanager.log",
                cwd=home,
            )
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Return its alerts, each with ``labels``, ``receivers``, and ``status`` with ``state`` and ``inhibitedBy``."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def post(self, alerts: Sequence[Mapping[str, str]]) -> None:
        """Report alerts as firing, each given by its labels, as Prometheus does."""
        body = json.dumps([{"labels": dict(labels)} for labels in alerts]).encode()
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    def amtool(self, *arguments: str) -> str:
        """Return what ``amtool`` prints for it: ``amtool("silence", "add", "alertname=X", …)``."""
        return run([amtool_binary(), f"--alertmanager.url={self.url}", *arguments], what="amtool")


def to_webhook(config: Mapping[str, Any], hook: Webhook, *, scale: float = 1) -> dict[str, Any]:
    """Return *config* with the webhook in place of every receiver's own ways, and its times divided by *scale*.

    So are the values of the label ``window``, which are windows of the rules. Nothing is muted by the clock.
    """
    receivers = [
        {
            "name": receiver["name"],
            "webhook_configs": [{"url": hook.url(receiver["name"]), "send_resolved": True}],
        }
        for receiver in config["receivers"]
    ]
    kept = {key: value for key, value in config.items() if key not in ("receivers", "route", "global", "templates")}
    if "inhibit_rules" in kept:
        kept["inhibit_rules"] = [_windows_shortened(rule, scale) for rule in kept["inhibit_rules"]]
    return {"route": _shortened(config["route"], scale), "receivers": receivers, **kept}


def _windows_shortened(rule: Mapping[str, Any], scale: float) -> dict[str, Any]:
    def shorter(matched: re.Match[str]) -> str:
        return durations.duration(round(durations.milliseconds(matched[0]) / scale))

    def of(matcher: str) -> str:
        return re.sub(r"\d+[a-z]+", shorter, matcher) if re.match(r"window\W", matcher) else matcher

    sides = ("source_matchers", "target_matchers")
    return {key: [of(matcher) for matcher in value] if key in sides else value for key, value in rule.items()}


def _shortened(route: Mapping[str, Any], scale: float) -> dict[str, Any]:
    left_out = ("routes", "mute_time_intervals", "active_time_intervals")
    made = {key: value for key, value in route.items() if key not in left_out}
    made |= {key: f"{max(1, round(1000 * seconds(route[key]) / scale))}ms" for key in _TIMES if key in route}
    if "routes" in route:
        made["routes"] = [_shortened(child, scale) for child in route["routes"]]
    return made


def longest_interval(route: Mapping[str, Any]) -> float:
    """Return how many seconds it can take until a receiver is told of a change: the longest wait of any route."""
    waits = [seconds(route[key]) for key in ("group_wait", "group_interval") if key in route]
    return max([0.0, *waits, *(longest_interval(child) for child in route.get("routes", ()))])


def seconds(duration: str) -> float:
    """Return the seconds of a Prometheus duration such as ``1h30m``."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


@cache
def alertmanager_binary() -> tuple[Path, Path | None]:
    """Return the program, and the folder to start it in: the one on the PATH, else the fetched one.

    Debian's program opens its templates under /usr/share, where an unpacked package does not have them. So the path in
    the program is made relative, which works for any user.
    """
    installed = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    if installed is not None:
        return Path(installed), None
    part = fetch(PART)
    original = part / "usr" / "bin" / "prometheus-alertmanager"
    relative = TEMPLATES.replace(b"/usr/", b"usr//", 1)
    program = original.read_bytes().replace(TEMPLATES, relative)
    place = built_folder() / f"alertmanager-{hashlib.sha256(program).hexdigest()[:12]}"
    if not place.exists():
        with tempfile.TemporaryDirectory(dir=built_folder(), prefix=".copying-") as work:
            made = Path(work) / place.name
            made.write_bytes(program)
            os.chmod(made, 0o755)  # noqa: PTH101 (as elsewhere in the lab)
            rename_or_leave(made, place)
    return place, part


@cache
def amtool_binary() -> Path:
    """Return amtool: the one on the PATH, else the fetched one."""
    installed = shutil.which("amtool")
    return Path(installed) if installed else fetch(PART) / "usr" / "bin" / "amtool"
