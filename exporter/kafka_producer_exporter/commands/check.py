"""The verb ``check``: tries to reach each target step by step, and reports which step fails and what to change."""

import argparse
import dataclasses
import functools
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.catalogue.hidden import explain_hidden, hidden_producers, listed_producers
from kafka_producer_exporter.catalogue.left_out import explain_left_out
from kafka_producer_exporter.catalogue.mbean_kinds import CLIENT, kind_of
from kafka_producer_exporter.catalogue.selections import BROKER_NAMES, PRODUCER_NAMES, wrong_kind
from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.jmx.readings import LeftOut, Reading, Selection, Transport
from kafka_producer_exporter.net.address import Address, is_loopback
from kafka_producer_exporter.net.deadline import remaining_seconds
from kafka_producer_exporter.net.dns import Resolver
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.settings import Jmx, Target, TargetKind, TlsMode, TransportKind
from kafka_producer_exporter.text import encodable

DEADLINE_SECONDS = 5.0
PARALLEL_CHECKS = 16
TransportFor = Callable[[Target], Transport]


class StepState(StrEnum):
    """The state of a step."""

    GOOD = "good"
    WARNING = "warning"
    """It works, but is open to more than the exporter. Does not change the exit code."""
    FINDING = "finding"
    FAILED = "failed"
    NOT_ASKED = "not asked"


MARKS = {
    StepState.GOOD: "✓",
    StepState.WARNING: "!",
    StepState.FINDING: "!",
    StepState.FAILED: "✗",
    StepState.NOT_ASKED: "-",
}
ASCII_MARKS = MARKS | {StepState.GOOD: "+", StepState.FAILED: "x"}


class Step(NamedTuple):
    """One step on the way to a target."""

    name: str
    state: StepState
    detail: str = ""
    flags_help: bool = False
    """Whether JVM flags change the state."""


class TargetReport(NamedTuple):
    """The steps of one target, the JVM flags to set, and what else is to be done with them."""

    target: str
    address: str
    steps: tuple[Step, ...]
    advice: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


STEPS = ("address", "reachable", "JMX", "password")
"""The steps of every target. One more follows, which depends on the kind of target."""

FAILING_STEP = {Reason.DNS: "address", Reason.REFUSED: "reachable", Reason.AUTHENTICATION: "password"}
"""The step that failed, by the reason of a failed read. Any other reason is a failure of the step JMX."""

OPEN_TO_ALL = (
    "none is required, so every container of the pod, and anyone who may port-forward, can read and write all of JMX"
)

PRODUCERS = Selection(
    "kafka.producer:type=producer-metrics,*", lambda name, listed: listed[:1] if kind_of(name) is CLIENT else ()
)
VERSIONS = Selection(
    "kafka.producer:type=app-info,*", lambda _, listed: [name for name in listed if name.lower() == "version"]
)
BROKERS = Selection(BROKER_NAMES.pattern, lambda _, listed: [name for name in listed if name == "Version"])

