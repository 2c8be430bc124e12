"""The verb ``check``: walks the way to each target step by step, and says at which it ends and what to change."""

import argparse
import dataclasses
import functools
import json
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.jmx.readings import Reading, Selection, Transport
from kafka_producer_exporter.net.address import Address, is_loopback
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.settings import Jmx, Target, TargetKind, TlsMode

DEADLINE_SECONDS = 5.0
AT_ONCE = 16
"""Targets that are checked at the same time."""
SHOWN = 5
"""Producers that are named; the rest are counted."""

TransportFor = Callable[[Target], Transport]


class State(StrEnum):
    """What came of a step."""

    GOOD = "good"
    FINDING = "finding"
    FAILED = "failed"
    NOT_ASKED = "not asked"


MARKS = {State.GOOD: "✓", State.FINDING: "!", State.FAILED: "✗", State.NOT_ASKED: "-"}


class Step(NamedTuple):
    """One step of the way to a target."""

    name: str
    state: State
    detail: str = ""


class Report(NamedTuple):
    """What was found out about a target, and what to change."""

    target: str
    address: str
    steps: tuple[Step, ...]
    advice: tuple[str, ...]


WAY = ("address", "reachable", "JMX", "password")
"""The steps to any target; the last one, what is found there, is by its kind."""

FAILING_STEP = {Reason.DNS: "address", Reason.REFUSED: "reachable", Reason.AUTHENTICATION: "password"}
"""The step at which a read failed; JMX for every other reason."""

OPEN_TO_ALL = (
    "none is asked for: every container of the pod, and whoever may port-forward, can read and write all that JMX has"
)

PRODUCERS = Selection("kafka.producer:type=producer-metrics,client-id=*", lambda _, listed: listed[:1])
VERSIONS = Selection(
    "kafka.producer:type=app-info,client-id=*", lambda _, listed: [name for name in listed if name == "version"]
)
BROKERS = Selection("kafka.server:type=app-info,id=*", lambda _, listed: [name for name in listed if name == "Version"])

ASKED: Mapping[TargetKind, Sequence[Selection]] = {
    TargetKind.PRODUCER: (PRODUCERS, VERSIONS),
    TargetKind.BROKER: (BROKERS,),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    add_targets(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace, *, transport_for: TransportFor | None = None) -> int:
    """Check and print; returns 3 where a target cannot be read, 1 where there is something to change, else 0."""
    targets = chosen_targets(settings_from(arguments), arguments.targets)
    if transport_for is None:
        from kafka_producer_exporter.targets import transports  # here, so that a usage error does without the client

        transport_for = transports.transport_for
    checked = functools.partial(check, transport_for=transport_for)
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(targets))) as pool:
        reports = list(pool.map(checked, targets))
    sys.stdout.write(as_json(reports) if arguments.format == "json" else as_text(reports))
    return exit_code(reports)


def exit_code(reports: Sequence[Report]) -> int:
    """Return the exit code of all reports together."""
    states = {step.state for report in reports for step in report.steps}
    return 3 if State.FAILED in states else 1 if State.FINDING in states else 0


def check(target: Target, *, transport_for: TransportFor) -> Report:
    """Walk the way to a target. Takes two deadlines at most, and as long as the resolver needs."""
    steps = _walk(target, transport_for)
    passed = {step.name for step in steps}
    last = "broker" if target.kind is TargetKind.BROKER else "producers"
    steps += [Step(name, State.NOT_ASKED) for name in (*WAY, last) if name not in passed]
    address = str(Address(target.jmx.host, target.jmx.port))
    return Report(target.name, address, tuple(steps), tuple(_advice(target.jmx, steps)))


