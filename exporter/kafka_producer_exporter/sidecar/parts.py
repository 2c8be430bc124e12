"""THE DESCRIPTION: what a pod gets so that it has the sidecar.

The chart's templates, its admission policy, the kustomize component and the snippet are other renderings of it; tests
compare them with it.
"""

from dataclasses import dataclass, field
from typing import Any

from kafka_producer_exporter.sidecar.jvm import FOLDER, USERNAME, jvm_flags
from kafka_producer_exporter.sidecar.options import Mode, Resources, SidecarOptions

Manifest = dict[str, Any]
"""A Kubernetes object, or a part of one, as JSON has it."""

NAME = "kafka-producer-exporter"
INIT_NAME = f"{NAME}-password"
JMX_VOLUME = f"{NAME}-jmx"
NO_TOKEN_VOLUME = f"{NAME}-no-token"
PORT_NAME = "kafka-metrics"
DOMAIN = "kafka-producer-exporter.io"
STATUS = f"{DOMAIN}/status"
JVM = f"{DOMAIN}/jvm"
LABEL = f"{DOMAIN}/sidecar"
"""Monitors select pods by this label."""

PASSWORD_VARIABLE = "JMX_PASSWORD"  # noqa: S105 - the name of a variable
PASSWORD_KEY = "password"  # noqa: S105 - the key of a Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PodParts:
    """What to add to a pod. All values are fresh copies."""

    init_containers: list[Manifest]
    """To append, in this order."""
    containers: list[Manifest]
    volumes: list[Manifest]
    labels: dict[str, str]
    annotations: dict[str, str]
    application_mounts: list[Manifest] = field(default_factory=list)
    """For the container of the application."""
    jvm_flags: tuple[str, ...]
    """For the JVM of the application; empty if nothing may be changed about it."""


def pod_parts(options: SidecarOptions) -> PodParts:
    """Return what a pod gets with these options."""
    sidecar = _sidecar(options)
    has_files = not options.open_jmx and not options.unchanged_because
    native = options.mode is Mode.NATIVE
    flags = jvm_flags(options)
    return PodParts(
        init_containers=[*([_password_init(options)] if has_files else []), *([sidecar] if native else [])],
        containers=[] if native else [sidecar],
        volumes=[
            {"name": NO_TOKEN_VOLUME, "emptyDir": {}},
            # In memory: the password is on no disk.
            *([{"name": JMX_VOLUME, "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}] if has_files else []),
        ],
        labels={LABEL: "true"},
        annotations={
            STATUS: "injected",
            JVM: f"start it with {' '.join(flags)}" if flags else f"unchanged: {options.unchanged_because}",
        },
        application_mounts=[{"name": JMX_VOLUME, "mountPath": FOLDER, "readOnly": True}] if has_files else [],
        jvm_flags=flags,
    )


def _sidecar(options: SidecarOptions) -> Manifest:
    """Return the sidecar's container. It has no probe of any kind: one that fails would hurt the application."""
    login = [] if options.open_jmx else [f"--jmx-username={USERNAME}", f"--jmx-password-env={PASSWORD_VARIABLE}"]
    return {
        "name": NAME,
        "image": options.image,
        "imagePullPolicy": options.pull_policy,
        **({"restartPolicy": "Always"} if options.mode is Mode.NATIVE else {}),
        "args": [
            "serve",
            "--tolerant",
            f"--listen=:{options.port}",
            f"--target={options.target}=127.0.0.1:{options.jmx_port}",
            *login,
            *(f"--label={name}={value}" for name, value in sorted(options.labels.items())),
            *options.extra_args,
        ],
        **({} if options.open_jmx else {"env": _password(options)}),
        "ports": [{"name": PORT_NAME, "containerPort": options.port, "protocol": "TCP"}],
        "resources": _resources(options.resources),
        "securityContext": _security_context(options.user, group=options.user),
        "volumeMounts": [_no_token()],
    }


def _password_init(options: SidecarOptions) -> Manifest:
    """Return the init container that writes the JVM's files, under the application's user id.

    Without the Secret it writes a password that nobody knows: the application starts, and its JMX is closed.
    """
    user = options.application_user
    return {
        "name": INIT_NAME,
        "image": options.image,
        "imagePullPolicy": options.pull_policy,
        "args": [
            "credentials",
            f"--username={USERNAME}",
            f"--password-env={PASSWORD_VARIABLE}",
            f"--directory={FOLDER}",
        ],
        "env": _password(options),
        "resources": _resources(options.resources),
        "securityContext": _security_context(user, group=None),
        "volumeMounts": [_no_token(), {"name": JMX_VOLUME, "mountPath": FOLDER}],
    }


def _password(options: SidecarOptions) -> list[Manifest]:
    # Optional: a Secret that is missing would otherwise keep the pod from starting.
    reference = {"name": options.secret, "key": PASSWORD_KEY, "optional": True}
    return [{"name": PASSWORD_VARIABLE, "valueFrom": {"secretKeyRef": reference}}]


def _no_token() -> Manifest:
    """Return a mount that hides the token of the application's service account."""
    return {"name": NO_TOKEN_VOLUME, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}


def _resources(resources: Resources) -> Manifest:
    limits = {**({"cpu": resources.cpu_limit} if resources.cpu_limit else {}), "memory": resources.memory_limit}
    requests = {"cpu": resources.cpu_request, "memory": resources.memory_request}
    return {"requests": dict(limits) if resources.guaranteed else requests, "limits": limits}


def _security_context(user: int | None, *, group: int | None) -> Manifest:
    """Return what the profile ``restricted`` requires; only the user of an application that runs as root is root."""
    return {
        "runAsNonRoot": user != 0,
        **({} if user is None else {"runAsUser": user}),
        **({} if group is None else {"runAsGroup": group}),
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
