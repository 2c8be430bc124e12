"""Two networks with a wire between them: a pod's, and one outside of it. The machine's own network stays as it is.

Linux needs root for it. Sockets that are made within ``inside`` or ``outside`` stay in that network, wherever they are
used afterwards.
"""

import contextlib
import ctypes
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab.process import LabError, Process, Service, need, run, wait_until

POD = "10.212.0.2"
OUTSIDE = "10.212.0.1"
_CLONE_NEWNET = 0x40000000


class Wire(Service):
    """A network for a pod, with the address POD, and another one, with the address OUTSIDE.

    ``with Wire() as wire, Contained(podman, image, options=[f"--network={wire.network}"]): wire.connect(9797)``
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lab-wire-")
        self._holders: dict[str, Process] = {}

    @property
    def network(self) -> str:
        """The pod's network, for podman's option of this name."""
        return f"ns:{self._place('pod')}"

    def start(self) -> None:
        """Make both networks, and connect them."""
        if os.geteuid() != 0:
            raise LabError("a network of a pod's own needs root; run this as root")
        need("ip", package="iproute2")
        for name in ("pod", "outside"):
            log_file = Path(self._folder.name) / f"{name}.log"
            holder = Process(f"network {name}", ["unshare", "--net", "sleep", "infinity"], log_file=log_file)
            self._holders[name] = holder
            wait_until(f"the network {name} is there", partial(self._is_own, name), processes=[holder])
        self._ip("outside", "link", "add", "pod", "type", "veth", "peer", "name", "eth0", "netns", self._pid("pod"))
        for name, device, address in (("pod", "eth0", POD), ("outside", "pod", OUTSIDE)):
            self._ip(name, "address", "add", f"{address}/24", "dev", device)
            self._ip(name, "link", "set", device, "up")
            self._ip(name, "link", "set", "lo", "up")

    def close(self) -> None:
        """Remove both networks; sockets in them are dead."""
        for holder in self._holders.values():
            holder.kill()
        self._holders.clear()
        self._folder.cleanup()

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Make sockets in the pod's network; only the current thread does."""
        with self._within("pod"):
            yield

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Make sockets in the network outside of the pod; only the current thread does."""
        with self._within("outside"):
            yield

    def connect(self, port: int, *, timeout_seconds: float = 5) -> socket.socket:
        """Return a connection from outside to a port of the pod. Raises OSError if nothing listens there."""
        with self.outside():
            return socket.create_connection((POD, port), timeout=timeout_seconds)

    def listen(self, port: int) -> socket.socket:
        """Return a socket that listens on a port of the pod's loopback, as a server inside of the pod would."""
        with self.inside():
            return socket.create_server(("127.0.0.1", port))

    @contextlib.contextmanager
    def _within(self, name: str) -> Iterator[None]:
        own = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        try:
            _enter(self._place(name))
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(own)

    def _pid(self, name: str) -> str:
        return str(self._holders[name].pid)

    def _place(self, name: str) -> Path:
        return Path(f"/proc/{self._pid(name)}/ns/net")

    def _is_own(self, name: str) -> bool:
        return self._place(name).readlink() != Path("/proc/self/ns/net").readlink()

    def _ip(self, name: str, *words: str) -> None:
        run(["nsenter", f"--net={self._place(name)}", "ip", *words], what=f"ip {' '.join(words[:2])}")


def _enter(network: Path | int) -> None:
    """Move the current thread to a network, as os.setns of Python 3.12 does."""
    descriptor = network if isinstance(network, int) else os.open(network, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
            code = ctypes.get_errno()
            raise LabError(f"the network cannot be entered: {os.strerror(code)}")
    finally:
        if descriptor is not network:
            os.close(descriptor)
