"""The verb ``audit``: compares a configuration, or a live producer, with the operating guide."""

import argparse
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_producer_exporter.audit.findings import Basis, GuideLine, Item, Verdict
from kafka_producer_exporter.audit.report import ASCII_MARKS, MARKS, Section, as_text, as_values, has_findings
from kafka_producer_exporter.audit.version import NEWEST, OLDEST, ClientVersion
from kafka_producer_exporter.commands.arguments import add_settings_arguments, chosen_targets, settings_from
from kafka_producer_exporter.commands.report_language import add_language, report_language
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.languages import Text, of_locale
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.net.files import read_small_file
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.text import encodable

if TYPE_CHECKING:  # each run needs one part of the program only
    from kafka_producer_exporter.audit.configuration import Configuration
    from kafka_producer_exporter.audit.live import LiveProducer
    from kafka_producer_exporter.broker.cluster.topics import TopicDurability
    from kafka_producer_exporter.jmx.readings import Reading, Transport
    from kafka_producer_exporter.settings import Broker, Target

STDIN = "-"
MAX_FILE_BYTES = 1 << 20
DEADLINE_SECONDS = 10.0
_LOOKS_LIKE_A_FILE = re.compile(r".*/.*|.*\.(?:properties|props|ya?ml|json|env|conf|config|cfg|txt)|\.env.*", re.DOTALL)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument(
        "subjects",
        metavar="FILE|TARGET",
        nargs="*",
        help="a configuration (Java properties, Spring YAML, environment variables, ConfigMap; - for standard input), "
        "a configured target, or HOST:PORT of a JMX agent; default: all configured targets",
    )
    parser.add_argument(
        "--client-version",
        metavar="VERSION",
        help=f"version of the Kafka client that reads the files, whose defaults count; default: {NEWEST}",
    )
    add_language(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace, *, transport_for: "Callable[[Target], Transport] | None" = None) -> int:
    """Audit and print. Return 3 if a target or cluster is unreachable, 2 if a file is unreadable, else 1 or 0."""
    version = _client_version(arguments.client_version)
    files = [word for word in arguments.subjects if _is_file(word)]
    arguments.targets = [word for word in arguments.subjects if word not in files]
    settings = settings_from(arguments)
    targets = chosen_targets(settings, arguments.targets) if arguments.targets or not files else []
    sections, problems = _audit_files(files, version, asks_brokers=settings.broker is not None)
    failures: list[str] = []
    topics: list[str] = []
    for target in targets:
        try:
            producers, hidden = read_producers(target, transport_for)
        except TransportError as error:
            failures.append(f"{target.name}: {error}")
        else:
            sections += _live_sections(target, producers, hidden)
            topics += [topic for producer in producers for topic in producer.topics]
    if settings.broker is not None:
        try:
            sections.append(_cluster_section(settings.broker, sorted(set(topics))))
        except TransportError as error:
            failures.append(str(error))
    _print(sections, arguments)
    for line in failures:
        print(printable(line, limit=None), file=sys.stderr)
    if problems:
        print(ConfigError("audit", problems), file=sys.stderr)
    return 3 if failures else 2 if problems else 1 if has_findings(sections) else 0


def _print(sections: Sequence[Section], arguments: argparse.Namespace) -> None:
    if arguments.format == "json":  # whose escapes any terminal shows
        values = as_values(sections, arguments.lang or of_locale(os.environ))
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
        return
    marks = MARKS if encodable("".join(MARKS.values()), sys.stdout) else ASCII_MARKS
    sys.stdout.write(as_text(sections, report_language(arguments.lang), marks=marks))


def _client_version(text: str | None) -> ClientVersion:
    if text is None:
        return NEWEST
    try:
        version = ClientVersion.parse(text)
    except ValueError as error:
        raise ConfigError("--client-version", [Problem("--client-version", str(error))]) from None
    if version < OLDEST:
        problem = Problem("--client-version", f"clients before {OLDEST} are not known; use {OLDEST} or later")
        raise ConfigError("--client-version", [problem])
    return version


