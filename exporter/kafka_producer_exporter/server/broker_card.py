"""The brokers' card of the status page: which sources work, since when it counts, what is open and what hangs."""

from collections.abc import Iterable, Mapping, Sequence

from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.model import Family, Labels, Metric
from kafka_producer_exporter.server.guide_numbers import (
    OF_TRANSACTIONAL_ID,
    numbers_table,
    values_of,
)
from kafka_producer_exporter.server.page_frame import runbook_line, safe
from kafka_producer_exporter.server.page_words import DOWN, UP, ago, definitions, duration, more

SHOWN_ROWS = 10
"""The most open transactions, hanging transactions and transactional ids, of each."""

Samples = Sequence[tuple[Labels, float]]

BROKERS = Text("Brokers", "브로커")
SOURCES_UP = Text("{up} of {all} sources up", "소스 {all}개 중 {up}개 정상")
SHARD = Text("shard", "샤드")
SHARD_OF = Text("{shard} of {total}", "{total}개 중 {shard}")
SOURCES = Text("sources", "소스")
COUNTING = Text("counting", "집계")
NOT_YET = Text("not yet", "아직 시작하지 않음")
EXACTLY = Text("exactly, began {ago}", "정확함, {ago} 시작")
LOWER_BOUNDS = Text("lower bounds, began {ago}", "최솟값, {ago} 시작")
LOG_LAG = Text("log lag", "로그 지연")
RECORDS = Text("{n} records", "레코드 {n}건")
OPEN = Text("open transactions", "열린 트랜잭션")
HANGING = Text("hanging transactions", "멈춘 트랜잭션")
SEE_SHARD_0 = Text("see shard 0", "샤드 0에서 확인")
CANNOT_JUDGE = Text("cannot be judged now", "지금은 판단할 수 없음")
TRANSACTIONAL_ID = Text("transactional id", "transactional.id")
HOW_MANY = Text("open", "개수")
OLDEST = Text("oldest open for", "가장 오래 열린 시간")
TIMEOUT = Text("timeout", "타임아웃")
PARTITION = Text("partition", "파티션")
PRODUCER_ID = Text("producer id", "프로듀서 ID")
LAST_RECORD = Text("last record", "마지막 레코드")
WAITING = Text("records behind it", "뒤에 막힌 레코드")
ABORT = Text(
    "No timeout ends them, and read_committed consumers stop there. {command} shows the commands that abort them.",
    "어떤 타임아웃으로도 끝나지 않고, read_committed 컨슈머는 거기서 멈춥니다. 중단하는 명령은 {command}로 볼 수 "
    "있습니다.",
)
COMMAND = "<code>kafka-producer-exporter transactions --hanging</code>"
IDS = Text("Transactional ids", "transactional.id")


def broker_card(families: Iterable[Family], now: float, language: str) -> str:
    """Return the card as HTML, as of *now*, in seconds since the epoch."""
    families = list(families)
    by_metric = {family.metric: family.samples for family in families}
    reasons = {labels["source"]: labels["reason"] for labels, _ in by_metric.get(broker.SOURCE_ERROR, ())}
    sources = [labels["source"] for labels, _ in by_metric.get(broker.SOURCE_UP, ())]
    hanging = by_metric.get(broker.HANGING, ())
    shard = next((labels for labels, _ in by_metric.get(broker.SHARD, ())), None)
    lag = _value(by_metric, broker.LOG_LAG)
    facts = {
        SHARD: SHARD_OF.of(language).format(shard=shard["shard"], total=shard["total_shards"])
        if shard and shard["total_shards"] != "1"
        else None,
        SOURCES: ", ".join(f"{source} {_state(reasons.get(source), language)}" for source in sources),
        COUNTING: _counting(by_metric, now, language),
        LOG_LAG: None if lag is None else RECORDS.of(language).format(n=f"{lag:,.0f}"),
        OPEN: f"{sum(value for _, value in by_metric.get(broker.OPEN, ())):,.0f}",
        HANGING: _hanging_count(by_metric, language)
        if not shard or shard["shard"] == "0"
        else SEE_SHARD_0.of(language),
    }
    words = SOURCES_UP.of(language).format(up=len(sources) - len(reasons), all=len(sources))
    if hanging:
        words += f", {HANGING.of(language)}: {len(hanging)}"
    parts = [
        f'<section class="target {"down" if reasons or hanging else "up"}">',
        f'<h2>{BROKERS.of(language)} <span class="state">{words}</span></h2>',
        definitions(facts, language),
        *([runbook_line("KafkaProducerExporterSourceDown", language)] if reasons else []),
        *_hanging(by_metric, language),
        *_open(by_metric, language),
        *_identities(families, language),
        "</section>",
    ]
    return "\n".join(parts)


