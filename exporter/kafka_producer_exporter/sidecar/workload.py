"""Put the sidecar into a workload: a Kubernetes object in, the object with the sidecar out. Nothing is modified."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from kafka_producer_exporter.errors import Problem
from kafka_producer_exporter.sidecar.jvm import FOLDER
from kafka_producer_exporter.sidecar.options import Mode, SidecarOptions
from kafka_producer_exporter.sidecar.parts import JVM, NAME, Manifest, PodParts, pod_parts

TEMPLATE_PATHS: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), ("spec", "template")),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Kind → where its pod's metadata and spec are."""

API_GROUPS = ("v1", "apps/v1", "batch/v1")
JMX_FLAG = "com.sun.management.jmxremote.port"
VARIABLE = "JAVA_TOOL_OPTIONS"


class WorkloadError(Exception):
    """The workload cannot have the sidecar; ``problem`` names the option, or the field of the manifest."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.problem = Problem(where, what)


class Injected(NamedTuple):
    """A workload with the sidecar, and what to tell its owner."""

    manifest: Manifest
    notes: tuple[str, ...]


def is_workload(manifest: object) -> bool:
    """Return whether an object has a pod that can have the sidecar."""
    return (
        isinstance(manifest, dict)
        and manifest.get("apiVersion") in API_GROUPS
        and manifest.get("kind") in TEMPLATE_PATHS
    )


def name_of(manifest: Manifest) -> str:
    """Return the name of an object; of a Pod with a generated name, what it starts with; empty if it has neither."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    return str(metadata.get("name") or str(metadata.get("generateName") or "").rstrip("-"))


def require_metadata(manifest: Manifest) -> None:
    """Raise WorkloadError if the metadata of an object is not a mapping."""
    _mapping(manifest, "metadata")


def has_sidecar(manifest: Manifest) -> bool:
    """Return whether a workload has the sidecar already."""
    spec = _mapping(_template(manifest), "spec")
    return any(container.get("name") == NAME for container in _all_containers(spec))


def inject(manifest: Manifest, options: SidecarOptions, *, set_jvm_flags: bool = False) -> Injected:
    """Return the workload with the sidecar.

    The user id of the application is taken from the manifest. With *set_jvm_flags* the JVM gets its flags from
    JAVA_TOOL_OPTIONS; otherwise the annotation says which flags it needs. Raises WorkloadError.
    """
    template = _template(manifest)
    spec = _mapping(template, "spec")
    if options.mode is Mode.CLASSIC and manifest["kind"] in {"Job", "CronJob"}:
        raise WorkloadError("mode", "a Job with a classic sidecar never completes; use native")
    index = _application(spec, options.container)
    application = spec["containers"][index]
    options = replace(options, application_user=_user_of(spec, application))
    parts = pod_parts(options)
    _require_room(spec, application, options, parts)

    why_not, variables = _variables(application, parts) if set_jvm_flags else ("", None)
    if why_not:  # the JVM has its own settings, or may have: leave all of them alone
        parts = pod_parts(replace(options, leave_jvm=why_not))
    notes = []
    if str(spec.get("hostNetwork")).lower() == "true":
        notes.append("hostNetwork: every process on the node can reach the JVM's JMX port")
    annotations = dict(parts.annotations)
    if variables is not None:
        annotations[JVM] = f"flags in {VARIABLE} of {application['name']}"
    notes.append(f"JVM {annotations[JVM]}")

    application = _extended(application, "volumeMounts", parts.application_mounts)
    if variables is not None:
        application = {**application, "env": variables}
    containers = [*spec["containers"][:index], application, *spec["containers"][index + 1 :], *parts.containers]
    spec = _extended({**spec, "containers": containers}, "initContainers", parts.init_containers)
    spec = _extended(spec, "volumes", parts.volumes)
    metadata = dict(_mapping(template, "metadata"))
    metadata["labels"] = {**(metadata.get("labels") or {}), **parts.labels}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
    changed = {**template, "metadata": metadata, "spec": spec}
    return Injected(_replaced(manifest, TEMPLATE_PATHS[manifest["kind"]], lambda _: changed), tuple(notes))