def _walk(target: Target, transport_for: TransportFor) -> list[Step]:
    jmx = target.jmx
    peer = Address(jmx.host, jmx.port)
    try:
        found = socket.getaddrinfo(jmx.host, jmx.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [Step("address", State.FAILED, f"{jmx.host} has no address; correct jmx.host")]
    steps = [Step("address", State.GOOD, ", ".join(dict.fromkeys(str(where[0]) for *_, where in found)))]
    try:
        socket.create_connection(peer, timeout=DEADLINE_SECONDS).close()
    except TimeoutError:
        why = f"no answer from {peer} within {DEADLINE_SECONDS:g} s; see whether a firewall or network policy drops it"
        return [*steps, Step("reachable", State.FAILED, why)]
    except OSError as error:
        why = f"nothing listens on {peer}" if isinstance(error, ConnectionRefusedError) else str(error.strerror)
        return [*steps, Step("reachable", State.FAILED, f"{why}; start the JVM with the flags below")]
    try:
        readings = _read(target, transport_for)
    except TransportError as error:
        failing = FAILING_STEP.get(error.reason, "JMX")
        passed = [Step(name, State.GOOD) for name in WAY[1 : WAY.index(failing)]]
        return [*steps[: WAY.index(failing)], *passed, Step(failing, State.FAILED, str(error))]
    steps += [Step("reachable", State.GOOD), Step("JMX", State.GOOD), _password(target, transport_for)]
    return [*steps, (_broker_step if target.kind is TargetKind.BROKER else _producer_step)(readings)]


def _read(target: Target, transport_for: TransportFor) -> list[Reading]:
    """Return what tells the producers, or the broker, that the JVM has. Raises TransportError."""
    transport = transport_for(target)
    try:
        return transport.read(ASKED[target.kind], deadline=time.monotonic() + DEADLINE_SECONDS)
    finally:
        transport.close()


def _password(target: Target, transport_for: TransportFor) -> Step:
    if target.jmx.username is None:
        return Step("password", State.FINDING, OPEN_TO_ALL)
    jmx = dataclasses.replace(target.jmx, username=None, password_file=None, password_env=None)
    try:
        _read(dataclasses.replace(target, jmx=jmx), transport_for)
    except TransportError as error:
        refused = error.reason is Reason.AUTHENTICATION
        return Step("password", State.GOOD, "asked for, and right" if refused else "right")
    return Step("password", State.FINDING, f"yours is taken, but {OPEN_TO_ALL}")


def _broker_step(readings: Sequence[Reading]) -> Step:
    if not readings:
        why = "there is none in this JVM; write kind: producer, or correct jmx.host and jmx.port"
        return Step("broker", State.FINDING, why)
    named = [f"{reading.name.properties['id']} ({', '.join(map(str, reading.values))})" for reading in readings]
    return Step("broker", State.GOOD, _listed(named))


def _producer_step(readings: Sequence[Reading]) -> Step:
    versions, clients = _producers(readings)
    hidden = sorted(set(versions) - set(clients))
    if hidden:
        # Of two with one client.id each close takes the MBeans of both, and leaves only app-info.
        why = "alive, but without numbers since another of the same client.id was closed; give each its own client.id"
        return Step("producers", State.FINDING, f"{_listed(hidden)}: {why}")
    if not clients:
        why = "none yet; if one should be there, see that metric.reporters has JmxReporter, and metrics.jmx.exclude"
        return Step("producers", State.FINDING, why)
    named = [f"{client} ({versions[client]})" if versions.get(client) else client for client in clients]
    return Step("producers", State.GOOD, f"{len(clients)}: {_listed(named)}")


def _producers(readings: Sequence[Reading]) -> tuple[dict[str, str], list[str]]:
    """Return version by client id, and the ids of the producers that are seen."""
    versions, clients = {}, []
    for reading in readings:
        client = reading.name.properties.get("client-id", "")
        if reading.name.properties.get("type") == "app-info":
            versions[client] = str(dict(zip(reading.attributes, reading.values, strict=True)).get("version", ""))
        else:
            clients.append(client)
    return versions, sorted(clients)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _advice(jmx: Jmx, steps: Sequence[Step]) -> list[str]:
    # A password that is refused is corrected here, not in the JVM.
    of_the_jvm = {("reachable", State.FAILED), ("JMX", State.FAILED), ("password", State.FINDING)}
    return jvm_flags(jmx) if any((step.name, step.state) in of_the_jvm for step in steps) else []


def jvm_flags(jmx: Jmx) -> list[str]:
    """Return the flags of a JVM that this target can read with a password, and nobody from elsewhere."""
    prefix = "-Dcom.sun.management.jmxremote"
    tls = jmx.tls.mode is not TlsMode.NONE
    return [
        f"{prefix}.port={jmx.port}",
        f"{prefix}.rmi.port={jmx.rmi_port or jmx.port}",
        *([f"{prefix}.host=127.0.0.1"] if is_loopback(jmx.host) else []),
        f"{prefix}.ssl={str(tls).lower()}",
        *([f"{prefix}.registry.ssl=true"] if jmx.tls.mode is TlsMode.BOTH else []),
        f"{prefix}.authenticate=true",
        f"{prefix}.password.file=/etc/jmx/jmxremote.password",
        f"{prefix}.access.file=/etc/jmx/jmxremote.access",
    ]


ABOUT_THE_FILES = (
    "  where jmxremote.password has the line monitor PASSWORD (mode 0400, owned by the JVM's user)",
    "  and jmxremote.access the line monitor readonly; here, set jmx.username and jmx.password_file",
)


def as_text(reports: Sequence[Report]) -> str:
    """Return the reports for a person: a list of steps each, and the flags of the JVM below."""
    return "\n".join(_report_as_text(report) for report in reports)


def _report_as_text(report: Report) -> str:
    name = report.target if report.target == report.address else f"{report.target} ({report.address})"
    lines = [name, *(f"  {MARKS[step.state]} {step.name:<10} {step.detail}".rstrip() for step in report.steps)]
    if report.advice:
        lines += ["", "  flags of the JVM:", *(f"    {flag}" for flag in report.advice), *ABOUT_THE_FILES]
    return "".join(f"{printable(line, limit=None)}\n" for line in lines)


def as_json(reports: Sequence[Report]) -> str:
    """Return the reports for a program: a list of objects."""
    return json.dumps([_report_as_json(report) for report in reports], indent=2) + "\n"


def _report_as_json(report: Report) -> dict[str, object]:
    steps = [{"step": step.name, "state": step.state, "detail": step.detail} for step in report.steps]
    return {"target": report.target, "address": report.address, "steps": steps, "jvm_flags": list(report.advice)}
