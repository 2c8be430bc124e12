import pytest

from dashboards import page
from dashboards.boards import BOARDS
from dashboards.check import findings, findings_of
from dashboards.data import FOLDER, rendered
from dashboards.model import Graph, Link, Stat, Table, Variable
from dashboards.queries import EVERYTHING, producer, rate
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.languages import Text
from tests.dashboards.boards import SMALL, board, panel, words


def test_the_boards_are_right():
    assert list(map(str, findings(BOARDS))) == []


def test_the_committed_json_is_what_the_code_makes():
    files = dict(rendered())

    assert {*FOLDER.glob("*/*")} == files.keys(), "run make generate"
    for file, text in files.items():
        assert file.read_text(encoding="utf-8") == text, "run make generate"


def test_the_page_about_the_boards_is_what_the_code_makes():
    assert page.PAGE.read_text(encoding="utf-8") == page.text(), "run make generate"


def messages(*panels, **options):
    one = board(*panels, **options)
    return [str(finding) for finding in findings_of(one, (one,))]


def test_the_small_board_is_right():
    assert [str(finding) for finding in findings_of(SMALL, (SMALL,))] == []


def test_a_renamed_metric_is_named_with_its_board_and_panel(monkeypatch):
    name = "kafka_producer_record_send_total"
    monkeypatch.setattr("dashboards.check.known", lambda: {"up": None})

    (message, *_) = messages(panel(Stat, "sent"))

    assert message == (
        f"board small, panel 'sent': {name}: neither the catalogue nor the pack has this metric; see docs/metrics.md"
    )
    assert name in METRICS


RECORDS = producer("kafka_producer_record_send_total")
LATENCY = producer("kafka_producer_request_latency_avg_seconds")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (panel(Stat, query=f"sum({RECORDS})"), "a counter stays where it is until a restart"),
        (panel(Stat, query=f"sum({rate(LATENCY)})"), "is no counter"),
        (panel(Stat, query="sum("), "sum("),
        (panel(Stat, query=""), "no query"),
        (panel(Stat, query='sum(rate(kafka_producer_record_send_total{topc="x"}[5m]))'), "has no label topc"),
        (panel(Stat, query=f"max({LATENCY})", unit="ms"), "its values are seconds, and the unit is ms"),
        (panel(Stat, query="sum(rate(kafka_producer_record_send_total[5m]))"), "a fixed range"),
        (panel(Graph, query=rate(RECORDS)), "may draw more than 10 lines"),
        (panel(Stat, title=""), "no title in en"),
        (panel(Stat, description=Text("why", "")), "no description in ko"),
        (panel(Stat, guide=("record-send-rat",)), "the guide does not name record-send-rat"),
        (panel(Stat, guide=("record-send-rate",)), "the description does not say that this is record-send-rate"),
        (panel(Stat, links=(Link(words("go"), "elsewhere", ("target",)),)), "a link to board elsewhere"),
        (panel(Stat, width=25), "is wider than the grid"),
    ],
)
def test_what_is_wrong_with_a_panel_is_said(wrong, message):
    assert any(message in text for text in messages(wrong)), messages(wrong)


def test_a_legend_names_only_labels_that_the_series_have():
    wrong = panel(Graph, queries=[panel(Graph).queries[0].__class__(f"sum({rate(RECORDS)})", "{{client_id}}")])

    assert any("the legend names client_id, and it has no labels" in text for text in messages(wrong))


def test_more_than_five_graphs_are_too_many_for_the_first_screen():
    assert messages(*(panel(Graph, width=4) for _ in range(5))) == []
    assert "6 graphs on the first screen" in messages(*(panel(Graph, width=4) for _ in range(6)))[0]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("label_values(kafka_producer_upp, target)", "kafka_producer_upp: neither"),
        ("query_result(up)", "write it as label_values(metric, label)"),
        ("label_values(up{, target)", "label_values(up{, target)"),
    ],
)
def test_what_is_wrong_with_a_variable_is_said(query, message):
    one = Variable("x", words("x"), query, words("x"))

    assert any(message in text or "up{" in text for text in messages(panel(Stat), variables=(*EVERYTHING, one)))


def test_a_table_may_have_as_many_rows_as_it_likes():
    table = panel(Table, query=f"sum by (client_id) ({rate(RECORDS)})", labels=(("client_id", words("client")),))

    assert messages(table) == []
