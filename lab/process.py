"""Processes of the lab: started in a group of their own, ended by their own id, and never left behind.

Three nets, one below the other: the context manager ends a process when its block is left, however that happens;
SIGTERM is made an ordinary exit (``exit_on_sigterm``), so that the blocks are left; and the kernel kills what is still
there when the starting process is gone (PR_SET_PDEATHSIG).
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
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

log = logging.getLogger(__name__)

POLL_SECONDS = 0.03
TAIL_LINES = 15


class LabError(Exception):
    """Something of the lab did not do what it should; the text says what, and shows the end of its log."""


class Process:
    """One child process in a group of its own, its output in a file.

    ``stop`` asks and then insists, ``kill`` insists; both return when it is gone, and do nothing when it
    is gone already.
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
        """The pipe into it; only where it was started with pipes."""
        assert self._popen.stdin is not None
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe out of it; only where it was started with pipes."""
        assert self._popen.stdout is not None
        return self._popen.stdout

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._popen.poll()

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """Return the end of its output."""
        return _tail(self.log_file, lines)

    def pause(self) -> None:
        """Freeze it: sockets stay open and nothing answers, once this returns."""
        self._signal(signal.SIGSTOP)
        # A thread that runs on the other core goes on until the signal reaches it.
        wait_until(f"{self.name} is frozen", lambda: _states(self.pid) <= {"T", "t"}, timeout_seconds=10)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self._signal(signal.SIGCONT)

    def stop(self, timeout_seconds: float = 10) -> None:
        """Ask it to end (SIGTERM), and kill it when it has not after the time-out."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a frozen process ends only when it goes on
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout_seconds)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once (SIGKILL)."""
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
    """Run a command to its end and return what it printed.

    Raises LabError, with the end of its output, when it fails or is not done within the time-out.
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
    """Return as soon as the condition holds.

    Raises LabError when it does not within the time-out, or when one of the processes that it hangs on has ended; the
    text says what was waited for and shows the end of their logs.
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
    """Return the path of a program of this machine; raise LabError, which says what to install, where it is missing."""
    path = shutil.which(program)
    if path is None:
        raise LabError(f"{program}: not on this machine; install it first (Debian: apt-get install {package})")
    return path


def exit_on_sigterm() -> None:
    """Make SIGTERM end this program as Ctrl-C does: with its blocks left in order, so that nothing stays behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


class Port:
    """A loopback port that the kernel gave, held until it is closed.

    A bound socket that does not listen keeps the kernel from giving the port to anybody else, and does not keep a
    server from listening on it, since both have SO_REUSEADDR (as Java, Go and Python servers do). So a server that is
    started again finds its port free.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _states(pid: int) -> set[str]:
    """Return the states of a process's threads, as proc(5) has them."""
    states = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # a thread that ended meanwhile
            states.add(thread.read_text().rpartition(")")[2].split()[0])
    return states


def _tail(path: Path, lines: int) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


class _Spawner:
    """Starts every process from one thread that lives as long as the program.

    The kernel's "kill me when my parent is gone" means the parent's *thread* (prctl(2), PR_SET_PDEATHSIG): a process
    that a worker thread had started would die with the worker.
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
    global _spawner  # noqa: PLW0603 (one thread for the whole program, made when first needed)
    with _spawner_lock:
        _spawner = _spawner or _Spawner()
    # setpriv sets the signal and becomes the program, so the process id is the program's own.
    guard = [need("setpriv", package="util-linux"), "--pdeathsig", "KILL", "--"]
    return _spawner.spawn([*guard, *command], **options)
