import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from lab.process import LabError, Port, Process, listens, need, run, wait_until


def start(tmp_path, script, **options):
    return Process("child", ["/bin/sh", "-c", script], log_file=tmp_path / "child.log", **options)


def is_there(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # a zombie only waits for whoever inherits it


def gone_within(pid, seconds):
    deadline = time.monotonic() + seconds
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_there(pid)


def test_leaving_the_block_ends_the_process_also_by_an_error(tmp_path):
    process = start(tmp_path, "exec sleep 60")
    was_there = is_there(process.pid)

    with pytest.raises(ZeroDivisionError), process:
        raise ZeroDivisionError

    assert was_there
    assert not is_there(process.pid)
    assert process.exit_code == -signal.SIGTERM


def test_its_children_end_with_it(tmp_path):
    process = start(tmp_path, "trap '' TERM; sleep 60 & echo $!; wait", pipes=True)
    child = int(process.stdout.readline())

    process.stop(timeout_seconds=0.05)

    assert process.exit_code == -signal.SIGKILL
    assert gone_within(child, 5)


def test_a_frozen_process_can_be_stopped(tmp_path):
    with start(tmp_path, "exec sleep 60") as process:
        process.pause()
        process.stop(timeout_seconds=5)

        assert process.exit_code == -signal.SIGTERM


def test_to_stop_what_has_ended_does_nothing(tmp_path):
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

        assert is_there(process.pid)


def test_a_wait_in_vain_says_for_what_and_shows_the_log(tmp_path):
    with start(tmp_path, "echo I am stuck; exec sleep 60") as process:
        wait_until("it has spoken", process.log_tail)

        with pytest.raises(LabError) as caught:
            wait_until("pigs fly", lambda: False, processes=[process], timeout_seconds=0.05)

    assert "waited until pigs fly: gave up after 0.05 s" in str(caught.value)
    assert "I am stuck" in str(caught.value)


def test_a_wait_ends_at_once_when_the_process_that_it_hangs_on_has_ended(tmp_path):
    with start(tmp_path, "echo no such class; exit 1") as process, pytest.raises(LabError) as caught:
        wait_until("it answers", lambda: False, processes=[process], timeout_seconds=60)

    assert "child ended with exit code 1" in str(caught.value)
    assert "no such class" in str(caught.value)


def test_a_command_that_fails_shows_what_it_said():
    with pytest.raises(LabError, match="count sheep: exit code 7\nno sheep"):
        run(["/bin/sh", "-c", "echo no sheep >&2; exit 7"], what="count sheep")


def test_a_command_that_takes_too_long_is_ended():
    with pytest.raises(LabError, match=r"sleep: not done after 0\.05 s"):
        run(["sleep", "60"], what="sleep", timeout_seconds=0.05)


def test_a_program_that_is_missing_is_named_with_its_package():
    with pytest.raises(LabError, match=r"hammer: not on this machine.*apt-get install toolbox"):
        need("hammer", package="toolbox")


def test_a_port_is_held_for_the_server_that_will_listen_on_it():
    port = Port()
    try:
        quiet = listens(port.number)
        with socket.create_server(("127.0.0.1", port.number)):
            loud = listens(port.number)
        with socket.create_server(("127.0.0.1", port.number)):  # free again at once for the next
            again = listens(port.number)
    finally:
        port.close()

    assert (quiet, loud, again) == (False, True, True)


def test_the_kernel_ends_a_process_whose_starter_was_killed(tmp_path):
    script = (
        "from pathlib import Path; from lab.process import Process\n"
        f"p = Process('child', ['sleep', '60'], log_file=Path({str(tmp_path / 'log')!r}))\n"
        "print(p.pid, flush=True); input()"
    )
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    starter = Process(
        "starter", [sys.executable, "-c", script], log_file=tmp_path / "starter.log", pipes=True, env=environment
    )
    pid = int(starter.stdout.readline())
    there = is_there(pid)

    starter.kill()

    assert there
    assert gone_within(pid, 5)
