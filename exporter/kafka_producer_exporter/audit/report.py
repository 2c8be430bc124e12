"""Audits as text for a person, and as values for a program."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafka_producer_exporter.audit.findings import Basis, Item, Verdict
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.net.printable import printable

MARKS = {Verdict.FINDING: "✗", Verdict.GOOD: "✓", Verdict.NOTE: "·", Verdict.UNKNOWN: "?"}
ASCII_MARKS = {Verdict.FINDING: "x", Verdict.GOOD: "+", Verdict.NOTE: "-", Verdict.UNKNOWN: "?"}

_ORDER = (Verdict.FINDING, Verdict.NOTE, Verdict.GOOD, Verdict.UNKNOWN)

BASES = {
    Basis.SET: Text("certain: set here", "확실: 여기에 설정됨"),
    Basis.DEFAULT: Text("likely: the default, unless it is set elsewhere", "추정: 다른 곳에 설정이 없으면 기본값"),
    Basis.SEEN: Text("certain: seen", "확실: 관측됨"),
    Basis.INFERRED: Text("likely: inferred", "추정: 추론됨"),
    Basis.NONE: Text("cannot be known from here", "여기서는 알 수 없음"),
}
_GUIDE = Text("guide", "가이드")
_SET = Text("set", "설정")
_DO = Text("do", "조치")
_JOB = Text("whose job", "담당")
_WELL = Text("nothing to change", "바꿀 것이 없습니다")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report: a file, a producer, or a cluster."""

    title: str
    note: Text | None = None
    items: Sequence[Item]
    judged: bool = True
    """False for a list of what cannot be known: it says nothing about whether there is something to change."""


def has_findings(sections: Sequence[Section]) -> bool:
    """Return whether there is something to change."""
    return any(item.verdict is Verdict.FINDING for section in sections for item in section.items)


def as_text(sections: Sequence[Section], language: str, *, marks: Mapping[Verdict, str] = MARKS) -> str:
    """Return the report for a person. Every line is printable, whatever files, JVMs and brokers contain."""
    blocks = ("".join(f"{printable(line, limit=None)}\n" for line in _lines(one, language, marks)) for one in sections)
    return "\n".join(blocks)


def _lines(section: Section, language: str, marks: Mapping[Verdict, str]) -> Iterator[str]:
    note = f" ({section.note.of(language)})" if section.note else ""
    yield f"{section.title}{note}"
    ordered = sorted(section.items, key=lambda item: _ORDER.index(item.verdict))
    if section.judged and not any(item.verdict is Verdict.FINDING for item in ordered):
        yield f"  {marks[Verdict.GOOD]} {_WELL.of(language)}"
    for item in ordered:
        yield from _item_lines(item, section, language, marks)


def _item_lines(item: Item, section: Section, language: str, marks: Mapping[Verdict, str]) -> Iterator[str]:
    value = f"={_short(item.value)}" if item.value is not None else ""
    where = "" if not item.where or section.title == item.where else f"{item.where}: "
    basis = BASES[item.basis].of(language)
    yield f"  {marks[item.verdict]} {where}{item.written or item.option}{value}  [{basis}]"
    yield f"      {item.why.of(language)}"
    if item.verdict is not Verdict.FINDING and item.verdict is not Verdict.NOTE:
        return
    if item.line is not None:
        yield f"      {_GUIDE.of(language)}: {item.line.value.of(language)}"
    for option, wanted in item.change.items():
        yield f"      {_SET.of(language)}: {option}={wanted}"
    if item.advice is not None:
        yield f"      {_DO.of(language)}: {item.advice.of(language)}"
    if item.owner is not None:
        yield f"      {_JOB.of(language)}: {item.owner.value.of(language)}"


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:79]}…"


def as_values(sections: Sequence[Section], language: str) -> list[dict[str, object]]:
    """Return the report for a program, as JSON values."""
    return [
        {
            "subject": section.title,
            "note": section.note.of(language) if section.note else None,
            "items": [_item_values(item, language) for item in section.items],
        }
        for section in sections
    ]


def _item_values(item: Item, language: str) -> dict[str, object]:
    return {
        "verdict": item.verdict.value,
        "where": item.where,
        "option": item.option,
        "written": item.written or item.option,
        "value": item.value,
        "certainty": item.basis.certainty,
        "basis": item.basis.value,
        "guide": item.line.value.of(language) if item.line else None,
        "why": item.why.of(language),
        "set": dict(item.change),
        "do": item.advice.of(language) if item.advice else None,
        "owner": item.owner.value.of(language) if item.owner else None,
    }
