"""Processes of the lab: each runs in its own process group, and none outlives the program that started it.

There are three safety nets. A context manager ends its process when the block is left for any reason.
``exit_on_sigterm`` turns SIGTERM into an ordinary exit, so the blocks are left. And the kernel kills every process
whose starter has died (PR_SET_PDEATHSIG).
"""

import contextlib
import logging
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

log = logging.getLogger(__name__)

POLL_SECONDS = 0.03
TAIL_LINES = 15


class LabError(Exception):
    """A part of the lab failed. The text says which and how, and shows the end of its log."""


class Service:
    """Something that ``start`` brings up and ``close`` takes down for good; as a context manager it does both.

    When ``start`` fails inside a ``with`` statement, ``close`` cleans up what it left.
    """

    def start(self) -> None:
        """Bring it up, and return once it is ready."""
        raise NotImplementedError

    def close(self) -> None:
        """Take it down. Must work after a failed ``start``, and a second time."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Server(Service):
    """A program with a loopback port and a folder of its own, which answers ``/-/ready`` once it is ready."""

    def __init__(self, name: str, folder: Path | None) -> None:
        """Reserve the port. Without *folder*, the program gets a new one, which ``close`` deletes."""
        self.name = name
        self.process: Process | None = None
        self._own_folder = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="lab-server-")) if folder is None else folder
        self._port = Port()
        self.address = f"127.0.0.1:{self._port.number}"
        self.url = f"http://{self.address}"

    def _launch(self, process: "Process") -> None:
        """Watch the program that was started, and return once it is ready."""
        self.process = process
        wait_until(f"{self.name} is ready on {self.url}", self._is_ready, processes=[process])

    def close(self) -> None:
        """Stop it; delete its data unless the caller chose the folder."""
        if self.process is not None:
            self.process.stop()
            self.process = None
        self._port.close()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Process:
    """A child process in its own process group, with its output in a file.

    ``stop`` sends SIGTERM, and SIGKILL after a timeout; ``kill`` sends SIGKILL at once. Both return once the process
    has ended, and do nothing if it has ended already.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log_file: Path,
        pipes: bool = False,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log_file = log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as output:
            self._popen = _spawn(
                [str(word) for word in command],
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else output,
                stderr=output,
                cwd=cwd,
                env={**os.environ, **env} if env else None,
            )
        self.pid = self._popen.pid
        log.info("%s: started, process %d", name, self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe to its standard input; requires ``pipes=True``."""
        assert self._popen.stdin is not None
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe from its standard output; requires ``pipes=True``."""
        assert self._popen.stdout is not None
        return self._popen.stdout

    @property
    def exit_code(self) -> int | None:
        """The exit code: None while the process runs, negative if a signal ended it."""
        return self._popen.poll()

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last *lines* lines of its output."""
        return _tail(self.log_file, lines)

    def pause(self) -> None:
        """Freeze it, and return once every thread has stopped: its sockets stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)
        # A thread on the other core keeps running until the signal reaches it.
        wait_until(f"{self.name} is frozen", lambda: _states(self.pid) <= {"T", "t"}, timeout_seconds=10)

    def resume(self) -> None:
        """Let it continue after ``pause``."""
        self._signal(signal.SIGCONT)

    def stop(self, timeout_seconds: float = 10) -> None:
        """Send SIGTERM, and kill it if it is still running after *timeout_seconds*."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a frozen process handles no signal until it continues
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout_seconds)
        self.kill()

    def kill(self) -> None:
        """Kill it and its children (SIGKILL)."""
        self._signal(signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def run(command: Sequence[str | Path], *, what: str, timeout_seconds: float = 300, cwd: Path | None = None) -> str:
    """Run a command to its end and return its output.

    Raises LabError, with the end of the output, if it fails or takes longer than *timeout_seconds*; *what* names the
    command in the message.
    """
    popen = _spawn(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=None,
    )
    with popen:
        try:
            output = popen.communicate(timeout=timeout_seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            raise LabError(f"{what}: not done after {timeout_seconds:g} s") from None
        finally:
            if popen.poll() is None:
                os.killpg(popen.pid, signal.SIGKILL)
    if popen.returncode:
        raise LabError(f"{what}: exit code {popen.returncode}\n" + "\n".join(output.splitlines()[-TAIL_LINES:]))
    return output


def wait_until(
    what: str, condition: Callable[[], object], *, processes: Sequence[Process] = (), timeout_seconds: float = 30
) -> None:
    """Return as soon as *condition* holds; *what* describes it in messages.

    Raises LabError if it does not hold within *timeout_seconds*, or if one of the *processes* that it depends on ends.
    The text says what the wait was for, and shows the end of their logs.
    """
    log.info("waiting until %s", what)
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        ended = [process for process in processes if process.exit_code is not None]
        if ended:
            trouble = f"{ended[0].name} ended with exit code {ended[0].exit_code}"
        elif time.monotonic() > deadline:
            trouble = f"gave up after {timeout_seconds:g} s"
        else:
            time.sleep(POLL_SECONDS)
            continue
        logs = [f"--- {process.log_file}\n{process.log_tail()}" for process in ended or processes]
        raise LabError("\n".join([f"waited until {what}: {trouble}", *logs]))


def need(program: str, *, package: str) -> str:
    """Return the path of a program; if it is missing, raise LabError with the Debian package to install."""
    path = shutil.which(program)
    if path is None:
        raise LabError(f"{program}: not found on this machine; install it (on Debian: apt-get install {package})")
    return path


def exit_on_sigterm() -> None:
    """Make SIGTERM end this program the way Ctrl-C does: every ``with`` block is left, so nothing keeps running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


