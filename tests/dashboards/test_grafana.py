"""Variables, time ranges and queries as Grafana makes them of a board's JSON."""

import pytest

from dashboards.grafana import (
    annotation_span,
    chosen_by,
    interpolate,
    label_values,
    queries_of,
    span,
    without_variables,
)
from dashboards.queries import producer
from tests.dashboards.boards import SMALL, as_shipped

MONTH = 30 * 86_400


def test_a_variable_without_a_choice_has_all():
    assert interpolate('up{target=~"$target", pod=~"${pod}"}', {}, {}) == 'up{target=~".*", pod=~".*"}'


def test_several_values_are_joined_and_one_is_not():
    text = 'up{target=~"$target|", pod=~"$pod"}'
    choice = {"target": ("orders", "bills"), "pod": ("orders-0",)}

    assert interpolate(text, choice, {}) == 'up{target=~"(orders|bills)|", pod=~"orders-0"}'


@pytest.mark.parametrize(
    ("value", "in_quotes", "as_regex"),
    [
        ("a.b", r"a\\.b", r"a\.b"),
        ("$1", r"\\$1", r"\$1"),
        ("a/b", "a/b", r"a\/b"),
        ("a\\b", r"a\\\\b", r"a\\b"),
        ('"a"', '"a"', '"a"'),  # a double quote ends the string in the middle
        ("it's", "it's", "it's"),
        ("{a}|(b)", r"\\{a\\}\\|\\(b\\)", r"\{a\}\|\(b\)"),
    ],
)
def test_values_are_escaped_as_grafana_does_by_itself_and_with_the_format_regex(value, in_quotes, as_regex):
    choice = {"client_id": (value,)}

    assert interpolate("$client_id", choice, {}) == in_quotes
    assert interpolate("${client_id:regex}", choice, {}) == as_regex


def test_a_value_that_looks_like_a_variable_is_not_filled_in_again():
    assert interpolate('"$a$b"', {"a": ("$b",), "b": ("c",)}, {}) == '"\\\\$bc"'


def test_grafanas_own_variables_are_durations():
    lab = span(300, scrape_seconds=1)

    assert interpolate("$__rate_interval $__interval $__range", {}, lab.builtins()) == "4s 1s 300s"


@pytest.mark.parametrize(
    ("seconds", "step", "rate"),
    [
        (300, 15, 60),
        (3 * 3600, 15, 60),
        (6 * 3600, 20, 60),
        (86_400, 60, 75),
        (7 * 86_400, 600, 615),
        (MONTH, 1800, 1815),
    ],
)
def test_the_step_follows_the_time_range_and_the_rate_looks_back_over_four_scrapes_at_least(seconds, step, rate):
    divided = span(seconds, scrape_seconds=15)

    assert (divided.step_seconds, divided.rate_seconds) == (step, rate)


@pytest.mark.parametrize("seconds", [300, 86_400, MONTH, 365 * 86_400])
def test_no_series_has_more_points_than_prometheus_returns(seconds):
    assert seconds / span(seconds, scrape_seconds=15, points=100_000).step_seconds <= 11_000


def test_an_annotation_has_steps_of_a_minute_or_longer():
    assert annotation_span(300).builtins() == {"__interval": "60s", "__rate_interval": "240s", "__range": "300s"}
    assert annotation_span(MONTH).step_seconds == 21_600


def test_every_query_of_the_json_is_found_with_the_labels_that_it_names():
    found = list(queries_of("small", as_shipped(SMALL)))

    assert {asked.title for asked in found if asked.place == "panel"} == {"alerts", "stat", "graph", "table", "states"}
    assert [asked.labels for asked in found if asked.place == "variable" and asked.title == "pod"] == [("pod",)]
    assert {asked.kind for asked in found if asked.title in {"graph", "states"}} == {"range"}
    assert [asked.labels for asked in found if asked.title == "table"] == [("target", "client_id")] * 2
    assert {asked.kind for asked in found if asked.place == "annotation"} == {"range"}
    assert found[0].where == "board small, variable 'cluster'"


def test_a_selector_knows_its_variables_and_its_text_without_them():
    lost = producer("kafka_producer_record_error_total", 'topic!="a"')
    ((selector, variables),) = chosen_by(f"sum(rate({lost.replace('%{cluster}', 'kafka_cluster')}[$__rate_interval]))")

    assert variables == {
        "cluster": "kafka_cluster",
        "namespace": "namespace",
        "target": "target",
        "pod": "pod",
        "client_id": "client_id",
    }
    assert without_variables(selector) == 'kafka_producer_record_error_total{target!="", topic!="a"}'


def test_label_values_are_read_and_another_query_of_a_variable_is_refused():
    assert label_values('label_values(up{a=~"b, c"}, pod)') == ('up{a=~"b, c"}', "pod")
    with pytest.raises(ValueError, match="query_result"):
        label_values("query_result(up)")
