"""What is recorded of the proof, when it is out of date, and the page; the proof itself is ``make dashboards``."""

import dataclasses

import pytest

from dashboards.grafana import queries_of
from dashboards.model import AlertList, Graph, Query, Stat, Table
from dashboards.proof.page import PAGE, text_of
from dashboards.proof.record import HEALTH, Answer, Proven, Recorded, load, save, shipped, unproven
from dashboards.proof.run import faults_of
from dashboards.queries import producer, rate
from kafka_producer_exporter.languages import LANGUAGES
from lab.faults.table import read_table
from tests.dashboards.boards import as_shipped, board, panel, words

VERSIONS = {"Prometheus": "3.16.0"}
ERRORS = f"sum by (target, client_id) ({rate(producer('kafka_producer_record_error_total'))})"
SENT = f"sum by (target) ({rate(producer('kafka_producer_record_send_total'))})"
ERRORS, SENT = (text.replace("%{cluster}", "kafka_cluster") for text in (ERRORS, SENT))


def proven_of(*panels):
    made = board(*panels)
    return Proven(made, list(queries_of("small", as_shipped(made))))


def graph(title, expr, legend="{{target}}", **options):
    return panel(Graph, title, queries=(Query(expr, legend),), **options)


def answer_to(asked, proven_in=HEALTH, **options):
    defaults = {
        "series": 2,
        "labels": list(asked.labels),
        "values_of": asked.labels[0] if asked.kind == "labels" else "",
    }
    return Answer(**{"kind": asked.kind, "expr": asked.expr, "proven_in": proven_in, **defaults, **options})


def answers_to(proven, **options):
    return [answer_to(asked, next(iter(proven.places(asked)), HEALTH), **options) for asked in proven.queries]


def record(proven, answers):
    return Recorded(VERSIONS, {answer.key: answer for answer in answers})


# The recorded proof of the boards


