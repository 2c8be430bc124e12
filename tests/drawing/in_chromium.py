"""A sample dashboard in Chromium: what a person would read in each panel, with data of a real Prometheus.

``make drawing`` runs this file. It is not part of ``make test``: it needs npm, Chromium and 600 MB in the cache.
"""

import struct

import pytest

from dashboards.pictures import draw_dashboards
from lab.process import LabError, wait_until
from tests.drawing.sample import TARGET, prometheus, sample

PALETTE = 3
"""Colour type of a PNG."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with prometheus(tmp_path_factory.mktemp("prometheus")) as running:
        is_ready = 'ALERTS{alertstate="firing"} and on () count_over_time(up[1m]) > 20'
        wait_until("the alert fires", lambda: running.query(is_ready), timeout_seconds=60)
        yield running


@pytest.fixture(scope="module")
def draw(server, tmp_path_factory):
    def draw(**dashboards):
        return draw_dashboards(server.url, dashboards, start="now-1m", folder=tmp_path_factory.mktemp("pictures"))

    return draw


@pytest.fixture(scope="module")
def drawn(draw):
    return dict(zip(("en", "ko"), draw(en=sample("en"), ko=sample("ko")), strict=True))


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def header(file):
    """Return width, height, bits per sample and colour type of a PNG."""
    return struct.unpack(">IIBB", file.read_bytes()[16:26])


def test_the_pictures_are_the_first_screen_and_the_whole_page_with_a_palette(drawn):
    first, whole = (header(file) for file in drawn["en"].files)

    assert first == (1440, 900, 8, PALETTE)
    assert (whole[0], whole[3]) == (1440, PALETTE)
    assert whole[1] > first[1]


def test_only_panels_without_data_are_listed_as_such_and_show_their_own_text(drawn):
    sample = drawn["en"]

    assert sample.without_data == ("nothing", "no lines")
    assert lines(sample.texts["nothing"]) == ["nothing", "none yet"]
    assert lines(sample.texts["no lines"]) == ["no lines", "no lines yet"]


def test_a_value_is_shown_as_its_text(drawn):
    assert lines(drawn["en"].texts["number"]) == ["number", "up"]
    assert lines(drawn["ko"].texts["number (한국어)"]) == ["number (한국어)", "up (한국어)"]


def test_legends_come_from_labels(drawn):
    assert TARGET in lines(drawn["en"].texts["numbers"])
    assert "/api/v1/query" in lines(drawn["en"].texts["lines"])
    assert "the alert's threshold" in lines(drawn["en"].texts["lines"])


def test_the_note_is_rendered_from_markdown(drawn):
    assert lines(drawn["en"].texts["note"]) == ["note", "Look at this first."]


def test_the_alert_list_shows_what_fires(drawn):
    assert {"SampleAlert", "critical", "shop"} <= {*lines(drawn["en"].texts["alerts"])}


def test_a_table_joins_its_queries_under_their_headings_and_is_sorted(drawn):
    text = lines(drawn["en"].texts["joined"])

    assert text[:5] == ["joined", "handler", "requests", "per second", "missing"]
    rows = [text[start : start + 4] for start in range(5, len(text) - 3, 4)]
    requests = [float(row[1]) for row in rows]
    assert requests == sorted(requests, reverse=True)
    assert {row[3] for row in rows} == {"–"}
    assert all(row[2].endswith(" req/s") for row in rows)


def test_a_panel_that_grafana_publishes_no_component_for_says_so(draw, drawn):
    other = sample() | {
        "panels": [panel | {"type": "gauge"} for panel in sample()["panels"] if panel["title"] == "number"]
    }
    (gauge,) = draw(gauge=other)

    assert {"stand-in", "gauge"} <= {*lines(gauge.texts["number"])}
    assert "stand-in" in lines(drawn["en"].texts["states"])
    assert [title for title, text in drawn["en"].texts.items() if "stand-in" in text] == ["states"]


def test_a_chosen_value_of_a_variable_reaches_the_queries(server, draw, tmp_path):
    (chosen,) = draw_dashboards(
        server.url, {"sample": sample()}, start="now-1m", folder=tmp_path, variables={"target": TARGET}
    )

    assert "number" not in chosen.without_data


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("panel", r"broken: panel 2 \(number\): bad_data: .*parse error"),
        ("variable", r"broken: variable target: bad_data: .*parse error"),
        ("annotation", r"broken: annotation Alerts: its query failed"),
    ],
)
def test_a_query_that_prometheus_refuses_is_an_error_that_names_its_place(draw, place, error):
    broken = sample()
    match place:
        case "panel":
            next(panel for panel in broken["panels"] if panel["title"] == "number")["targets"][0]["expr"] = "up{"
        case "variable":
            broken["templating"]["list"][-1]["query"]["query"] = "label_values(up{, target)"
        case "annotation":
            broken["annotations"]["list"][0]["expr"] = "up{"

    with pytest.raises(LabError, match=error):
        draw(broken=broken)
