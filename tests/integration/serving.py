"""``serve`` as a user runs it, in the background, and its pages as a scraper reads them."""

import os
import re
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from lab.process import Process, wait_until
from tests.paths import ROOT

COMMAND = Path(sys.executable).with_name("kafka-producer-exporter")
DOWN = {
    "kafka_producer_up",
    "kafka_producer_exporter_target_info",
    "kafka_producer_exporter_target_error",
    "kafka_producer_exporter_scrape_duration_seconds",
}
"""All metrics of a target that is down."""


class Page:
    """A metrics page, parsed by prometheus-client."""

    def __init__(self, text):
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def series(self, **labels):
        """Return the samples that have at least these labels."""
        return [sample for sample in self.samples if labels.items() <= sample.labels.items()]

    def names(self, **labels):
        """Return the names of the metrics that have a series with at least these labels."""
        return {sample.name for sample in self.series(**labels)}

    def value(self, name, **labels):
        """Return the value of the only series with this name and at least these labels, or None if there is none."""
        values = [sample.value for sample in self.series(**labels) if sample.name == name]
        assert len(values) <= 1, f"{name}{labels}: {len(values)} series, expected one"
        return values[0] if values else None


class Serve:
    """Runs ``kafka-producer-exporter serve`` on free ports until the block ends.

    ``with Serve("--target", f"checkout=127.0.0.1:{jvm.jmx_port}", folder=tmp_path) as serve: serve.page()``
    """

    def __init__(self, *arguments, folder, prefix=()):
        self.process = Process(
            "serve",
            [*prefix, COMMAND, "serve", "--listen", "127.0.0.1:0", "--listen-pages", "127.0.0.1:0", *arguments],
            log_file=folder / "serve.log",
            cwd=ROOT,
        )

    def __enter__(self):
        try:
            wait_until("serve logs its port", lambda: self._port() is not None, processes=[self.process])
        except BaseException:
            self.process.kill()
            raise
        self.address = f"127.0.0.1:{self._port()}"
        self.pages_address = f"127.0.0.1:{self._port('pages_port')}"
        return self

    def __exit__(self, *_):
        self.process.stop()

    def _port(self, key="port"):
        logged = re.search(rf" {key}=(\d+).* message=serving\n", self.log())
        return logged and int(logged[1])

    def log(self):
        """Return everything logged so far."""
        return self.process.log_file.read_text()

    def logged(self, text):
        """Wait until the log contains a text, and return how often it does; a thread writes the log after the page."""
        wait_until(f"the log contains {text}", lambda: text in self.log(), processes=[self.process], timeout_seconds=5)
        return self.log().count(text)

    def get(self, path, **headers):
        """Request a path and return the status and the body; ``user_agent="x"`` is a header."""
        request = urllib.request.Request(
            f"http://{self.address}{path}", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def page(self, *, timeout_seconds=10, path="/metrics"):
        """Scrape as a Prometheus with this scrape timeout does."""
        status, text = self.get(path, x_prometheus_scrape_timeout_seconds=str(timeout_seconds))
        assert status == 200, text
        return Page(text)

    def page_once(self, what, condition, *, timeout_seconds=15):
        """Return the first page that meets the condition; raise LabError with *what* after *timeout_seconds*."""
        pages = []

        def holds():
            pages[:] = [self.page()]
            return condition(pages[0])

        wait_until(what, holds, processes=[self.process], timeout_seconds=timeout_seconds)
        return pages[0]

    def reload(self):
        """Send SIGHUP."""
        os.kill(self.process.pid, signal.SIGHUP)