# Files.


def _is_file(word: str) -> bool:
    try:
        exists = Path(word).exists()
    except (OSError, ValueError):  # a name that no file can have
        exists = False
    return word == STDIN or exists or _LOOKS_LIKE_A_FILE.fullmatch(word) is not None


def _audit_files(
    files: Sequence[str], version: ClientVersion, *, asks_brokers: bool
) -> tuple[list[Section], list[Problem]]:
    """Return a section for each configuration in the files, and why the other files cannot be read."""
    if not files:
        return [], []
    from kafka_producer_exporter.audit.rules import audit_all

    found: list[Configuration] = []
    problems: list[Problem] = []
    for name in dict.fromkeys(files):
        try:
            found += _read_file(name, version)
        except ConfigError as error:
            problems += error.problems
    note = Text(f"Kafka client {version}", f"카프카 클라이언트 {version}")
    return [
        Section(title=one.name, note=note, items=items) for one, items in audit_all(found, asks_brokers=asks_brokers)
    ], problems


def _read_file(name: str, version: ClientVersion) -> "list[Configuration]":
    """Return the configurations in a file. Raise ConfigError, which quotes nothing of it."""
    from kafka_producer_exporter.audit.entries import UnreadableError
    from kafka_producer_exporter.audit.read import read

    shown = printable("stdin" if name == STDIN else name, limit=None)
    try:
        return read(_content(name), shown, version)
    except UnreadableError as error:
        where = shown if error.line is None else f"{shown}:{error.line}"
        raise ConfigError("audit", [Problem(where, printable(str(error), limit=None))]) from None
    except FileNotFoundError:
        raise ConfigError("audit", [Problem(shown, "there is no such file; correct its name")]) from None
    except OSError as error:
        what = (error.strerror or "unreadable").lower()
        raise ConfigError("audit", [Problem(shown, f"{what}; correct the name, or the file's owner or mode")]) from None
    except ValueError as error:
        raise ConfigError("audit", [Problem(shown, f"{error}; give a file with the configuration")]) from None


def _content(name: str) -> bytes:
    if name != STDIN:
        return read_small_file(Path(name), max_bytes=MAX_FILE_BYTES)
    content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
    return content


# Producers.


def read_producers(
    target: "Target", transport_for: "Callable[[Target], Transport] | None" = None
) -> "tuple[list[LiveProducer], list[Item]]":
    """Read the producers of a JVM once; the items are about those without metrics. Raise TransportError."""
    from kafka_producer_exporter.audit.live import READ_ATTRIBUTES
    from kafka_producer_exporter.catalogue.mbean_kinds import APP_INFO, CLIENT, PATTERN, kind_of
    from kafka_producer_exporter.jmx.readings import Selection

    if transport_for is None:
        from kafka_producer_exporter.targets import transports

        transport_for = transports.transport_for
    wanted = {CLIENT: READ_ATTRIBUTES, APP_INFO: frozenset({"version"}), None: frozenset[str]()}
    selection = Selection(
        PATTERN, lambda name, listed: [one for one in listed if one in wanted.get(kind_of(name), frozenset[str]())]
    )
    transport = transport_for(target)
    try:
        readings = transport.read([selection], deadline=time.monotonic() + DEADLINE_SECONDS)
        listed, lists_all = transport.listed, transport.lists_all
    finally:
        transport.close()
    return _producers(target.name, readings, listed), _hidden(target.name, readings, listed) if lists_all else []


