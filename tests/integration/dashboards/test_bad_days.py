"""The queries of the boards on days that are not like the lab's: nothing there, far too much there, odd names."""

import random
import re

import pytest

from dashboards.check import filled, known
from dashboards.grafana import interpolate, span
from dashboards.proof.ask import Asker
from dashboards.proof.record import shipped
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.model import Kind
from promql.expressions import parse, selectors
from tests.integration.dashboards.history import SCRAPE_SECONDS, prometheus_with, quoted, series_of
from tests.paths import GOLDEN

pytestmark = [
    pytest.mark.usefixtures("prometheus_programs"),
    pytest.mark.timeout(300),  # 1,200 targets on a machine that may be busy
]

QUERIES = [asked for proven in shipped().values() for asked in proven.queries]
MONTH = 30 * 86_400
MOST_LINES = 10
SERVICES, PODS = 400, 3
ODD = (
    'it\'s "quoted"',
    "a/b//c",
    "back\\slash\\",
    "$1 ${x} $client_id $__range",
    ".*",
    "a|b",
    "(a) [b] {c} ^+?",
    "주문",
)


def names_in(asked):
    """The names of the metrics and recordings that a query uses."""
    for selector in selectors(parse(filled(asked.expr))):
        if selector.name:
            yield selector.name
        for matcher in selector.matchers:
            if matcher.name == "__name__":
                yield from matcher.value.split("|")


def errors(asker, queries, choice, now):
    """Ask each query; return what Prometheus refuses."""
    found = {}
    for asked in queries:
        try:
            asker.ask(asked, choice, now=now)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to a query
            found[asked.where] = str(error)
    return found


# Nothing at all


@pytest.fixture(scope="module")
def nothing(prometheus_programs, tmp_path_factory):
    with prometheus_with(tmp_path_factory.mktemp("nothing"), []) as started:
        yield started


@pytest.mark.parametrize("seconds", [300, MONTH])
def test_a_prometheus_without_data_answers_every_query_for_five_minutes_and_for_thirty_days(nothing, seconds):
    prometheus, now = nothing

    assert errors(Asker(prometheus, seconds=seconds, scrape_seconds=SCRAPE_SECONDS), QUERIES, {}, now) == {}


def test_prometheus_refuses_more_points_than_grafana_asks_for(nothing):
    prometheus, now = nothing
    divided = span(MONTH, scrape_seconds=SCRAPE_SECONDS)

    prometheus.query_range("up", start=now - MONTH, end=now, step_seconds=divided.step_seconds)
    with pytest.raises(Exception, match="exceeded maximum resolution of 11,000 points"):
        prometheus.query_range("up", start=now - MONTH, end=now, step_seconds=SCRAPE_SECONDS)


# Only the sidecar


def sidecar():
    """The series of a recorded page, without any of the broker view, as a PodMonitor labels them: names and values."""
    scraped = 'job="shop/kafka-producers",instance="10.0.0.7:9797",namespace="shop",pod="orders-0"'
    for line in (GOLDEN / "4.4.0-default.prom").read_text().splitlines():
        if sample := re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line):
            name, labels, value = sample.groups()
            rises = METRICS[name].kind is Kind.COUNTER
            more = 1.0 if "_seconds" in name else 100.0
            yield f"{name}{{{scraped}{',' * bool(labels)}{labels or ''}}}", (more,) if rises else float(value)


@pytest.fixture(scope="module")
def only_sidecar(prometheus_programs, tmp_path_factory):
    with prometheus_with(tmp_path_factory.mktemp("sidecar"), list(sidecar())) as started:
        yield started


def test_without_a_broker_view_every_query_is_answered_and_the_boards_of_producers_have_data(only_sidecar):
    prometheus, now = only_sidecar
    asker = Asker(prometheus, seconds=300, scrape_seconds=SCRAPE_SECONDS)
    there = {series.partition("{")[0] for series, _ in sidecar()}
    expected = [
        asked
        for proven in shipped().values()
        for asked in proven.queries
        if "health" in proven.places(asked) and {*names_in(asked)} <= there and asked.kind != "labels"
    ]

    assert errors(asker, QUERIES, {}, now) == {}
    assert {asked.board for asked in expected} >= {"overview", "producer"}
    assert [asked.where for asked in expected if not asker.ask(asked, {}, now=now)] == []


# 400 services with three pods each


