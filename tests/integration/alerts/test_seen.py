"""Each metric of the alert rules, with its labels, on the page of a live exporter: no rule names what nobody serves."""

import re
import time

import pytest
import yaml

from alerts.pack_rules import rules_of, whole_pack
from kafka_producer_exporter.catalogue.table import METRICS
from lab.broker import Broker, Security
from lab.certificates import make_certificates
from lab.hanging import leave_hanging
from lab.process import Port
from promql.expressions import selectors
from promql.series import PROMETHEUS_METRICS
from tests.integration.serving import Page, Serve
from tests.paths import GOLDEN, ROOT

pytestmark = pytest.mark.timeout(300)  # a broker, three producers and an exporter on a machine that may be busy

JMX = "-Dcom.sun.management.jmxremote"
MEMORY_LIMIT = "tests/integration/test_memory_limit.py"
SHOWN_ELSEWHERE = {
    "kafka_producer_exporter_certificate_expiry_timestamp_seconds": (
        "tests/test_program.py",
        "test_the_expiry_of_each_client_certificate_is_served_for_as_long_as_the_file_can_be_read",
    ),
    "kafka_producer_exporter_clock_skew_seconds": (
        "tests/broker/test_collector.py",
        "test_a_clock_that_is_off_makes_no_transaction_older_or_younger",
    ),
    "kafka_producer_exporter_mbeans_left_out": (
        MEMORY_LIMIT,
        "test_an_odd_jvm_is_served_as_far_as_it_fits_and_costs_an_honest_one_nothing",
    ),
    "kafka_producer_exporter_source_error": (
        "tests/integration/broker/test_partitions.py",
        "test_a_missing_right_is_reported_and_each_right_brings_its_source",
    ),
    "kafka_producer_group_clients": (
        "tests/targets/test_families.py",
        "test_the_average_of_a_group_is_weighted_by_the_requests_of_its_members",
    ),
    "kafka_producer_exporter_series_shed": (
        MEMORY_LIMIT,
        "test_under_a_tight_limit_topics_and_nodes_are_shed_and_reported",
    ),
    "kafka_producer_hidden": (
        "tests/integration/test_serve.py",
        "test_the_survivor_of_two_producers_with_one_client_id_is_reported_as_hidden",
    ),
}
"""Metrics that this exporter has no reason to serve, and the file and the name of a test that shows them."""


def used():
    """The catalogue's metrics that the rules use."""
    names = {s.name for rule in rules_of(whole_pack()) for s in selectors(rule.tree)}
    return [METRICS[name] for name in sorted(names & METRICS.keys())]


@pytest.fixture(scope="module")
def broker(lab, tmp_path_factory):
    """A broker with JMX and TLS, its JMX port and its certificates."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    jmx = Port()
    flags = {"port": jmx.number, "rmi.port": jmx.number, "host": "127.0.0.1", "ssl": "false", "authenticate": "false"}
    options = ["-Djava.rmi.server.hostname=127.0.0.1", *(f"{JMX}.{name}={value}" for name, value in flags.items())]
    try:
        with Broker(java_options=options, security=Security(certificates=certificates, users={})) as broker:
            yield broker, jmx.number, certificates
    finally:
        jmx.close()


@pytest.fixture
def nobody():
    """A port on which nobody listens."""
    port = Port()
    yield port
    port.close()


@pytest.fixture
def serve(broker, nobody, producer_jvm, tmp_path):
    """An exporter with every kind of target and a broker view, beside producers, an open and a hanging transaction."""
    broker, jmx_port, certificates = broker
    for topic in ("orders", "orders.DLQ"):
        broker.create_topic(topic)
    jvm = producer_jvm("4.4.0")
    jvm.new("orders", broker.bootstrap).send("orders", count=5)
    jvm.new("letters", broker.bootstrap).send("orders.DLQ", count=1)
    transactional = jvm.new("shipping", broker.bootstrap, transactional_id="shipping", transaction_timeout_ms=600_000)
    transactional.init()
    transactional.begin()
    transactional.send("orders", count=1)
    transactional.commit()
    transactional.begin()
    transactional.send("orders", count=1)
    leave_hanging(broker, "orders", partition=0, producer_id=987_654, age_seconds=7200)
    config = tmp_path / "exporter.yml"
    settings = {
        "targets": [
            {"name": "shop", "jmx": {"port": jvm.jmx_port}},
            {"name": "gone", "jmx": {"port": nobody.number}},
            {"name": "kafka-1", "kind": "broker", "jmx": {"port": jmx_port}},
        ],
        "broker": {
            "bootstrap_servers": [broker.address("SSL"), f"127.0.0.1:{nobody.number}"],
            "tls": {"ca_file": str(certificates.ca)},
            "topics": [".*"],
            "dlq_topics": [".*[.]DLQ"],
            "poll_seconds": 1,
        },
    }
    config.write_text(yaml.safe_dump(settings))
    with Serve("--config", config, folder=tmp_path) as serve:
        yield serve


def test_every_metric_and_label_of_the_rules_is_on_a_real_page(serve):
    recorded = [Page(file.read_text()) for file in sorted(GOLDEN.glob("*.prom"))]
    missing = not_seen(recorded)
    deadline = time.monotonic() + 60
    while missing.keys() - SHOWN_ELSEWHERE.keys() and time.monotonic() < deadline:
        missing = not_seen([*recorded, serve.page()])
        time.sleep(1)

    assert ", ".join(sorted(missing)) == ", ".join(sorted(SHOWN_ELSEWHERE))


def not_seen(pages):
    """The metrics of the rules that no page has with all of their labels."""
    seen = {(sample.name, frozenset(sample.labels)) for page in pages for sample in page.samples}
    return {
        metric.name: metric.labels
        for metric in used()
        if not any(name == metric.name and labels >= set(metric.labels) for name, labels in seen)
    }


def test_each_test_that_shows_a_metric_exists():
    for file, name in SHOWN_ELSEWHERE.values():
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), name


def test_the_rules_use_nothing_but_the_catalogue_their_recordings_and_prometheus_own_metrics():
    rules = rules_of(whole_pack())
    recorded = {rule.name for rule in rules if not rule.is_alert}
    names = {s.name for rule in rules for s in selectors(rule.tree)}

    assert names <= METRICS.keys() | recorded | PROMETHEUS_METRICS.keys()
