"""The table of faults, whose alert is whose, and the page."""

import pytest

from lab.faults.fault import Fault
from lab.faults.page import PAGE, Fired, Result, load, save, severities, text_of
from lab.faults.runner import owners
from lab.faults.table import Row, Table, class_of, mistakes, modules, read_table
from lab.faults.world import Watcher, client_settings

SEVERITIES = severities()


def row(name, **options):
    return Row(name=name, what="It breaks.", panel="a board: a panel", **options)


def result(fault, generation=3, **options):
    defaults = {"scale": 20.0, "versions": {"Kafka": "4.4.0"}, "lasted": 9.0, "fired": {}, "pages": 0}
    return Result(fault=fault, generation=generation, **defaults | options)


def test_the_table_names_every_alert_and_every_module():
    assert list(mistakes(read_table(), list(SEVERITIES))) == []


@pytest.mark.parametrize("name", read_table().rows)
def test_each_fault_has_a_class_of_its_name(name):
    assert issubclass(class_of(name), Fault)


def test_mistakes_of_a_table_are_named():
    table = Table(
        rows={
            "broker-frozen": row("broker-frozen", fires=["A", "Typo"], may_fire=["A"]),
            "not-written": row("not-written", fires=["D"], no_finding="It is not written."),
        },
        stand_ins={"D": "promtool", "Other": "promtool"},
    )

    found = [line for line in mistakes(table, ["A", "B", "D"]) if "no row of the table" not in line]

    assert found == [
        "broker-frozen: no alert is named Typo",
        "broker-frozen: A is both in fires and in may_fire",
        "broker-frozen: set either finding or no_finding",
        "not-written: lab/faults/not_written.py does not exist",
        "B: no fault fires it, and no test stands in for one",
        "stand_ins: no alert is named Other",
        "stand_ins: a fault fires D",
    ]


def test_a_module_without_a_row_is_a_mistake():
    found = list(mistakes(Table(), []))

    assert len(found) == len(modules())
    assert "lab/faults/quota.py: no row of the table is named quota" in found


RUNNING = {"jvm-killed": row("jvm-killed", fires=["Down"]), "quota": row("quota", fires=["Slow"], may_fire=["Down"])}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"alertname": "Slow", "target": "jvm-killed"}, {"jvm-killed"}),
        ({"alertname": "Slow", "topic": "quota.dlq"}, {"quota"}),
        ({"alertname": "Slow", "transactional_id": "quota-0"}, {"quota"}),
        ({"alertname": "Slow", "target": "quotas"}, {"quota"}),  # not its name, but it expects the alert
        ({"alertname": "Slow"}, {"quota"}),
        ({"alertname": "Down"}, {"jvm-killed", "quota"}),
        ({"alertname": "Unexpected", "target": "checkout"}, {"jvm-killed", "quota"}),
        ({"alertname": "Slow", "target": "finished-before"}, set()),
    ],
)
def test_an_alert_belongs_to_the_fault_it_is_named_after_or_to_those_that_expect_it_or_to_all(labels, expected):
    assert owners(labels, RUNNING, ["finished-before"]) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("broker-killed", {"broker-killed"}),
        ("checkout", {"broker-killed"}),
        ("elsewhere", {"broker-killed"}),
        ("finished-before", set()),  # its service was taken down, which is no fault
    ],
)
def test_every_alert_belongs_to_a_fault_that_runs_alone(target, expected):
    running = {"broker-killed": row("broker-killed", alone=True)}

    assert owners({"alertname": "Slow", "target": target}, running, ["finished-before"], ["checkout"]) == expected


def test_an_alert_on_a_healthy_service_is_nobodys_while_several_faults_run():
    assert owners({"alertname": "Slow", "target": "checkout"}, RUNNING, [], ["checkout"]) == set()


def test_the_clients_times_are_divided_unless_they_are_given():
    settings = client_settings({"max_block_ms": 500, "transactional_id": "a"}, 20)

    assert settings["delivery_timeout_ms"] == 6000
    assert settings["metrics_sample_window_ms"] == 1500
    assert settings["transaction_timeout_ms"] == 3000
    assert settings["max_block_ms"] == 500
    assert "transaction_timeout_ms" not in client_settings({}, 20)


def test_the_watcher_remembers_what_fired_and_when_it_ended():
    def alert(name, state="firing"):
        return {"labels": {"alertname": name}, "state": state}

    watcher = Watcher(prometheus=None, alertmanager=None)
    watcher.look([alert("A"), alert("B", "pending")], 1.0)
    watcher.look([alert("A"), alert("B")], 2.0)
    watcher.look([alert("B")], 3.0)

    assert [(one.name, one.began, one.ended) for one in watcher.since(0)] == [("A", 1.0, 3.0), ("B", 2.0, None)]
    assert [one.name for one in watcher.since(3.5)] == ["B"]
    assert [one.name for one in watcher.firing()] == ["B"]


def test_the_watcher_remembers_what_was_inhibited():
    def alert(name, *causes):
        return {"labels": {"alertname": name}, "status": {"inhibitedBy": list(causes)}}

    watcher = Watcher(prometheus=None, alertmanager=None)
    watcher.look_for_inhibited([alert("A", "cause"), alert("B")], 1.0)
    watcher.look_for_inhibited([alert("A")], 2.0)

    assert watcher.inhibited_since(0.5) == [{"alertname": "A"}]
    assert watcher.inhibited_since(1.5) == []


def test_results_are_kept_by_fault_and_generation(tmp_path):
    fired = {"A": Fired(severity="warning", fires_after=4.0, resolved_after=None)}
    first, second = result("one", fired=fired), result("one", generation=2, problems=["B must not fire"])

    for each in (first, second, result("two")):
        save(each, tmp_path)

    assert load(tmp_path) == {("one", 3): first, ("one", 2): second, ("two", 3): result("two")}


def test_the_page_has_a_row_of_each_alert_and_of_each_fault():
    table = Table(
        rows={
            "one": row("one", fires=["A"], may_fire=["B"]),
            "quiet": row("quiet"),
            "later": row("later", fires=["C"]),
        },
        stand_ins={"D": "Its windows are days; `alerts/tests/D.yaml`"},
    )
    fired = {
        "A": Fired(severity="critical", fires_after=12.2, resolved_after=31.0),
        "B": Fired(severity="warning", fires_after=15.0, resolved_after=-1.0),
    }
    results = [result("one", fired=fired, pages=1), result("quiet", problems=["A must not fire"])]

    page = text_of(table, {"A": "critical"}, {(each.fault, 3): each for each in results})

    assert "| A | critical | one | 3 | 12 s | 4 min | 31 s | 10 min | B |" in page
    assert "| one | It breaks. | a board: a panel | 3 | 9 s | A, B | 1 | as expected |" in page
    assert "| quiet | It breaks. | a board: a panel | 3 | 9 s | nothing | 0 | WRONG: A must not fire |" in page
    assert "| later | It breaks. | a board: a panel | - | - | - | - | not run yet |" in page
    assert "| D | Its windows are days; `alerts/tests/D.yaml` |" in page


def test_the_committed_page_is_made_of_the_recorded_results_and_all_of_them_are_as_expected():
    results = load()

    assert PAGE.read_text() == text_of(read_table(), SEVERITIES, results)
    assert [each.fault for each in results.values() if each.problems] == []
    assert {fault for fault, _ in results} <= read_table().rows.keys()
