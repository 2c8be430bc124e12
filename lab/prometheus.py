"""A real Prometheus on loopback, of generation 3 or 2, and promtool."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab.fetch import fetch
from lab.process import LabError, Process, Server, wait_until

CURRENT = 3


class Prometheus(Server):
    """A Prometheus with the given scrape configurations.

    The first scrape comes five seconds after the start, whatever the interval, because of Prometheus' target discovery.

    ``with Prometheus([job("exporter", "127.0.0.1:9797")]) as prometheus: prometheus.query("up")``
    """

    def __init__(
        self,
        scrape_configs: Sequence[Mapping[str, object]],
        *,
        generation: int = CURRENT,
        interval_seconds: float = 1,
        rule_files: Sequence[Path] = (),
        settings: Mapping[str, object] | None = None,
        alertmanagers: Sequence[str] = (),
        flags: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        """Set it up; *alertmanagers* are addresses (HOST:PORT), and *flags* are further ones of the program."""
        super().__init__(f"Prometheus {generation}", folder)
        self._generation = generation
        self._flags = tuple(flags)
        self.log_file = self.folder / "prometheus.log"
        interval = f"{round(interval_seconds * 1000)}ms"
        self.config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": [str(file) for file in rule_files],
            "scrape_configs": [dict(config) for config in scrape_configs],
            **({"alerting": _alerting(alertmanagers)} if alertmanagers else {}),
            **(settings or {}),
        }

    def start(self) -> None:
        """Start it, and return once it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self.config, sort_keys=False))
        self._launch(
            Process(
                self.name,
                [
                    *(prometheus_binary(self._generation), f"--config.file={config}", "--log.level=warn"),
                    *(f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address={self.address}"),
                    *self._flags,
                ],
                log_file=self.log_file,
            )
        )

    def query(self, expression: str, *, at: float | None = None) -> list[dict[str, Any]]:
        """Return the series of an instant query, each with ``metric`` (its labels) and ``value`` (time and text)."""
        time = {} if at is None else {"time": f"{at:.3f}"}
        result: list[dict[str, Any]] = self.get("query", query=expression, **time)["result"]
        return result

    def query_range(self, expression: str, *, start: float, end: float, step_seconds: float) -> list[dict[str, Any]]:
        """Return the series of a range query, each with ``metric`` and ``values`` (pairs of time and text)."""
        times = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_seconds:g}"}
        result: list[dict[str, Any]] = self.get("query_range", query=expression, **times)["result"]
        return result

    def series(self, selector: str, *, start: float, end: float) -> list[dict[str, str]]:
        """Return the labels of the series that a selector selects between two times."""
        result: list[dict[str, str]] = self.get("series", **{"match[]": selector}, start=f"{start}", end=f"{end}")
        return result

    def label_values(self, label: str, selector: str, *, start: float, end: float) -> list[str]:
        """Return the values of a label of the series that a selector selects between two times."""
        times = {"start": f"{start}", "end": f"{end}"}
        result: list[str] = self.get(f"label/{label}/values", **{"match[]": selector}, **times)
        return result

    def value(self, expression: str) -> float | None:
        """Return the value of a query with one series, or None if it has no series."""
        series = self.query(expression)
        if len(series) > 1:
            raise LabError(f"{expression}: {len(series)} series, where one was expected")
        return float(series[0]["value"][1]) if series else None

    def metadata(self, metric: str = "") -> dict[str, list[dict[str, str]]]:
        """Return metric → its ``type``, ``help`` and ``unit``, as the targets reported them."""
        result: dict[str, list[dict[str, str]]] = self.get("metadata", **({"metric": metric} if metric else {}))
        return result

    def targets(self) -> list[dict[str, Any]]:
        """Return the active targets, each with ``health``, ``lastError`` and ``labels``."""
        result: list[dict[str, Any]] = self.get("targets", state="active")["activeTargets"]
        return result

    def alerts(self) -> list[dict[str, Any]]:
        """Return the active alerts, each with ``state`` (``pending`` or ``firing``), ``labels`` and ``annotations``."""
        result: list[dict[str, Any]] = self.get("alerts")["alerts"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        """Return all rules, each with ``name``, ``type``, ``health`` and ``lastError``."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def get(self, path: str, **parameters: str) -> Any:
        """Return the ``data`` of an HTTP API response; raise LabError with Prometheus' own message if it fails."""
        address, fields = f"{self.url}/api/v1/{path}", urllib.parse.urlencode(parameters)
        # As Grafana does: a long query has no place in an address. The API takes a form for these three.
        is_form = path in {"query", "query_range", "series"}
        request: Any = urllib.request.Request(address, data=fields.encode()) if is_form else f"{address}?{fields}"
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise LabError(f"{self.name}: {path} {parameters}: {error.read().decode(errors='replace')}") from None

    def wait_for(self, expression: str, *, timeout_seconds: float = 30) -> list[dict[str, Any]]:
        """Return the series of the query as soon as it has any: ``wait_for("up == 1")``."""
        processes = [self.process] if self.process else []
        what = f"{self.name} has series for {expression}"
        wait_until(what, lambda: self.query(expression), processes=processes, timeout_seconds=timeout_seconds)
        return self.query(expression)


def job(name: str, *addresses: str, **settings: object) -> dict[str, object]:
    """Return a scrape configuration with fixed addresses: ``job("demo", "127.0.0.1:9797", metrics_path="/probe")``."""
    return {"job_name": name, "static_configs": [{"targets": list(addresses)}], **settings}


def _alerting(addresses: Sequence[str]) -> dict[str, object]:
    return {"alertmanagers": [{"static_configs": [{"targets": list(addresses)}]}]}


def prometheus_binary(generation: int = CURRENT) -> Path:
    """Return a Prometheus of this generation: the one on the PATH if its version fits, else the fetched one."""
    return _binary("prometheus", generation)


def promtool_binary(generation: int = CURRENT) -> Path:
    """Return a promtool of this generation, chosen in the same way."""
    return _binary("promtool", generation)


@cache
def _binary(program: str, generation: int) -> Path:
    installed = shutil.which(program)
    if installed is not None and _generation_of(installed) == generation:
        return Path(installed)
    return fetch(f"prometheus-{generation}") / "usr" / "bin" / program


def _generation_of(program: str) -> int | None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"version (\d+)\.", said.stdout + said.stderr)
    return int(version[1]) if version else None
