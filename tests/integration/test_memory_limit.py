"""Under a real memory limit, with more producers than fit, the exporter survives and reports what it sheds."""

import concurrent.futures
import contextlib
import functools
import gzip
import http.client
import socket
import time
from collections import Counter
from pathlib import Path

import pytest

from lab.cgroup import MemoryCgroup
from lab.synthetic_jvm import SyntheticJvm
from tests.integration.serving import Serve
from tests.jmx.odd_jvm import TOO_LARGE, odd_jvm

MIB = 1 << 20
CLIENTS, NODES, TOPICS = 100, 5, 20
TARGETS = ("checkout", "billing")
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75"
TEXT = "text/plain;version=0.0.4"
SCRAPES = 8
AT_ONCE = 16


@pytest.fixture(scope="module")
def jvms(lab, control_groups):
    """Two JVMs of the large shape."""
    shape = {"clients": CLIENTS, "nodes": NODES, "topics": TOPICS}
    with SyntheticJvm(**shape) as one, SyntheticJvm(**shape) as other:
        yield dict(zip(TARGETS, (one, other), strict=True))


@pytest.fixture
def limited(jvms, tmp_path):
    """Serve both JVMs within a memory limit: ``with limited(96 * MIB, "full") as (serve, group)``."""

    @contextlib.contextmanager
    def serving(limit_bytes, profile):
        targets = [f"--target={name}=127.0.0.1:{jvm.jmx_port}" for name, jvm in jvms.items()]
        with (
            MemoryCgroup(limit_bytes) as group,
            Serve("--profile", profile, *targets, folder=tmp_path, prefix=group.prefix()) as serve,
        ):
            yield serve, group

    return serving


def scrape(serve, accept, *, timeout_seconds=60):
    """Scrape as Prometheus does, and return the series without their values."""
    connection = http.client.HTTPConnection(serve.address, timeout=60)
    timeout = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout_seconds)}
    headers = {"Accept": accept, "Accept-Encoding": "gzip", **timeout}
    for _ in range(5):
        connection.request("GET", "/metrics", headers=headers)
        with connection.getresponse() as answer:
            body = answer.read()
        if answer.status != 503:
            break
        time.sleep(int(answer.headers["Retry-After"]))
    assert answer.status == 200, body
    if answer.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    connection.close()
    return [line.rpartition(" ")[0] for line in body.decode().splitlines() if not line.startswith("#")]


def scraped_by_two(serve):
    """Let two scrapers, one for each format, scrape repeatedly at the same time; return the pages of each."""
    with concurrent.futures.ThreadPoolExecutor(2) as sides:
        return list(sides.map(lambda accept: [scrape(serve, accept) for _ in range(SCRAPES)], (PROMETHEUS_2, TEXT)))


def count_client_series(series):
    """Return how many series each target has for its producers as a whole."""
    return Counter(
        target
        for name in series
        for target in TARGETS
        if f'target="{target}"' in name and 'client_id="' in name and 'topic="' not in name and 'node_id="' not in name
    )


def count_client_series_without_limit(jvm, profile, folder):
    """Return how many series a JVM has for its producers as a whole if there is no limit."""
    target = f"--target=checkout=127.0.0.1:{jvm.jmx_port}"
    with Serve(target, "--profile", profile, folder=folder / "unlimited") as serve:
        return count_client_series(scrape(serve, TEXT))["checkout"]


def mbeans_with(label, series):
    """Return the label sets that have this label: one for each MBean on the page."""
    return {name.partition("{")[2] for name in series if f"{label}=" in name}


