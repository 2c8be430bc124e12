"""The boards as files: templates for the wheel, and ``json/`` with the default parameters."""

import json
from collections.abc import Iterator
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.classic import dashboard, panel_ids
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import dashboards

HERE = Path(__file__).parent
FOLDER = HERE / "json"


def templates() -> Iterator[tuple[str, str]]:
    """Yield the files of the package's data, by path: each board in each language, and which panel an alert has."""
    for board in BOARDS:
        for language in LANGUAGES:
            yield f"dashboards/{language}/{board.key}.json", _text(dashboard(board, language))
    panels = {
        alert: {"board": board.key, "panel": number}
        for board in BOARDS
        for number, panel in panel_ids(board)
        for alert in panel.alerts
    }
    yield "panels.json", _text(dict(sorted(panels.items())))


def rendered() -> Iterator[tuple[Path, str]]:
    """Yield the files of ``json/``, and what they must contain."""
    for language in LANGUAGES:
        for name, content in dashboards.render(language=language).items():
            yield FOLDER / language / name, _text(content)


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
