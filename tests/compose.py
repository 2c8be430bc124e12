"""What compose.yaml and the files that it mounts say."""

from typing import NamedTuple

import yaml

from tests.paths import ROOT

FILE = ROOT / "compose.yaml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
EXPORTERS = {name: service for name, service in SERVICES.items() if service.get("command", [""])[0] == "serve"}


class Mount(NamedTuple):
    """A file or folder of the repository, and where a container finds it."""

    source: str
    path: str
    mode: str


def mounts(service):
    """Return what is mounted into a service."""
    return [Mount(*volume.split(":")) for volume in SERVICES[service].get("volumes", ())]


def mounted(service, path):
    """Return the file of the repository that a container of the service finds at *path*."""
    for mount in mounts(service):
        if path == mount.path or path.startswith(f"{mount.path}/"):
            return ROOT / mount.source / path.removeprefix(mount.path).lstrip("/")
    raise AssertionError(f"{service}: nothing is mounted at {path}")


def network_of(service):
    """Return the name under which the others reach a service: its own, or that of the service whose network it has."""
    return SERVICES[service].get("network_mode", f"service:{service}").removeprefix("service:")
