"""When the proof takes a query for proven, on a real Prometheus."""

import pytest

from dashboards.grafana import Asked
from dashboards.proof.ask import Asker, NotProvenError
from tests.integration.dashboards.history import SCRAPE_SECONDS, prometheus_with, series_of

SERVICES = ("orders", "bills")


@pytest.fixture(scope="module")
def asker(prometheus_programs, tmp_path_factory):
    """Two services with a producer each; only one has a topic."""
    series = [
        (series_of("kafka_producer_up", {"target": name, "pod": f"{name}-0", "kind": "x"}), 1) for name in SERVICES
    ]
    series.append((series_of("sent_total", {"target": "orders", "topic": "a.b"}), (5.0,)))
    series.append((series_of("sent_total", {"target": "bills"}), (5.0,)))
    with prometheus_with(tmp_path_factory.mktemp("asked"), series) as (prometheus, now):
        yield Asker(prometheus, scrape_seconds=SCRAPE_SECONDS), now


def asked(expr, kind="range", **options):
    return Asked(**{"board": "small", "place": "panel", "title": "a panel", "kind": kind, "expr": expr, **options})


@pytest.mark.parametrize("kind", ["range", "instant"])
def test_a_query_with_data_for_all_and_for_one_and_for_two_values_is_proven(asker, kind):
    answer = asker[0].answer(
        asked('sum by (target, topic) (rate(sent_total{target=~"$target"}[$__rate_interval]))', kind), proven_in="quota"
    )

    assert (answer.kind, answer.proven_in, answer.series) == (kind, "quota", 2)
    assert (answer.labels, answer.others) == (["target"], ["topic"])
    assert answer.one_value["target"] in SERVICES


def test_a_variables_values_are_proven(asker):
    answer = asker[0].answer(asked('kafka_producer_up{pod=~"$pod"}', "labels", labels=("target",)), proven_in="health")

    assert (answer.series, answer.values_of) == (2, "target")
    assert set(answer.one_value) == {"pod"}


@pytest.mark.parametrize(
    ("expr", "why"),
    [
        ("nothing", "no data"),
        ("kafka_producer_up / 0 - kafka_producer_up / 0", "no data"),
        ('sum(kafka_producer_up{target=~"$target"}) > 1', "no data for one value of each variable"),
        ('kafka_producer_up{target="$target"} or kafka_producer_up{target=~"[a-z]+"}', None),
        ('kafka_producer_up{target=~"$target", kind="x"}', None),
    ],
)
def test_without_data_for_all_or_for_one_value_a_query_is_not_proven(asker, expr, why):
    if why is None:
        assert asker[0].answer(asked(expr, "instant"), proven_in="health").series == 2
    else:
        with pytest.raises(NotProvenError, match=why):
            asker[0].answer(asked(expr, "instant"), proven_in="health")


def test_samples_from_before_a_fault_prove_nothing(asker):
    asking, now = asker
    query = asked("rate(sent_total[$__rate_interval])")

    assert asking.answer(query, proven_in="quota", since=now - 1).series == 2
    with pytest.raises(NotProvenError, match="no data"):
        asking.answer(query, proven_in="quota", since=now + 400)
