"""The catalogue as text: for a terminal, for ``docs/`` and for programs."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from kafka_producer_exporter.catalogue.guide import GuideName
from kafka_producer_exporter.catalogue.table import IGNORED, METRICS, attribute_labels
from kafka_producer_exporter.model import Fold, Metric, Profile
from kafka_producer_exporter.text import markdown_table, table

METRICS_PAGE = """\
<!-- Written by `kafka-producer-exporter metrics --format markdown`; change the catalogue instead. -->

# Metrics

- Every series of a target has the label `target` and the labels that are configured for the target.
- Profile `minimal` has {minimal} metrics, `default` {default} and `full` {full}. Each profile includes the one before.
- *In the last 30 to 60 s* refers to the client's own window, which its settings `metrics.sample.window.ms` and
  `metrics.num.samples` change.
- An unknown value is absent: there is no `NaN`, and no zero that the client did not report.
- *Folded* says how values are combined if several clients, topics or nodes share a series (`id_groups`, `limits`).
  A group with one member has that member's values. *Mean by requests* is weighted by each member's produce requests per
  second (`record-send-rate` divided by `records-per-request-avg`), so a busy member counts for more than an idle one.
- Connections to bootstrap addresses, which have a negative `node_id`, are served in profile `full` only.
"""

MICROMETER = """
## Names that Micrometer uses too

Micrometer's Kafka binder, which Spring Boot and Quarkus enable, serves these {count} names from inside the
application, with the same meaning and the same unit:

{names}

If Prometheus scrapes both the application and this exporter, it has each of these series twice, and a `sum()` that
selects by name alone counts everything twice. To select the series of this exporter, use the label `target`, which
Micrometer's do not have:

```promql
sum(rate(kafka_producer_record_send_total{{target!=""}}[5m]))
```

Micrometer's own series are those with `target=""`; they have a label `kafka_version`.
"""

RESOURCES = """
## What to request

[benchmark.md](benchmark.md#what-to-request) says where these figures come from:

| role | CPU request | memory request | memory limit |
| --- | --- | --- | --- |
| sidecar of one JVM | 10m | 32Mi | 64Mi |
| collector of one cluster (`broker:`) | 50m | 64Mi | 128Mi |
"""


def metrics_as_json(metrics: Iterable[Metric]) -> str:
    """Return a list of objects, one for each metric."""
    return _json(
        {
            "name": metric.name,
            "type": metric.kind,
            "unit": metric.unit.base,
            "help": metric.help,
            "labels": list(metric.labels),
            "source": _source(metric),
            "guide": metric.guide,
            "profile": metric.profile,
        }
        for metric in metrics
    )


def metrics_as_table(metrics: Iterable[Metric]) -> str:
    """Return a line for each metric."""
    head = ("NAME", "TYPE", "PROFILE", "GUIDE", "MEANING")
    rows = [head, *((m.name, m.kind, m.profile, m.guide or "-", m.help) for m in metrics)]
    return table(rows, indent="", numbers=False)


def metrics_as_markdown(metrics: Sequence[Metric]) -> str:
    """Return ``docs/metrics.md``: a table for each section, then the attributes that are not served."""
    counts = {str(profile): sum(profile.includes(m.profile) for m in METRICS.values()) for profile in Profile}
    parts = [METRICS_PAGE.format(**counts)]
    for section, members in groupby(metrics, key=lambda metric: metric.section):
        rows = [
            (
                f"`{metric.name}`",
                metric.kind,
                ", ".join(f"`{label}`" for label in metric.labels),
                f"{metric.help} Guide: `{metric.guide}`." if metric.guide else metric.help,
                _source(metric, code="`"),
                metric.profile,
                _fold(metric),
            )
            for metric in members
        ]
        head = ("Metric", "Type", "Labels", "Meaning", "Source", "Profile", "Folded")
        parts.append(f"\n## {section}\n\n{markdown_table(head, rows)}")
    shared = [f"`{metric.name}`" for metric in metrics if micrometer_name(metric) == metric.name]
    parts.append(
        MICROMETER.format(count=len(shared), names=textwrap.fill(", ".join(shared) + ".", 120, break_on_hyphens=False))
    )
    parts.append(RESOURCES)
    left_out = [(f"`{mbean.type}`", f"`{name}`", reason) for (mbean, name, _), reason in IGNORED.items()]
    parts.append("\n## Not served in any profile\n\n")
    parts.append(markdown_table(("MBean", "Attribute", "Why"), left_out))
    return "".join(parts)


def micrometer_name(metric: Metric) -> str | None:
    """Return the name in Prometheus that Micrometer gives the attribute of a producer's metric.

    KafkaMetrics.meterName joins the group and the attribute with points, and cuts ``-metrics`` out of the group. It
    gives no unit, so its PrometheusNamingConvention replaces only points and hyphens.
    """
    if metric.attribute is None or metric.attribute.mbean.domain != "kafka.producer":
        return None
    group = metric.attribute.mbean.type.removesuffix("-metrics")
    return f"kafka.{group}.{metric.attribute.name}".replace(".", "_").replace("-", "_")


def guide_as_json(guide: Iterable[GuideName]) -> str:
    """Return a list of objects, one for each name of the guide."""
    return _json(
        {
            "name": entry.name,
            "heading": entry.heading,
            "metrics": [metric.name for metric in entry.metrics()],
            "answer": entry.answer,
        }
        for entry in guide
    )


def guide_as_table(guide: Iterable[GuideName]) -> str:
    """Return a line for each name of the guide."""
    head = ("GUIDE", "METRIC", "HOW TO READ IT")
    rows = [head, *((entry.name, _served(entry), entry.answer) for entry in guide)]
    return table(rows, indent="", numbers=False)


def guide_as_markdown(guide: Iterable[GuideName]) -> str:
    """Return a table with a row for each name of the guide."""
    head = ("Heading in the guide", "Name", "Served as", "How to read it")
    rows = [(entry.heading, f"`{entry.name}`", _served(entry, code="`"), entry.answer) for entry in guide]
    return markdown_table(head, rows)


def _served(entry: GuideName, code: str = "") -> str:
    return ", ".join(f"{code}{metric.name}{code}" for metric in entry.metrics()) or "from the brokers"


def _source(metric: Metric, code: str = "") -> str:
    """Return the source of a metric: ``producer-metrics: request-latency-avg, in milliseconds``."""
    if isinstance(metric.source, str):
        return metric.source
    names = attribute_labels(metric) or (metric.source.name,)
    mbean = metric.source.mbean
    kind = f"{mbean.type},name={mbean.name}" if mbean.name else mbean.type
    source = f"{code}{kind}{code}: " + ", ".join(f"{code}{name}{code}" for name in names)
    if metric.unit.divisor != 1:
        source += f", in {metric.unit.name.lower()}"
    for older in metric.source.older:
        source += f"; in older clients {code}{older}{code}"
    return source


def _fold(metric: Metric) -> str:
    if metric.attribute is None or "client_id" not in metric.labels:
        return "-"
    return "left out" if metric.fold is Fold.DROP else str(metric.fold)


def _json(objects: Iterable[Mapping[str, object]]) -> str:
    return json.dumps(list(objects), indent=2, ensure_ascii=False) + "\n"
