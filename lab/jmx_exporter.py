"""jmx_exporter as a process of its own, which reads a JVM over JMX and serves a metrics page."""

import shutil
import tempfile
from pathlib import Path

from lab import jvm
from lab.fetch import fetch
from lab.process import Port, Process, Service, listens, wait_until

BEFORE_1, SINCE_1 = "0.20.0", "1.0.1"
"""Before 1.0 it keeps ``_total`` at the end of names, and since 1.0 it does not."""
CONFIG = 'hostPort: 127.0.0.1:{port}\n{names}: ["kafka.producer:*"]\nrules: [{{pattern: ".*"}}]\n'
"""As in its documentation, with its default rule."""


class JmxExporter(Service):
    """A standalone jmx_exporter of some version beside a JVM: ``with JmxExporter("1.0.1", jmx_port) as exporter``."""

    def __init__(self, version: str, jmx_port: int) -> None:
        self.version = version
        self._jmx_port = jmx_port
        self._port = Port()
        self._folder = Path(tempfile.mkdtemp(prefix="lab-jmx-exporter-"))
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Its metrics page."""
        return f"http://127.0.0.1:{self._port.number}/metrics"

    def start(self) -> None:
        """Start it, and return once it listens."""
        config = self._folder / "config.yaml"
        names = "whitelistObjectNames" if self.version == BEFORE_1 else "includeObjectNames"
        config.write_text(CONFIG.format(port=self._jmx_port, names=names))
        (jar,) = fetch(f"jmx-exporter-{self.version}").glob("jmx_prometheus_httpserver-*.jar")
        self._process = Process(
            f"jmx_exporter {self.version}",
            [jvm.java(), *jvm.SMALL, "-Xmx64m", "-jar", jar, f"127.0.0.1:{self._port.number}", config],
            log_file=self._folder / "jmx_exporter.log",
        )
        wait_until(
            f"jmx_exporter {self.version} listens",
            lambda: listens(self._port.number),
            processes=[self._process],
            timeout_seconds=60,
        )

    def close(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._port.close()
        shutil.rmtree(self._folder, ignore_errors=True)
