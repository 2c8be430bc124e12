import pytest

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.pack import durations
from kafka_producer_exporter.pack.parameters import values

TABLE = {
    "limit": {"default": 0.5, "kind": "threshold", "unit": "seconds"},
    "hold": {"default": "5m", "kind": "window"},
    "window_1h": {"default": "1h", "kind": "window", "fixed": True},
    "service": {"default": "namespace, target", "kind": "labels"},
    "producers": {"default": 'target!=""', "kind": "selector"},
    "runbook_base": {"default": "", "kind": "text"},
}


@pytest.mark.parametrize(
    ("written", "length", "shortest"),
    [("5m", 300_000, "5m"), ("1h30m", 5_400_000, "90m"), ("1500ms", 1500, "1500ms"), ("7d", 604_800_000, "7d"),
     ("1w", 604_800_000, "7d"), ("120s", 120_000, "2m")],
)  # fmt: skip
def test_a_duration_has_a_length_and_one_way_to_be_written(written, length, shortest):
    assert durations.milliseconds(written) == length
    assert durations.duration(length) == shortest


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "0s", "5m1h", "1.5h", "5min"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="write it like 5m"):
        durations.milliseconds(text)


def test_a_template_gets_the_values_in_every_form():
    chosen = values(TABLE, {"limit": "2", "service": "app"})

    filled = chosen.fill("by (${service}) x{${producers}}[${hold}] > ${limit} in ${hold.words}, ${window_1h.seconds} s")

    assert filled == 'by (app) x{target!=""}[5m] > 2 in 5 minutes, 3600 s'


def test_korean_words_and_singulars():
    assert values(TABLE, {}, language="ko").fill("${hold.words}") == "5분"
    assert values(TABLE, {"hold": "1m"}).fill("${hold.words}") == "1 minute"


def test_windows_shrink_and_thresholds_never_do():
    chosen = values(TABLE, {}, scale=20)

    assert chosen.fill("${hold} ${window_1h} ${window_1h.seconds} ${limit}") == "15s 3m 180 0.5"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("limt", "1", "did you mean limit"),
        ("nothing_like_it", "1", "use one of hold, limit"),
        ("limit", "fast", "'fast' is not a number; the unit is seconds"),
        ("limit", "nan", "is not a number"),
        ("hold", "5 minutes", "write it like 5m"),
        ("window_1h", "2h", "1h is fixed, because names of recording rules contain it"),
        ("service", "namespace target", "write it like namespace, target"),
        ("service", "", "write it like namespace, target"),
        ("producers", "shop", 'write it like namespace="shop",target!=""'),
        ("producers", 'a="b"} or vector(1) or {c="d"', "is not a list of matchers"),
    ],
)
def test_a_wrong_value_is_refused_with_where_and_what_to_do(name, text, says):
    with pytest.raises(ConfigError) as raised:
        values(TABLE, {name: text})

    assert f"--set {name}: " in str(raised.value)
    assert says in str(raised.value)


def test_every_problem_is_told_at_once():
    with pytest.raises(ConfigError, match="2 problems"):
        values(TABLE, {"limit": "x", "hold": "y"})


def test_an_empty_selector_and_one_of_many_matchers_are_accepted():
    for text in ("", 'a="b"', 'a=~"b|c", d!="e\\"f"'):
        assert values(TABLE, {"producers": text}).fill("${producers}") == text
