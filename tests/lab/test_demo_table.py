from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import render
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.settings import Jmx, Settings, Target
from kafka_producer_exporter.targets.reader import TargetReader
from lab.demo_table import guide_table, missing, read_page
from tests.recordings import Recorded


def page():
    reader = TargetReader(
        Target(name="a", jmx=Jmx(port=1)), Settings(), transport=Recorded(), budget=MemoryBudget(None)
    )
    return read_page(render(reader.read(1e12).families, Format.PROMETHEUS_TEXT).decode(), {})


def test_the_table_has_a_row_for_each_of_the_guides_client_metrics():
    text = guide_table(page(), page(), 2.0, ["a"])

    assert [line.split()[0] for line in text.splitlines()[1:4]] == [
        "record-send-rate",
        "request-latency-avg",
        "record-error-rate",
    ]
    assert "kafka_producer_request_latency_avg_seconds" in text


def test_a_counter_is_shown_as_its_increase_per_second():
    name = ("kafka_producer_bufferpool_wait_time_seconds_total", "a")
    before = {**page(), name: 1.0}
    after = {**page(), name: 2.0}

    assert "500 ms/s" in guide_table(after, before, 2.0, ["a"])


def test_missing_metrics_are_listed_with_their_target():
    of_brokers = {
        (metric.name, "a"): 1.0 for entry in GUIDE for metric in entry.metrics() if "target" not in metric.labels
    }

    assert missing(page() | of_brokers, ["a"]) == []
    assert "kafka_producer_record_send_rate of b" in missing(page(), ["a", "b"])
    assert "kafka_transaction_started_total" in missing(page(), ["a"])


def test_samples_of_a_transactional_id_count_for_its_target():
    lines = [
        "# TYPE kafka_transaction_aborted_total counter",
        'kafka_transaction_aborted_total{transactional_id="tx",reason="client"} 2.0',
        'kafka_transaction_aborted_total{transactional_id="tx",reason="fenced"} 1.0',
        'kafka_transaction_aborted_total{transactional_id="unknown",reason="client"} 7.0',
        "# TYPE kafka_transactional_producer_info gauge",
        'kafka_transactional_producer_info{transactional_id="tx",producer_id="1001"} 1.0',
    ]

    assert read_page("\n".join([*lines, ""]), {"tx": "a"}) == {
        ("kafka_transaction_aborted_total", "a"): 3.0,
        ("kafka_transactional_producer_info", "a"): 1001.0,
    }
