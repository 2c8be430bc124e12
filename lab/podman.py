"""Containers and pods under podman, with storage and settings of their own in the lab's cache.

The images and containers that the system's or the user's podman knows are neither seen nor touched. Works as root, and
without root where the user has subordinate ids (newuidmap). Nothing here changes the network of the machine.
"""

import contextlib
import resource
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.fetch import cache_folder
from lab.process import LabError, Service, need, run, wait_until

PACKAGES = "podman runc catatonit"
"""The Debian packages without which nothing here runs; catatonit is what holds a pod's network open."""

FIRST_VERSION_CGROUPS = Path("/sys/fs/cgroup/memory")
LONGEST_LIFE_SECONDS = 900
"""A container of which a killed test run lost track ends by itself."""

ANY_USER = 54321
"""A user id that no image knows, as OpenShift assigns them; within the 65,536 ids that a user without root has."""

RESTRICTED = (
    *(f"--user={ANY_USER}:0", "--read-only", "--read-only-tmpfs=false"),
    *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
)
"""Options for a container under an arbitrary user id, without a writable file system, and without a capability."""


class Podman:
    """The command ``podman`` with the storage in *folder*.

    Raises LabError, with what to install, if this machine has no podman.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder() / "containers" if folder is None else folder
        self._program = need("podman", package=PACKAGES)
        self._write_settings()

    def command(self, *words: str | Path) -> list[str | Path]:
        """Return the command line of ``podman WORDS``, for a ``Process`` too."""
        settings = [
            f"CONTAINERS_{name}={self.folder / file}"
            for name, file in (
                ("CONF", "containers.conf"),
                ("STORAGE_CONF", "storage.conf"),
                ("REGISTRIES_CONF", "registries.conf"),
            )
        ]
        return ["env", *settings, self._program, "--log-level=error", *words]

    def run(self, *words: str | Path, what: str = "", timeout_seconds: float = 300) -> str:
        """Run ``podman WORDS`` to its end and return its output; raise LabError if it fails."""
        what = what or f"podman {words[0]}"
        # Where it is started, its helper leaves the file "oom" if a container runs out of memory.
        return run(self.command(*words), what=what, timeout_seconds=timeout_seconds, cwd=self.folder).strip()

    def output(self, image: str, *words: str, options: Sequence[str] = ()) -> str:
        """Run a container to its end and return what it wrote; raise LabError with that if its exit code is not 0."""
        # `podman run` in the foreground waits 20 seconds for its helper to vanish where process 1 is slow to reap it.
        with Contained(self, image, *words, options=options) as container:
            code, written = container.exit_code(timeout_seconds=60), container.log()
        if code:
            raise LabError(f"a container of {image} ended with exit code {code}\n{written}")
        return written

    def has_image(self, name: str) -> bool:
        """Return True if the storage has an image of this name."""
        try:
            self.run("image", "exists", name)
        except LabError:
            return False
        return True

    def require_containers(self, image: str) -> None:
        """Raise LabError, with the reason, unless this machine can run a container of an image that has Python."""
        try:
            self.output(image, "python3", "-c", "", options=[*RESTRICTED, "--network=none"])
        except LabError as error:
            raise LabError(f"this machine has podman but cannot run a container: {error}") from None

    def remove_old_images(self) -> None:
        """Delete images that have lost their name to a newer build at least a day ago."""
        self.run("image", "prune", "--force", "--filter", "until=24h")

    def _write_settings(self) -> None:
        for name in ("graph", "run"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        graph, state = self.folder / "graph", self.folder / "run"
        files, processes = _limit(resource.RLIMIT_NOFILE, 20_000), _limit(resource.RLIMIT_NPROC, 30_000)
        # crun, the default, refuses to work where both versions of control groups are mounted.
        runtime = 'runtime = "runc"\n' if FIRST_VERSION_CGROUPS.is_dir() and shutil.which("runc") else ""
        # An overlay cannot lie on another overlay, which is what the file system inside a container is.
        driver = "vfs" if run(["stat", "-f", "-c", "%T", graph], what="stat").strip() == "overlayfs" else "overlay"
        texts = {
            # Limits above this machine's own cannot be set without CAP_SYS_RESOURCE.
            "containers.conf": f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", '
            f'"nproc={processes}:{processes}"]\n[engine]\n{runtime}cgroup_manager = "cgroupfs"\n'
            f'events_logger = "file"\nlock_type = "file"\nstatic_dir = "{graph / "libpod"}"\n'
            f'volume_path = "{graph / "volumes"}"\ntmp_dir = "{state / "libpod"}"\n',
            "storage.conf": f'[storage]\ndriver = "{driver}"\nrunroot = "{state}"\ngraphroot = "{graph}"\n',
            "registries.conf": 'unqualified-search-registries = ["docker.io"]\n',
        }
        for name, text in texts.items():
            place = self.folder / name
            if place.exists() and place.read_text() == text:
                continue
            with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
                file.write(text)
            Path(file.name).rename(place)


def _limit(kind: int, most: int) -> int:
    """Return a limit that this process may set: its own hard one, or *most* if that is lower."""
    hard = resource.getrlimit(kind)[1]
    return most if hard == resource.RLIM_INFINITY else min(hard, most)


class Contained(Service):
    """A container that runs from ``start`` until ``close``.

    ``with Contained(podman, image, "serve", options=[*RESTRICTED, "--network=host"]) as container: container.log()``
    """

    def __init__(self, podman: Podman, image: str, *arguments: str, options: Sequence[str] = ()) -> None:
        self._podman = podman
        self._words = [f"--timeout={LONGEST_LIFE_SECONDS}", *options, image, *arguments]
        self.id = ""

    def start(self) -> None:
        """Start it; its program may not be ready yet."""
        # Not in one step: a container that cannot start would be left without its id.
        self.id = self._podman.run("create", *self._words)
        self._podman.run("start", self.id)

    def log(self) -> str:
        """Return everything that it has written so far."""
        return self._podman.run("logs", self.id)

    def execute(self, *words: str, timeout_seconds: float = 30) -> str:
        """Run a command inside it and return the output; raise LabError if it fails."""
        return self._podman.run("exec", self.id, *words, timeout_seconds=timeout_seconds)

    @property
    def pid(self) -> int:
        """The id of its first process, as the machine sees it."""
        return int(self._inspect("{{.State.Pid}}"))

    @property
    def is_running(self) -> bool:
        """Whether its program runs."""
        return self._inspect("{{.State.Running}}") == "true"

    def signal(self, name: str) -> None:
        """Send a signal, such as TERM, to its first process."""
        self._podman.run("kill", f"--signal={name}", self.id)

    def exit_code(self, *, timeout_seconds: float = 10) -> int:
        """Return its exit code; raise LabError if it still runs after *timeout_seconds*."""
        wait_until("the container has ended", lambda: not self.is_running, timeout_seconds=timeout_seconds)
        return int(self._inspect("{{.State.ExitCode}}"))

    def close(self) -> None:
        """Kill and remove it."""
        if self.id:
            self._podman.run("rm", "--force", "--time=0", "--volumes", self.id)
            self.id = ""

    def _inspect(self, template: str) -> str:
        return self._podman.run("container", "inspect", f"--format={template}", self.id)


class Pod(Service):
    """Containers that share a network, as those of a Kubernetes pod do: ``127.0.0.1`` is the same for all of them.

    The default network has no other interface than loopback.

    ``with Pod(podman) as pod: app = pod.add(app_image); sidecar = pod.add(image, "serve", options=RESTRICTED)``
    """

    def __init__(self, podman: Podman, *, network: str = "none", share: Sequence[str] = ("net", "ipc", "uts")) -> None:
        self._podman = podman
        self._words = [f"--network={network}", f"--share={','.join(share)}"]
        self._containers = contextlib.ExitStack()
        self.id = ""

    def start(self) -> None:
        """Create it, without a container of the caller's."""
        self.id = self._podman.run("pod", "create", *self._words)

    def add(self, image: str, *arguments: str, options: Sequence[str] = ()) -> Contained:
        """Start a container in it, which ends with the pod or earlier."""
        container = Contained(self._podman, image, *arguments, options=[f"--pod={self.id}", *options])
        return self._containers.enter_context(container)

    def close(self) -> None:
        """Kill and remove its containers, and then the pod."""
        self._containers.close()
        if self.id:
            self._podman.run("pod", "rm", "--force", "--time=0", self.id)
            self.id = ""
