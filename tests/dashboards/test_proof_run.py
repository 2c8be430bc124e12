"""How the proof goes through a fault, in a world that is made up; ``make dashboards`` does it in the lab."""

import time
from types import SimpleNamespace

import pytest

from dashboards.grafana import queries_of
from dashboards.model import Graph, Query
from dashboards.proof.record import Proven
from dashboards.proof.run import Prover, rows_of
from lab.faults.table import Row, read_table
from lab.faults.world import Firing
from lab.process import LabError
from tests.dashboards.boards import as_shipped, board, panel

EXPR = "kafka_producer_up"
OTHER = "kafka_producer_clients"


class Prometheus:
    """A Prometheus that has data for some queries, from a time on."""

    def __init__(self, *exprs):
        self.exprs = exprs
        self.asked = []

    def query_range(self, expr, *, start, end, step_seconds):
        self.asked.append(expr)
        return [{"metric": {"target": "orders"}, "values": [[end, "1"]]}] if expr in self.exprs else []

    def label_values(self, label, selector, *, start, end):
        return ["orders"]

    def series(self, selector, *, start, end):
        return []


class Watcher:
    """The alert fires when it is looked for the second time."""

    def __init__(self, *labels):
        self.looks = 0
        self.labels = labels

    def firing(self):
        self.looks += 1
        return [Firing(dict(labels), 0.0) for labels in self.labels] if self.looks > 1 else []


@pytest.fixture
def prove():
    """Prove a board with two panels in a fault; return what was saved and what was said."""

    def prove(prometheus, watcher, fault, **options):
        made = board(
            panel(Graph, "up", queries=(Query(EXPR),), fault="quota"), panel(Graph, "clients", queries=(Query(OTHER),))
        )
        proven = Proven(made, list(queries_of("small", as_shipped(made))))
        saved, said = [], []
        world = SimpleNamespace(prometheus=prometheus, watcher=watcher)
        prover = Prover(
            world,
            [proven],
            ["quota"],
            said.append,
            lambda *what: saved.append(what),
            patience_seconds=0,
            class_of=lambda _: fault,
        )
        prover.in_faults([Row(name="quota", what="It breaks.", fires=("Lost",), **options)])
        return saved, said

    return prove


def test_only_what_is_for_a_fault_is_asked_once_its_alert_fires(prove):
    prometheus, watcher = Prometheus(EXPR), Watcher({"alertname": "Lost", "target": "quota"})
    began = time.monotonic()

    ((key, answers, failed),), said = prove(prometheus, watcher, Nothing, fires_within=60)

    shown = [(one.expr, one.proven_in, one.series) for one in answers if one.kind == "range"]
    assert (key, shown) == ("small", [(EXPR, "quota", 1)])
    assert failed == []
    assert OTHER not in prometheus.asked
    assert watcher.looks == 2
    assert time.monotonic() - began < 30
    assert said[-1] == "quota: 6 queries have data, 2 have none"  # the variables have, and the two annotations have not


def test_a_query_without_data_has_failed_and_is_named(prove):
    ((_, answers, failed),), said = prove(Prometheus(), Watcher(), Nothing, fires_within=0)

    assert {one.kind for one in answers} == {"labels"}
    assert failed == [("range", EXPR, "", "quota")]
    assert "quota: Lost not fired" in said
    assert any(line.startswith("WRONG quota: board small, panel 'up': no data") for line in said)


def test_a_fault_that_cannot_run_is_reported_and_removed(prove):
    saved, said = prove(Prometheus(EXPR), Watcher(), Broken, fires_within=0)

    assert saved == []
    assert "no broker" in said[-1]
    assert Broken.closed


def test_a_fault_that_is_not_in_the_table_is_an_error_and_health_is_no_fault():
    rows = read_table().rows

    assert [row.name for row in rows_of(["health", "quota"], rows)] == ["quota"]
    with pytest.raises(LabError, match="no fault typo"):
        rows_of(["typo"], rows)


class Nothing:
    """A fault that does nothing."""

    def __init__(self, world, name):
        pass

    def prepare(self):
        pass

    def begin(self):
        pass

    def end(self):
        pass

    def close(self):
        pass


class Broken(Nothing):
    """A fault that cannot begin."""

    closed = False

    def begin(self):
        raise LabError("no broker")

    def close(self):
        Broken.closed = True
