"""The verb ``diagnose``: reads producers twice, asks the brokers, and names the causes of what goes wrong."""

import argparse
import dataclasses
import json
import logging
import os
import re
import ssl
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.commands.report_language import add_language, report_language
from kafka_producer_exporter.commands.serving import arguments_of, is_configured, serving_process
from kafka_producer_exporter.diagnosis.diagnose import diagnose
from kafka_producer_exporter.diagnosis.evidence import (
    NO_READING,
    Brokers,
    Evidence,
    Page,
    Reading,
    Series,
    ended_between,
    events_between,
)
from kafka_producer_exporter.diagnosis.report import Subject, as_text, as_values, exit_code
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.evidence.source import Source
from kafka_producer_exporter.languages import of_locale
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.settings import Broker, Settings, Target, TargetKind

PARALLEL_READS = 16
LIVE_SECONDS = 10.0
PROMETHEUS_SECONDS = 300.0
"""Between the two readings. A Prometheus has a value every 15 to 60 s, and remembers, so that nobody waits."""
MAX_INTERVAL_SECONDS = 86400.0
STYLES = {"title": "1", "certain": "1;31", "likely": "33", "possible": "36", "soft": "2"}
"""ANSI codes. No information is in a colour alone."""

Readings = Mapping[str, Reading]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    add_targets(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    parser.add_argument(
        "--interval",
        type=_interval,
        metavar="SECONDS",
        help="time between the two readings (default: 10, with --prometheus 300); a longer one sees rarer errors",
    )
    add_language(parser)
    other = parser.add_argument_group(
        "other sources", "For producers without this exporter. TARGET is then a value of the label target."
    )
    other.add_argument(
        "--metrics-url",
        type=_url,
        action="append",
        default=[],
        metavar="URL",
        help="a metrics page of this exporter, of jmx_exporter or of Micrometer; repeatable",
    )
    other.add_argument("--prometheus", type=_url, metavar="URL", help="a Prometheus that has the producers' metrics")
    other.add_argument(
        "--at",
        type=_moment,
        metavar="TIME",
        help="ask --prometheus for this moment: 2026-01-31T03:00:00Z, or how long ago, such as 90m (default: now)",
    )
    other.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="MATCHER",
        help="""a matcher for --prometheus, such as namespace="shop"; repeatable""",
    )
    other.add_argument("--token-file", type=Path, metavar="FILE", help="bearer token for these URLs")
    other.add_argument("--ca-file", type=Path, metavar="FILE", help="CA of these URLs (default: the system's)")
    other.add_argument(
        "--header",
        type=_header,
        action="append",
        default=[],
        metavar="NAME:VALUE",
        help="header for these URLs, such as X-Scope-OrgID:shop; repeatable",
    )
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Diagnose and print. Return 3 if a target or all brokers cannot be read, 1 if anything is found, else 0."""
    for name in ("kafka_producer_exporter", "kafka"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # the report says it
    others = _other_sources(arguments)
    settings = settings_from(_without_targets(arguments)) if others else settings_of(arguments)
    interval_seconds = arguments.interval or (PROMETHEUS_SECONDS if arguments.prometheus else LIVE_SECONDS)
    progress = Progress(sys.stderr.isatty())
    with ExitStack() as stack:
        sources, broker_sources = (others, []) if others else _sources(settings, arguments.targets)
        for source in (*sources, *broker_sources):
            stack.callback(source.close)
        try:
            subjects = examine(
                sources, broker_sources, settings.broker, interval_seconds=interval_seconds, progress=progress
            )
        finally:
            progress.end()
    if others and arguments.targets:
        subjects = [subject for subject in subjects if _target(subject) in arguments.targets]
        if missing := [name for name in arguments.targets if name not in set(map(_target, subjects))]:
            raise ConfigError("TARGET", [Problem(name, "the source has no such target") for name in missing])
    if arguments.format == "json":  # whose escapes any terminal shows
        values = as_values(subjects, arguments.lang or of_locale(os.environ))
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
    else:
        sys.stdout.writelines(as_text(subjects, report_language(arguments.lang), _painter()))
    return exit_code(subjects)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the flags; without any, those of the process that serves beside us, if there is one."""
    if not is_configured(arguments) and (serving := serving_process()) is not None:
        theirs = arguments_of(serving)
        theirs.targets = arguments.targets
        print(f"with the configuration of the serving process, pid {serving.pid}", file=sys.stderr)
        return settings_from(theirs, {**serving.environment, **os.environ})
    return settings_from(arguments)


def _target(subject: Subject) -> str:
    """Return the label ``target`` of what another source showed, without the replica."""
    return subject.name.partition(" (")[0]


