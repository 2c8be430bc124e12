import json
import re

import pytest

from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.catalogue.table import METRICS, by_attribute
from kafka_producer_exporter.commands import metrics
from kafka_producer_exporter.model import Profile
from tests.paths import DOCS

# The monitoring section of the operating guide, name by name.
NAMES_OF_THE_GUIDE = [
    "record-send-rate",
    "request-latency-avg",
    "record-error-rate",
    "record-retry-rate",
    "record-size-avg",
    "batch-size-avg",
    "compression-rate-avg",
    "producer-id",
    "epoch",
    "bufferpool-wait-time-total",
    "buffer-exhausted-rate",
    "transaction-start-rate",
    "transaction-abort-rate",
]
IN_NO_JAVA_CLIENT = {"producer-id", "epoch", "transaction-start-rate", "transaction-abort-rate"}


@pytest.fixture
def verb():
    return metrics


def test_the_json_has_exactly_the_promised_keys(printed):
    listed = json.loads(printed("--format", "json"))

    assert [entry["name"] for entry in listed] == list(METRICS)
    for entry in listed:
        assert list(entry) == ["name", "type", "unit", "help", "labels", "source", "guide", "profile"]
    assert listed[list(METRICS).index("kafka_producer_bufferpool_wait_time_seconds_total")] == {
        "name": "kafka_producer_bufferpool_wait_time_seconds_total",
        "type": "counter",
        "unit": "seconds",
        "help": METRICS["kafka_producer_bufferpool_wait_time_seconds_total"].help,
        "labels": ["target", "client_id"],
        "source": "producer-metrics: bufferpool-wait-time-ns-total, in nanoseconds; "
        "in older clients bufferpool-wait-time-total",
        "guide": "bufferpool-wait-time-total",
        "profile": "minimal",
    }


@pytest.mark.parametrize("profile", Profile)
def test_a_profile_lists_what_it_serves_and_no_more(printed, profile):
    names = {entry["name"] for entry in json.loads(printed("--format", "json", "--profile", profile))}

    assert names == {metric.name for metric in METRICS.values() if profile.includes(metric.profile)}
    assert names >= {metric.name for metric in by_attribute(profile).values()}


def test_the_table_has_a_line_for_each_metric(printed):
    head, *lines = printed().splitlines()

    assert head.split() == ["NAME", "TYPE", "PROFILE", "GUIDE", "MEANING"]
    assert [line.split()[0] for line in lines] == list(METRICS)


def test_the_page_of_the_metrics_is_what_the_verb_prints(printed):
    page = printed("--format", "markdown")

    assert (DOCS / "metrics.md").read_text() == page, "make generate"


def test_the_page_of_the_guide_has_the_table_that_the_verb_prints(printed):
    assert (DOCS / "guide-coverage.md").read_text().endswith(printed("--guide", "--format", "markdown"))


@pytest.mark.parametrize("words", [("--format", "markdown"), ("--guide", "--format", "markdown")])
def test_the_rows_of_a_markdown_table_are_as_wide_as_its_head(printed, words):
    rows = [line for line in printed(*words).splitlines() if line.startswith("|")]

    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    rules = [index for index, row in enumerate(rows) if set(row) == set("| -")]
    for start, end in zip(rules, [*(rule - 1 for rule in rules[1:]), len(rows)], strict=True):
        assert set(widths[start - 1 : end]) == {widths[start]}


def test_the_markdown_has_every_metric_and_every_older_name(printed):
    page = printed("--format", "markdown")

    assert [name for name in METRICS if f"| `{name}` |" not in page] == []
    assert "in older clients `iotime-total`" in page


def test_each_section_stands_once(printed):
    headings = re.findall(r"^## (.+)$", printed("--format", "markdown"), re.MULTILINE)

    assert sorted(headings) == sorted(set(headings))


def test_every_name_of_the_guide_has_an_answer_in_the_order_of_the_guide(printed):
    answers = json.loads(printed("--guide", "--format", "json"))

    assert [answer["name"] for answer in answers] == NAMES_OF_THE_GUIDE
    for answer in answers:
        assert list(answer) == ["name", "heading", "metrics", "answer"]


@pytest.mark.parametrize("name", sorted(set(NAMES_OF_THE_GUIDE) - IN_NO_JAVA_CLIENT))
def test_what_a_java_client_has_is_served_from_it(printed, name):
    (answer,) = (answer for answer in json.loads(printed("--guide", "--format", "json")) if answer["name"] == name)

    assert [METRICS[metric].guide for metric in answer["metrics"]] == [name]


@pytest.mark.parametrize("name", sorted(IN_NO_JAVA_CLIENT))
def test_what_no_java_client_has_says_so_and_where_it_is(printed, name):
    (line,) = (line for line in printed("--guide").splitlines() if line.startswith(name))

    assert "No version of the Java client" in line
    assert "broker view" in line or "The brokers have it" in line


def test_an_answer_names_only_metrics_that_are_served():
    named = {name for entry in GUIDE for name in re.findall(r"kafka_\w+", entry.answer)}

    assert named - METRICS.keys() == set()
    assert named


def test_a_name_in_the_catalogue_is_a_name_of_the_guide():
    assert {metric.guide for metric in METRICS.values()} - {""} <= set(NAMES_OF_THE_GUIDE)
