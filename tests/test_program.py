import ipaddress
import subprocess
import threading
import time
from dataclasses import replace

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Family, Labels
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.program import Program
from kafka_producer_exporter.server.application import ProbeRefusedError
from kafka_producer_exporter.settings import (
    Broker,
    BrokerTls,
    Jmx,
    JmxTls,
    Limits,
    ProbeNetwork,
    Settings,
    Target,
    TlsMode,
)
from kafka_producer_exporter.targets.probed import IDLE_SECONDS
from tests.families import series_of
from tests.recordings import Recorded
from tests.waiting import wait_until

SOON = 5.0


class Configuration:
    """What a reload loads, settings or a problem, and what the program makes of it."""

    def __init__(self, *names, **settings):
        self.jvms = {}
        self.made = []
        self.targets = []
        self.views = []
        self.settings = self.of(*names, **settings)
        self.problem = None

    def of(self, *names, **settings):
        return Settings(targets=tuple(Target(name=name, jmx=Jmx(port=9999)) for name in names), **settings)

    def load(self):
        if self.problem:
            raise ConfigError("exporter.yml", [Problem("exporter.yml:1 listen", self.problem)])
        return self.settings

    def broker_view_for(self, settings):
        self.views.append(View(str(settings.broker.bootstrap_servers[0])))
        return self.views[-1]

    def transport_for(self, target):
        self.jvms[target.name] = Recorded()
        self.made.append(self.jvms[target.name])
        self.targets.append(target)
        return self.jvms[target.name]


class View:
    """A broker view with a single series."""

    def __init__(self, server):
        self.server = server
        self.closed = False

    def families(self):
        return [Family(METRICS["kafka_producer_exporter_source_up"], [(Labels({"source": self.server}), 1.0)])]

    def close(self, *, wait_seconds=0.0):
        self.closed = True


def program_of(configuration, **options):
    return Program(
        configuration.load,
        transport_for=configuration.transport_for,
        broker_view_for=configuration.broker_view_for,
        budget=MemoryBudget(None),
        **options,
    )


@pytest.fixture
def configuration():
    return Configuration(
        "checkout", "billing", probe=(ProbeNetwork(network=ipaddress.ip_network("10.0.0.0/8"), ports=(9999,)),)
    )


@pytest.fixture
def program(configuration):
    program = program_of(configuration)
    program.reload()
    yield program
    for jvm in configuration.made:
        jvm.gate.set()
    program.close()


def soon():
    return time.monotonic() + SOON


def test_the_metrics_page_has_the_targets_and_the_exporter_itself(program):
    found = series_of(program.collect(deadline=soon()).families())

    assert found['kafka_producer_up{target="checkout"}'] == 1
    assert found["kafka_producer_exporter_config_valid"] == 1
    assert found["kafka_producer_exporter_config_last_reload_success_timestamp_seconds"] <= time.time()
    assert found["kafka_producer_exporter_process_resident_memory_bytes"] > 0


def test_an_invalid_reload_keeps_the_current_configuration_and_reports_it(program, configuration, caplog):
    configuration.problem = "this is not an address"

    with pytest.raises(ConfigError):
        program.reload()

    found = series_of(program.collect(deadline=soon()).families())
    assert found['kafka_producer_up{target="checkout"}'] == 1
    assert found["kafka_producer_exporter_config_valid"] == 0
    assert "the new configuration is invalid; the current one stays in force" in caplog.text
    assert program.config_error() is None


def test_a_valid_reload_replaces_the_targets_and_ends_the_old_sessions(program, configuration):
    program.collect(deadline=soon())
    old = configuration.jvms["checkout"]
    configuration.settings = configuration.of("shipping")

    program.reload()

    found = series_of(program.collect(deadline=soon()).families())
    assert found['kafka_producer_up{target="shipping"}'] == 1
    assert not any("checkout" in name for name in found)
    wait_until(lambda: old.closed == 1)


def test_a_scrape_in_progress_at_a_reload_is_completed(program, configuration):
    configuration.jvms["checkout"].gate.clear()
    old = configuration.jvms["checkout"]
    answer = []
    scrape = threading.Thread(target=lambda: answer.append(series_of(program.collect(deadline=soon()).families())))
    scrape.start()
    wait_until(lambda: old.reads == 1)

    configuration.settings = configuration.of("billing")
    program.reload()
    assert old.closed == 0
    old.gate.set()
    scrape.join(SOON)

    assert answer[0]['kafka_producer_up{target="checkout"}'] == 1
    wait_until(lambda: old.closed == 1)