def _without_targets(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments without TARGET, which is no target of ours."""
    return argparse.Namespace(**{**vars(arguments), "targets": []})


def _other_sources(arguments: argparse.Namespace) -> list[Source]:
    """Return the sources besides live JMX. Raise ConfigError for flags that belong to none."""
    given = {"--at": arguments.at is not None, "--match": bool(arguments.match)}
    if wrong := [flag for flag, is_given in given.items() if is_given and not arguments.prometheus]:
        raise ConfigError("diagnose", [Problem(flag, "it needs --prometheus URL") for flag in wrong])
    if not arguments.metrics_url and not arguments.prometheus:
        return []
    # Imported here: live JMX needs neither prometheus-client nor a client for HTTP.
    from kafka_producer_exporter.evidence.http import Access

    _require_readable(arguments)
    access = Access(token_file=arguments.token_file, ca_file=arguments.ca_file, headers=dict(arguments.header))
    sources: list[Source] = []
    if arguments.metrics_url:
        from kafka_producer_exporter.evidence.metrics_page import MetricsPage

        sources += [MetricsPage(url, access) for url in arguments.metrics_url]
    if arguments.prometheus:
        from kafka_producer_exporter.evidence.prometheus import Prometheus

        sources.append(
            Prometheus(
                arguments.prometheus,
                access,
                at_seconds=time.time() if arguments.at is None else arguments.at,
                interval_seconds=arguments.interval or PROMETHEUS_SECONDS,
                matchers=arguments.match,
                targets=arguments.targets,
            )
        )
    return sources


def _require_readable(arguments: argparse.Namespace) -> None:
    """Raise ConfigError if a file of the access cannot be used."""
    from kafka_producer_exporter.net.tls import verifying_context

    problems = []
    if arguments.token_file is not None:
        try:
            arguments.token_file.read_text(encoding="utf-8")
        except OSError as error:
            problems.append(Problem(f"--token-file {arguments.token_file}", (error.strerror or str(error)).lower()))
        except ValueError:
            problems.append(
                Problem(f"--token-file {arguments.token_file}", "this is no text file; give one with a token")
            )
    if arguments.ca_file is not None:
        try:
            verifying_context(arguments.ca_file)
        except ssl.SSLError:
            problems.append(
                Problem(f"--ca-file {arguments.ca_file}", "no certificate is in it; give a file in PEM format")
            )
        except OSError as error:
            problems.append(Problem(f"--ca-file {arguments.ca_file}", (error.strerror or str(error)).lower()))
    if problems:
        raise ConfigError("diagnose", problems)


def examine(
    sources: Sequence[Source],
    broker_sources: Sequence[Source],
    broker: Broker | None,
    *,
    interval_seconds: float,
    progress: "Progress",
    sleep: Callable[[float], None] = time.sleep,
) -> list[Subject]:
    """Read all sources twice and return a diagnosis of each target; of the brokers alone if there is no target.

    *broker_sources* show the JVMs of brokers, whose error counters are evidence for every target.
    """
    began = time.monotonic()
    progress.show("reading")
    first = _read(sources)
    brokers_first = _read(broker_sources)
    brokers = _ask(broker, first, progress) if broker is not None else None
    if any(source.is_live for source in (*sources, *broker_sources)):
        progress.wait(began + interval_seconds, sleep)
    progress.show("reading again")
    second = _read(sources)
    brokers = with_view(brokers, first.pop("", NO_READING), second.pop("", NO_READING))
    jvms = {name: second.pop(name) for name in [name for name, one in second.items() if _is_broker(one)]}
    brokers = with_jvms(brokers, {**first, **brokers_first}, {**jvms, **_read(broker_sources)})
    if sources and not second and brokers is None:
        raise TransportError(Reason.PROTOCOL, "no producer is there, and no view of brokers")
    notes = brokers.unseen if brokers is not None else ()
    if not second:
        diagnosis = diagnose(Evidence(brokers=brokers, now_seconds=time.time()))
        name = f"brokers ({broker.bootstrap_servers[0]})" if broker is not None else "brokers"
        down = brokers.down if brokers is not None and not diagnosis.findings else None
        return [Subject(name, 0.0, diagnosis if down is None else None, down, notes=notes, is_brokers=True)]
    provides = {source.provides for source in sources}
    names = frozenset().union(*(one for one in provides if one is not None)) if None not in provides else None
    return [
        _subject(name, first.get(name, NO_READING), reading, brokers, names, notes) for name, reading in second.items()
    ]


def _is_broker(reading: Reading) -> bool:
    """Return whether a reading is of a broker's JVM, which a page or a Prometheus shows beside producers."""
    return any(name.startswith("kafka_broker_") for name in reading.page)


def _subject(
    name: str,
    first: Reading,
    second: Reading,
    brokers: Brokers | None,
    provides: frozenset[str] | None,
    notes: Sequence[str],
) -> Subject:
    if second.down is not None:
        return Subject(name, 0.0, None, second.down)
    if first is NO_READING or first.down is not None:  # it came up in between
        first = second
    evidence = Evidence(first=first, second=second, brokers=brokers, provides=provides, now_seconds=time.time())
    is_partial = brokers is not None and brokers.down is not None
    return Subject(name, evidence.seconds, diagnose(evidence), notes=notes, is_partial=is_partial)


def _sources(settings: Settings, names: Sequence[str]) -> tuple[list[Source], list[Source]]:
    """Return the sources of the producers that are asked for, and those of the brokers' JVMs."""
    if not settings.targets and settings.broker is not None and not names:
        return [], []
    # Imported here, so that a usage error is reported without loading the JMX client.
    from kafka_producer_exporter.evidence.live import LiveJvm
    from kafka_producer_exporter.memory import MemoryBudget
    from kafka_producer_exporter.process import memory_limit
    from kafka_producer_exporter.targets.transports import transport_for

    limit = memory_limit()
    budget = MemoryBudget(None if limit is None else limit // 2)  # the other half is for the process that serves

    chosen = chosen_targets(settings, names)
    producers = [target for target in chosen if target.kind is TargetKind.PRODUCER]
    brokers = [target for target in settings.targets if target.kind is TargetKind.BROKER]

    def live(target: Target) -> Source:
        return LiveJvm(target, settings, transport_for=transport_for, budget=budget)

    return [live(target) for target in producers], [live(target) for target in brokers]


def _read(sources: Sequence[Source]) -> dict[str, Reading]:
    """Read all sources at once."""
    if not sources:
        return {}
    with ThreadPoolExecutor(max_workers=min(PARALLEL_READS, len(sources))) as pool:
        return {name: reading for found in pool.map(lambda one: one.read(), sources) for name, reading in found.items()}


def _ask(broker: Broker, readings: Readings, progress: "Progress") -> Brokers:
    from kafka_producer_exporter.evidence.brokers import ask_brokers  # late: kafka-python takes 8 MB

    topics = {
        labels["topic"]
        for reading in readings.values()
        for labels, _ in reading.page.get("kafka_producer_topic_record_send_total", ())
        if "topic" in labels
    }
    progress.show(f"asking the brokers at {broker.bootstrap_servers[0]}")
    return ask_brokers(broker, topics, report=progress.show)


def with_jvms(brokers: Brokers | None, first: Readings, second: Readings) -> Brokers | None:
    """Return what the brokers said, with what their own JVMs count."""
    if not second:
        return brokers
    brokers = brokers or Brokers()
    down = [f"{name}: {one.down.detail}" for name, one in second.items() if one.down is not None]
    return dataclasses.replace(
        brokers,
        page={**brokers.page, **_joined(second)},
        before={**brokers.before, **_joined({name: first[name] for name in second if name in first})},
        unseen=[*brokers.unseen, *down],
    )


def with_view(brokers: Brokers | None, first: Reading, second: Reading) -> Brokers | None:
    """Return what the brokers said, with the broker view that a metrics page or a Prometheus shows beside producers."""
    if not any(name.startswith(("kafka_transaction", "kafka_topic", "kafka_bootstrap")) for name in second.page):
        return brokers
    brokers = brokers or Brokers()
    counting = "kafka_producer_exporter_counting_since_timestamp_seconds"
    return dataclasses.replace(
        brokers,
        page={**second.page, **brokers.page},
        before={**first.page, **brokers.before},
        events=[*brokers.events, *events_between(first.page, second.page)],
        ended=[*brokers.ended, *ended_between(first.page, second.page)],
        knows_events=brokers.knows_events or bool(second.page.get(counting)),
    )


def _joined(readings: Readings) -> Page:
    page: dict[str, list[Series]] = {}
    for reading in readings.values():
        for name, series in reading.page.items():
            page.setdefault(name, []).extend(series)
    return page


class Progress:
    """One line on the terminal that says what is going on, and nothing anywhere else."""

    def __init__(self, is_terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_terminal = is_terminal
        self._clock = clock

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._is_terminal:
            print(f"\r\x1b[K{printable(text)} …", end="", file=sys.stderr, flush=True)

    def wait(self, until: float, sleep: Callable[[float], None]) -> None:
        """Wait until an instant of the clock, and count the seconds down."""
        while (left := until - self._clock()) > 0:
            self.show(f"reading again in {left:.0f} s")
            sleep(min(1.0, left))

    def end(self) -> None:
        """Remove the line."""
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _painter() -> Callable[[str, str], str]:
    """Return what colours a text: nothing, unless the report goes to a terminal that may have colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lambda text, _: text
    return lambda text, style: f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError("this is not a URL; write it like http://HOST:PORT/metrics")
    return text


def _header(text: str) -> tuple[str, str]:
    name, separator, value = text.partition(":")
    if not separator or not name.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("this is not a header; write it like NAME:VALUE")
    return name.strip(), value.strip()


def _moment(text: str) -> float:
    """Return a time in seconds since 1970."""
    if found := re.fullmatch(r"-?(\d{1,6})([smhd])", text):
        return time.time() - int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        advice = "write it like 2026-01-31T03:00:00Z or 2026-01-31T03:00:00+09:00, or 90m for 90 minutes ago"
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; {advice}")
    return moment.timestamp()


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.5 <= seconds <= MAX_INTERVAL_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not an interval; use 0.5 to {MAX_INTERVAL_SECONDS:g} seconds")
    return seconds