def crowd():
    """Every metric and recording of the graphs, once for each of 1,200 pods, as far as it has labels for that.

    No two pods have the same value, and each metric has another order of them.
    """
    pods = [labels_of_pod(number) for number in range(SERVICES * PODS)]
    names = {name for asked in QUERIES if asked.kind == "range" for name in names_in(asked)}
    for name in sorted(names):
        entry = known()[name]
        wanted = sorted(entry.labels if entry.labels is not None else pods[0])
        series = dict.fromkeys(f"{name}{{{','.join(pod[label] for label in wanted)}}}" for pod in pods)
        shares = [(number + 1) / (len(series) + 1) for number in range(len(series))]
        random.Random(name).shuffle(shares)
        for one, value in zip(series, shares, strict=True):
            if name.startswith("kafka_producer_threshold:"):
                yield one, 0.01
            elif entry.kind is not Kind.COUNTER:
                yield one, value
            else:  # a share of a second for each second, or some in a second
                yield one, (value * SCRAPE_SECONDS * (1 if "_seconds" in name else 100),)


def labels_of_pod(number):
    """Every label of a pod, as a page has it."""
    service, pod = divmod(number, PODS)
    own = {"namespace": "shop", "kafka_cluster": "eu", "target": f"service-{service}", "client_id": "orders"}
    own |= {"pod": f"service-{service}-{pod}", "instance": f"10.1.{service}.{pod}:9797", "job": "shop/producers"}
    own |= {"topic": f"topic-{number}" if number else "__transaction_state", "transactional_id": f"id-{number}"}
    own |= {"reason": ("fenced", "timeout", "client")[pod], "request": "Produce", "partition": f"{pod}"}
    own |= {"rule_group": f"rules.yml;kafka-producer-{number}"}
    labels = {label for entry in known().values() for label in entry.labels or ()} | own.keys()
    return {label: f"{label}={quoted(own.get(label, f'{label}-{pod}'))}" for label in labels}


@pytest.fixture(scope="module")
def many(prometheus_programs, tmp_path_factory):
    with prometheus_with(tmp_path_factory.mktemp("many"), list(crowd())) as started:
        yield started


def test_no_query_of_a_graph_draws_more_than_ten_lines_of_1200_targets(many):
    prometheus, now = many
    asker = Asker(prometheus, seconds=60, scrape_seconds=SCRAPE_SECONDS)
    graphs = [asked for asked in QUERIES if asked.kind == "range" and asked.place == "panel"]

    lines = {f"{asked.where}: {asked.expr}": len(asker.ask(asked, {}, now=now)) for asked in graphs}

    assert [where for where, count in lines.items() if count > MOST_LINES] == []
    assert [where for where, count in lines.items() if count == 0] == []


def test_a_choice_of_nearly_all_of_400_services_is_not_too_long(many):
    prometheus, now = many
    asker = Asker(prometheus, seconds=60, scrape_seconds=SCRAPE_SECONDS)
    targets = [f"service-{number}" for number in range(SERVICES - 1)]
    choice = {"target": targets, "pod": [f"{target}-{pod}" for target in targets for pod in range(PODS)]}
    query = next(
        asked
        for asked in QUERIES
        if asked.kind == "range" and "kafka_producer_record_send" in asked.expr and "$pod" in asked.expr
    )

    assert len(interpolate(query.expr, choice, {})) > 20_000
    assert asker.ask(query, choice, now=now)
    assert errors(asker, [asked for asked in QUERIES if asked.kind == "labels"], choice, now) == {}


# Odd names


def odd_clients():
    """A producer for each odd client id, in a service with a dollar sign."""
    yield series_of("kafka_producer_up", {"target": "$shop", "namespace": "$a", "pod": "p$0"}), 1
    for metric in METRICS.values():
        if {"client_id", "target"} <= {*metric.labels}:
            for number, client in enumerate(ODD):
                labels = dict.fromkeys(metric.labels, "x")
                own = {"target": "$shop", "client_id": client, "namespace": "$a", "pod": f"p${number}"}
                yield series_of(metric.name, labels | own), (100.0,)


@pytest.fixture(scope="module")
def odd(prometheus_programs, tmp_path_factory):
    with prometheus_with(tmp_path_factory.mktemp("odd"), list(odd_clients())) as started:
        yield started


@pytest.mark.parametrize("client", ODD)
def test_an_odd_client_can_be_chosen_and_is_the_only_one_that_is_shown(odd, client):
    prometheus, now = odd
    asker = Asker(prometheus, seconds=60, scrape_seconds=SCRAPE_SECONDS)
    choice = {"client_id": (client,), "target": ("$shop",), "namespace": ("$a",), "pod": (f"p${ODD.index(client)}",)}
    queries = [asked for asked in QUERIES if "client_id" in asked.expr]

    assert errors(asker, queries, choice, now) == {}
    shown = {
        labels["client_id"]
        for asked in queries
        if asked.board == "producer" and asked.place == "panel"
        for labels in asker.ask(asked, choice, now=now)
        if "client_id" in labels
    }
    assert shown == {client}


def test_odd_clients_can_be_chosen_together(odd):
    prometheus, now = odd
    asker = Asker(prometheus, seconds=60, scrape_seconds=SCRAPE_SECONDS)

    assert errors(asker, QUERIES, {"client_id": ODD, "target": ("$shop", "other")}, now) == {}
