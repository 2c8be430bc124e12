"""Writes the pages, English and Korean, and finds what is wrong with the lines."""

import re
from collections.abc import Iterator, Sequence

from dashboards.boards import BOARDS
from kafka_producer_exporter.catalogue.documentation import guide_as_markdown
from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.text import markdown_table
from tools.guide.lines import CHAPTERS, Chapter, Line
from tools.guide.served import Kind, Served, alerts, metrics, panels

PAGES = {"en": "guide-coverage.md", "ko": "guide-coverage.ko.md"}
_WRITTEN = "<!-- Written by `make generate` from tools/guide/; do not edit. -->\n\n"
_INTRODUCTION = {
    "en": """\
# The operating guide, line by line

The guide is the Kafka producer operating guide that this exporter was written for
([in Korean](guide-coverage.ko.md)). This page has each of its lines, what serves it, and, where the line is out of
date or inexact, what is right. The corrections were checked with Kafka's source and with clients 2.1.1 to 4.4.0. A test
fails if anything named here does not exist.
""",
    "ko": """\
# 운영 가이드, 한 줄씩

이 익스포터는 「카프카 프로듀서 운영 가이드」를 위해 만들었습니다([영문](guide-coverage.md)). 이 페이지는 가이드의
모든 줄에 대해 무엇이 그 내용을 제공하는지, 그리고 오래되었거나 정확하지 않은 줄은 무엇이 맞는지 보여 줍니다.
바로잡은 내용은 Kafka 소스와 클라이언트 2.1.1~4.4.0으로 확인했습니다. 여기 적힌 것 중 하나라도 없으면 테스트가
실패합니다.
""",
}
_HEADS = {
    "en": ("The guide says", "Served by", "What is right, or good to know"),
    "ko": ("가이드", "제공하는 것", "바로잡을 점, 알아 둘 점"),
}
_NAMES = """\
## The names of the monitoring section

The same, with how to read each name here, is printed by `kafka-producer-exporter metrics --guide`.
"""
_TERM = re.compile(r"`([^`]+)`")


def page(language: str) -> str:
    """Return the page."""
    parts = [_WRITTEN + _INTRODUCTION[language]]
    for chapter in CHAPTERS:
        rows = [_row(line, language) for line in chapter.lines]
        parts.append(f"## {chapter.title.of(language)}\n\n{markdown_table(_HEADS[language], rows)}")
    if language == "en":
        parts.append(f"{_NAMES}\n{guide_as_markdown(GUIDE)}")
    return "\n".join(parts)


def _row(line: Line, language: str) -> tuple[str, str, str]:
    says = f"{line.guide}<br>*{line.meaning}*" if language == "en" else line.guide
    note = [f"**{line.flaw.value.of(language)}**"] if line.flaw else []
    note += [line.note.of(language)] if line.note else []
    return says, _served(all_served(line), language), " ".join(note)


def _served(served: Sequence[Served], language: str) -> str:
    by_kind = ((kind, [one.markdown(language) for one in served if one.kind is kind]) for kind in Kind)
    return "<br>".join(f"{kind.value.of(language)}: {', '.join(links)}" for kind, links in by_kind if links)


def all_served(line: Line) -> Sequence[Served]:
    """Return what serves a line, with what carries its names of the monitoring section."""
    derived: list[Served] = []
    for entry in GUIDE:
        if entry.name in line.names:
            derived += metrics(*(metric.name for metric in entry.metrics()))
            derived += alerts(*(alert["alert"] for alert in rules.alerts() if alert.get("guide") == entry.name))
            derived += panels(
                *(
                    f"{board.key}: {panel.title.en}"
                    for board in BOARDS
                    for panel in board.panels()
                    if entry.name in panel.guide
                )
            )
    return tuple(dict.fromkeys([*derived, *line.served]))


def problems(chapters: Sequence[Chapter] = CHAPTERS) -> Iterator[str]:
    """Yield each line that nothing serves, each dead end, and each term of the guide that nothing answers."""
    for line in (line for chapter in chapters for line in chapter.lines):
        served = all_served(line)
        if not served:
            yield f"nothing serves: {line.guide}"
        if line.flaw and not line.note:
            yield f"it is not said what is right: {line.guide}"
        yield from (f"there is no {one.kind.name.lower()} {one.name}" for one in served if not one.exists())
        answered = {*(one.name for one in served), *line.names}
        for term in _TERM.findall(line.guide):
            name = re.split(r"[<>=]", term)[0]
            is_in_note = line.note is not None and all(f"`{term}`" in line.note.of(one) for one in PAGES)
            if name not in answered and not is_in_note and not _is_call(term, line):
                yield f"nothing answers `{term}` of: {line.guide}"


def _is_call(term: str, line: Line) -> bool:
    """Return whether *term* is a statement of the example whose time the client has a metric of, or send()."""
    call = re.fullmatch(r"producer\.(\w+)\(.*\);", term)
    if call is None:
        return False
    words = {"initTransactions": "init", "beginTransaction": "begin", "commitTransaction": "commit"}
    if call[1] in words:
        return any(f"_txn_{words[call[1]]}_" in one.name for one in line.served)
    return call[1] == "send" or any(one.name == call[1] for one in line.served)
