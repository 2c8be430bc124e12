"""Entries and the findings of a log as text for people and as values for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka_producer_exporter.errorcodes.entry import Entry, Kind
from kafka_producer_exporter.errorcodes.log_reader import Client, Findings, Row
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.text import table

WIDTH = 100

_YES, _NO = Text("yes", "예"), Text("no", "아니요")
_RETRIABLE = Text("retriable", "재시도 가능(retriable)")
_MEANING = Text("meaning", "의미")
_NEXT_STEP = Text("next step", "다음 단계")
_GUIDE = Text("retries", "재시도")
_ALERTS = Text("alerts", "경보")
_RUNBOOK = Text("runbook", "런북")
_SEEN = Text("first seen", "첫 항목")
_NOT_A_PRODUCERS = Text("none, this code does not reach producers", "없음. 프로듀서가 받는 코드가 아닙니다")
_NO_ALERT = Text("none", "없음")
_NOT_KNOWN = Text(
    "This exception is not in the table: it is from a newer client, or from another part of Kafka.",
    "표에 없는 예외입니다. 더 새로운 클라이언트나 Kafka의 다른 부분에서 나온 것입니다.",
)
_NOTHING = Text("no Kafka error found", "Kafka 오류가 없습니다")
_READ = Text("{lines} lines read", "{lines}줄을 읽었습니다")
_COUNTED = Text(
    "Log entries by client.id and error; an entry with its stack trace counts once:",
    "client.id와 오류별 로그 항목 수입니다. 스택 트레이스는 한 항목으로 셉니다:",
)
_ID_HEADING = Text(
    "Producer ids that the brokers gave, the last {most} of each client:",
    "브로커가 준 producer id입니다. 클라이언트마다 마지막 {most}개입니다:",
)
_ID_MEANING = Text(
    "A new producer id or epoch for the same client.id means that the application created a producer again, that "
    "several instances share the client.id, or that the client recovered from an error. Newer clients log only a part "
    "of them.",
    "같은 client.id에 새 producer id나 epoch가 생겼다면 애플리케이션이 프로듀서를 다시 만들었거나, 여러 인스턴스가 "
    "같은 client.id를 쓰거나, 클라이언트가 오류에서 복구한 것입니다. 새 클라이언트는 그중 일부만 로그에 남깁니다.",
)
_LEFT_OUT = Text(
    "{count} more are not listed, because there are too many different clients.",
    "클라이언트 종류가 너무 많아 {count}건은 표시하지 않았습니다.",
)
_UNSTATED = Text("(not stated)", "(알 수 없음)")


def entry_text(entry: Entry, language: str, *, example: str = "") -> str:
    """Return an entry as lines; *example* is the first line of a log that has it."""
    title = entry.name if entry.code is None else f"{entry.name} ({entry.code})"
    if entry.exception:
        title += f", {entry.exception}"
    fields = {}
    if entry.kind is not Kind.NONE:
        fields[_RETRIABLE] = (_YES if entry.retriable else _NO).of(language)
    fields[_MEANING] = entry.meaning.of(language)
    fields[_NEXT_STEP] = entry.next_step.of(language)
    if entry.concerns_producers and (entry.code is not None or entry.exception):
        fields[_GUIDE] = entry.advice.of(language)
    if entry.alerts:
        fields[_ALERTS] = ", ".join(entry.alerts)
        fields[_RUNBOOK] = f"kafka-producer-exporter runbook {entry.alerts[0]}"
        if language != "en":
            fields[_RUNBOOK] += f" --lang {language}"
    else:
        fields[_ALERTS] = (_NO_ALERT if entry.concerns_producers else _NOT_A_PRODUCERS).of(language)
    if example:
        fields[_SEEN] = printable(example, limit=None)
    return f"{title}\n" + "".join(_field(name.of(language), text) for name, text in fields.items())


def entry_json(entry: Entry, language: str) -> Mapping[str, Any]:
    """Return an entry as a JSON object."""
    advised = entry.concerns_producers and (entry.code is not None or bool(entry.exception))
    return {
        "name": entry.name,
        "code": entry.code,
        "exception": entry.exception or None,
        "retriable": entry.retriable,
        "kind": entry.kind.value,
        "meaning": entry.meaning.of(language),
        "next_step": entry.next_step.of(language),
        "retries": entry.advice.of(language) if advised else None,
        "alerts": list(entry.alerts),
        "runbooks": list(entry.alerts),
        "concerns_producers": entry.concerns_producers,
    }


def log_text(findings: Findings, language: str) -> str:
    """Return the findings of a log as lines: counts, producer ids, then what each error means."""
    read = _READ.of(language).format(lines=f"{findings.lines:,}")
    parts = [f"{read}; {_NOTHING.of(language)}\n" if not findings.rows else f"{read}\n"]
    if findings.rows:
        counts = [["client.id", "error", "retriable", "entries"]]
        counts += [
            [_client(row.client, language), _title(row), _retriable(row), str(row.count)] for row in findings.rows
        ]
        parts.append(f"{_COUNTED.of(language)}\n{table(counts, numbers=False)}")
    if findings.ids:
        heading = _ID_HEADING.of(language).format(most=findings.ids[0].last.maxlen)
        rows = [["client.id", "transactional.id", "producer ids", "producer id/epoch"]]
        for ids in findings.ids:
            last = ", ".join(f"{producer_id}/{epoch}" for producer_id, epoch in ids.last)
            name = ids.client_id or _UNSTATED.of(language)
            rows.append([name, ids.transactional_id or "-", str(ids.count), last])
        parts.append(f"{heading}\n{table(rows, numbers=False)}{_wrapped(_ID_MEANING.of(language), '  ')}")
    if findings.left_out:
        parts.append(_LEFT_OUT.of(language).format(count=findings.left_out) + "\n")
    for name, row in {row.name: row for row in reversed(findings.rows)}.items():
        if row.entry is None:
            unknown = _field(_MEANING.of(language), _NOT_KNOWN.of(language))
            seen = _field(_SEEN.of(language), printable(row.example, limit=None))
            parts.append(f"{printable(name)}\n{unknown}{seen}")
    known: dict[str, Row] = {}
    for row in findings.rows:
        known.setdefault(row.name, row)
    parts += [entry_text(row.entry, language, example=row.example) for row in known.values() if row.entry]
    return "\n".join(parts)


def log_json(findings: Findings, language: str) -> Mapping[str, Any]:
    """Return the findings of a log as a JSON object."""
    entries = {row.name: row.entry for row in findings.rows if row.entry}
    return {
        "lines": findings.lines,
        "errors": [
            {
                "client_kind": row.client.kind or None,
                "client_id": row.client.client_id or None,
                "name": row.name,
                "code": row.entry.code if row.entry else None,
                "retriable": row.entry.retriable if row.entry else None,
                "count": row.count,
                "first": row.example,
            }
            for row in findings.rows
        ],
        "producer_ids": [
            {
                "client_id": ids.client_id or None,
                "transactional_id": ids.transactional_id or None,
                "count": ids.count,
                "last": [{"producer_id": producer_id, "epoch": epoch} for producer_id, epoch in ids.last],
            }
            for ids in findings.ids
        ],
        "left_out": findings.left_out,
        "explanations": [entry_json(entry, language) for entry in entries.values()],
    }


def _client(client: Client, language: str) -> str:
    if not client.kind:
        return _UNSTATED.of(language)
    return client.client_id if client.kind == "producer" else f"{client.client_id} ({client.kind})"


def _title(row: Row) -> str:
    code = row.entry.code if row.entry else None
    return row.name if code is None else f"{row.name} ({code})"


def _retriable(row: Row) -> str:
    if row.entry is None:
        return "?"
    return "yes" if row.entry.retriable else "no"


def _field(name: str, text: str) -> str:
    return _wrapped(f"{name}: {text}", "  ", continued="    ")


def _wrapped(text: str, indent: str, *, continued: str | None = None) -> str:
    lines: Sequence[str] = _lines(text, WIDTH - len(indent))
    rest = indent if continued is None else continued
    return "".join(f"{indent if number == 0 else rest}{line}\n" for number, line in enumerate(lines))


def _lines(text: str, width: int) -> list[str]:
    """Break *text* at its blanks; a Korean letter is two columns wide."""
    lines: list[str] = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and sum(2 if ord(letter) >= 0x1100 else 1 for letter in longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
