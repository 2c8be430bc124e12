"""The verb ``diagnose``: reads producers twice, asks the brokers, and names the causes of what goes wrong."""

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from kafka_producer_exporter.commands.arguments import (
    add_settings_arguments,
    add_targets,
    chosen_targets,
    settings_from,
)
from kafka_producer_exporter.commands.serving import arguments_of, is_configured, serving_process
from kafka_producer_exporter.diagnosis.diagnose import diagnose
from kafka_producer_exporter.diagnosis.evidence import NO_READING, Brokers, Evidence, Page, Reading, Series
from kafka_producer_exporter.diagnosis.report import Subject, as_text, as_values, exit_code
from kafka_producer_exporter.evidence.source import Source
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.pack import LANGUAGES
from kafka_producer_exporter.settings import Broker, Settings, Target, TargetKind
from kafka_producer_exporter.text import encodable

PARALLEL_READS = 16
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
        default=10.0,
        metavar="SECONDS",
        help="time between the two readings (default: 10); a longer one sees rarer errors",
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the report; default: Korean in a Korean locale, else English"
    )
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Diagnose and print. Return 3 if a target cannot be read, else 1 if anything is found, else 0."""
    settings = settings_of(arguments)
    progress = Progress(sys.stderr.isatty())
    with ExitStack() as stack:
        sources, broker_sources = _sources(settings, arguments.targets)
        for source in (*sources, *broker_sources):
            stack.callback(source.close)
        subjects = examine(
            sources,
            broker_sources,
            settings.broker,
            interval_seconds=arguments.interval,
            progress=progress,
        )
    language = _language(arguments.lang)
    if arguments.format == "json":
        sys.stdout.write(json.dumps(as_values(subjects, language), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(as_text(subjects, language, _painter()))
    return exit_code(subjects)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the flags; without any, those of the process that serves beside us, if there is one."""
    if not is_configured(arguments) and (serving := serving_process()) is not None:
        theirs = arguments_of(serving)
        theirs.targets = arguments.targets
        print(f"with the configuration of the serving process, pid {serving.pid}", file=sys.stderr)
        return settings_from(theirs, {**serving.environment, **os.environ})
    return settings_from(arguments)


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
    brokers = with_jvms(brokers, brokers_first, _read(broker_sources))
    progress.end()
    notes = brokers.unseen if brokers is not None else ()
    if not sources:
        diagnosis = diagnose(Evidence(brokers=brokers, now_seconds=time.time()))
        name = f"brokers ({broker.bootstrap_servers[0]})" if broker is not None else "brokers"
        return [Subject(name, 0.0, diagnosis, notes=notes, is_brokers=True)]
    provides = {source.provides for source in sources}
    names = frozenset().union(*(one for one in provides if one is not None)) if None not in provides else None
    return [
        _subject(name, first.get(name, NO_READING), reading, brokers, names, notes) for name, reading in second.items()
    ]


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
    return Subject(name, evidence.seconds, diagnose(evidence), notes=notes)


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
        before={**brokers.before, **_joined(first)},
        unseen=[*brokers.unseen, *down],
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


def _language(given: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the language that is given, or that of the locale if the terminal can show it."""
    if given is not None:
        return given
    locale = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "ko" if locale.lower().startswith("ko") and encodable("원인", sys.stdout) else "en"


def _painter() -> Callable[[str, str], str]:
    """Return what colours a text: nothing, unless the report goes to a terminal that may have colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lambda text, _: text
    return lambda text, style: f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.5 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not an interval; use 0.5 to 600 seconds")
    return seconds
