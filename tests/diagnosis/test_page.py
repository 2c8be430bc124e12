"""The page of the runs, and the findings of the table of faults."""

from dataclasses import replace

from kafka_producer_exporter.diagnosis.table import CAUSES
from lab.faults.table import Row, Table, read_table
from tests.diagnosis.lab_run import PAGES, QUIET, Named, Result, is_good, load, named, save
from tests.diagnosis.page import PAGE, recorded_page, text_of

ROW = Row(name="quota", what="A quota is small.", finding="quota")
NAMED = Named(first=["quota"], later=["buffer-full"], certainty="certain", after_seconds=13.2, runs=1)
GOOD = Result(fault="quota", finding="quota", jmx=NAMED, brokers=NAMED, versions={"Kafka": "4.4.0"}, is_good=True)


def line_of(result, row=ROW):
    results = {result.fault: result} if result else {}
    text = text_of(results, {}, Table(rows={row.name: row}))
    return next(line for line in text.splitlines() if line.startswith(f"| {row.name} "))


def test_every_finding_of_the_table_of_faults_is_a_cause_or_says_that_there_is_none():
    known = {cause.id for cause in CAUSES} | {*QUIET, "unreachable"}

    for row in read_table().rows.values():
        assert row.finding in {*known, ""}, row.name
        assert row.finding_by in ("jmx", "brokers"), row.name


def test_the_committed_page_is_the_one_of_the_recorded_runs():
    assert PAGE.read_text() == recorded_page()


def test_a_row_shows_what_was_named_and_when():
    assert line_of(GOOD) == (
        "| quota | A quota is small. | `quota` | quota, certain | quota, certain | 13 s | as expected |"
    )


def test_a_row_that_was_not_run_says_so():
    assert line_of(None).endswith("| not run yet |")


def test_a_row_whose_finding_has_changed_was_not_run():
    assert line_of(GOOD, Row(name="quota", what="A quota is small.", finding="slow-broker")).endswith("| not run yet |")


def test_a_wrong_name_is_shown():
    wrong = Named(first=["slow-broker"], later=[], certainty="likely", after_seconds=60.0, runs=9)
    bad = Result(fault="quota", finding="quota", jmx=wrong, brokers=NAMED, versions={}, is_good=False)

    assert line_of(bad).endswith("| slow-broker, likely | quota, certain | 13 s | **not named** |")


def test_causes_that_cannot_be_told_apart_are_joined():
    both = Named(first=["sasl", "tls"], later=[], certainty="likely", after_seconds=13.0, runs=1)

    assert "| sasl or tls, likely |" in line_of(
        Result(fault="quota", finding="quota", jmx=both, brokers=NAMED, versions={}, is_good=True)
    )


def test_a_fault_without_a_finding_says_why():
    row = Row(name="quota", what="A quota is small.", no_finding="It is over.")

    assert line_of(None, row) == "| quota | A quota is small. | none | - | - | - | It is over. |"


SLOW = Named(first=["slow-broker"], later=[], certainty="likely", after_seconds=60.0, runs=9)


def lines_of(results=(), second=(), row=ROW):
    text = text_of(dict(results), dict(second), Table(rows={row.name: row}))
    return [line for line in text.splitlines() if line.startswith(f"| {row.name} ")]


def test_pages_of_other_exporters_show_what_they_name_and_what_they_cannot_know():
    blind = replace(SLOW, cannot_know=["quota"])
    result = replace(GOOD, pages=dict(zip(PAGES, (NAMED, blind, SLOW), strict=True)))

    assert lines_of({"quota": result})[1] == (
        "| quota | `quota` | quota, certain | slow-broker, likely (cannot know) | **slow-broker, likely** | - |"
    )


def test_a_page_that_names_something_else_is_no_good_result():
    assert is_good(replace(GOOD, pages={"Micrometer": replace(SLOW, cannot_know=["quota"])}), ROW)
    assert not is_good(replace(GOOD, pages={"Micrometer": SLOW}), ROW)


def test_the_second_set_shows_both_sources_where_they_differ():
    second = {"2.8.2": {"quota": replace(GOOD, jmx=SLOW)}, "3.9.2": {"quota": GOOD}}

    assert lines_of(second=second)[1] == (
        "| quota | `quota` | **slow-broker, likely**; with brokers: quota, certain | quota, certain |"
    )


def test_results_are_kept(tmp_path):
    save(GOOD, tmp_path)

    assert load(tmp_path) == {"quota": GOOD}


def subject(*findings, reachable=True, idle=(), clients=("orders",)):
    return {
        "findings": list(findings),
        "reachable": reachable,
        "idle": list(idle),
        "clients": list(clients),
        "cannot_know": [{"cause": "hidden-producer", "needs": ["kafka_producer_hidden"]}],
    }


def finding(cause, *beside):
    inseparable = [{"cause": other} for other in beside]
    return {"cause": cause, "certainty": "likely", "inseparable_from": inseparable}


def first_of(*subjects, wanted="quota"):
    return named(subjects, wanted, 10.0, 1).first


def test_what_is_named_first_includes_what_stands_beside_it():
    assert first_of(subject(finding("sasl", "tls"), finding("tls", "sasl"), finding("quota"))) == ["sasl", "tls"]


def test_of_several_targets_the_one_with_the_cause_counts():
    assert first_of(subject(), subject(finding("slow-broker")), subject(finding("quota"))) == ["quota"]


def test_any_finding_of_healthy_targets_counts():
    assert first_of(subject(), subject(finding("quota")), wanted="nothing") == ["quota"]


def test_no_finding_is_nothing_idle_or_unreachable():
    assert first_of(subject()) == ["nothing"]
    assert first_of(subject(idle=["orders"])) == ["idle"]
    assert first_of(subject(reachable=False)) == ["unreachable"]
