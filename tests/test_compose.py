"""compose.yaml: what it mounts exists, and its parts name each other as they are."""

import argparse
import json
import re
from pathlib import PurePosixPath

import pytest
import yaml

from kafka_producer_exporter.commands import serve
from kafka_producer_exporter.commands.arguments import settings_from
from tests.compose import EXPORTERS, SERVICES, mounted, mounts, network_of
from tests.paths import ROOT

PROMETHEUS = yaml.safe_load(mounted("prometheus", "/etc/prometheus/prometheus.yml").read_text())
PROVISIONING = "/etc/grafana/provisioning"


def settings_of(exporter):
    """Return the settings with which a service starts, with the file that is mounted for it."""
    words = EXPORTERS[exporter]["command"][1:]
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    here = [re.sub(r"^--config=(.*)", lambda found: f"--config={mounted(exporter, found[1])}", word) for word in words]
    return settings_from(parser.parse_args(here))


def targets(configs):
    return [address for config in configs for address in config["targets"]]


@pytest.mark.parametrize("service", SERVICES)
def test_everything_that_is_mounted_is_in_the_repository_and_cannot_be_written(service):
    for source, _, mode in mounts(service):
        assert (ROOT / source).exists(), source
        assert mode == "ro"


@pytest.mark.parametrize("service", SERVICES)
def test_a_port_is_published_to_this_machine_only(service):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", ()))


def test_one_service_builds_the_image_that_all_exporters_run():
    assert [name for name in EXPORTERS if "build" in EXPORTERS[name]] == ["checkout-exporter"]
    assert len({exporter["image"] for exporter in EXPORTERS.values()}) == 1


def test_each_sidecar_reads_the_jvm_whose_network_it_shares_and_jmx_listens_on_loopback_only():
    sidecars = {name: settings_of(name) for name in EXPORTERS if network_of(name) != name}

    assert {name: network_of(name) for name in sidecars} == {
        "checkout-exporter": "checkout",
        "shipping-exporter": "shipping",
    }
    for name, settings in sidecars.items():
        flags = dict(re.findall(r"jmxremote\.(\S+)=(\S+)", SERVICES[network_of(name)]["environment"]["KAFKA_JMX_OPTS"]))
        (target,) = settings.targets
        assert target.name == network_of(name)
        assert flags["host"] == target.jmx.host == "127.0.0.1"
        assert flags["port"] == flags["rmi.port"] == str(target.jmx.port)


def test_prometheus_scrapes_every_exporter():
    scraped = targets(PROMETHEUS["scrape_configs"][0]["static_configs"])

    assert scraped == [f"{network_of(name)}:{settings_of(name).listen.port}" for name in EXPORTERS]


def test_prometheus_loads_the_rules_that_make_generate_writes_and_knows_the_alertmanager():
    (rules,) = PROMETHEUS["rule_files"]
    (alertmanagers,) = PROMETHEUS["alerting"]["alertmanagers"]

    assert mounted("prometheus", rules) == ROOT / "alerts" / "rendered" / "kafka-producer-rules.yaml"
    assert targets(alertmanagers["static_configs"]) == ["alertmanager:9093"]
    assert mounted("alertmanager", "/etc/alertmanager/alertmanager.yml") == ROOT / "alerts" / "alertmanager.yaml"


def test_grafana_is_given_every_dashboard_and_opens_the_overview():
    (provider,) = yaml.safe_load(
        mounted("grafana", f"{PROVISIONING}/dashboards/kafka-producer-exporter.yaml").read_text()
    )["providers"]
    home = PurePosixPath(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert mounted("grafana", provider["options"]["path"]) == ROOT / "dashboards" / "json" / "en"
    assert json.loads(mounted("grafana", str(home)).read_text())["uid"] == "kafka-producer-overview"


def test_the_data_source_is_the_prometheus_and_its_interval_is_that_of_the_scrapes():
    (source,) = yaml.safe_load(mounted("grafana", f"{PROVISIONING}/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]

    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert source["isDefault"]
    assert source["jsonData"]["timeInterval"] == PROMETHEUS["global"]["scrape_interval"]


def test_producers_collector_and_broker_agree_on_addresses_and_topics():
    broker = SERVICES["broker"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")
    commands = [word for name in ("checkout", "shipping") for word in SERVICES[name]["command"]]
    collector = settings_of("collector").broker

    assert [str(server) for server in collector.bootstrap_servers] == [broker]
    assert {word for word in commands if word.startswith("--bootstrap-server")} == {f"--bootstrap-server={broker}"}
    assert [topic.pattern for topic in collector.topics] == re.findall(r"--topic=(\w+)", " ".join(commands))
