"""The exporters under test: how to start each of them, and how to measure what it costs."""

import gzip
import http.client
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lab import jvm
from lab.fetch import fetch
from lab.process import LabError, Port, Process
from lab.synthetic_jvm import SyntheticJvm

TICKS = os.sysconf("SC_CLK_TCK")
ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4"
GIVE_UP_SECONDS = 60.0

Command = Callable[[int, int, Path], Sequence[str | Path]]
"""(Port to serve on, the target's JMX port, folder for files) → command line."""


def ours(profile: str = "default", *, python: str | Path = sys.executable) -> Command:
    """Return the command that starts this exporter with a profile.

    *python* is the interpreter of the virtual environment that it is installed in, which may hold another version.
    """

    def command(port: int, jmx_port: int, _: Path) -> Sequence[str | Path]:
        return [
            *(python, "-m", "kafka_producer_exporter", "serve", "--profile", profile),
            *("--listen", f"127.0.0.1:{port}", "--listen-pages", "127.0.0.1:0"),
            *("--target", f"checkout=127.0.0.1:{jmx_port}"),
        ]

    return command


def jmx_exporter(port: int, jmx_port: int, folder: Path) -> Sequence[str | Path]:
    """Return the command line for jmx_exporter's standalone, as in its documentation, with its default rule."""
    config = folder / f"jmx_exporter-{jmx_port}.yaml"
    config.write_text(
        f'hostPort: 127.0.0.1:{jmx_port}\nincludeObjectNames: ["kafka.producer:*"]\nrules: [{{pattern: ".*"}}]\n'
    )
    (jar,) = fetch("jmx-exporter-1.0.1").glob("jmx_prometheus_httpserver-*.jar")
    return [jvm.java(), "-jar", jar, f"127.0.0.1:{port}", config]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """The cost of a series of scrapes."""

    median_seconds: float
    cpu_seconds: float
    """CPU time of the exporter per scrape."""
    target_cpu_seconds: float
    """CPU time of the JVM that it reads, per scrape."""
    samples: int


class Exporter:
    """A running exporter, timed from its start.

    ``with Exporter(ours(), target, folder) as exporter: exporter.first_page(lines=50)``
    """

    def __init__(self, command: Command, target: SyntheticJvm, folder: Path) -> None:
        self._target = target
        self._port = Port()
        words = command(self._port.number, target.jmx_port, folder)
        self._started = time.monotonic()
        self.process = Process("exporter", words, log_file=folder / "exporter.log")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self._port.close()

    def first_page(self, *, lines: int) -> float:
        """Return the seconds from the start to the first page that has at least *lines* lines of the producers."""
        while time.monotonic() < self._started + GIVE_UP_SECONDS:
            try:
                page = self.scrape()
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)
                continue
            if page.count(b'client_id="') >= lines:
                return time.monotonic() - self._started
            time.sleep(0.005)
        raise LabError(f"no page within {GIVE_UP_SECONDS:g} s\n{self.process.log_tail()}")

    def scrape(self, path: str = "/metrics") -> bytes:
        """Request a page as Prometheus does, gzip included, and return it decompressed."""
        connection = http.client.HTTPConnection(f"127.0.0.1:{self._port.number}", timeout=GIVE_UP_SECONDS)
        try:
            connection.request("GET", path, headers={"Accept": ACCEPT, "Accept-Encoding": "gzip"})
            with connection.getresponse() as answer:
                body = answer.read()
                return gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body
        finally:
            connection.close()

    def scrape_often(self, times: int, paths: Sequence[str] = ("/metrics",)) -> Scraped:
        """Scrape each path *times* times in sequence, and return what a scrape cost."""
        pids = self.process.pid, self._target.pid
        before = [cpu_seconds(pid) for pid in pids]
        seconds, page = [], b""
        for path in [*paths] * times:
            start = time.perf_counter()
            page = self.scrape(path)
            seconds.append(time.perf_counter() - start)
        cpu, target_cpu = ((cpu_seconds(pid) - was) / len(seconds) for pid, was in zip(pids, before, strict=True))
        samples = sum(not line.startswith(b"#") for line in page.splitlines())
        return Scraped(median_seconds=median(seconds), cpu_seconds=cpu, target_cpu_seconds=target_cpu, samples=samples)

    def resident_megabytes(self, key: str = "VmRSS") -> float:
        """Return its resident memory, or its peak with ``VmHWM``."""
        return resident_megabytes(self.process.pid, key)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_megabytes(pid: int, key: str = "VmRSS") -> float:
    """Return the resident memory of a process, or its peak with ``VmHWM``."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{key}:")[2].split()[0]) / 1024


def median(values: Sequence[float]) -> float:
    """Return the median; the upper one if the number of values is even."""
    return sorted(values)[len(values) // 2]
