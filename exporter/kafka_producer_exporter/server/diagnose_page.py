"""The page ``/diagnose``, for people: what goes wrong with the producers, and what to change.

Imported with the first request for it, since most exporters never serve any.
"""

import time
from collections.abc import Callable, Iterator

from kafka_producer_exporter.diagnosis.diagnose import Finding, diagnose
from kafka_producer_exporter.diagnosis.evidence import (
    NO_READING,
    Brokers,
    Down,
    Evidence,
    Page,
    Reading,
    events_between,
    page_of,
    part_of,
    provided_by,
)
from kafka_producer_exporter.diagnosis.model import CERTAINTIES, OWNERS
from kafka_producer_exporter.diagnosis.report import (
    CHANGE,
    CONSEQUENCE,
    IDLE,
    NO_PRODUCER,
    NOTHING,
    SEEN,
    SHOWN_CLIENTS,
    SHOWN_FACTS,
    UNKNOWN,
    UNREADABLE,
    Subject,
    fact_text,
    unknown_lines,
)
from kafka_producer_exporter.languages import LANGUAGES, Text
from kafka_producer_exporter.server.application import Application
from kafka_producer_exporter.server.last_diagnosis import LastDiagnosis
from kafka_producer_exporter.server.messages import Request, Response, html_response
from kafka_producer_exporter.server.page_frame import html_page, link, prose, runbook_line, safe
from kafka_producer_exporter.server.page_language import page_language
from kafka_producer_exporter.server.page_words import as_of

INTERVAL_SECONDS = 5.0
"""Between the two readings. Shorter than that of the verb, since a browser shows nothing meanwhile."""
DEADLINE_SECONDS = 5.0

TITLE = Text("Why are events not published?", "이벤트가 왜 발행되지 않는가?")
AGAIN = Text("diagnose again", "다시 진단")
NO_TARGET = Text("No target is configured.", "설정된 대상이 없습니다.")


