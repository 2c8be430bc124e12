"""The status page, in HTML: each target with its state, what to do about it, and the guide's numbers of its producers.

Imported with the first request for it, since most exporters never serve it.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence

from kafka_producer_exporter import __version__
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.server.application import TargetStatus
from kafka_producer_exporter.server.broker_card import broker_card
from kafka_producer_exporter.server.guide_numbers import (
    OF_PRODUCER,
    Values,
    is_troubled,
    numbers_table,
    values_of,
)
from kafka_producer_exporter.server.last_diagnosis import Found, LastDiagnosis
from kafka_producer_exporter.server.page_frame import html_page, link, runbook_line, safe
from kafka_producer_exporter.server.page_words import DOWN, UP, ago, as_of, clock, definitions, duration, more

REFRESH_SECONDS = 10
SHOWN_PRODUCERS = 60
"""On the whole page: it stays small where hundreds of producers are read."""
SHOWN_OF_TARGET = 20

TITLE = Text("Kafka producers", "Kafka 프로듀서")
DOWN_TITLE = Text("{n} down · Kafka producers", "응답 없음 {n} · Kafka 프로듀서")
TARGETS_UP = Text("{up} of {all} targets up", "대상 {all}개 중 {up}개 정상")
TARGET_UP = Text("{up} of {all} target up", TARGETS_UP.ko)
SOME_DOWN = Text("{n} down", "{n}개 응답 없음")
SOME_UNREAD = Text("{n} not read yet", "{n}개 아직 읽지 않음")
NO_TARGETS = Text(
    "No targets are configured. Add some to the configuration, or start with --target NAME=HOST:PORT.",
    "설정된 대상이 없습니다. 설정에 추가하거나 --target NAME=HOST:PORT로 시작하세요.",
)
INVALID = Text("The configuration is invalid, so no target is read.", "설정이 올바르지 않아 어떤 대상도 읽지 않습니다.")
FIND_OUT = Text("Find out why events are not published", "이벤트가 발행되지 않는 이유 찾기")
TAKES = Text("(takes some seconds)", "(몇 초 걸립니다)")
NOT_READ = Text("not read yet", "아직 읽지 않음")
PRODUCERS = Text("producers", "프로듀서")
SERIES = Text("series", "시계열")
LAST_SCRAPE = Text("last scrape", "마지막 수집")
TOOK = Text("took", "걸린 시간")
DIAGNOSED = Text("Diagnosed {ago}:", "{ago} 진단:")
NOTHING = Text("nothing was found", "발견된 원인 없음")
ABOUT_NUMBERS = Text(
    "The guide's numbers of each producer. Rates and averages cover the last 30 to 60 s.",
    "프로듀서마다 가이드가 보라는 값입니다. 초당 값과 평균은 최근 30~60초의 것입니다.",
)
REFRESH = Text("refresh every {n} s", "{n}초마다 새로 고침")
DO_NOT_REFRESH = Text("do not refresh", "새로 고침 멈추기")
AS_JSON = Text("as JSON", "JSON으로 보기")

# A JVM flag in a sentence. As code it is not broken after its hyphen.
_OPTION = re.compile(r"(?<!\S)-[A-Za-z][^\s?;,&]*")


def status_page(
    statuses: Sequence[TargetStatus],
    *,
    brokers: Sequence[Family] | None,
    config_error: str | None,
    diagnosed: LastDiagnosis,
    language: str,
    refreshes: bool = False,
    now: float | None = None,
    instant: float | None = None,
) -> bytes:
    """Return the page as of *now*, in seconds since the epoch, and *instant*, the same of ``time.monotonic()``.

    None means the present. Ages come from *instant*, so that a step of the clock does not change them.
    *brokers* has the families of the broker view; None means that there is none. A page that *refreshes* loads itself
    again every ``REFRESH_SECONDS``, which only those want who did not come to read.
    """
    now = time.time() if now is None else now
    instant = time.monotonic() if instant is None else instant
    # People open this page because something is wrong, so targets that are down come first.
    ordered = sorted(statuses, key=lambda status: (status.up is not False, status.up is not None, status.name))
    parts = [
        *_problem(config_error, language),
        *([_summary(statuses, language)] if statuses or (config_error is None and brokers is None) else []),
        *([broker_card(brokers, now, language)] if brokers is not None else []),
    ]
    room = SHOWN_PRODUCERS
    for status in ordered:
        age_seconds = instant - status.scrape.started if status.scrape else 0.0
        by_client = _producers(status)
        shown = min(len(by_client), SHOWN_OF_TARGET, room)
        room -= shown
        numbers = _numbers(by_client, shown, language)
        parts.append(_card(status, now, age_seconds, diagnosed.of(status.name), numbers, language))
    refresh = [("refresh", "on")] if refreshes else []
    return html_page(
        title=_title(statuses, language),
        heading=TITLE.of(language),
        main="\n".join(parts),
        language=language,
        here="./",
        footer=_footer(now, language, refreshes=refreshes),
        query=refresh,
        refresh_seconds=REFRESH_SECONDS if refreshes else None,
    )


def _title(statuses: Sequence[TargetStatus], language: str) -> str:
    """Return the title of the browser tab, which shows trouble even if the tab is in the background."""
    down = sum(status.up is False for status in statuses)
    return DOWN_TITLE.of(language).format(n=down) if down else TITLE.of(language)


def _footer(now: float, language: str, *, refreshes: bool) -> str:
    if refreshes:
        refresh = link("./", DO_NOT_REFRESH.of(language), language)
    else:
        refresh = f'<a href="./?lang={language}&amp;refresh=on">{REFRESH.of(language).format(n=REFRESH_SECONDS)}</a>'
    return f"""<span>{as_of(now, language)} · {refresh}</span>