def _state(reason: str | None, language: str) -> str:
    return UP.of(language) if reason is None else f"{DOWN.of(language)}: {reason}"


def _counting(by_metric: Mapping[Metric, Samples], now: float, language: str) -> str:
    since = _value(by_metric, broker.COUNTING_SINCE)
    if since is None:
        return NOT_YET.of(language)
    how = EXACTLY if _value(by_metric, broker.EXACT) else LOWER_BOUNDS
    return how.of(language).format(ago=ago(now - since, language))


def _hanging_count(by_metric: Mapping[Metric, Samples], language: str) -> str:
    found = len(by_metric.get(broker.HANGING, ()))
    return CANNOT_JUDGE.of(language) if not found and _value(by_metric, broker.HANGING_JUDGED) == 0 else f"{found:,}"


def _hanging(by_metric: Mapping[Metric, Samples], language: str) -> list[str]:
    """Return where transactions hang and what to do; nothing if none does."""
    hanging = by_metric.get(broker.HANGING, ())
    if not hanging:
        return []
    ages, records = (dict(by_metric.get(one, ())) for one in (broker.HANGING_SECONDS, broker.HANGING_RECORDS))
    oldest_first = sorted((labels for labels, _ in hanging), key=lambda labels: -ages.get(labels, 0.0))
    rows = [
        (
            f"{labels['topic']}-{labels['partition']}",
            labels["producer_id"],
            ago(ages[labels], language) if labels in ages else "",
            f"{records[labels]:,.0f}" if labels in records else "",
        )
        for labels in oldest_first
    ]
    head = (PARTITION, PRODUCER_ID, LAST_RECORD, WAITING)
    advice = ABORT.of(language).format(command=COMMAND)
    return [
        *_table(HANGING, head, rows, language),
        f'<p class="advice">{advice}</p>',
        runbook_line("KafkaTransactionHanging", language),
    ]


def _open(by_metric: Mapping[Metric, Samples], language: str) -> list[str]:
    """Return the open transactions, those that have been open for longest first; nothing if none is open."""
    counts = dict(by_metric.get(broker.OPEN, ()))
    ages, timeouts = (dict(by_metric.get(one, ())) for one in (broker.OPEN_SECONDS, broker.TIMEOUT_SECONDS))
    rows = [
        (
            labels["transactional_id"],
            f"{counts[labels]:,.0f}" if labels in counts else "",
            duration(age, language),
            duration(timeouts[labels], language) if labels in timeouts else "",
        )
        for labels, age in sorted(ages.items(), key=lambda pair: -pair[1])
    ]
    return _table(OPEN, (TRANSACTIONAL_ID, HOW_MANY, OLDEST, TIMEOUT), rows, language) if rows else []


def _identities(families: Sequence[Family], language: str) -> list[str]:
    """Return the guide's numbers of each transactional id, that with most aborts first; nothing if there is no id."""
    found = values_of(families, "transactional_id")
    if not found:
        return []
    ordered = sorted(found, key=lambda name: (-found[name].get("transaction-abort-rate", 0.0), name))
    tables = [numbers_table(name, found[name], OF_TRANSACTIONAL_ID, language) for name in ordered[:SHOWN_ROWS]]
    return [
        f"<h3>{IDS.of(language)}</h3>",
        '<div class="tables">',
        *tables,
        "</div>",
        *more(len(ordered) - SHOWN_ROWS, language),
    ]


def _table(caption: Text, head: Sequence[Text], rows: Sequence[Sequence[str]], language: str) -> list[str]:
    columns = "".join(f'<th scope="col">{words.of(language)}</th>' for words in head)
    name = caption.of(language)
    return [
        f"<table>\n<caption>{name[0].upper()}{name[1:]}</caption>\n<thead><tr>{columns}</tr></thead>\n<tbody>",
        *(_row(*cells) for cells in rows[:SHOWN_ROWS]),
        "</tbody>\n</table>",
        *more(len(rows) - SHOWN_ROWS, language),
    ]


def _row(name: str, *cells: str) -> str:
    return f'<tr><th scope="row">{safe(name)}</th>' + "".join(f"<td>{safe(cell)}</td>" for cell in cells) + "</tr>"


def _value(by_metric: Mapping[Metric, Samples], metric: Metric) -> float | None:
    """Return the value of a metric that has one series."""
    return next((value for _, value in by_metric.get(metric, ())), None)