def diagnose_response(
    application: Application,
    request: Request,
    last: LastDiagnosis,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Response:
    """Return the page after reading all targets twice. It takes ``INTERVAL_SECONDS`` and two reads.

    What is found is kept in *last*. The parameter ``lang`` chooses the language; without it, Accept-Language does.
    """
    language, headers = page_language(request)
    first_at, first = clock(), page_of(application.collect(deadline=clock() + DEADLINE_SECONDS).families())
    sleep(INTERVAL_SECONDS)
    second_at, second = clock(), page_of(application.collect(deadline=clock() + DEADLINE_SECONDS).families())
    subjects = list(_subjects(Reading(first_at, first), Reading(second_at, second), application))
    last.keep({subject.name: _titles(subject) for subject in subjects if subject.diagnosis is not None})
    subjects.sort(key=_is_healthy)  # people open this page because something is wrong
    cards = "\n".join(_card(subject, language) for subject in subjects) or f"<p>{NO_TARGET.of(language)}</p>"
    title = TITLE.of(language)
    footer = f"<span>{as_of(time.time(), language)} · {link('diagnose', AGAIN.of(language), language)}</span>"
    body = html_page(title=title, heading=title, main=cards, language=language, here="diagnose", footer=footer)
    return html_response(body, headers=headers)


def _subjects(first: Reading, second: Reading, application: Application) -> Iterator[Subject]:
    view = application.broker_families()
    kinds = {
        labels["target"]: labels["kind"] for labels, _ in second.page.get("kafka_producer_exporter_target_info", ())
    }
    provides = provided_by(second.page)
    brokers: Brokers | None = None
    if view is not None or "broker" in kinds.values():
        brokers = Brokers(
            page=second.page,
            before=first.page,
            events=events_between(first.page, second.page),
            knows_events=bool(second.page.get("kafka_producer_exporter_counting_since_timestamp_seconds")),
        )
    targets = [(labels["target"], up) for labels, up in second.page.get("kafka_producer_up", ())]
    for target, up in targets:
        if kinds.get(target) == "broker":
            continue
        if not up:
            yield Subject(target, 0.0, None, _down(target, second.page))
            continue
        evidence = Evidence(
            first=first._replace(page=part_of(first.page, "target", target)),
            second=second._replace(page=part_of(second.page, "target", target)),
            brokers=brokers,
            provides=provides,
            now_seconds=time.time(),
        )
        yield Subject(target, evidence.seconds, diagnose(evidence))
    if brokers is not None and not any(kinds.get(target) != "broker" for target, _ in targets):
        evidence = Evidence(first=NO_READING, second=NO_READING, brokers=brokers, now_seconds=time.time())
        yield Subject("brokers", 0.0, diagnose(evidence), is_brokers=True)


def _down(target: str, page: Page) -> Down:
    errors = page.get("kafka_producer_exporter_target_error", ())
    reason = next((labels["reason"] for labels, _ in errors if labels.get("target") == target), "")
    return Down(reason, "/")


def _is_healthy(subject: Subject) -> bool:
    return subject.diagnosis is not None and not subject.diagnosis.findings


def _titles(subject: Subject) -> list[Text]:
    """Return the titles of the findings with their certainties, in each language."""
    findings = subject.diagnosis.findings if subject.diagnosis is not None else ()
    return [Text(*(_title(finding, language) for language in LANGUAGES)) for finding in findings]


def _title(finding: Finding, language: str) -> str:
    return f"{finding.cause.title.of(language)} ({CERTAINTIES[finding.certainty].of(language)})"


def _card(subject: Subject, language: str) -> str:
    diagnosis = subject.diagnosis
    name = safe(subject.name)
    if diagnosis is None:
        down = subject.down or Down("", "")
        words = UNREADABLE.of(language).format(reason=down.reason, detail="").rstrip(": ")
        return f'<section class="target down">\n<h2>{name} <span class="state">{safe(words)}</span></h2>\n</section>'
    if not diagnosis.findings:
        state, words = "up", NOTHING.of(language)
    else:
        state, words = "down", diagnosis.findings[0].cause.title.of(language)
    parts = [f'<section class="target {state}">', f'<h2>{name} <span class="state">{safe(words)}</span></h2>']
    if not diagnosis.clients and not subject.is_brokers:
        parts.append(f'<p class="advice">{safe(NO_PRODUCER.of(language))}</p>')
    parts += [_finding(finding, language) for finding in diagnosis.findings]
    if diagnosis.idle:
        parts.append(f'<p class="advice">{safe(IDLE.of(language).format(clients=", ".join(diagnosis.idle)))}</p>')
    if unknown := unknown_lines(diagnosis, language):
        items = "".join(f"<li>{safe(line)}</li>" for line in unknown)
        parts.append(f"<details><summary>{UNKNOWN.of(language)}</summary><ul>{items}</ul></details>")
    return "\n".join([*parts, "</section>"])


def _finding(finding: Finding, language: str) -> str:
    cause = finding.cause
    facts = [
        f"{client}: {fact_text(fact, language)}" if client else fact_text(fact, language)
        for client, shown in finding.facts[:SHOWN_CLIENTS]
        for fact in shown[:SHOWN_FACTS]
    ]
    changes = [
        f"{change.option}: {change.value.of(language)} ({OWNERS[change.owner].of(language)})"
        for change in cause.changes
    ]
    apart = [f"{other}: {text.of(language)}" for other, text in finding.apart]
    because = CONSEQUENCE.of(language).format(causes=", ".join(finding.consequence_of))
    notes = [because] if finding.consequence_of else []
    seen = "".join(f"<li><code>{safe(fact)}</code></li>" for fact in facts)
    to_do = "".join(f"<li>{prose(line)}</li>" for line in (*changes, *apart, *notes))
    parts = [
        f"<h3>{safe(_title(finding, language))}</h3>",
        f"<p>{prose(cause.explanation.of(language))}</p>",
        *_labelled_list(SEEN, seen, language),
        *_labelled_list(CHANGE, to_do, language),
        runbook_line(cause.runbook, language),
    ]
    return "\n".join(parts)


def _labelled_list(label: Text, items: str, language: str) -> list[str]:
    return [f'<p class="advice soft">{label.of(language).capitalize()}:</p>', f"<ul>{items}</ul>"] if items else []
