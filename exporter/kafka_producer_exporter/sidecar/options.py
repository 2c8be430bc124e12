"""What a user chooses about the sidecar, checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.settings import DEFAULT_LISTEN, DEFAULT_LISTEN_PAGES

IMAGE = (
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
TARGET = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
SECRET = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"  # noqa: S105 - the name of a Secret
CONTAINER = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
LABEL = r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*"
CPU = r"[0-9]+(?:\.[0-9]+)?m?"
MEMORY = r"[0-9]+(?:Ki|Mi|Gi|k|M|G)?"
PORTS = range(1024, 65536)
"""A process without capabilities may not listen on a lower port everywhere."""


class Mode(StrEnum):
    """Which kind of container the sidecar is."""

    NATIVE = "native"
    """An init container that keeps running. Kubernetes has these since 1.29; a Job needs one to complete."""
    CLASSIC = "classic"
    """A container beside the application's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Requests and limits, as Kubernetes writes them."""

    cpu_request: str = "10m"
    memory_request: str = "32Mi"
    cpu_limit: str = ""
    """Empty means no limit."""
    memory_limit: str = "64Mi"
    guaranteed: bool = False
    """Request as much as the limits, so that the pod can be in the class Guaranteed; this needs a CPU limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarOptions:
    """How to attach the sidecar to a pod. Raises ConfigError, whose problems name the options, if one is wrong."""

    image: str
    """There is no default, because an image that cannot be pulled keeps the application from starting."""
    target: str
    """Value of the label ``target``: the name of the workload."""
    port: int = DEFAULT_LISTEN.port
    jmx_port: int = 9999
    mode: Mode = Mode.NATIVE
    secret: str = ""
    """Name of the Secret whose key ``password`` is the JMX password; empty only with ``open_jmx``."""
    open_jmx: bool = False
    """Let every container of the pod read JMX without a password, and change what JMX lets it change."""
    container: str = ""
    """Name of the application's container; empty if there is only one."""
    application_user: int | None = None
    """The user id that the application runs under; None if it is not known."""
    user: int | None = 65532
    """The user id of the sidecar; None if the cluster assigns one to all containers of a pod, as OpenShift does."""
    leave_jvm: str = ""
    """Why nothing may be changed about the JVM; empty if nothing is known against it."""
    pull_policy: str = "IfNotPresent"
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels to add to all series, such as ``kafka_cluster``."""
    resources: Resources = Resources()
    extra_args: tuple[str, ...] = ()
    """Further arguments of ``serve``."""

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            raise ConfigError("the sidecar", problems)

    @property
    def unchanged_because(self) -> str:
        """Why nothing may be changed about the JVM; empty if it may."""
        if self.leave_jvm:
            return self.leave_jvm
        if self.open_jmx or self.application_user is not None or self.user is None:
            return ""
        return (
            "the user id of the application is not known, and a JVM reads only a password file of its own user; "
            "set securityContext.runAsUser"
        )


def _problems(options: SidecarOptions) -> Iterator[Problem]:
    if not options.image:
        yield Problem("image", "missing; there is no default, because an image that cannot be pulled stops the pod")
    elif not re.fullmatch(IMAGE, options.image):
        yield Problem("image", f"{options.image!r} is not an image; write REPOSITORY:TAG or REPOSITORY@sha256:DIGEST")
    if not re.fullmatch(TARGET, options.target):
        yield Problem("target", f"{options.target!r} is not a name; use letters, digits, and . _ - between them")
    yield from _port_problems(options)
    yield from _login_problems(options)
    if options.container and not re.fullmatch(CONTAINER, options.container):
        yield Problem("container", f"{options.container!r} is not the name of a container; use a-z, 0-9 and -")
    yield from _user_problems(options)
    if options.pull_policy not in {"Always", "IfNotPresent", "Never"}:
        yield Problem("pull_policy", f"{options.pull_policy!r} is unknown; use Always, IfNotPresent or Never")
    yield from _label_problems(options.labels)
    yield from _resource_problems(options.resources)


def _port_problems(options: SidecarOptions) -> Iterator[Problem]:
    for name, port in (("port", options.port), ("jmx_port", options.jmx_port)):
        if port not in PORTS:
            yield Problem(name, f"{port} is not a port for it; use {PORTS.start} to {PORTS.stop - 1}")
        elif port == DEFAULT_LISTEN_PAGES.port:
            yield Problem(name, f"the sidecar has its status page on {port}; use another port")
    if options.port == options.jmx_port:
        yield Problem("jmx_port", f"{options.port} is also the port of the sidecar; use two ports")


def _login_problems(options: SidecarOptions) -> Iterator[Problem]:
    if options.secret and options.open_jmx:
        yield Problem("open_jmx", "a Secret with a password is given, too; keep one of the two")
    elif not options.secret and not options.open_jmx:
        yield Problem("secret", "missing; name the Secret with the JMX password, or open JMX to the whole pod")
    elif options.secret and not re.fullmatch(SECRET, options.secret):
        yield Problem("secret", f"{options.secret!r} is not the name of a Secret; use a-z, 0-9, . and -")


def _user_problems(options: SidecarOptions) -> Iterator[Problem]:
    for name, user in (("application_user", options.application_user), ("user", options.user)):
        if user is not None and not 0 <= user < 1 << 31:
            yield Problem(name, f"{user} is not a user id; use 0 to {(1 << 31) - 1}")
    if options.user == 0:
        yield Problem("user", "the sidecar does not run as root; use another user id")


def _label_problems(labels: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in labels.items():
        if not re.fullmatch(LABEL, name):
            yield Problem("labels", f"{name!r} is not a label name; use letters, digits and _, not first a digit or __")
        if "," in value or "@" in value:
            yield Problem("labels", f"the value of {name} contains a comma or an @; use the configuration file for it")


def _resource_problems(resources: Resources) -> Iterator[Problem]:
    amounts = (
        ("cpu_request", resources.cpu_request, CPU, "10m"),
        ("cpu_limit", resources.cpu_limit, rf"(?:{CPU})?", "100m"),
        ("memory_request", resources.memory_request, MEMORY, "32Mi"),
        ("memory_limit", resources.memory_limit, MEMORY, "64Mi"),
    )
    for name, amount, pattern, example in amounts:
        if not re.fullmatch(pattern, amount):
            yield Problem(f"resources.{name}", f"{amount!r} is not an amount; write it like {example}")
    if resources.guaranteed and not resources.cpu_limit:
        yield Problem("resources.cpu_limit", "missing; a pod is Guaranteed only with a limit on CPU, such as 100m")
