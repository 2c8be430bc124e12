"""The broker view serves all of its metrics, and docs/broker-view.md lists all of its sources."""

import re

from kafka_producer_exporter.broker.collector import BrokerCollector
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Metric
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.settings import Broker, Limits
from tests.paths import DOCS, ROOT

ROOM = ROOT / "exporter" / "kafka_producer_exporter" / "broker"


def test_each_metric_from_the_brokers_is_served_by_a_source():
    code = "".join(file.read_text() for file in ROOM.rglob("*.py"))
    entries = [name for name, value in vars(catalogue).items() if isinstance(value, Metric)]

    assert [name for name in entries if not re.search(rf"\bcatalogue\.{name}\b", code)] == []


def test_the_page_has_a_row_for_each_source():
    page = (DOCS / "broker-view.md").read_text(encoding="utf-8")
    collector = BrokerCollector(Broker(bootstrap_servers=(Address("kafka-1", 9092),)), Limits())

    table = page.split("| Source | Reads | Serves |\n")[1].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(worker.source.name for worker in collector._workers)
    assert len(listed) == 5
    assert "has five sources" in page
