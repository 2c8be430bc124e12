"""The numbers that the guide's monitoring section names, for each producer and each transactional id, as tables.

The client's own rates and averages cover its last 30 to 60 s. What the brokers count, they count from the time that the
page states.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.model import Family, Kind
from kafka_producer_exporter.server.page_frame import safe, short_runbook_link
from kafka_producer_exporter.server.page_words import with_units
from kafka_producer_exporter.text import human_value


class Number(NamedTuple):
    """A number that the guide names."""

    name: str
    """As the guide has it."""
    words: Text
    value: Text = Text("{}", "{}")
    """How its value is said."""
    runbook: str = ""
    """The runbook for any value above zero; empty if such a value is no trouble."""
    factor: float = 1.0


PER_SECOND = Text("{} per second", "초당 {}건")

OF_PRODUCER = (
    Number("record-send-rate", Text("records sent", "보낸 레코드"), PER_SECOND),
    Number("request-latency-avg", Text("latency of produce requests, average", "produce 요청의 지연, 평균")),
    Number("record-error-rate", Text("records given up", "포기한 레코드"), PER_SECOND, "KafkaProducerRecordErrors"),
    Number("record-retry-rate", Text("records retried", "재시도한 레코드"), PER_SECOND, "KafkaProducerHighRetryRatio"),
    Number("record-size-avg", Text("largest record of a batch, average", "배치에서 가장 큰 레코드, 평균")),
    Number("batch-size-avg", Text("batch after compression, average", "압축 후 배치 크기, 평균")),
    Number(
        "compression-rate-avg",
        Text("left after compression, average", "압축 후 남는 비율, 평균"),
        Text("{} %", "{} %"),
        factor=100.0,
    ),
    Number(
        "bufferpool-wait-time-total",
        Text("threads blocked on buffer memory", "스레드가 버퍼 메모리를 기다린 시간"),
        Text("{} in total", "모두 {}"),
    ),
    Number(
        "buffer-exhausted-rate",
        Text("send() calls that failed for lack of buffer memory", "버퍼 메모리가 부족해 실패한 send()"),
        PER_SECOND,
        "KafkaProducerBufferExhausted",
    ),
)
"""What the client itself counts."""

OF_TRANSACTIONAL_ID = (
    Number("producer-id", Text("producer id", "프로듀서 ID")),
    Number("epoch", Text("epoch", "epoch")),
    Number("transaction-start-rate", Text("transactions begun", "시작된 트랜잭션"), Text("{} in total", "모두 {}건")),
    Number("transaction-abort-rate", Text("transactions aborted", "중단된 트랜잭션"), Text("{} in total", "모두 {}건")),
)
"""What only the brokers know."""

NO_VALUE = Text("no value", "값 없음")

Values = Mapping[str, float]
"""By the guide's name."""

_NAME_OF = {metric: metric.guide for metric in METRICS.values() if metric.guide}
_METRIC_OF = {name: metric for metric, name in _NAME_OF.items()}


def values_of(families: Iterable[Family], label: str) -> Mapping[str, Values]:
    """Return the guide's numbers of everything that has this label, by its value.

    Series that differ in other labels, such as the reasons of aborts, are added.
    """
    found: dict[str, dict[str, float]] = {}
    for family in families:
        name = _NAME_OF.get(family.metric)
        if name is None or label not in family.metric.labels:
            continue
        for labels, sample in family.samples:
            pairs = dict(labels.pairs)
            value = float(pairs["producer_id"]) if family.metric is broker.INFO else sample
            values = found.setdefault(pairs[label], {})
            values[name] = value if family.metric.kind is Kind.INFO else values.get(name, 0.0) + value
    return found


def is_troubled(values: Values, numbers: Sequence[Number]) -> bool:
    """Return whether a number is above zero that should not be."""
    return any(values.get(number.name, 0.0) > 0 for number in numbers if number.runbook)


def numbers_table(caption: str, values: Values, numbers: Sequence[Number], language: str) -> str:
    """Return a table with one row for each number."""
    rows = "\n".join(
        f'<tr><th scope="row">{number.words.of(language)} <code>{number.name}</code></th>'
        f"{_cell(number, values.get(number.name), language)}</tr>"
        for number in numbers
    )
    return f"<table>\n<caption>{safe(caption)}</caption>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _cell(number: Number, value: float | None, language: str) -> str:
    if value is None:
        return f'<td class="soft">{NO_VALUE.of(language)}</td>'
    metric = _METRIC_OF[number.name]
    is_id = metric in (broker.INFO, broker.EPOCH)
    text = f"{value:.0f}" if is_id else with_units(human_value(value * number.factor, metric), language)
    words = number.value.of(language).format(text)
    if not number.runbook or not value > 0:
        return f"<td>{words}</td>"
    return f'<td><span class="trouble">{words}</span> {short_runbook_link(number.runbook, language)}</td>'