@pytest.mark.parametrize("key", shipped())
def test_every_query_of_a_board_was_proven_as_it_is_now(key):
    assert list(unproven(shipped()[key], load(key))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_boards_ask_the_same_in_every_language(language):
    def asked(proven):
        return [(one.place, one.number, one.kind, one.expr, one.labels) for one in proven.queries]

    english, other = shipped(), shipped(language)

    assert {key: asked(proven) for key, proven in other.items()} == {key: asked(one) for key, one in english.items()}


def test_each_panel_names_a_fault_of_the_table():
    assert [name for name in faults_of(shipped().values()) if name not in read_table().rows] == []


def test_the_page_is_made_of_what_is_recorded():
    boards = list(shipped().values())

    assert PAGE.read_text() == text_of(boards, [load(proven.board.key) for proven in boards])


# What counts as proven


def test_a_query_that_was_changed_after_the_proof_is_named_with_its_board_and_panel():
    old, new = proven_of(graph("sent", SENT)), proven_of(graph("sent", f"2 * {SENT}"))
    answers = record(old, answers_to(old))

    assert list(unproven(old, answers)) == []
    (line,) = unproven(new, answers)
    assert line.startswith("board small, panel 'sent': 2 * sum by (target)")
    assert line.endswith("not proven in health; run make dashboards")


def test_what_is_for_a_fault_is_proven_there_and_nowhere_else():
    proven = proven_of(graph("lost", ERRORS, fault="record-too-large"))
    elsewhere = record(proven, [answer_to(asked) for asked in proven.queries])

    (line,) = unproven(proven, elsewhere)
    assert "not proven in record-too-large" in line
    assert list(unproven(proven, record(proven, answers_to(proven)))) == []


def test_of_several_faults_one_is_enough_for_each_query():
    proven = proven_of(graph("lost", ERRORS, fault="quota record-too-large"))
    answers = [answer_to(asked, "record-too-large") for asked in proven.queries]

    assert list(unproven(proven, record(proven, answers))) == []
    assert faults_of([proven]) == ["quota", "record-too-large", "session-loop"]
    assert any("not proven in quota or record-too-large" in line for line in unproven(proven, record(proven, [])))


def test_the_same_query_can_be_on_two_panels_in_health_and_in_a_fault():
    proven = proven_of(graph("all", ERRORS), graph("lost", ERRORS, fault="record-too-large"))

    assert list(unproven(proven, record(proven, answers_to(proven)))) == []


def test_variables_annotations_and_lists_of_alerts_are_proven_wherever_they_had_data():
    proven = proven_of(panel(AlertList, "alerts", query=""))
    anywhere = [answer_to(asked, "quota", labels=[], others=list(asked.labels)) for asked in proven.queries]

    assert list(unproven(proven, record(proven, anywhere))) == []
    assert faults_of([proven]) == ["record-too-large", "session-loop"]


def test_a_legend_needs_its_labels_on_every_series():
    proven = proven_of(graph("lost", ERRORS, "{{target}} {{client_id}}"))
    answers = [dataclasses.replace(one, labels=["target"], others=["client_id"]) for one in answers_to(proven)]

    assert "board small, panel 'lost': the series have no label client_id" in list(
        unproven(proven, record(proven, answers))
    )


def test_where_a_query_has_one_thing_or_another_each_label_is_on_some_of_the_series():
    proven = proven_of(graph("lost", f"{ERRORS} or {SENT}", "{{target}} {{client_id}}"))
    answers = [dataclasses.replace(one, labels=["target"], others=["client_id"]) for one in answers_to(proven)]

    assert [line for line in unproven(proven, record(proven, answers)) if "panel" in line] == []


def test_a_table_needs_each_label_on_every_series_of_one_of_its_queries():
    table = panel(
        Table,
        "worst",
        queries=(Query(ERRORS, column=words("lost")), Query(SENT, column=words("sent"))),
        labels=(("target", words("service")), ("client_id", words("client"))),
    )
    proven = proven_of(table)
    answers = answers_to(proven)
    sent = next(one for one in answers if one.expr == SENT)
    answers[answers.index(sent)] = dataclasses.replace(sent, labels=["target"])

    assert list(unproven(proven, record(proven, answers))) == []
    without = [dataclasses.replace(one, labels=["target"]) for one in answers]
    lines = list(unproven(proven, record(proven, without)))
    assert lines.count("board small, panel 'worst': the series have no label client_id") == 2


# Records and the page


def test_a_part_of_the_proof_is_added_to_what_was_recorded(tmp_path):
    proven = proven_of(graph("sent", SENT), graph("lost", ERRORS, fault="quota"))
    everything = answers_to(proven)
    in_fault = [one for one in everything if one.proven_in == "quota"]
    save(proven, [one for one in everything if one not in in_fault], versions=VERSIONS, folder=tmp_path)
    assert len(list(unproven(proven, load("small", tmp_path)))) == 1

    save(proven, in_fault, versions=VERSIONS, folder=tmp_path)

    assert list(unproven(proven, load("small", tmp_path))) == []
    assert load("small", tmp_path).versions == VERSIONS


def test_a_query_that_failed_or_is_gone_has_no_answer_any_more(tmp_path):
    proven = proven_of(graph("sent", SENT), graph("lost", ERRORS))
    save(proven, answers_to(proven), versions=VERSIONS, folder=tmp_path)

    (key,) = [one.key for one in answers_to(proven) if one.expr == SENT]
    save(proven, [], failed=[key], versions=VERSIONS, folder=tmp_path)
    assert len(list(unproven(proven, load("small", tmp_path)))) == 1

    save(proven_of(graph("sent", SENT)), [], versions=VERSIONS, folder=tmp_path)
    assert ERRORS not in (tmp_path / "small.json").read_text()


def test_the_page_has_a_row_for_each_panel_and_says_what_is_not_proven():
    proven = proven_of(
        graph("sent | in", SENT), panel(Stat, "lost", queries=(Query(ERRORS), Query(SENT)), fault="quota")
    )
    answers = [one for one in answers_to(proven, labels=["client_id", "target"]) if one.expr != ERRORS]

    text = text_of([proven], [record(proven, answers)])

    assert "## small\n" in text
    assert "| sent \\| in | 1 | health | 2 | client_id, target |\n" in text
    assert "| lost | 2 | quota | -, 2 | client_id, target |\n" in text
    assert "| variable pod | 1 | health | 2 |" in text
    assert "\n- board small, panel 'lost': sum by" in text.partition("## Not proven\n")[2]
    assert text.endswith("## Versions\n\nPrometheus 3.16.0.\n")
    assert "## Not proven\n\nNothing.\n" in text_of([proven], [record(proven, answers_to(proven))])
