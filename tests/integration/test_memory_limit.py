"""A real memory limit, and more producers than it has room for: the exporter lives, and says what it left out."""

import concurrent.futures
import gzip
import http.client
from collections import Counter
from pathlib import Path

import pytest

from lab.cgroup import MemoryCgroup
from lab.process import LabError
from lab.synthetic_jvm import SyntheticJvm
from tests.integration.serving import Serve

pytestmark = pytest.mark.integration

MIB = 1 << 20
CLIENTS, NODES, TOPICS = 100, 5, 20
TARGETS = ("checkout", "billing")
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75"
TEXT = "text/plain;version=0.0.4"
SCRAPES = 8


@pytest.fixture(scope="module")
def jvms(lab):
    """Twice the large shape."""
    shape = {"clients": CLIENTS, "nodes": NODES, "topics": TOPICS}
    with SyntheticJvm(**shape) as one, SyntheticJvm(**shape) as other:
        yield dict(zip(TARGETS, (one, other), strict=True))


@pytest.fixture
def limited(jvms, tmp_path):
    """Run the exporter on both JVMs within a memory limit: ``with limited(96 * MIB, "full") as (serve, group)``."""

    def start(limit_bytes, profile):
        return Limited(jvms, limit_bytes, profile, folder=tmp_path)

    return start


class Limited:
    def __init__(self, jvms, limit_bytes, profile, *, folder):
        self._group = MemoryCgroup(limit_bytes)
        self._arguments = ["--profile", profile]
        for name, jvm in jvms.items():
            self._arguments += ["--target", f"{name}=127.0.0.1:{jvm.jmx_port}"]
        self._folder = folder

    def __enter__(self):
        try:
            self._group.__enter__()
        except LabError as error:
            pytest.skip(str(error))
        self._serve = Serve(*self._arguments, folder=self._folder, prefix=self._group.prefix())
        try:
            return self._serve.__enter__(), self._group
        except BaseException:
            self._group.__exit__()
            raise

    def __exit__(self, *_):
        self._serve.__exit__()
        self._group.__exit__()


def scrape(serve, accept):
    """Scrape as Prometheus does; return the page's series, without their values."""
    connection = http.client.HTTPConnection(serve.address, timeout=60)
    headers = {"Accept": accept, "Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "60"}
    connection.request("GET", "/metrics", headers=headers)
    with connection.getresponse() as answer:
        assert answer.status == 200
        body = answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
    connection.close()
    return [line.rpartition(" ")[0] for line in body.decode().splitlines() if not line.startswith("#")]


def scraped_by_two(serve):
    """Scrape again and again from two sides at once, one for each format; return the pages of each side."""
    with concurrent.futures.ThreadPoolExecutor(2) as sides:
        return list(sides.map(lambda accept: [scrape(serve, accept) for _ in range(SCRAPES)], (PROMETHEUS_2, TEXT)))


def of_the_clients(series):
    """How many series each target has of its producers themselves."""
    return Counter(
        target
        for one in series
        for target in TARGETS
        if f'target="{target}"' in one and 'client_id="' in one and 'topic="' not in one and 'node_id="' not in one
    )


def lines_of_clients_alone(jvm, profile, folder):
    """How many series of its producers themselves a JVM has where there is no limit."""
    with Serve(
        "--target", f"checkout=127.0.0.1:{jvm.jmx_port}", "--profile", profile, folder=folder / "alone"
    ) as serve:
        return of_the_clients(scrape(serve, TEXT))["checkout"]


def mbeans_of(series, label):
    """The labels of every MBean of which the page has a series."""
    return {one.partition("{")[2] for one in series if f"{label}=" in one}


def resident_at_most(serve):
    status = Path(f"/proc/{serve.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def left_out(serve):
    """What the page says that it left out."""
    page = serve.page(timeout_seconds=60)
    return {
        (sample.labels["target"], sample.labels["kind"]): sample.value
        for sample in page.samples
        if sample.name == "kafka_producer_exporter_series_shed"
    }


@pytest.mark.parametrize("profile", ["default", "full"])
def test_twice_a_large_shape_lives_within_96_mib(limited, jvms, profile, tmp_path):
    of_each = lines_of_clients_alone(jvms["checkout"], profile, tmp_path)

    with limited(96 * MIB, profile) as (serve, group):
        sides = scraped_by_two(serve)
        said = left_out(serve)
        peak = resident_at_most(serve)
        assert (group.kills(), group.limit_hits()) == (0, 0)

    for page in sides[0] + sides[1]:
        assert of_the_clients(page) == dict.fromkeys(TARGETS, of_each)
        assert_says_what_is_left_out(page, said, profile)
    assert peak < 0.8 * 96 * MIB


@pytest.mark.parametrize("profile", ["default", "full"])
def test_a_limit_that_is_too_small_for_all_leaves_out_topics_and_nodes_and_says_so(limited, jvms, profile, tmp_path):
    of_each = lines_of_clients_alone(jvms["checkout"], profile, tmp_path)

    with limited(48 * MIB, profile) as (serve, group):
        sides = scraped_by_two(serve)
        said = left_out(serve)
        log = serve.log()
        assert group.kills() == 0

    assert said
    assert "left out, to stay within the memory limit" in log
    for page in sides[0] + sides[1]:
        assert of_the_clients(page) == dict.fromkeys(TARGETS, of_each)
        assert_says_what_is_left_out(page, said, profile)
        assert {one.partition(" ")[0] for one in page} == {one.partition(" ")[0] for one in sides[0][-1]}


def assert_says_what_is_left_out(page, said, profile):
    nodes = NODES + (profile == "full")  # the bootstrap server's is in the full profile alone
    missing = len(TARGETS) * CLIENTS * (TOPICS + nodes) - len(mbeans_of(page, "topic") | mbeans_of(page, "node_id"))
    assert missing == sum(said.values())