SELECTIONS: Mapping[TargetKind, Sequence[Selection]] = {
    TargetKind.PRODUCER: (PRODUCERS, VERSIONS),
    TargetKind.BROKER: (BROKERS,),
}
NAMES: Mapping[TargetKind, Sequence[Selection]] = {
    TargetKind.PRODUCER: (PRODUCER_NAMES, BROKER_NAMES),
    TargetKind.BROKER: (BROKER_NAMES,),
}
"""What is only listed, because names alone say which producers are hidden, and what serve would leave out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    add_targets(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace, *, transport_for: TransportFor | None = None) -> int:
    """Check and print. Return 3 if a target cannot be read, else 1 if there is a finding, else 0."""
    targets = chosen_targets(settings_from(arguments), arguments.targets)
    if transport_for is None:
        from kafka_producer_exporter.targets import transports  # late: a usage error needs no JMX client

        transport_for = transports.transport_for
    checked = functools.partial(check, transport_for=transport_for)
    with ThreadPoolExecutor(max_workers=min(PARALLEL_CHECKS, len(targets))) as pool:
        reports = list(pool.map(checked, targets))
    sys.stdout.write(as_json(reports) if arguments.format == "json" else as_text(reports))
    return exit_code(reports)


def exit_code(reports: Sequence[TargetReport]) -> int:
    """Return the exit code for all reports together."""
    states = {step.state for report in reports for step in report.steps}
    return 3 if StepState.FAILED in states else 1 if StepState.FINDING in states else 0


def check(target: Target, *, transport_for: TransportFor) -> TargetReport:
    """Check one target, step by step. Takes up to four times DEADLINE_SECONDS."""
    steps = _walk(target, transport_for)
    reached = {step.name for step in steps}
    last = "broker" if target.kind is TargetKind.BROKER else "producers"
    steps += [Step(name, StepState.NOT_ASKED) for name in (*STEPS, last) if name not in reached]
    address = str(Address(target.jmx.host, target.jmx.port))
    report = TargetReport(target.name, address, tuple(steps))
    if any(step.flags_help for step in steps):
        report = report._replace(advice=tuple(jvm_flags(target.jmx)), files=tuple(_files(target)))
    return report


def _walk(target: Target, transport_for: TransportFor) -> list[Step]:
    peer = Address(target.jmx.host, target.jmx.port)
    try:
        addresses = Resolver(peer.host, host_key="jmx.host").addresses(deadline=time.monotonic() + DEADLINE_SECONDS)
    except TransportError as error:
        return [Step("address", StepState.FAILED, str(error))]
    steps = [Step("address", StepState.GOOD, ", ".join(host for _, host in addresses))]
    try:
        _connect([Address(host, peer.port) for _, host in addresses])
    except TimeoutError:
        why = f"no answer from {peer} within {DEADLINE_SECONDS:g} s; check for a firewall or network policy in between"
        return [*steps, Step("reachable", StepState.FAILED, why)]
    except ConnectionRefusedError:
        why = f"nothing listens on {peer}; start the JVM with the flags below"
        return [*steps, Step("reachable", StepState.FAILED, why, flags_help=True)]
    except OSError as error:
        why = f"{peer}: {(error.strerror or str(error)).lower()}; check jmx.host and the network policy"
        return [*steps, Step("reachable", StepState.FAILED, why)]
    try:
        found = _read(target, transport_for)
    except TransportError as error:
        failing = FAILING_STEP.get(error.reason, "JMX")
        passed = [Step(name, StepState.GOOD) for name in STEPS[1 : STEPS.index(failing)]]
        # The port answered before, so what refuses is the RMI port. Flags let it be chosen; they mend nothing else.
        failed = Step(failing, StepState.FAILED, str(error), flags_help=error.reason is Reason.REFUSED)
        return [*steps[: STEPS.index(failing)], *passed, failed]
    steps += [Step("reachable", StepState.GOOD), Step("JMX", StepState.GOOD), _password(target, transport_for)]
    last = _broker_step(found.readings) if target.kind is TargetKind.BROKER else _producer_step(found)
    if found.left_out:
        detail = f"{last.detail}; {explain_left_out(found.left_out)}"
        last = last._replace(state=StepState.FINDING, detail=detail)
    return [*steps, last]


def _connect(addresses: Sequence[Address]) -> None:
    """Connect to one of the addresses within DEADLINE_SECONDS. Raise the OSError of the last one if all fail."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    for address in addresses:
        try:
            socket.create_connection(address, timeout=remaining_seconds(deadline)).close()
        except OSError:
            if address is addresses[-1]:
                raise
        else:
            return


class _Found(NamedTuple):
    """What a JVM has: the readings that identify its producers, or the broker, and the names of all their MBeans."""

    readings: list[Reading]
    listed: Sequence[str]
    lists_all: bool
    left_out: Mapping[LeftOut, int]


def _read(target: Target, transport_for: TransportFor) -> _Found:
    """Read the JVM. Raise TransportError."""
    transport = transport_for(target)
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        readings = transport.read(SELECTIONS[target.kind], deadline=deadline)
        unreadable = transport.left_out.get(LeftOut.UNREADABLE, 0)
        transport.read(NAMES[target.kind], deadline=deadline)
        left_out = {**transport.left_out} | ({LeftOut.UNREADABLE: unreadable} if unreadable else {})
        return _Found(readings, transport.listed, transport.lists_all, left_out)
    finally:
        transport.close()


def _password(target: Target, transport_for: TransportFor) -> Step:
    if target.jmx.username is None:
        return Step("password", StepState.WARNING, OPEN_TO_ALL, flags_help=True)
    jmx = dataclasses.replace(target.jmx, username=None, password_file=None, password_env=None)
    try:
        _read(dataclasses.replace(target, jmx=jmx), transport_for)
    except TransportError as error:
        required = error.reason is Reason.AUTHENTICATION
        return Step("password", StepState.GOOD, "required, and correct" if required else "correct")
    return Step("password", StepState.WARNING, f"yours is accepted, but {OPEN_TO_ALL}", flags_help=True)


def _broker_step(readings: Sequence[Reading]) -> Step:
    if not readings:
        return Step("broker", StepState.FINDING, wrong_kind(TargetKind.BROKER, ()))
    named = [f"{reading.name.properties['id']} ({', '.join(map(str, reading.values))})" for reading in readings]
    return Step("broker", StepState.GOOD, listed_producers(named))