def _template(manifest: Manifest) -> Manifest:
    for key in TEMPLATE_PATHS[manifest["kind"]]:
        manifest = _mapping(manifest, key)
    return manifest


def _mapping(manifest: Manifest, key: str) -> Manifest:
    value = manifest.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WorkloadError(key, "not a mapping; correct the manifest")
    return value


def _list(manifest: Manifest, key: str) -> list[Manifest]:
    value = manifest.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise WorkloadError(key, "not a list of mappings; correct the manifest")
    return value


def _all_containers(spec: Manifest) -> list[Manifest]:
    return [*_list(spec, "initContainers"), *_list(spec, "containers")]


def _application(spec: Manifest, wanted: str) -> int:
    names = [str(container.get("name")) for container in _list(spec, "containers")]
    if not names:
        raise WorkloadError("spec.containers", "missing; a pod without a container has nothing to read")
    if not wanted and len(names) > 1:
        raise WorkloadError("container", f"the pod has several; name the application's: {', '.join(names)}")
    if wanted and wanted not in names:
        raise WorkloadError("container", f"there is no {wanted}; the pod has {', '.join(names)}")
    return names.index(wanted) if wanted else 0


def _user_of(spec: Manifest, application: Manifest) -> int | None:
    for holder in (application, spec):
        user = _mapping(holder, "securityContext").get("runAsUser")
        if user is not None:
            if not re.fullmatch("0|[1-9][0-9]*", str(user)):
                raise WorkloadError("securityContext.runAsUser", f"{user} is not a user id; correct the manifest")
            return int(user)
    return None


def _require_room(spec: Manifest, application: Manifest, options: SidecarOptions, parts: PodParts) -> None:
    if _mapping(spec, "os").get("name") == "windows":
        raise WorkloadError("spec.os", "the pod runs on Windows, and the sidecar's image is for Linux")
    for key, ours in (("volumes", parts.volumes), ("initContainers", parts.init_containers)):
        taken = {str(item.get("name")) for item in _list(spec, key)}
        for item in ours:
            if item["name"] in taken:
                raise WorkloadError(f"spec.{key}", f"{item['name']} is there without the sidecar; remove it")
    for mount in _list(application, "volumeMounts"):
        if parts.application_mounts and mount.get("mountPath") == FOLDER:
            raise WorkloadError("volumeMounts", f"{application['name']} has something at {FOLDER}; move it")
    for container in _all_containers(spec):
        for port in _list(container, "ports"):
            if str(port.get("containerPort")) == str(options.port):
                raise WorkloadError("port", f"the container {container.get('name')} has port {options.port}, too")


def _variables(application: Manifest, parts: PodParts) -> tuple[str, list[Manifest] | None]:
    """Return why the JVM's flags cannot be set, or the container's variables with the flags."""
    if not parts.jvm_flags:
        return "", None
    flags = " ".join(parts.jvm_flags)
    variables = _list(application, "env")
    for number, variable in enumerate(variables):
        if variable.get("name") == VARIABLE:
            if "valueFrom" in variable:
                return f"{VARIABLE} has its value from elsewhere", None
            value = str(variable.get("value") or "")
            if JMX_FLAG in value:
                return f"{VARIABLE} has a JMX port already", None
            changed = {**variable, "value": f"{value} {flags}".strip()}
            return "", [*variables[:number], changed, *variables[number + 1 :]]
    if application.get("envFrom"):
        return (
            f"envFrom may have a {VARIABLE}, which one in env would hide; write it into env, even if it is empty",
            None,
        )
    return "", [*variables, {"name": VARIABLE, "value": flags}]


def _extended(holder: Manifest, key: str, items: list[Manifest]) -> Manifest:
    return {**holder, key: [*_list(holder, key), *items]} if items else holder


def _replaced(manifest: Manifest, path: tuple[str, ...], change: Callable[[Manifest], Manifest]) -> Manifest:
    if not path:
        return change(manifest)
    return {**manifest, path[0]: _replaced(_mapping(manifest, path[0]), path[1:], change)}