<span>kafka-producer-exporter {safe(__version__)} · <a href="targets.json">{AS_JSON.of(language)}</a></span>"""


def _summary(statuses: Sequence[TargetStatus], language: str) -> str:
    if not statuses:
        return f'<p class="summary">{NO_TARGETS.of(language)}</p>'
    up = sum(status.up is True for status in statuses)
    down = sum(status.up is False for status in statuses)
    waiting = len(statuses) - up - down
    parts = [(TARGET_UP if len(statuses) == 1 else TARGETS_UP).of(language).format(up=up, all=len(statuses))]
    parts += [SOME_DOWN.of(language).format(n=down)] if down else []
    parts += [SOME_UNREAD.of(language).format(n=waiting)] if waiting else []
    find_out = f"{link('diagnose', FIND_OUT.of(language), language)} {TAKES.of(language)}"
    return f'<p class="summary">{", ".join(parts)}. {find_out}</p>'


def _problem(config_error: str | None, language: str) -> Iterator[str]:
    if config_error is not None:
        lines = "\n".join(safe(line) for line in config_error.splitlines())
        yield f'<section class="problem">\n<p>{INVALID.of(language)}</p>\n<pre lang="en">{lines}</pre>\n</section>'


def _card(
    status: TargetStatus, now: float, age_seconds: float, found: Found | None, numbers: Sequence[str], language: str
) -> str:
    scrape = status.scrape
    advice: list[str] = []
    facts: Mapping[Text, str | None] = {}
    if scrape is None:
        state, words = "unknown", NOT_READ.of(language)
    else:
        state = "up" if scrape.reason is None else "down"
        words = UP.of(language) if scrape.reason is None else f"{DOWN.of(language)}: {scrape.reason.value}"
        if scrape.detail:
            advice.append(f'<p class="advice" lang="en">{_with_code(scrape.detail)}</p>')
        if scrape.reason is not None:
            advice.append(runbook_line("KafkaProducerTargetDown", language))
        facts = {
            PRODUCERS: None if status.clients is None else f"{status.clients:,}",
            SERIES: f"{status.series:,}",
            LAST_SCRAPE: f"{clock(now - age_seconds)}, {ago(age_seconds, language)}",
            TOOK: duration(scrape.duration_seconds, language),
        }
    parts = [
        f'<section class="target {state}">',
        f"<h2>{safe(status.name)} <code>{safe(str(status.address))}</code>"
        f' <span class="state">{safe(words)}</span></h2>',
        *advice,
        definitions(facts, language),
        *_found(found, language),
        *numbers,
        "</section>",
    ]
    return "\n".join(filter(None, parts))


def _found(found: Found | None, language: str) -> Iterator[str]:
    if found is not None:
        titles = "; ".join(title.of(language) for title in found.titles) or NOTHING.of(language)
        when = DIAGNOSED.of(language).format(ago=ago(found.age_seconds, language))
        yield f'<p class="advice">{when} {link("diagnose", safe(titles), language)}</p>'


def _producers(status: TargetStatus) -> Mapping[str, Values]:
    """Return the guide's numbers of each producer of a target; nothing for a target that is down, or a broker."""
    return values_of(status.scrape.families, "client_id") if status.scrape is not None and status.clients else {}


def _numbers(by_client: Mapping[str, Values], shown: int, language: str) -> list[str]:
    """Return the tables of the first *shown* producers; those with trouble come first."""
    if not by_client:
        return []
    ordered = sorted(by_client, key=lambda name: (not is_troubled(by_client[name], OF_PRODUCER), name))
    return [
        f'<p class="advice soft">{ABOUT_NUMBERS.of(language)}</p>',
        '<div class="tables">',
        *(numbers_table(name, by_client[name], OF_PRODUCER, language) for name in ordered[:shown]),
        "</div>",
        *more(len(ordered) - shown, language),
    ]


def _with_code(sentence: str) -> str:
    """Return a sentence as HTML, with its JVM flags as code."""
    return _OPTION.sub(r"<code>\g<0></code>", safe(sentence))
