"""The verb ``inject``: manifests in on standard input, manifests with the sidecar out.

A document that needs no change is copied. A document that is changed loses its comments.
"""

import argparse
import sys

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.settings import DEFAULT_LISTEN
from kafka_producer_exporter.sidecar import manifests, workload
from kafka_producer_exporter.sidecar.options import Mode, SidecarOptions
from kafka_producer_exporter.sidecar.parts import Manifest

INHERITED = (
    "warning: every JVM of the container inherits JAVA_TOOL_OPTIONS. A second one, such as a probe or a tool that runs "
    'beside the application, stops with "Port already in use". Also, a JAVA_TOOL_OPTIONS of the image is hidden. '
    "Where this matters, leave out --jvm-flags, and add the flags to the application's own command line"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.description = f"{parser.description}. Comments of a document that gets the sidecar are lost."
    parser.add_argument("--image", default="", help="the exporter's image; required")
    login = parser.add_argument_group("login to JMX", "One of the two is required.")
    login.add_argument("--secret", default="", metavar="NAME", help="Secret whose key password is the JMX password")
    login.add_argument(
        "--open-jmx",
        action="store_true",
        help="no password: every container of the pod can read JMX, and change what JMX lets it change",
    )
    parser.add_argument("--container", default="", metavar="NAME", help="the application's container, if it has others")
    parser.add_argument("--target", default="", metavar="NAME", help="label target; default: the workload's name")
    parser.add_argument("--port", type=int, default=DEFAULT_LISTEN.port, help="of the metrics; default: %(default)s")
    parser.add_argument("--jmx-port", type=int, default=9999, metavar="PORT", help="default: %(default)s")
    parser.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        default=Mode.NATIVE.value,
        help="native: an init container that keeps running (Kubernetes 1.29 or later); default: %(default)s",
    )
    parser.add_argument(
        "--jvm-flags",
        action="store_true",
        help="set the JVM's flags in JAVA_TOOL_OPTIONS, which every JVM of the container inherits",
    )


def run(arguments: argparse.Namespace) -> int:
    """Copy standard input to standard output, with the sidecar. Raise ConfigError, and print nothing, if that fails."""
    _options(arguments, arguments.target or "any")  # a wrong argument is reported even if no workload comes
    injection = _Injection(arguments)
    texts = [injection.document(document) for document in manifests.split(_standard_input())]
    if injection.problems:
        raise ConfigError("standard input", injection.problems)
    if arguments.target and len(injection.workloads) > 1:
        names = ", ".join(injection.workloads)
        problem = Problem("--target", f"the input has several workloads ({names}); inject one at a time")
        raise ConfigError("the arguments", [problem])
    sys.stdout.write("".join(texts))
    if arguments.jvm_flags and injection.workloads:
        _note(INHERITED)
    if not injection.workloads and not injection.had_it:
        _note("nothing to do: the input has no Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod")
    return 0


class _Injection:
    """Puts the sidecar into each workload, and collects what is wrong."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.workloads: list[str] = []
        self.had_it = False
        self.problems: list[Problem] = []
        self._arguments = arguments

    def document(self, document: manifests.Document) -> str:
        """Return the text of a document, with the sidecar if it has workloads."""
        try:
            content = manifests.parse(document)
        except manifests.ManifestError as error:
            self.problems.append(error.problem)
            return ""
        where = f"document {document.number}"
        result = manifests.changed(content, lambda manifest, item: self._object(manifest, where + item))
        return document.text if result is content else manifests.write(result)

    def _object(self, manifest: object, where: str) -> object:
        if not isinstance(manifest, dict) or not workload.is_workload(manifest):
            return manifest
        try:
            return self._workload(manifest, where)
        except workload.WorkloadError as error:
            option, what = error.problem
            given = option.partition(".")[0] in {"container", "mode", "port"}
            place = f"--{option}" if given else option
            self.problems.append(Problem(f"{where} ({_title(manifest)}), {place}", what))
        return manifest

    def _workload(self, manifest: Manifest, where: str) -> Manifest:
        title = _title(manifest)
        if workload.has_sidecar(manifest):
            self.had_it = True
            _note(f"{where}: {title} has the sidecar already; unchanged")
            return manifest
        workload.require_metadata(manifest)
        name = self._arguments.target or workload.name_of(manifest)
        if not name:
            raise workload.WorkloadError("metadata.name", "missing; name the workload, or use --target")
        options = _options(self._arguments, name)
        injected = workload.inject(manifest, options, set_jvm_flags=self._arguments.jvm_flags)
        self.workloads.append(title)
        for note in injected.notes:
            _note(f"{where}: {title}: {note}")
        return injected.manifest


def _options(arguments: argparse.Namespace, target: str) -> SidecarOptions:
    try:
        return SidecarOptions(
            image=arguments.image,
            target=target,
            port=arguments.port,
            jmx_port=arguments.jmx_port,
            mode=Mode(arguments.mode),
            secret=arguments.secret,
            open_jmx=arguments.open_jmx,
            container=arguments.container,
        )
    except ConfigError as error:
        problems = [Problem("--" + where.replace("_", "-"), what) for where, what in error.problems]
        raise ConfigError("the arguments", problems) from None


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("standard input", [Problem(f"byte {error.start}", "not UTF-8; save it as UTF-8")]) from None


def _title(manifest: Manifest) -> str:
    return f"{manifest['kind']} {workload.name_of(manifest)}".rstrip()


def _note(text: str) -> None:
    print(printable(text, limit=None), file=sys.stderr)
