"""A few faults in the world of the fault runs, and the way of an alert to a receiver and back to resolved."""

import pytest

from kafka_producer_exporter.pack import rules as pack
from lab.faults.runner import Runner, check_rules
from lab.faults.table import read_table
from lab.faults.world import World

FAULTS = ("jvm-killed", "exporter-killed", "record-too-large")
"""Quick ones; ``make faults`` runs all."""
SCALE = 30

pytestmark = [pytest.mark.usefixtures("lab", "prometheus_programs", "alertmanager_program"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def world():
    """One broker and the healthy services. A machine that runs tests may be slow, so nothing says that Kafka is."""
    rules = pack.render({}, disable=("KafkaProducerHighRequestLatency",), scale=SCALE)
    with World(rules, brokers=1, scale=SCALE, job_label=True) as world:
        check_rules(world)
        yield world


@pytest.fixture(scope="module")
def results(world):
    """What each of the faults has fired; they run at the same time."""
    table = read_table()
    runner = Runner(world, table.rows, print, {}, quiet_seconds=60)
    found = runner.run([table.rows[name] for name in FAULTS], lambda _: None, at_once=len(FAULTS))
    return {result.fault: result for result in found}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fires_its_alerts_and_no_other_and_they_resolve(results, fault):
    assert list(results[fault].problems) == []
    assert set(results[fault].fired) >= set(read_table().rows[fault].fires)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_receiver_is_told_of_the_service_that_is_hurt_and_of_its_repair(world, results, fault):
    for name in read_table().rows[fault].fires:
        for status in ("firing", "resolved"):
            notification = world.webhook.of(name, status)
            (labels, *_) = [one["labels"] for one in notification.alerts if one["labels"]["alertname"] == name]
            assert any(value.startswith(fault) for value in labels.values())
            assert (labels["namespace"], labels["component"]) == ("shop", "kafka-producer")


def test_prometheus_and_the_alertmanager_have_the_watchdog(world, results):
    assert "KafkaProducerWatchdog" in {alert["labels"]["alertname"] for alert in world.alertmanager.alerts()}
