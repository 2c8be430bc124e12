"""Small and quick, on one producer with three nodes and five topics: ours beside jmx_exporter's standalone."""

import pytest

from benchmarks.exporters import Exporter, jmx_exporter, ours
from lab.synthetic_jvm import SyntheticJvm

pytestmark = pytest.mark.integration

MEGABYTE_LIMIT = 35
SCRAPES = 50
WHOLE = 50
"""Lines of the producer that a page has at least: neither exporter's first answer may be one without its target."""


@pytest.fixture(scope="module")
def target(lab):
    with SyntheticJvm(clients=1, nodes=3, topics=5) as target:
        yield target


@pytest.mark.parametrize("profile", ["default", "full"])
def test_resident_memory_stays_small(target, profile, tmp_path):
    with Exporter(ours(profile), target, tmp_path) as exporter:
        exporter.first_page(lines=WHOLE)
        exporter.scrape_often(SCRAPES)

        assert exporter.resident_megabytes("VmHWM") < MEGABYTE_LIMIT


def test_the_first_page_comes_sooner_than_that_of_jmx_exporter(target, tmp_path):
    seconds = {}
    for turn, command in enumerate([jmx_exporter, ours(), jmx_exporter, ours()]):  # the first two warm the target
        with Exporter(command, target, tmp_path) as exporter:
            seconds[turn] = exporter.first_page(lines=WHOLE)

    assert seconds[3] < seconds[2]
