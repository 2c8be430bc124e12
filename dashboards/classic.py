"""Writes a board as Grafana's classic dashboard JSON (schema version 41), in one language."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.model import (
    WIDTH,
    AlertList,
    Board,
    Graph,
    Link,
    Note,
    Panel,
    Query,
    Row,
    States,
    Stat,
    Step,
    Table,
    Variable,
    Words,
)
from dashboards.queries import threshold

Json = dict[str, Any]
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
NO_DATA = Words("no data", "데이터 없음")
GREEN, YELLOW, RED, TEXT = "green", "yellow", "red", "text"


def uid(key: str, language: str) -> str:
    """Return the uid of a board: boards of one language only link to each other."""
    return f"kafka-producer-{key}" + ("" if language == "en" else f"-{language}")


def tag(language: str) -> str:
    """Return the tag of the boards of a language."""
    return "kafka-producer" + ("" if language == "en" else f"-{language}")


class Writer:
    """Writes boards in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def board(self, board: Board) -> Json:
        """Return the dashboard."""
        return {
            "uid": uid(board.key, self._language),
            "title": self._say(board.title),
            "description": self._say(board.description),
            "tags": [tag(self._language)],
            "timezone": "browser",
            "editable": False,
            "graphTooltip": 1,
            "refresh": board.refresh,
            "schemaVersion": 41,
            "time": {"from": f"now-{board.span}", "to": "now"},
            "links": [self._menu()],
            "annotations": {"list": self._annotations()},
            "templating": {"list": [self._data_source(), *map(self._variable, board.variables)]},
            "panels": self._panels(board.rows),
        }

    def _say(self, words: Words | str) -> str:
        if isinstance(words, str):
            return words
        text: str = getattr(words, self._language)
        return text