def test_without_any_valid_configuration_only_the_exporter_itself_is_served(configuration):
    configuration.problem = "this is not an address"
    program = program_of(configuration)

    with pytest.raises(ConfigError):
        program.reload()

    found = series_of(program.collect(deadline=soon()).families())
    assert found["kafka_producer_exporter_config_valid"] == 0
    assert "kafka_producer_exporter_config_last_reload_success_timestamp_seconds" not in found
    assert program.config_error() == "exporter.yml: 1 problem; the log says what\n  exporter.yml:1 listen"


def test_a_probe_reads_only_the_named_target(program, configuration):
    found = series_of(program.probe("billing", deadline=soon()).families())

    assert found['kafka_producer_up{target="billing"}'] == 1
    assert configuration.jvms["checkout"].reads == 0


def test_a_probe_of_an_allowed_address_keeps_its_session(program, configuration):
    for _ in range(2):
        found = series_of(program.probe("10.1.2.3:9999", deadline=soon()).families())

    assert found['kafka_producer_up{target="10.1.2.3:9999"}'] == 1
    assert configuration.jvms["10.1.2.3:9999"].reads == 2


def test_a_probed_address_has_the_credentials_and_the_labels_of_its_network(program, configuration):
    tls = JmxTls(mode=TlsMode.BOTH, server_name="pods.example")
    login = Jmx(port=0, username="monitor", password_env="PW", tls=tls)
    network = replace(configuration.settings.probe[0], jmx=login, labels={"kafka_cluster": "eu"})
    configuration.settings = replace(configuration.settings, probe=(network,))
    program.reload()

    found = series_of(program.probe("10.1.2.3:9999", deadline=soon()).families())

    assert found['kafka_producer_up{kafka_cluster="eu",target="10.1.2.3:9999"}'] == 1
    assert configuration.targets[-1].jmx == replace(login, host="10.1.2.3", port=9999)


@pytest.mark.parametrize("ask", [lambda program: program.collect(deadline=soon()), lambda program: program.reload()])
def test_a_probed_address_that_nobody_asks_for_is_forgotten(configuration, ask):
    now = [0.0]
    program = program_of(configuration, clock=lambda: now[0])
    program.reload()
    program.probe("10.1.2.3:9999", deadline=soon())
    gone = configuration.jvms["10.1.2.3:9999"]

    now[0] = IDLE_SECONDS + 1
    ask(program)
    program.probe("10.1.2.4:9999", deadline=soon())

    wait_until(lambda: gone.closed == 1)
    program.close()


@pytest.mark.parametrize("target", ["10.1.2.3:22", "192.168.1.1:9999", "localhost:9999", "unknown", "", "[::1]:9999"])
def test_a_probe_of_anything_else_is_refused_and_opens_nothing(program, configuration, target):
    before = len(configuration.made)

    with pytest.raises(ProbeRefusedError):
        program.probe(target, deadline=soon())

    assert len(configuration.made) == before


def test_the_status_of_a_target_is_its_last_scrape(program, configuration):
    configuration.jvms["billing"].failure = TransportError(Reason.REFUSED, "nothing listens on 127.0.0.1:9999")
    program.collect(deadline=soon())

    checkout, billing = program.statuses(max_age_seconds=60, deadline=soon())

    assert (checkout.up, checkout.clients, str(checkout.address)) == (True, 2, "127.0.0.1:9999")
    assert (billing.up, billing.scrape.reason) == (False, Reason.REFUSED)
    assert billing.scrape.detail == "nothing listens on 127.0.0.1:9999"
    assert configuration.jvms["checkout"].reads == 1


def test_a_target_whose_status_is_too_old_is_read_again(program, configuration):
    program.collect(deadline=soon())

    program.statuses(max_age_seconds=-1, deadline=soon())

    assert configuration.jvms["checkout"].reads == 2


def test_close_ends_every_session_though_a_read_is_waiting(program, configuration):
    program.collect(deadline=soon())
    program.probe("10.1.2.3:9999", deadline=soon())
    silent = configuration.jvms["billing"]
    silent.gate.clear()
    program.collect(deadline=time.monotonic() + 0.1)
    began = time.monotonic()

    program.close()

    wait_until(lambda: [jvm.closed for jvm in configuration.made] == [1, 1, 1])
    assert time.monotonic() - began < 1.0


