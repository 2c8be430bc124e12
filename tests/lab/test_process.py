import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lab.process import LabError, Port, Process, dies_with, listens, need, run, wait_until

NO_PROCESS = 1 << 22  # the kernel's process ids are smaller (proc(5), pid_max)


def start(tmp_path, script, **options):
    return Process("child", ["/bin/sh", "-c", script], log_file=tmp_path / "child.log", **options)


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # a zombie has ended; only its parent has not read its exit code yet


def ends_within(pid, seconds):
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def test_an_error_in_the_block_ends_the_process(tmp_path):
    process = start(tmp_path, "exec sleep 60")
    was_running = is_running(process.pid)

    with pytest.raises(ZeroDivisionError), process:
        raise ZeroDivisionError

    assert was_running
    assert not is_running(process.pid)
    assert process.exit_code == -signal.SIGTERM


def test_the_children_of_a_process_end_with_it(tmp_path):
    process = start(tmp_path, "trap '' TERM; sleep 60 & echo $!; wait", pipes=True)
    child = int(process.stdout.readline())

    process.stop(timeout_seconds=0.05)

    assert process.exit_code == -signal.SIGKILL
    assert ends_within(child, 5)


def test_a_frozen_process_can_be_stopped(tmp_path):
    with start(tmp_path, "exec sleep 60") as process:
        process.pause()
        process.stop(timeout_seconds=5)

        assert process.exit_code == -signal.SIGTERM


def test_stopping_a_process_that_has_ended_does_nothing(tmp_path):
    process = start(tmp_path, "exit 3")
    wait_until("the child has ended", lambda: process.exit_code is not None)

    process.stop()
    process.kill()

    assert process.exit_code == 3


def test_a_process_outlives_the_thread_that_started_it(tmp_path):
    started = []
    thread = threading.Thread(target=lambda: started.append(start(tmp_path, "echo up; exec sleep 60", pipes=True)))
    thread.start()
    thread.join()
    with started[0] as process:
        process.stdout.readline()

        assert is_running(process.pid)


def test_a_timed_out_wait_names_its_condition_and_shows_the_log(tmp_path):
    with start(tmp_path, "echo I am stuck; exec sleep 60") as process:
        wait_until("it has written its line", process.log_tail)

        with pytest.raises(LabError) as caught:
            wait_until("pigs fly", lambda: False, processes=[process], timeout_seconds=0.05)

    assert "waited until pigs fly: gave up after 0.05 s" in str(caught.value)
    assert "I am stuck" in str(caught.value)


def test_a_wait_ends_at_once_when_the_process_that_it_depends_on_has_ended(tmp_path):
    with start(tmp_path, "echo no such class; exit 1") as process, pytest.raises(LabError) as caught:
        wait_until("it answers", lambda: False, processes=[process], timeout_seconds=60)

    assert "child ended with exit code 1" in str(caught.value)
    assert "no such class" in str(caught.value)


def test_a_failed_command_is_reported_with_its_output():
    with pytest.raises(LabError, match="count sheep: exit code 7\nno sheep"):
        run(["/bin/sh", "-c", "echo no sheep >&2; exit 7"], what="count sheep")


def test_a_command_that_takes_too_long_is_killed():
    with pytest.raises(LabError, match=r"sleep: not done after 0\.05 s"):
        run(["sleep", "60"], what="sleep", timeout_seconds=0.05)


def test_a_missing_program_is_reported_with_its_package():
    with pytest.raises(LabError, match=r"hammer: not found on this machine.*apt-get install toolbox"):
        need("hammer", package="toolbox")


def test_a_port_stays_reserved_for_the_server_that_will_listen_on_it():
    port = Port()
    try:
        quiet = listens(port.number)
        with socket.create_server(("127.0.0.1", port.number)):
            loud = listens(port.number)
        with socket.create_server(("127.0.0.1", port.number)):  # the next server can have it at once
            again = listens(port.number)
    finally:
        port.close()

    assert (quiet, loud, again) == (False, True, True)


STARTER = """
from pathlib import Path
from lab.process import Process
child = Process("child", ["sleep", "60"], log_file=Path({log_file!r}))
print(child.pid, flush=True)
input()
"""


@pytest.mark.parametrize("moment", ["at once", "once it runs"])
def test_a_process_ends_when_its_starter_is_killed(tmp_path, moment):
    script = STARTER.format(log_file=str(tmp_path / "child.log"))
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    starter = Process(
        "starter", [sys.executable, "-c", script], log_file=tmp_path / "starter.log", pipes=True, env=environment
    )
    with starter:
        child = int(starter.stdout.readline())
        if moment == "once it runs":
            wait_until("the child runs", lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
        was_running = is_running(child)

        starter.kill()

    assert was_running
    assert ends_within(child, 5)


def test_a_process_whose_starter_is_already_gone_does_not_start():
    starters = {"alive": os.getpid(), "gone": NO_PROCESS}

    started = {
        state: subprocess.run([*dies_with(pid), "echo", "started"], capture_output=True, check=False).stdout
        for state, pid in starters.items()
    }

    assert started == {"alive": b"started\n", "gone": b""}
