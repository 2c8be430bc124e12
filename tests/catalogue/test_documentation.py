import re

import pytest

from kafka_producer_exporter.catalogue.documentation import metrics_as_markdown, micrometer_name
from kafka_producer_exporter.catalogue.table import METRICS
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kafka_producer_record_error_rate", "kafka_producer_record_error_rate"),
        ("kafka_producer_record_error_total", "kafka_producer_record_error_total"),
        ("kafka_producer_topic_record_error_total", "kafka_producer_topic_record_error_total"),
        ("kafka_producer_node_request_latency_avg_seconds", "kafka_producer_node_request_latency_avg"),
        ("kafka_producer_outgoing_bytes_total", "kafka_producer_outgoing_byte_total"),
        ("kafka_producer_up", None),
        ("kafka_broker_request_total", None),
    ],
)
def test_the_name_that_micrometer_has_follows_from_the_attribute(name, expected):
    assert micrometer_name(METRICS[name]) == expected


def test_the_documentation_names_each_metric_that_micrometer_serves_too():
    page = metrics_as_markdown(list(METRICS.values()))

    section = page[page.index("## Names that Micrometer uses too") : page.index("```promql")]
    named = re.findall(r"`(kafka_\w+)`", section)
    assert named == [name for name, metric in METRICS.items() if micrometer_name(metric) == name]
    assert f"these {len(named)} names" in section
    assert len(named) == 32


def test_what_to_request_is_the_same_in_the_documentation_of_metrics_and_of_the_benchmark():
    def rows(page):
        return re.findall(r"^\| (?:sidecar|collector) of .*$", (ROOT / "docs" / page).read_text(), re.MULTILINE)

    assert rows("metrics.md") == rows("benchmark.md")
    assert len(rows("metrics.md")) == 2