def _producer_step(found: _Found) -> Step:
    readings, listed, lists_all, _ = found
    versions, clients = _producers(readings)
    hidden = hidden_producers(listed, {reading.name.text for reading in readings})
    if hidden and lists_all:
        return Step("producers", StepState.FINDING, explain_hidden(hidden, versions))
    if wrong := wrong_kind(TargetKind.PRODUCER, listed):
        return Step("producers", StepState.FINDING, wrong)
    if not clients:
        why = "none yet; a producer appears as soon as the application creates it"
        return Step("producers", StepState.FINDING, why)
    named = [f"{client} ({versions[client]})" if versions.get(client) else client for client in clients]
    return Step("producers", StepState.GOOD, f"{len(clients)}: {listed_producers(named)}")


def _producers(readings: Sequence[Reading]) -> tuple[dict[str, str], list[str]]:
    """Return the version of each client id, and the ids of the producers that have metrics."""
    versions, clients = {}, []
    for name, _, values in readings:
        client = name.properties.get("client-id", name.properties.get("id", ""))
        if name.domain != "kafka.producer":
            continue
        if name.properties.get("type") == "app-info":
            versions[client] = str(values[0] or "")
        else:
            clients.append(client)
    return versions, sorted(clients)


def jvm_flags(jmx: Jmx) -> list[str]:
    """Return the JVM flags that let this exporter in with a password, and keep everyone else out."""
    prefix = "-Dcom.sun.management.jmxremote"
    tls = jmx.tls.mode is not TlsMode.NONE
    rmi_port = jmx.rmi_port or jmx.port
    if jmx.tls.mode is TlsMode.RMI and rmi_port == jmx.port:
        # A JVM does not start if one port has to be both the registry in plaintext and the RMI port in TLS.
        rmi_port += 1 if rmi_port < 65535 else -1
    host = "127.0.0.1" if jmx.host.lower() == "localhost" else jmx.host
    return [
        f"{prefix}.port={jmx.port}",
        f"{prefix}.rmi.port={rmi_port}",
        *([f"{prefix}.host={host}"] if is_loopback(host) else []),
        f"{prefix}.ssl={str(tls).lower()}",
        *([f"{prefix}.registry.ssl=true"] if jmx.tls.mode is TlsMode.BOTH else []),
        f"{prefix}.authenticate=true",
        f"{prefix}.password.file=/etc/jmx/jmxremote.password",
        f"{prefix}.access.file=/etc/jmx/jmxremote.access",
        *([f"{prefix}.ssl.config.file=/etc/jmx/ssl.properties"] if tls else []),
    ]


def _files(target: Target) -> Iterator[str]:
    """Yield what to write into the files that the flags name, and into the exporter's configuration."""
    jmx, owned = target.jmx, "(mode 0400, owned by the JVM's user)"
    user = jmx.username or "monitor"
    yield f"Write this line to jmxremote.password {owned}: {user} PASSWORD"
    yield f"Write this line to jmxremote.access: {user} readonly"
    if jmx.tls.mode is not TlsMode.NONE:
        yield f"Write this line to ssl.properties {owned}: javax.net.ssl.keyStore=FILE"
        yield "Write this line to ssl.properties, too: javax.net.ssl.keyStorePassword=PASSWORD"
        yield f"Its certificate must be for {jmx.tls.server_name or jmx.host}."
    if jmx.username is None:
        rmi = "; set transport: rmi, because jmxquery sends no password" * (target.transport is TransportKind.JMXQUERY)
        yield f"In the exporter's configuration, set jmx.username and jmx.password_file{rmi}."


def as_text(reports: Sequence[TargetReport]) -> str:
    """Return the reports for a person: for each target its steps, then the JVM flags to set."""
    marks = MARKS if encodable("".join(MARKS.values()), sys.stdout) else ASCII_MARKS
    return "\n".join(_report_as_text(report, marks) for report in reports)


def _report_as_text(report: TargetReport, marks: Mapping[StepState, str]) -> str:
    name = report.target if report.target == report.address else f"{report.target} ({report.address})"
    lines = [name, *(f"  {marks[step.state]} {step.name:<10} {step.detail}".rstrip() for step in report.steps)]
    if report.advice:
        lines += ["", "  Start the JVM with these flags:", *(f"    {flag}" for flag in report.advice)]
        lines += [f"  {line}" for line in report.files]
    return "".join(f"{printable(line, limit=None)}\n" for line in lines)


def as_json(reports: Sequence[TargetReport]) -> str:
    """Return the reports for a program, as a list of objects."""
    return json.dumps([_report_as_json(report) for report in reports], indent=2) + "\n"


def _report_as_json(report: TargetReport) -> dict[str, object]:
    steps = [{"step": step.name, "state": step.state, "detail": step.detail} for step in report.steps]
    return {"target": report.target, "address": report.address, "steps": steps, "jvm_flags": list(report.advice)}
