"""The demo as a user runs it: it shows real metrics, and leaves nothing running however it ends."""

import os
import signal
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


def test_the_demo_shows_every_metric_of_the_guide_and_ends_by_itself(lab, tmp_path):
    with Demo("--duration", "20", folder=tmp_path) as demo:
        demo.wait(timeout_seconds=110)

        assert demo.exit_code == 0, demo.output()
    assert "request-latency-avg" in demo.output()
    assert "seen: every metric that the guide names, for 3 producers" in demo.output()
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