def peak_resident_bytes(serve):
    status = Path(f"/proc/{serve.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def shed(serve):
    """Return what the page reports as shed, by target and kind."""
    page = serve.page(timeout_seconds=60)
    return {
        (sample.labels["target"], sample.labels["kind"]): sample.value
        for sample in page.samples
        if sample.name == "kafka_producer_exporter_series_shed"
    }


@pytest.mark.parametrize("profile", ["default", "full"])
def test_two_large_jvms_are_served_whole_within_96_mib(limited, jvms, profile, tmp_path):
    expected = dict.fromkeys(TARGETS, count_client_series_without_limit(jvms["checkout"], profile, tmp_path))

    with limited(96 * MIB, profile) as (serve, group):
        scrapers = scraped_by_two(serve)
        reported = shed(serve)
        peak = peak_resident_bytes(serve)
        assert (group.kills(), group.limit_hits()) == (0, 0)

    for page in scrapers[0] + scrapers[1]:
        assert count_client_series(page) == expected
        assert_reports_what_is_missing(page, reported, profile)
    assert peak < 0.8 * 96 * MIB


@pytest.mark.parametrize("profile", ["default", "full"])
def test_under_a_tight_limit_topics_and_nodes_are_shed_and_reported(limited, jvms, profile, tmp_path):
    expected = dict.fromkeys(TARGETS, count_client_series_without_limit(jvms["checkout"], profile, tmp_path))

    with limited(48 * MIB, profile) as (serve, group):
        scrapers = scraped_by_two(serve)
        reported = shed(serve)
        log = serve.log()
        assert group.kills() == 0

    assert reported
    assert "left out to stay within the memory limit" in log
    for page in scrapers[0] + scrapers[1]:
        assert count_client_series(page) == expected
        assert_reports_what_is_missing(page, reported, profile)
        assert {series.partition(" ")[0] for series in page} == {series.partition(" ")[0] for series in scrapers[0][-1]}


def test_sixteen_scrapes_at_once_of_a_page_of_megabytes_are_served_within_64_mib(jvms, tmp_path):
    formats = (PROMETHEUS_2, TEXT) * (AT_ONCE // 2)
    target = f"--target=checkout-of-the-shops-in-europe=127.0.0.1:{jvms['checkout'].jmx_port}"
    with (
        MemoryCgroup(64 * MIB) as group,
        Serve("--profile", "full", target, folder=tmp_path, prefix=group.prefix()) as serve,
        concurrent.futures.ThreadPoolExecutor(AT_ONCE) as scrapers,
    ):
        whole = set(scrape(serve, TEXT))
        usual = functools.partial(scrape, serve, timeout_seconds=10)
        pages = [page for _ in range(2) for page in scrapers.map(usual, formats)]
        slow = [requested(serve) for _ in range(2 * AT_ONCE)]
        beside_slow = scrape(serve, TEXT)
        for client in slow:
            client.close()
        size = len(serve.get("/metrics")[1])
        assert group.kills() == 0

    assert size > 2.4e6
    for page in [*pages, beside_slow]:
        assert set(page) == whole


def test_an_odd_jvm_is_served_as_far_as_it_fits_and_costs_an_honest_one_nothing(jvms, tmp_path):
    with odd_jvm(mbeans=80) as odd, MemoryCgroup(64 * MIB) as group:
        targets = {"checkout": jvms["checkout"].jmx_port, "odd": odd.port}
        arguments = [f"--target={name}=127.0.0.1:{port}" for name, port in targets.items()]
        with Serve(*arguments, folder=tmp_path, prefix=group.prefix()) as serve:
            pages = [serve.page(timeout_seconds=60) for _ in range(2)]
            page = serve.page_once(
                "the usual producers of the odd JVM are served",
                lambda page: page.series(target="odd", client_id="usual-0"),
                timeout_seconds=60,
            )
            log = serve.log()
        assert group.kills() == 0

    for each in [*pages, page]:
        assert each.value("kafka_producer_clients", target="checkout") == CLIENTS
    assert page.value("kafka_producer_up", target="odd") == 1
    left_out = {"target": "odd", "reason": "unreadable"}
    assert page.value("kafka_producer_exporter_mbeans_left_out", **left_out) == len(TOO_LARGE)
    assert page.value("kafka_producer_exporter_series_folded", target="odd", kind="client") >= 20  # long names
    assert "skipped for 10 minutes: a reply that takes more than its share of 3.4 MB of memory" in log


def requested(serve):
    """Return a connection on which a page is requested and not read."""
    host, _, port = serve.address.partition(":")
    client = socket.create_connection((host, int(port)), timeout=60)
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: serve\r\n\r\n")
    return client


def assert_reports_what_is_missing(page, reported, profile):
    nodes = NODES + (profile == "full")  # only the full profile has the bootstrap server's pseudo-node
    served = len(mbeans_with("topic", page) | mbeans_with("node_id", page))
    assert len(TARGETS) * CLIENTS * (TOPICS + nodes) - served == sum(reported.values())