class Port:
    """A free loopback port, reserved until ``close``.

    A socket is bound to it but does not listen. The kernel then gives the port to no one else, yet a server can listen
    on it, because both sockets set SO_REUSEADDR (Java, Go and Python servers do). A server that restarts finds its port
    still free.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Release the port."""
        self._socket.close()


def listens(port: int) -> bool:
    """Return True if something accepts connections on this loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _states(pid: int) -> set[str]:
    """Return the states of a process's threads, as the letters of proc(5)."""
    states = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            states.add(thread.read_text().rpartition(")")[2].split()[0])
    return states


def _tail(path: Path, lines: int) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


class _Spawner:
    """Starts every process from one thread that lives as long as the program.

    PR_SET_PDEATHSIG fires when the *thread* that created the child ends, not the parent process (prctl(2)). A process
    started by a worker thread would die with that worker.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="lab-spawner", daemon=True).start()

    def _work(self) -> None:
        while True:
            self._orders.get()()

    def spawn(self, command: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        made: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()

        def order() -> None:
            try:
                made.put(subprocess.Popen(command, start_new_session=True, **options))  # type: ignore[call-overload]
            except OSError as error:
                made.put(error)

        self._orders.put(order)
        result = made.get()
        if isinstance(result, OSError):
            raise LabError(f"cannot start {command[0]}: {result.strerror}")
        return result


_spawner: _Spawner | None = None
_spawner_lock = threading.Lock()


def _spawn(command: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
    global _spawner  # noqa: PLW0603 (one thread for the whole program, started when first needed)
    with _spawner_lock:
        _spawner = _spawner or _Spawner()
    return _spawner.spawn([*dies_with(os.getpid()), *command], **options)


def dies_with(parent: int) -> list[str]:
    """Return a command prefix: the command runs as a child of process *parent*, and is killed when *parent* dies.

    setpriv(1) asks the kernel for the signal, then the shell checks that the parent is still the same. If the parent
    died before the request, no signal would ever come, so the command does not start. Both replace themselves with the
    next program, so the process id is the command's own.
    """
    check = 'test "$PPID" = "$0" && exec "$@"'
    return [need("setpriv", package="util-linux"), "--pdeathsig", "KILL", "--", "/bin/sh", "-c", check, str(parent)]
