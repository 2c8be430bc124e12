"""A real Prometheus of each generation scrapes ``serve``, and promtool has no complaints."""

import contextlib
import subprocess

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from lab.process import wait_until
from lab.producer import ProducerJvm
from lab.prometheus import Prometheus, job, promtool_binary
from tests.integration.serving import DOWN, Serve
from tests.integration.topics import new_topic

pytestmark = pytest.mark.usefixtures("prometheus_programs")

GENERATIONS = (2, 3)


@pytest.fixture(scope="module")
def sending(broker):
    """A producer that sends while the tests of this module run."""
    orders = new_topic(broker)
    with ProducerJvm() as jvm:
        producer = jvm.new("orders", broker.bootstrap)
        producer.loop(orders, per_second=50)
        wait_until("the producer sends", lambda: producer.stats().get("ok", 0) > 0, timeout_seconds=15)
        yield producer


@pytest.fixture(scope="module")
def serving(sending, tmp_path_factory):
    """``serve`` with the JVM of that producer as the target ``checkout``."""
    target = f"--target=checkout=127.0.0.1:{sending.jvm.jmx_port}"
    with Serve("--profile=full", target, folder=tmp_path_factory.mktemp("serve")) as serving:
        yield serving


@pytest.fixture(scope="module")
def generations(serving):
    """A Prometheus of each generation that has scraped ``serve``."""
    with contextlib.ExitStack() as running:
        yield started(running, serving, 'kafka_producer_up{target="checkout"} == 1')


@pytest.fixture(params=GENERATIONS)
def prometheus(request, generations):
    """The Prometheus of each generation in turn."""
    return generations[request.param]


def started(running, serving, condition):
    """Start a Prometheus of each generation and return both when the condition holds in each. They start together."""
    jobs = [job("exporter", serving.address)]
    servers = {number: running.enter_context(Prometheus(jobs, generation=number)) for number in GENERATIONS}
    for server in servers.values():
        server.wait_for(condition)
    return servers


def served(page):
    """Return the catalogue entries of the metrics on a page."""
    return [METRICS[name] for name in sorted(page.names())]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_promtool_has_no_complaints_about_a_live_page(serving, generation):
    page = serving.page()

    checked = subprocess.run(
        [promtool_binary(generation), "check", "metrics"], input=page.text, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert {metric.section for metric in served(page)} >= {"Delivery", "Buffer", "Topics", "Brokers", "The exporter"}


def test_the_target_is_up_without_an_error(prometheus):
    (target,) = prometheus.targets()

    assert (target["health"], target["lastError"]) == ("up", "")


def test_the_metadata_equal_the_catalogue_which_only_openmetrics_can_carry(prometheus, serving):
    metadata = prometheus.metadata()

    # OpenMetrics names a family without the suffix of its samples; the older text format has neither units nor infos.
    expected = {
        metric.name.removesuffix("_total").removesuffix("_info"): [
            {"type": metric.kind.value, "unit": metric.unit.base, "help": metric.help}
        ]
        for metric in served(serving.page())
    }
    assert {name: entries for name, entries in metadata.items() if name in expected} == expected
    assert {"seconds", "bytes"} <= {entry["unit"] for entries in expected.values() for entry in entries}


def test_prometheus_stores_every_series_of_the_page_under_its_own_name(prometheus, serving):
    page = serving.page()

    stored = {series["metric"]["__name__"] for series in prometheus.query('{job="exporter"}')}

    assert page.names() - stored == set()


def test_the_rate_of_a_counter_equals_what_the_producer_sends(prometheus):
    prometheus.wait_for('count_over_time(kafka_producer_record_send_total{client_id="orders"}[4s]) >= 4')

    rate = prometheus.value('rate(kafka_producer_record_send_total{client_id="orders"}[4s])')

    assert 25 < rate < 75  # the producer sends 50


def test_a_killed_jvm_is_down_with_a_reason_and_its_producers_go_stale(broker, sending, tmp_path):
    with contextlib.ExitStack() as running:
        doomed = running.enter_context(ProducerJvm())
        doomed.new("payments", broker.bootstrap)
        ports = {"doomed": doomed.jmx_port, "checkout": sending.jvm.jmx_port}
        flags = [f"--target={name}=127.0.0.1:{port}" for name, port in ports.items()]
        serving = running.enter_context(Serve(*flags, folder=tmp_path))
        servers = started(running, serving, 'kafka_producer_record_send_total{target="doomed", client_id="payments"}')

        doomed.kill()

        for server in servers.values():
            server.wait_for('kafka_producer_exporter_target_error{target="doomed", reason="refused"} == 1')
        remaining = [
            {series["metric"]["__name__"] for series in s.query('{target="doomed"}')} for s in servers.values()
        ]
        up = [server.value('kafka_producer_up{target="doomed"}') for server in servers.values()]
        others = [server.value('kafka_producer_up{target="checkout"}') for server in servers.values()]
        jobs = [server.value('up{job="exporter"}') for server in servers.values()]

    assert remaining == [DOWN, DOWN]
    assert (up, others, jobs) == ([0, 0], [1, 1], [1, 1])
