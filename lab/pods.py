"""Pods as the API server has them, run by podman: what a kubelet does with their containers, without a kubelet.

The shared network, users, limits, volumes and the order of the start are those of the manifest. What only a kubelet
does is not here: nothing is restarted, and no pod is ready or not. A part of the manifest that is not understood is an
error.
"""

import contextlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.podman import Contained, Podman
from lab.process import LabError, Service

Manifest = Mapping[str, Any]

UNDERSTOOD = {
    *("name", "image", "command", "args", "env", "ports", "resources", "securityContext", "volumeMounts"),
    *("restartPolicy", "imagePullPolicy"),
    *("terminationMessagePath", "terminationMessagePolicy"),  # the API server sets both
}


class RunningPod(Service):
    """A pod of which every container has been started, or is in ``waiting``.

    Init containers run to their end, one after the other. A native sidecar starts in its place among them, and goes on
    running. If an init container fails, or its image cannot be pulled, ``start`` raises LabError, and the containers of
    the application are not started.
    """

    def __init__(
        self,
        podman: Podman,
        manifest: Manifest,
        *,
        network: str,
        secrets: Mapping[str, Mapping[str, str]],
        variables: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """*secrets* is what the namespace has; *variables* are further ones, by the name of the container."""
        self._podman = podman
        self._spec = manifest["spec"]
        self._secrets = secrets
        self._variables = variables or {}
        self._network = network
        self._running = contextlib.ExitStack()
        self._volumes = tempfile.TemporaryDirectory(prefix="lab-pod-")
        self.containers: dict[str, Contained] = {}
        self.waiting: dict[str, str] = {}
        """Name of a container → why it cannot start."""

    def start(self) -> None:
        """Start the init containers and then the others."""
        Path(self._volumes.name).chmod(0o755)
        for volume in self._spec.get("volumes", ()):
            self._make(volume)
        for container in self._spec.get("initContainers", ()):
            running = self._run(container)
            if container.get("restartPolicy") != "Always" and (code := running.exit_code(timeout_seconds=60)):
                raise LabError(f"init container {container['name']}: exit code {code}\n{running.log()}")
        for container in self._spec["containers"]:
            try:
                self._run(container)
            except LabError as error:
                self.waiting[container["name"]] = str(error)

    def close(self) -> None:
        """Kill and remove everything."""
        self._running.close()
        self._volumes.cleanup()

    def restart(self, name: str) -> Contained:
        """Start a container that has ended, as a kubelet does after a while; return the new one."""
        every = [*self._spec.get("initContainers", ()), *self._spec["containers"]]
        return self._run(next(each for each in every if each["name"] == name))

    def _make(self, volume: Manifest) -> None:
        place = Path(self._volumes.name) / volume["name"]
        place.mkdir()
        place.chmod(0o777)
        if "projected" in volume:  # the token of the service account
            (place / "token").write_text("token")
        elif "emptyDir" not in volume:
            raise LabError(f"volume {volume['name']}: neither emptyDir nor projected")

    def _run(self, container: Manifest) -> Contained:
        if unknown := set(container) - UNDERSTOOD:
            raise LabError(f"container {container['name']}: {', '.join(sorted(unknown))} is not understood")
        image = container["image"]
        if not self._podman.has_image(image):
            self._podman.run("pull", "--quiet", "--tls-verify=false", image, what=f"pull {image}", timeout_seconds=60)
        options = [*self._security(container), *self._limits(container), *self._environment(container)]
        for mount in container.get("volumeMounts", ()):
            place = Path(self._volumes.name) / mount["name"]
            options.append(f"--volume={place}:{mount['mountPath']}{':ro' if mount.get('readOnly') else ''}")
        if command := container.get("command"):
            options.append(f"--entrypoint={json.dumps(command)}")
        options.append(f"--network={self._network}")
        contained = Contained(self._podman, image, *container.get("args", ()), options=options)
        self.containers[container["name"]] = self._running.enter_context(contained)
        return contained

    def _security(self, container: Manifest) -> list[str]:
        context = {**self._spec.get("securityContext", {}), **container.get("securityContext", {})}
        user, group = context.get("runAsUser"), context.get("runAsGroup", 0)
        if context.get("runAsNonRoot") and user == 0:
            raise LabError(f"container {container['name']}: runs as root, in spite of runAsNonRoot")
        return [
            *([] if user is None else [f"--user={user}:{group}"]),
            *(["--read-only", "--read-only-tmpfs=false"] if context.get("readOnlyRootFilesystem") else []),
            *(f"--cap-drop={name}" for name in context.get("capabilities", {}).get("drop", ())),
            *([] if context.get("allowPrivilegeEscalation", True) else ["--security-opt=no-new-privileges"]),
        ]

    def _limits(self, container: Manifest) -> list[str]:
        limits = container.get("resources", {}).get("limits", {})
        memory = str(limits.get("memory", "")).removesuffix("i").lower()  # Kubernetes' Mi is podman's m
        return [*([f"--memory={memory}", f"--memory-swap={memory}"] if memory else [])]

    def _environment(self, container: Manifest) -> list[str]:
        values = dict(self._variables.get(container["name"], {}))
        for variable in container.get("env", ()):
            if "valueFrom" not in variable:
                values[variable["name"]] = variable.get("value", "")
                continue
            reference = variable["valueFrom"]["secretKeyRef"]
            value = self._secrets.get(reference["name"], {}).get(reference["key"])
            if value is not None:
                values[variable["name"]] = value
            elif not reference.get("optional"):
                raise LabError(f"container {container['name']}: there is no Secret {reference['name']}")
        return [f"--env={name}={value}" for name, value in values.items()]
