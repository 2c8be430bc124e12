"""The page ``/diagnose``, for people: what goes wrong with the producers, and what to change.

Imported with the first request for it, since most exporters never serve any.
"""

import time
from collections.abc import Callable, Iterator
from html import escape

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
    CONSEQUENCE,
    IDLE,
    NO_PRODUCER,
    NOTHING,
    SHOWN_CLIENTS,
    SHOWN_FACTS,
    UNKNOWN,
    UNREADABLE,
    Subject,
    fact_text,
    unknown_lines,
)
from kafka_producer_exporter.languages import LANGUAGES, Text
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.server.application import Application
from kafka_producer_exporter.server.messages import Request, Response, html_response
from kafka_producer_exporter.server.page_language import page_language
from kafka_producer_exporter.server.status_page import STYLE

INTERVAL_SECONDS = 5.0
"""Between the two readings. Shorter than that of the verb, since a browser shows nothing meanwhile."""
DEADLINE_SECONDS = 5.0

LISTS = ".target ul{margin:.4rem 0 0;padding-left:1.2rem}.target h3{font-size:1rem;margin:.9rem 0 .2rem}"
TITLE = Text("Why are events not published?", "이벤트가 왜 발행되지 않는가?")
TARGETS = Text("all targets", "모든 타깃")
NO_TARGET = Text("No target is configured.", "설정된 타깃이 없습니다.")


def diagnose_response(
    application: Application,
    request: Request,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Response:
    """Return the page after reading all targets twice. It takes ``INTERVAL_SECONDS`` and two reads.

    The parameter ``lang`` chooses the language; without it, Accept-Language does.
    """
    language, headers = page_language(request)
    first_at, first = clock(), page_of(application.collect(deadline=clock() + DEADLINE_SECONDS).families())
    sleep(INTERVAL_SECONDS)
    second_at, second = clock(), page_of(application.collect(deadline=clock() + DEADLINE_SECONDS).families())
    subjects = list(_subjects(Reading(first_at, first), Reading(second_at, second), application))
    body = _page(subjects, language)
    return html_response(body.encode(), headers=headers)


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


def _page(subjects: list[Subject], language: str) -> str:
    cards = "\n".join(_card(subject, language) for subject in subjects) or f"<p>{NO_TARGET.of(language)}</p>"
    other = next(one for one in LANGUAGES if one != language)
    title = TITLE.of(language)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}{LISTS}</style>
</head>
<body>
<header><h1>{title}</h1>
<span><a href="./">{TARGETS.of(language)}</a> · <a href="?lang={other}">{other}</a></span></header>
<main>
{cards}
</main>
</body>
</html>
"""


def _card(subject: Subject, language: str) -> str:
    diagnosis = subject.diagnosis
    name = _safe(subject.name)
    if diagnosis is None:
        down = subject.down or Down("", "")
        words = UNREADABLE.of(language).format(reason=down.reason, detail="").rstrip(": ")
        return f'<section class="target down">\n<h2>{name} <span class="state">{_safe(words)}</span></h2>\n</section>'
    if not diagnosis.findings:
        state, words = "up", NOTHING.of(language)
    else:
        state, words = "down", diagnosis.findings[0].cause.title.of(language)
    parts = [f'<section class="target {state}">', f'<h2>{name} <span class="state">{_safe(words)}</span></h2>']
    if not diagnosis.clients and not subject.is_brokers:
        parts.append(f'<p class="advice">{_safe(NO_PRODUCER.of(language))}</p>')
    parts += [_finding(finding, language) for finding in diagnosis.findings]
    if diagnosis.idle:
        parts.append(f'<p class="advice">{_safe(IDLE.of(language).format(clients=", ".join(diagnosis.idle)))}</p>')
    if unknown := unknown_lines(diagnosis, language):
        items = "".join(f"<li>{_safe(line)}</li>" for line in unknown)
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
    seen = "".join(f"<li><code>{_safe(fact)}</code></li>" for fact in facts)
    to_do = "".join(f"<li>{_safe(line)}</li>" for line in (*changes, *apart, *notes))
    certainty = CERTAINTIES[finding.certainty].of(language)
    return f"""<h3>{_safe(cause.title.of(language))} ({certainty})</h3>
<p>{_safe(cause.explanation.of(language))}</p>
<ul>{seen}</ul>
<ul>{to_do}<li><a href="runbooks/{cause.runbook}?lang={language}">{cause.runbook}</a></li></ul>"""


def _safe(text: str) -> str:
    return escape(printable(text, limit=None))
