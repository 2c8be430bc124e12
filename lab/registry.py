"""A registry for container images, on loopback and without TLS: Debian's own."""

import shutil
import tempfile
import urllib.request
from pathlib import Path

from lab.fetch import fetch
from lab.process import Port, Process, Service, wait_until

PART = "registry"

CONFIGURATION = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: {address}, secret: lab}}
"""


class Registry(Service):
    """An empty registry, which is ready to be pushed to.

    ``with Registry() as registry: podman.run("push", "--tls-verify=false", f"{registry.address}/orders:1.0.0")``
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lab-registry-"))
        self._port = Port()
        self._process: Process | None = None
        self.address = f"127.0.0.1:{self._port.number}"

    def start(self) -> None:
        """Start it, and return once it answers."""
        configuration = self._folder / "config.yml"
        configuration.write_text(CONFIGURATION.format(folder=self._folder / "images", address=self.address))
        program = fetch(PART) / "usr" / "bin" / "docker-registry"
        self._process = Process("registry", [program, "serve", configuration], log_file=self._folder / "registry.log")
        wait_until(f"the registry answers on {self.address}", self._answers, processes=[self._process])

    def close(self) -> None:
        """Stop it, and delete its images."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._port.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
