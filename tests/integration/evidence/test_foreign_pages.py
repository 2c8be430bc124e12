"""The metrics pages that ``diagnose --metrics-url`` reads, from the exporters themselves."""

import urllib.request

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.evidence.live import LiveJvm
from kafka_producer_exporter.evidence.metrics_page import parsed
from kafka_producer_exporter.evidence.names import MICROMETER_PREFIX
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Kind
from kafka_producer_exporter.settings import Jmx, Settings, Target
from kafka_producer_exporter.targets.transports import transport_for
from lab.jmx_exporter import BEFORE_1, SINCE_1, JmxExporter
from lab.producer import ProducerJvm


@pytest.fixture(scope="module")
def jvm(broker):
    with ProducerJvm("3.9.2", micrometer=True) as jvm:
        broker.create_topic("foreign-pages")
        jvm.new("svc:a/1", broker.bootstrap).send("foreign-pages", count=3)
        yield jvm


def names_of(page):
    """The names that other exporters have, with what each series is about."""
    keys = ("client_id", "topic", "node_id")
    return {
        (name, *(labels.get(key) for key in keys))
        for name, series in page.items()
        for labels, _ in series
        if (attribute := METRICS[name].attribute) is not None
        and attribute.mbean in MICROMETER_PREFIX
        and METRICS[name].kind is not Kind.INFO
    }


def fetched(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return parsed(answer.read().decode(), url).page


def test_pages_of_other_exporters_have_every_series_that_live_jmx_has(jvm):
    settings = Settings()
    target = Target(name="checkout", jmx=Jmx(port=jvm.jmx_port))
    live = LiveJvm(target, settings, transport_for=transport_for, budget=MemoryBudget(None))
    micrometer = f"http://127.0.0.1:{jvm.micrometer_port}/"
    fetched(micrometer)  # binds the client

    (reading,) = live.read().values()
    live.close()
    with JmxExporter(BEFORE_1, jvm.jmx_port) as before, JmxExporter(SINCE_1, jvm.jmx_port) as since:
        pages = {"before 1.0": fetched(before.url), "since 1.0": fetched(since.url), "micrometer": fetched(micrometer)}

    assert len(names_of(reading.page)) > 50
    for exporter, page in pages.items():
        assert names_of(reading.page) - names_of(page) == set(), exporter
