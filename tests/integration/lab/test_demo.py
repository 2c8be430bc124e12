"""The demo as a user runs it: it shows real numbers, and leaves nothing running however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.process import wait_until

pytestmark = pytest.mark.integration

# In every process that a demo starts, and in no other.
MARK = "LAB_DEMO_TEST"


def demo(mark, *arguments):
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "lab.demo", *arguments],
        env=os.environ | {MARK: mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def started_by(mark):
    """The processes that carry the mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
        except OSError:
            continue  # it has ended meanwhile
    return found


def test_the_demo_shows_real_numbers_and_ends_by_itself():
    running = demo("by-itself", "--duration", "20")
    output, _ = running.communicate(timeout=110)

    assert running.returncode == 0, output
    assert "request-latency-avg" in output
    assert "seen: every number that the guide names, of 3 producers" in output
    assert started_by("by-itself") == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_leaves_nothing_running(number, code):
    mark = f"interrupted-{number}"
    running = demo(mark, "--no-prometheus")
    seen = ""
    for line in running.stdout:
        seen += line
        if "the exporter …" in line:
            break

    running.send_signal(number)
    rest, _ = running.communicate(timeout=30)

    assert running.returncode == code, seen + rest
    wait_until("every process of the demo has ended", lambda: not started_by(mark), timeout_seconds=10)
