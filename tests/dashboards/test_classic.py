import copy
import json

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.boards import BOARDS
from dashboards.classic import dashboard
from dashboards.model import Graph, Row, Stat
from kafka_producer_exporter.languages import LANGUAGES
from tests.dashboards.boards import SMALL, board, panel, words


def there_and_back(content):
    return json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(json.dumps(content)))))


def without_titles(content):
    """Return a board without the titles of annotations, which Grafana reads and its foundation SDK does not know."""
    shown = copy.deepcopy(content)
    for annotation in shown["annotations"]["list"]:
        assert annotation.pop("titleFormat")
    return shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("board", [SMALL, *BOARDS], ids=lambda board: board.key)
def test_a_board_goes_unchanged_through_grafanas_own_types(board, language):
    content = without_titles(dashboard(board, language))

    assert there_and_back(content) == content


def test_a_misspelled_key_would_be_lost_there():
    content = without_titles(dashboard(SMALL, "en"))
    content["panels"][0]["descripton"] = "typo"

    assert there_and_back(content) != content


def places(content):
    return [tuple(panel["gridPos"][key] for key in "xywh") for panel in content["panels"]]


def test_panels_fill_the_lines_from_left_to_right():
    content = dashboard(
        board(*(panel(Stat, width=width, height=height) for width, height in [(16, 3), (8, 5), (12, 4)])), "en"
    )

    assert places(content) == [(0, 0, 16, 3), (16, 0, 8, 5), (0, 5, 12, 4)]


def test_a_collapsed_row_keeps_its_panels_and_takes_one_line():
    rows = (Row(words("closed"), (panel(Stat), panel(Graph)), is_collapsed=True), Row(words("open"), (panel(Stat),)))

    content = dashboard(board(rows=rows), "en")

    assert [(p["type"], p["gridPos"]["y"]) for p in content["panels"]] == [("row", 0), ("row", 1), ("stat", 2)]
    assert [p["type"] for p in content["panels"][0]["panels"]] == ["stat", "timeseries"]


def test_the_users_own_threshold_is_drawn_as_a_dashed_line():
    graph = next(p for p in dashboard(SMALL, "en")["panels"] if p["title"] == "graph")

    assert graph["targets"][1]["expr"] == "max(kafka_producer_threshold:latency_seconds)"
    (line,) = graph["fieldConfig"]["overrides"]
    assert line["matcher"] == {"id": "byFrameRefID", "options": "B"}
    assert {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}} in line["properties"]


def test_boards_of_one_language_link_only_to_each_other():
    korean = dashboard(SMALL, "ko")
    links = json.dumps([p for row in korean["panels"] for p in row.get("panels", ())], ensure_ascii=False)

    assert korean["uid"] == "kafka-producer-small-ko"
    assert korean["tags"] == korean["links"][0]["tags"] == ["kafka-producer-ko"]
    assert "/d/kafka-producer-small-ko?${__url_time_range}&${datasource:queryparam}&" in links
    assert "/d/kafka-producer-small?" not in links
    assert "for tests (ko)" in korean["description"]


def test_a_link_sets_its_own_labels_and_keeps_the_other_variables():
    table = dashboard(SMALL, "en")["panels"][-1]["panels"][0]
    (override,) = [o for o in table["fieldConfig"]["overrides"] if o["properties"][0]["id"] == "links"]
    (link,) = override["properties"][0]["value"]

    assert override["matcher"] == {"id": "byName", "options": "client"}
    assert link["url"] == (
        "/d/kafka-producer-small?${__url_time_range}&${datasource:queryparam}&${cluster:queryparam}"
        "&${namespace:queryparam}&${pod:queryparam}"
        '&var-target=${__data.fields["service"]}&var-client_id=${__data.fields["client"]}'
    )
