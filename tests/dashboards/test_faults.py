"""The panels that ``lab/faults.yaml`` names."""

import pytest

from dashboards.boards import BOARDS
from dashboards.check import filled
from lab.faults.table import read_table

ROWS = read_table().rows
PANELS = {f"{board.key}: {filled(panel.title.en)}": panel for board in BOARDS for panel in board.panels()}


@pytest.mark.parametrize("name", ROWS)
def test_each_fault_names_the_panel_of_the_first_alert_that_it_fires(name):
    row = ROWS[name]

    assert row.panel in PANELS
    if row.fires:
        assert row.fires[0] in PANELS[row.panel].alerts


def test_each_panel_that_waits_for_a_fault_waits_for_one_that_exists():
    named = {name for panel in PANELS.values() for name in panel.fault.split()}

    assert named - {"health"} <= ROWS.keys()
