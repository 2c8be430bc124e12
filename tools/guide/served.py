"""What a line of the guide can lead to: how the page shows it, and whether it exists."""

import re
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dashboards.boards import BOARDS
from kafka_producer_exporter.audit import brokers as audited_brokers
from kafka_producer_exporter.audit.live import unseen
from kafka_producer_exporter.audit.options import GUIDE_LINES
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.diagnosis.table import CAUSES
from kafka_producer_exporter.errorcodes.table import find
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.pack import rules
from tools.anchors import anchor, anchors

ROOT = Path(__file__).parents[2]
IN_BROKERS = (audited_brokers.MIN_ISR, audited_brokers.LOG_REPLICATION, audited_brokers.LOG_MIN_ISR)


class Kind(Enum):
    """What it is; the value is how the pages call it."""

    METRIC = Text("Metrics", "메트릭")
    ALERT = Text("Alerts", "경보")
    PANEL = Text("Panels", "패널")
    CAUSE = Text("Found by `diagnose`", "`diagnose`가 찾는 원인")
    RULE = Text("Judged by `audit`", "`audit`이 점검")
    ERROR = Text("Known to `explain`", "`explain`이 설명")
    PAGE = Text("Read", "읽을 것")


class Served(NamedTuple):
    """One thing that serves a line."""

    kind: Kind
    name: str
    """Of a panel ``BOARD: TITLE`` in English; of a page ``FILE.md#ANCHOR``, below ``docs/``."""

    def exists(self) -> bool:
        """Return whether there is such a thing."""
        return _EXISTS[self.kind](self.name)

    def markdown(self, language: str) -> str:
        """Return a link to where it is described."""
        return _LINK[self.kind](self.name, language)


def metrics(*names: str) -> tuple[Served, ...]:
    """Return metrics of the catalogue."""
    return tuple(Served(Kind.METRIC, name) for name in names)


def alerts(*names: str) -> tuple[Served, ...]:
    """Return alerts, and by the same names their runbooks."""
    return tuple(Served(Kind.ALERT, name) for name in names)


def panels(*names: str) -> tuple[Served, ...]:
    """Return panels of the dashboards."""
    return tuple(Served(Kind.PANEL, name) for name in names)


def causes(*names: str) -> tuple[Served, ...]:
    """Return causes that ``diagnose`` finds."""
    return tuple(Served(Kind.CAUSE, name) for name in names)


def audited(*options: str) -> tuple[Served, ...]:
    """Return options, or other things, that ``audit`` judges."""
    return tuple(Served(Kind.RULE, option) for option in options)


def explained(*names: str) -> tuple[Served, ...]:
    """Return codes and exceptions that ``explain`` knows."""
    return tuple(Served(Kind.ERROR, name) for name in names)


def read(*places: str) -> tuple[Served, ...]:
    """Return sections of pages."""
    return tuple(Served(Kind.PAGE, place) for place in places)


@cache
def _alerts() -> frozenset[str]:
    return frozenset(alert["alert"] for alert in rules.alerts())


@cache
def _panels() -> Mapping[str, Text]:
    return {f"{board.key}: {panel.title.en}": panel.title for board in BOARDS for panel in board.panels()}


@cache
def _audited() -> frozenset[str]:
    return frozenset({*GUIDE_LINES, *IN_BROKERS, *(item.option for item in unseen(None))})


@cache
def _page(file: str) -> str:
    path = ROOT / "docs" / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _has_section(place: str) -> bool:
    file, _, name = place.partition("#")
    page = _page(file)
    return bool(page) and (not name or name in anchors(page))


def _metric_link(name: str, _: str) -> str:
    return f"[`{name}`](metrics.md#{anchor(METRICS[name].section)})"


def _alert_link(name: str, language: str) -> str:
    return f"[`{name}`](../alerts/runbooks/{language}/{name}.md)"


def _panel_link(name: str, language: str) -> str:
    title = re.sub(r"(?: in |\()?%\{.*", "", _panels()[name].of(language))  # the window is a parameter
    return f"[{title}](dashboards.md#the-boards) ({name.partition(':')[0]})"


def _cause_link(name: str, _: str) -> str:
    return f"[`{name}`](diagnosis.md#causes)"


def _rule_link(option: str, _: str) -> str:
    is_in_files = option in GUIDE_LINES and option not in IN_BROKERS
    return f"[`{option}`](audit.md#{'what-is-checked-in-files' if is_in_files else 'what-a-live-producer-shows'})"


def _error_link(name: str, _: str) -> str:
    return f"[`{name}`](explain.md#a-code-or-an-exception)"


def _page_link(place: str, _: str) -> str:
    return f"[{place}]({place})"


_EXISTS = {
    Kind.METRIC: METRICS.__contains__,
    Kind.ALERT: lambda name: name in _alerts() and (ROOT / "alerts" / "runbooks" / "en" / f"{name}.md").is_file(),
    Kind.PANEL: lambda name: name in _panels(),
    Kind.CAUSE: lambda name: name in {cause.id for cause in CAUSES},
    Kind.RULE: lambda name: name in _audited(),
    Kind.ERROR: lambda name: bool(find(name)),
    Kind.PAGE: _has_section,
}
_LINK = {
    Kind.METRIC: _metric_link,
    Kind.ALERT: _alert_link,
    Kind.PANEL: _panel_link,
    Kind.CAUSE: _cause_link,
    Kind.RULE: _rule_link,
    Kind.ERROR: _error_link,
    Kind.PAGE: _page_link,
}