def test_the_metrics_page_has_the_brokers_beside_the_targets(program, configuration):
    configuration.settings = replace(configuration.settings, broker=Broker(bootstrap_servers=(Address("a", 1),)))
    program.reload()

    found = series_of(program.collect(deadline=soon()).families())

    assert found['kafka_producer_exporter_source_up{source="a:1"}'] == 1
    assert found['kafka_producer_up{target="checkout"}'] == 1


def test_a_reload_replaces_the_broker_view_only_if_its_settings_changed(program, configuration):
    configuration.settings = replace(configuration.settings, broker=Broker(bootstrap_servers=(Address("a", 1),)))
    program.reload()
    configuration.settings = replace(configuration.settings, targets=())
    program.reload()
    assert [view.closed for view in configuration.views] == [False]

    configuration.settings = replace(configuration.settings, broker=Broker(bootstrap_servers=(Address("b", 1),)))
    program.reload()
    assert [view.closed for view in configuration.views] == [True, False]

    configuration.settings = replace(configuration.settings, broker=None)
    program.reload()
    assert [view.closed for view in configuration.views] == [True, True]


def test_a_reload_keeps_the_sessions_and_counts_of_what_did_not_change(program, configuration):
    for _ in range(2):
        program.collect(deadline=soon())
        program.probe("10.1.2.3:9999", deadline=soon())
        program.reload()
    checkout, billing = configuration.settings.targets
    configuration.settings = replace(configuration.settings, targets=(checkout, replace(billing, labels={"a": "b"})))
    replaced = configuration.jvms["billing"]
    program.reload()

    found = series_of(program.collect(deadline=soon()).families())

    assert found['kafka_producer_up{a="b",target="billing"}'] == 1
    assert found['kafka_producer_up{target="checkout"}'] == 1
    assert configuration.jvms["checkout"].reads == 3
    assert len(configuration.made) == 4
    wait_until(lambda: replaced.closed == 1)
    assert [jvm.closed for jvm in configuration.made].count(0) == 3


def test_a_reload_with_other_limits_replaces_every_session(program, configuration):
    program.collect(deadline=soon())
    program.probe("10.1.2.3:9999", deadline=soon())
    old = list(configuration.made)
    configuration.settings = replace(configuration.settings, limits=Limits(clients=1))

    program.reload()

    assert series_of(program.collect(deadline=soon()).families())['kafka_producer_up{target="checkout"}'] == 1
    wait_until(lambda: [jvm.closed for jvm in old] == [1, 1, 1])


def test_a_reload_whose_broker_view_cannot_start_changes_nothing(program, configuration):
    def out_of_memory(settings):
        raise MemoryError

    program = Program(
        configuration.load,
        transport_for=configuration.transport_for,
        broker_view_for=out_of_memory,
        budget=MemoryBudget(None),
    )
    program.reload()
    configuration.settings = configuration.of("shipping", broker=Broker(bootstrap_servers=(Address("a", 1),)))

    with pytest.raises(MemoryError):
        program.reload()

    assert series_of(program.collect(deadline=soon()).families())['kafka_producer_up{target="checkout"}'] == 1
    program.close()


def test_the_expiry_of_each_client_certificate_is_served_for_as_long_as_the_file_can_be_read(tmp_path):
    for name in ("jmx", "broker"):
        words = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "3", "-subj", f"/CN={name}"]
        files = ["-keyout", tmp_path / "key", "-out", tmp_path / name]
        subprocess.run([*words, *files], check=True, capture_output=True)

    def target(name, file):
        tls = JmxTls(mode=TlsMode.BOTH, cert_file=file, key_file=tmp_path / "key")
        return Target(name=name, jmx=Jmx(port=9999, tls=tls))

    configuration = Configuration()
    configuration.settings = Settings(
        targets=(target("a", tmp_path / "jmx"), target("b", tmp_path / "jmx"), target("c", tmp_path / "missing")),
        broker=Broker(bootstrap_servers=(Address("one", 9093),), tls=BrokerTls(cert_file=tmp_path / "broker")),
    )
    program = program_of(configuration)
    program.reload()

    found = {
        labels["file"]: value
        for family in program.collect(deadline=time.monotonic() + SOON).families()
        if family.metric.name == "kafka_producer_exporter_certificate_expiry_timestamp_seconds"
        for labels, value in family.samples
    }

    assert found.keys() == {str(tmp_path / "broker"), str(tmp_path / "jmx")}
    assert all(0 < expiry - time.time() <= 3 * 86400 for expiry in found.values())
