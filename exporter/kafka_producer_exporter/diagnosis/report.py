"""Diagnoses for a person, in English or Korean, and for a program."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.diagnosis.diagnose import Diagnosis, Finding
from kafka_producer_exporter.diagnosis.evidence import BROKERS, Down, Fact
from kafka_producer_exporter.diagnosis.model import CERTAINTIES, OWNERS
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.text import human_value

WIDTH = 100
SHOWN_CLIENTS = 3
"""The most producers whose numbers a finding shows; the rest are named."""
SHOWN_FACTS = 8
SHOWN_NAMES = 10
SHOWN_QUIET = 5
"""The most targets without a finding whose reports are shown."""

Paint = Callable[[str, str], str]
"""Returns a text in a style: ``title``, ``certain``, ``likely``, ``possible`` or ``soft``."""


class Subject(NamedTuple):
    """One target, or the brokers alone, and what was found."""

    name: str
    seconds: float
    """The time between the readings."""
    diagnosis: Diagnosis | None
    """None if the target could not be read."""
    down: Down | None = None
    notes: Sequence[str] = ()
    """Lines for a person: questions that the brokers did not answer."""
    is_brokers: bool = False
    is_partial: bool = False
    """Whether the brokers were asked, too, and none answered."""


NOTHING = Text("nothing was found", "발견된 원인이 없습니다")
FOUND = Text("{n} found", "원인 {n}개")
QUIET = Text("Nothing was found in {n} targets: {names}.", "대상 {n}개에서 발견된 원인이 없습니다: {names}.")
READ_TWICE = Text("read twice, {seconds:.0f} s apart", "{seconds:.0f}초 간격으로 두 번 읽음")
NO_PRODUCER = Text(
    "The JVM has no producer. If the application should have one, it could not be created: look in its log for "
    '"No resolvable bootstrap urls", a ConfigException or a login that fails.',
    "JVM에 프로듀서가 없습니다. 있어야 한다면 생성에 실패한 것입니다. 애플리케이션 로그에서 "
    '"No resolvable bootstrap urls", ConfigException, 로그인 실패를 찾아보세요.',
)
IDLE = Text(
    "Idle, which is no finding: the application sends nothing with {clients}.",
    "유휴 상태이며 문제로 보지 않습니다. 애플리케이션이 {clients}(으)로 아무것도 보내지 않고 있습니다.",
)
UNREADABLE = Text("cannot be read ({reason}): {detail}", "읽을 수 없습니다({reason}): {detail}")
SEEN = Text("seen", "근거")
CHANGE = Text("change", "조치")
RUNBOOK = Text("runbook", "런북")
APART = Text("or", "또는")
CONSEQUENCE = Text("probably a consequence of {causes}", "아마 {causes}의 결과")
ALSO = Text("also in {clients}", "다른 프로듀서: {clients}")
UNKNOWN = Text("Cannot know", "알 수 없음")
NEEDS_BROKERS = Text(
    "{causes}: no broker answered; give --bootstrap-server, or configure broker:",
    "{causes}: 브로커의 답이 없습니다. --bootstrap-server를 주거나 broker:를 설정하세요",
)
LACKS = Text("{causes}: the source has no {names}", "{causes}: 이 출처에는 {names}이(가) 없습니다")
ABSENT = Text("absent", "없음")


def as_text(subjects: Sequence[Subject], language: str, paint: Paint = lambda text, _: text) -> Iterator[str]:
    """Yield the report line by line. Of many targets, those in which nothing was found are only named, at the end."""
    quiet = [subject for subject in subjects if _is_quiet(subject)]
    shown = subjects if len(quiet) <= SHOWN_QUIET else [subject for subject in subjects if not _is_quiet(subject)]
    for number, subject in enumerate(shown):
        if number:
            yield "\n"
        yield from _subject(subject, language, paint)
    if len(shown) < len(subjects):
        if shown:
            yield "\n"
        names = _names([subject.name for subject in quiet])
        yield from _wrapped(QUIET.of(language).format(n=len(quiet), names=names), indent="")


def _is_quiet(subject: Subject) -> bool:
    diagnosis = subject.diagnosis
    return diagnosis is not None and bool(diagnosis.clients) and not diagnosis.findings


def as_values(subjects: Sequence[Subject], language: str) -> list[dict[str, Any]]:
    """Return the report as JSON values."""
    return [_values(subject, language) for subject in subjects]


def _subject(subject: Subject, language: str, paint: Paint) -> Iterator[str]:
    name = printable(subject.name, limit=None)
    if subject.down is not None:
        words = UNREADABLE.of(language).format(reason=subject.down.reason, detail=subject.down.detail)
        yield f"{paint(name, 'title')}: {printable(words, limit=None)}\n"
        return
    diagnosis = subject.diagnosis
    if diagnosis is None:
        raise AssertionError("a target that can be read has a diagnosis")
    count = len(diagnosis.findings)
    words = FOUND.of(language).format(n=count) if count else NOTHING.of(language)
    how = "" if subject.is_brokers else f" ({READ_TWICE.of(language).format(seconds=subject.seconds)})"
    yield f"{paint(name, 'title')}: {words}{how}\n"
    if not diagnosis.clients and not subject.is_brokers:
        yield from _wrapped(NO_PRODUCER.of(language), indent="  ")
    for number, finding in enumerate(diagnosis.findings, 1):
        yield "\n"
        yield from _finding(number, finding, language, paint)
    if diagnosis.idle:
        yield "\n"
        yield from _wrapped(IDLE.of(language).format(clients=_names(diagnosis.idle)), indent="  ")
    unknown = [*unknown_lines(diagnosis, language), *(printable(note, limit=None) for note in subject.notes)]
    if unknown:
        yield f"\n  {paint(UNKNOWN.of(language), 'soft')}\n"
        for line in unknown:
            yield from _wrapped(f"- {line}", indent="  ", hanging=2)


def _finding(number: int, finding: Finding, language: str, paint: Paint) -> Iterator[str]:
    cause = finding.cause
    certainty = CERTAINTIES[finding.certainty].of(language)
    title = paint(cause.title.of(language), "title")
    yield f"  {number}. {title} [{paint(certainty, finding.certainty.name.lower())}] {paint(cause.id, 'soft')}\n"
    yield from _wrapped(cause.explanation.of(language), indent="     ")
    if finding.consequence_of:
        words = CONSEQUENCE.of(language).format(causes=", ".join(finding.consequence_of))
        yield from _wrapped(words, indent="     ")
    yield from _facts(finding, language)
    for change in cause.changes:
        words = f"{change.option}: {change.value.of(language)} ({OWNERS[change.owner].of(language)})"
        yield from _labelled(CHANGE, words, language)
    for other, apart in finding.apart:
        yield from _labelled(APART, f"{other}. {apart.of(language)}", language)
    yield from _labelled(RUNBOOK, f"kafka-producer-exporter runbook {cause.runbook}", language)


def _facts(finding: Finding, language: str) -> Iterator[str]:
    for client, facts in finding.facts[:SHOWN_CLIENTS]:
        for fact in facts[:SHOWN_FACTS]:
            where = f"{printable(client)}: " if client else ""
            yield from _labelled(SEEN, where + fact_text(fact, language), language)
    if more := [client for client, _ in finding.facts[SHOWN_CLIENTS:] if client]:
        yield from _labelled(SEEN, ALSO.of(language).format(clients=_names(more)), language)


def fact_text(fact: Fact, language: str) -> str:
    """Return a fact as one line: ``kafka_producer_record_error_total{topic="orders"} +12``."""
    labels = ",".join(f'{name}="{printable(value)}"' for name, value in fact.labels.items())
    series = fact.metric + (f"{{{labels}}}" if labels else "")
    metric = METRICS.get(fact.metric)
    if fact.value is None:
        return f"{series} {ABSENT.of(language)}"
    if metric is None:
        return f"{series} = {fact.value:,.0f}"
    if metric.name.endswith("_timestamp_seconds") or metric.name.endswith("_start_time_seconds"):
        return f"{series} = {fact.value:.0f}"
    value = human_value(fact.value, metric)
    return f"{series} +{value}" if fact.increase else f"{series} = {value}"


def unknown_lines(diagnosis: Diagnosis, language: str) -> list[str]:
    """Return what could not be judged, one line for each thing that is missing."""
    by_needs: dict[tuple[str, ...], list[str]] = {}
    for cause, needs in diagnosis.unknown:
        by_needs.setdefault(tuple(needs), []).append(cause)
    lines = []
    for needs, causes in by_needs.items():
        template = NEEDS_BROKERS if BROKERS in needs else LACKS
        lines.append(template.of(language).format(causes=", ".join(causes), names=", ".join(needs)))
    return lines


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:SHOWN_NAMES])
    return f"{shown} … +{len(names) - SHOWN_NAMES}" if len(names) > SHOWN_NAMES else shown


def _labelled(label: Text, words: str, language: str) -> Iterator[str]:
    head = label.of(language)
    width = 8 - sum(ord(character) > 0x1100 for character in head)  # Hangul takes two columns
    yield from _wrapped(f"{head:{width}} {words}", indent="     ", hanging=9)


def _wrapped(text: str, *, indent: str, hanging: int = 0) -> Iterator[str]:
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * hanging,
        break_on_hyphens=False,
        break_long_words=False,
    )
    yield from (f"{line}\n" for line in lines)


def _values(subject: Subject, language: str) -> dict[str, Any]:
    down, diagnosis = subject.down, subject.diagnosis
    found = diagnosis.findings if diagnosis is not None else ()
    return {
        "subject": subject.name,
        "seconds": round(subject.seconds, 3),
        "reachable": down is None,
        "reason": down.reason if down is not None else None,
        "detail": down.detail if down is not None else None,
        "findings": [_finding_values(finding, language) for finding in found],
        "clients": list(diagnosis.clients) if diagnosis is not None else None,
        "idle": list(diagnosis.idle) if diagnosis is not None else None,
        "cannot_know": [
            {"cause": cause, "needs": list(needs)} for cause, needs in (diagnosis.unknown if diagnosis else ())
        ],
        "notes": list(subject.notes),
    }


def _finding_values(finding: Finding, language: str) -> dict[str, Any]:
    cause = finding.cause
    return {
        "cause": cause.id,
        "title": cause.title.of(language),
        "explanation": cause.explanation.of(language),
        "certainty": finding.certainty.name.lower(),
        "clients": finding.clients,
        "evidence": [
            {"client_id": client or None, **_fact_values(fact)} for client, facts in finding.facts for fact in facts
        ],
        "changes": [
            {"option": change.option, "value": change.value.of(language), "owner": change.owner.value}
            for change in cause.changes
        ],
        "consequence_of": list(finding.consequence_of),
        "inseparable_from": [{"cause": other, "told_apart_by": apart.of(language)} for other, apart in finding.apart],
        "runbook": cause.runbook,
    }


def _fact_values(fact: Fact) -> Mapping[str, Any]:
    return {
        "metric": fact.metric,
        "labels": dict(fact.labels),
        "increase" if fact.increase else "value": fact.value,
    }


def exit_code(subjects: Sequence[Subject]) -> int:
    """Return 3 if a target could not be read, else 1 if anything was found, 3 if only half was answered, else 0."""
    if any(subject.down is not None for subject in subjects):
        return 3
    if any(subject.diagnosis is not None and subject.diagnosis.findings for subject in subjects):
        return 1
    return 3 if any(subject.is_partial for subject in subjects) else 0
