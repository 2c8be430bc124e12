"""The brokers' card of the status page: which sources work, since when it counts, what is open and what hangs."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.model import Family, Labels, Metric
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.text import human_ago

SHOWN_HANGING = 10

Samples = Sequence[tuple[Labels, float]]


def broker_card(families: Iterable[Family], now: float) -> str:
    """Return the card as HTML, as of *now*, in seconds since the epoch."""
    by_metric = {family.metric: family.samples for family in families}
    reasons = {labels["source"]: labels["reason"] for labels, _ in by_metric.get(broker.SOURCE_ERROR, ())}
    sources = [labels["source"] for labels, _ in by_metric.get(broker.SOURCE_UP, ())]
    hanging = by_metric.get(broker.HANGING, ())
    shard = next((labels for labels, _ in by_metric.get(broker.SHARD, ())), None)
    words = f"{len(sources) - len(reasons)} of {len(sources)} sources up"
    facts = {
        "shard": f"{shard['shard']} of {shard['total_shards']}" if shard and shard["total_shards"] != "1" else "",
        "sources": ", ".join(f"{source} {_state(reasons.get(source))}" for source in sources),
        "counting": _counting(by_metric, now),
        "log lag": _number(by_metric, broker.LOG_LAG, "records"),
        "open transactions": f"{sum(value for _, value in by_metric.get(broker.OPEN, ())):,.0f}",
        "hanging transactions": f"{len(hanging):,}" if not shard or shard["shard"] == "0" else "see shard 0",
    }
    pairs = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in facts.items() if text)
    state = "down" if reasons or hanging else "up"
    return f"""<section class="target {state}">
<h2>Brokers <span class="state">{escape(words)}</span></h2>
{_hanging(hanging)}<dl>{pairs}</dl>
</section>"""


def _state(reason: str | None) -> str:
    return "up" if reason is None else f"down: {reason}"


def _counting(by_metric: Mapping[Metric, Samples], now: float) -> str:
    since = _value(by_metric, broker.COUNTING_SINCE)
    if since is None:
        return "not yet"
    exactly = "exactly" if _value(by_metric, broker.EXACT) else "lower bounds"
    return f"{exactly}, began {human_ago(now - since)}"


def _hanging(samples: Samples) -> str:
    """Return a sentence about the hanging transactions, with where they are; empty if there is none."""
    if not samples:
        return ""
    places = [f"{labels['topic']}-{labels['partition']}" for labels, _ in samples]
    more = f" and {len(places) - SHOWN_HANGING} more" if len(places) > SHOWN_HANGING else ""
    named = printable(", ".join(places[:SHOWN_HANGING]), limit=None)
    advice = "kafka-producer-exporter transactions --hanging shows the commands that abort them."
    return f'<p class="advice">Transactions hang on {escape(named)}{more}. {advice}</p>\n'


def _number(by_metric: Mapping[Metric, Samples], metric: Metric, unit: str) -> str:
    value = _value(by_metric, metric)
    return "" if value is None else f"{value:,.0f} {unit}"


def _value(by_metric: Mapping[Metric, Samples], metric: Metric) -> float | None:
    """Return the value of a metric that has one series."""
    return next((value for _, value in by_metric.get(metric, ())), None)
