"""Series of whole pages over hours, as a PodMonitor labels them, for promtool.

The names and labels are those of a recorded page, and the values those of a healthy producer, unless a test says
otherwise. Time begins at 0, and there is one scrape a minute.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.paths import GOLDEN

MINUTES = 100
OLD = -86_400.0
"""The start time of a producer that is older than every window, in seconds."""
SAMPLE = re.compile(r'(\w+)\{client_id="orders",(.*)\} (\S+)')
PER_MINUTE = {
    "kafka_producer_record_send_total": 600,
    "kafka_producer_topic_record_send_total": 600,
    "kafka_producer_topic_bytes_total": 60_000,
    "kafka_producer_request_total": 120,
    "kafka_producer_response_total": 120,
    "kafka_producer_node_request_total": 120,
    "kafka_producer_node_response_total": 120,
    "kafka_producer_outgoing_bytes_total": 60_000,
    "kafka_producer_io_wait_time_seconds_total": 55,
    "kafka_producer_io_time_seconds_total": 1,
}
"""How much the counters of a healthy producer rise; the others stand still."""
WINDOWED = re.compile(r".*(_avg|_max|_rate)(_seconds|_bytes)?$")
"""Metrics of the client's own window, which have no sample while nothing is sent."""

Value = Callable[[int], float | None]
"""The value at a minute since the pod's start, or None for no sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod with one producer, and the exporter beside it."""

    name: str
    target: str = "orders"
    labels: Mapping[str, str] = field(default_factory=lambda: {"namespace": "shop", "kafka_cluster": "eu"})
    job: str = "shop/kafka-producers"
    first: int = 0
    last: int = MINUTES
    """The minutes of the first and of the last scrape."""
    started: float = OLD
    """When the producer was created, in seconds."""
    begins_at: float = 0
    """What every counter has at the first scrape."""
    idle: bool = False
    gaps: int = 0
    """Every n-th scrape fails; 0 for none."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """What is not healthy, by metric."""

    def series(self) -> Iterator[dict[str, str]]:
        """Return the series for promtool."""
        scraped = {"job": self.job, "instance": f"{self.name}:9797", "pod": self.name}
        scraped |= {"container": "kafka-producer-exporter", "endpoint": "kafka-metrics", **self.labels}
        ours = {**scraped, "target": self.target}
        yield self._series("up", scraped, lambda _: 1)
        build = {"version": "1.0", "python_version": "3.11"}
        yield self._series("kafka_producer_exporter_build_info", scraped | build, lambda _: 1)
        yield self._series("kafka_producer_exporter_config_valid", scraped, lambda _: 1)
        yield self._series("kafka_producer_up", ours, lambda _: 1)
        yield self._series("kafka_producer_exporter_target_info", ours | {"kind": "producer"}, lambda _: 1)
        for metric, labels, value in recorded():
            yield self._series(metric, {**ours, "client_id": "orders", **labels}, self._value(metric, value))

    def _value(self, metric: str, recorded: float) -> Value:
        if metric in self.values:
            return self.values[metric]
        if metric == "kafka_producer_start_time_seconds":
            return lambda _: self.started
        if metric.endswith("_total"):
            rise = 0 if self.idle else PER_MINUTE.get(metric, 0)
            return lambda minute: self.begins_at + rise * minute
        if self.idle and WINDOWED.fullmatch(metric):
            return lambda _: None
        if metric == "kafka_producer_metadata_age_seconds":
            return lambda minute: 60.0 * (minute % 5)
        return lambda _: 0.5 if metric.endswith("compression_rate") else recorded

    def _series(self, metric: str, labels: Mapping[str, str], value: Value) -> dict[str, str]:
        samples = []
        for minute in range(MINUTES + 1):
            is_scraped = self.first <= minute <= self.last and not (self.gaps and minute % self.gaps == 0)
            sample = value(minute - self.first) if is_scraped else None
            samples.append("_" if sample is None else f"{sample:g}" if abs(sample) < 1e5 else f"{sample:.0f}")
        if self.last < MINUTES:
            samples[self.last + 1] = "stale"
        text = ",".join(f'{name}="{label}"' for name, label in labels.items())
        return {"series": f"{metric}{{{text}}}", "values": " ".join(samples)}


def recorded() -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Return each series of a recorded producer: its metric, its own labels, and its value."""
    for line in (GOLDEN / "4.4.0-default.prom").read_text().splitlines():
        if sample := SAMPLE.fullmatch(line):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample[2]))
            yield sample[1], {k: v for k, v in labels.items() if k not in {"target", "kafka_cluster"}}, float(sample[3])


def rising(per_minute: float, *, after: int = 0) -> Value:
    """Return a counter that stands still until *after*, in minutes, and rises then."""
    return lambda minute: max(0, minute - after) * per_minute


def unit_test(pods: Sequence[Pod], expected: Mapping[str, int], minutes: Sequence[int]) -> dict[str, object]:
    """Return a test for promtool: at each of *minutes*, exactly the *expected* alerts fire, so many of each."""
    counts = [{"labels": f'{{alertname="{name}"}}', "value": count} for name, count in expected.items()]
    return {
        "interval": "1m",
        "input_series": [series for pod in pods for series in pod.series()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing",alertname!="KafkaProducerWatchdog"})',
                "eval_time": f"{minute}m",
                "exp_samples": counts,
            }
            for minute in minutes
        ],
    }