def _producers(target: str, readings: "Sequence[Reading]", listed: Sequence[str]) -> "list[LiveProducer]":
    from kafka_producer_exporter.audit.live import LiveProducer
    from kafka_producer_exporter.catalogue.mbean_kinds import CLIENT, NODE, TLS, TOPIC, kind_of
    from kafka_producer_exporter.jmx.objectname import ObjectName

    others: dict[str, dict[object, list[Mapping[str, str]]]] = {}
    for text in listed:
        try:
            name = ObjectName(text)
        except ValueError:
            continue
        client_id = name.properties.get("client-id", "")
        others.setdefault(client_id, {}).setdefault(kind_of(name), []).append(name.properties)
    versions = {
        reading.name.properties.get("client-id", ""): _version(reading.values)
        for reading in readings
        if reading.name.properties.get("type") == "app-info"
    }
    producers = []
    for name, attributes, values in readings:
        if kind_of(name) is not CLIENT:
            continue
        client_id = name.properties.get("client-id", "")
        kinds = others.get(client_id, {})
        nodes = [properties["node-id"].removeprefix("node-") for properties in kinds.get(NODE, ())]
        producers.append(
            LiveProducer(
                target=target,
                client_id=client_id,
                version=versions.get(client_id),
                attributes={
                    attribute: float(value)
                    for attribute, value in zip(attributes, values, strict=True)
                    if isinstance(value, int | float) and math.isfinite(value)
                },
                brokers=sum(not node.startswith("-") for node in nodes),
                bootstrap_servers=sum(node.startswith("-") for node in nodes),
                has_tls=TLS in kinds,
                topics=tuple(properties["topic"] for properties in kinds.get(TOPIC, ())),
            )
        )
    return sorted(producers, key=lambda producer: producer.client_id)


def _hidden(target: str, readings: "Sequence[Reading]", listed: Sequence[str]) -> list[Item]:
    from kafka_producer_exporter.audit.live import hidden
    from kafka_producer_exporter.catalogue.hidden import HiddenReason, hidden_producers

    found = hidden_producers(listed, {reading.name.text for reading in readings})
    duplicate = HiddenReason.DUPLICATE_CLIENT_ID
    return [hidden(target, client, is_duplicate=reason is duplicate) for client, reason in sorted(found.items())]


def _version(values: Sequence[object]) -> ClientVersion | None:
    try:
        return ClientVersion.parse(str(values[0]))
    except (IndexError, ValueError):
        return None


def _live_sections(target: "Target", producers: "Sequence[LiveProducer]", hidden: Sequence[Item]) -> list[Section]:
    from kafka_producer_exporter.audit.live import audit_producers, unseen

    if not producers and not hidden:
        none = Text(
            "No producer is visible. The verb check says why.",
            "보이는 프로듀서가 없습니다. 이유는 check가 알려 줍니다.",
        )
        item = Item(verdict=Verdict.FINDING, option="client.id", basis=Basis.SEEN, why=none, line=GuideLine.MONITORING)
        return [Section(title=target.name, items=[item])]
    sections = [
        Section(
            title=producer.name,
            note=Text(f"Kafka client {producer.version or '?'}", f"카프카 클라이언트 {producer.version or '?'}"),
            items=items,
        )
        for producer, items in audit_producers(producers)
    ]
    sections += [Section(title=item.where, items=[item]) for item in hidden]
    versions = [producer.version for producer in producers if producer.version is not None]
    title = Text("what nobody outside the application can know", "애플리케이션 밖에서는 알 수 없는 것")
    return [*sections, Section(title=target.name, note=title, items=unseen(min(versions, default=None)), judged=False)]


# Brokers.


def _cluster_section(broker: "Broker", topics: Sequence[str]) -> Section:
    """Ask the cluster. Raise TransportError."""
    from kafka_producer_exporter.audit.brokers import SETTINGS, ClusterState, TopicState, audit_cluster
    from kafka_producer_exporter.broker.durability import cluster_durability

    found = cluster_durability(broker, topics, SETTINGS)
    server = str(broker.bootstrap_servers[0])

    def state(one: "TopicDurability") -> TopicState:
        return TopicState(
            topic=one.topic,
            replicas=one.replication,
            min_in_sync=one.min_in_sync,
            under_min_in_sync=one.under_min_in_sync,
        )

    cluster = ClusterState(
        server=server,
        topics=[state(one) for one in found.topics],
        transaction_log=state(found.transaction_log) if found.transaction_log is not None else None,
        settings=found.settings,
    )
    return Section(title=server, items=audit_cluster(cluster))
