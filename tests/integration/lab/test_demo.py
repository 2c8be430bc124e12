"""The demo as a user runs it: it shows real metrics and alerts, and leaves nothing running however it ends.

``make test`` also runs ``make demo DURATION=30``, which fails if a metric is missing or the alert is not resolved.
"""

import os
import re
import signal
import subprocess
import sys

import pytest

from lab.process import Process, wait_until
from tests.integration.lab.marked import new_mark, processes_with


class Demo(Process):
    """``python -m lab.demo`` with these arguments; its output is in ``log_file``."""

    def __init__(self, *arguments, folder):
        self.mark = new_mark()
        command = [sys.executable, "-u", "-m", "lab.demo", *arguments]
        super().__init__("demo", command, log_file=folder / "demo.log", env=self.mark)

    def output(self):
        return self.log_file.read_text()

    def wait(self, timeout_seconds):
        wait_until("the demo has ended", lambda: self.exit_code is not None, timeout_seconds=timeout_seconds)


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("prometheus_programs", "alertmanager_program")
def test_the_command_that_the_demo_prints_breaks_a_network_and_an_alert_pages(lab, tmp_path):
    with Demo(folder=tmp_path) as demo:
        wait_until(
            "it prints the command", lambda: "kill -USR1" in demo.output(), processes=[demo], timeout_seconds=180
        )
        command = re.search(r"kill -USR1 \d+", demo.output())[0].split()

        subprocess.run(command, check=True)

        stalled = re.compile(
            r"KafkaProducerDeliveryStalled \(billing\) +(\w+) +(Prometheus|Alertmanager notifies page)"
        )
        wait_until(
            "the receiver has the firing alert",
            lambda: ("firing", "Alertmanager notifies page") in stalled.findall(demo.output()),
            processes=[demo],
            timeout_seconds=110,
        )
    states = [state for state, by in stalled.findall(demo.output()) if by == "Prometheus"]
    assert states[:2] == ["pending", "firing"]
    assert "request-latency-avg" in demo.output()
    assert processes_with(demo.mark) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_leaves_nothing_running(lab, tmp_path, number, code):
    with Demo("--no-prometheus", folder=tmp_path) as demo:
        wait_until(
            "the exporter starts",
            lambda: "starting the exporter" in demo.output(),
            processes=[demo],
            timeout_seconds=80,
        )

        os.kill(demo.pid, number)
        demo.wait(timeout_seconds=30)

        assert demo.exit_code == code, demo.output()
    wait_until("every process of the demo has ended", lambda: not processes_with(demo.mark), timeout_seconds=10)
