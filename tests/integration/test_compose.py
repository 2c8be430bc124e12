"""The parts of compose.yaml together, as processes of this machine instead of containers.

The broker, the producers, the exporters, Prometheus and Alertmanager are real, and started with the arguments and the
files of compose.yaml. Only addresses, ports and the interval of the scrapes are others.
"""

import contextlib

import pytest
import yaml
from kafka.admin import ConfigResource, ConfigResourceType

from lab import jvm
from lab.alertmanager import Alertmanager
from lab.broker import Broker
from lab.process import Port, Process, wait_until
from lab.prometheus import Prometheus
from tests.compose import EXPORTERS, SERVICES, mounted, network_of
from tests.integration.serving import Serve

pytestmark = pytest.mark.usefixtures("prometheus_programs", "alertmanager_program")

PERFORMANCE_TEST = "/opt/kafka/bin/kafka-producer-perf-test.sh"
OF_THE_NETWORK = ("listen", "advertised", "controller.", "inter.broker.", "process.", "node.", "log.dirs")
"""Beginnings of the broker's properties that are about addresses, roles and folders, which the lab's broker has."""


def broker_properties():
    """Return the properties that Kafka's image makes of the environment: KAFKA_NUM_PARTITIONS is num.partitions."""
    variables = SERVICES["broker"]["environment"].items()
    names = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in variables}
    return {name: value for name, value in names.items() if name not in {"heap.opts", "cluster.id"}}


@pytest.fixture(scope="module")
def one_broker(lab):
    kept = {name: value for name, value in broker_properties().items() if not name.startswith(OF_THE_NETWORK)}
    with Broker(properties={"auto.create.topics.enable": "true", **kept}) as broker:
        yield broker


@pytest.fixture(scope="module")
def addresses(one_broker, tmp_path_factory):
    """Start the producers and their exporters; return the address of each exporter by the one in compose.yaml."""
    with contextlib.ExitStack() as running:
        folder = tmp_path_factory.mktemp("compose")
        jmx = {name: running.enter_context(contextlib.closing(Port())).number for name in ("checkout", "shipping")}
        for name, port in jmx.items():
            running.enter_context(producer(name, one_broker.bootstrap, port, folder))
        found = {}
        for name, exporter in EXPORTERS.items():
            words = [here(word, name, jmx, one_broker, folder) for word in exporter["command"][1:]]
            (folder / name).mkdir()
            serving = running.enter_context(Serve(*words, folder=folder / name))
            found[f"{network_of(name)}:9797"] = serving.address
        yield found


def producer(name, bootstrap, jmx_port, folder):
    """Start a producer with the arguments of its service; the class is the one that the script of Kafka starts."""
    service = SERVICES[name]
    script, *words = service["command"]
    assert script == PERFORMANCE_TEST
    flags = service["environment"]["KAFKA_JMX_OPTS"].replace("9999", str(jmx_port)).split()
    main = ["-cp", jvm.class_path("kafka-tools-4.3.1"), "org.apache.kafka.tools.ProducerPerformance"]
    arguments = [word.replace("broker:9092", bootstrap) for word in words]
    return Process(name, [jvm.java(), *jvm.SMALL, *flags, *main, *arguments], log_file=folder / f"{name}.log")


def here(word, exporter, jmx, broker, folder):
    """Return an argument of an exporter with this machine's addresses, and with a configuration file that has them."""
    if word.startswith("--config="):
        config = folder / f"{exporter}.yaml"
        config.write_text(mounted(exporter, word[9:]).read_text().replace("broker:9092", broker.bootstrap))
        return f"--config={config}"
    return word.replace("9999", str(jmx.get(network_of(exporter))))


def test_the_broker_knows_each_property_that_the_environment_sets(one_broker):
    with one_broker.admin() as admin:
        described = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")], config_filter="all")

    assert set(broker_properties()) <= set(described["broker"]["1"])


def test_metrics_of_both_producers_and_of_the_broker_arrive_and_alerts_reach_the_alertmanager(addresses):
    config = mounted("prometheus", "/etc/prometheus/prometheus.yml").read_text()
    for address, there in addresses.items():
        config = config.replace(address, there)
    config = yaml.safe_load(config)
    sample = yaml.safe_load(mounted("alertmanager", "/etc/alertmanager/alertmanager.yml").read_text())
    with (
        Alertmanager(sample) as alertmanager,
        Prometheus(
            config["scrape_configs"],
            rule_files=[mounted("prometheus", file) for file in config["rule_files"]],
            alertmanagers=[alertmanager.address],
            flags=["--rules.alert.resend-delay=1s"],  # the first alert may come before the Alertmanager is known
        ) as prometheus,
    ):
        prometheus.wait_for('sum(kafka_producer_up{kafka_cluster="compose"}) == 2')
        prometheus.wait_for(
            'rate(kafka_producer_topic_record_send_total{client_id="checkout",topic="orders"}[10s]) > 0'
        )
        prometheus.wait_for('kafka_transaction_committed_total{transactional_id="shipping"} > 0')
        prometheus.wait_for('kafka_topic_replication_factor{topic="parcels",kafka_cluster="compose"} == 1')
        wait_until("an alert has reached the Alertmanager", alertmanager.alerts, timeout_seconds=30)

        assert "KafkaProducerWatchdog" in {alert["labels"]["alertname"] for alert in alertmanager.alerts()}
        assert {rule["health"] for rule in prometheus.rules()} == {"ok"}
