"""Writes ``docs/dashboards.md``: what the boards show, and where alerts, guide and Confluent's board lead."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dashboards import confluent
from dashboards.boards import BOARDS
from dashboards.check import EXCEPTIONS, filled
from dashboards.model import Board, Panel
from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.text import markdown_table

STATES = {"healthy": "in health", "faults": "during faults"}
PAGE = Path(__file__).parents[1] / "docs" / "dashboards.md"
INTRODUCTION = """\
<!-- Written by `make generate` from dashboards/; do not edit. -->

# Dashboards

Five Grafana dashboards, in English and Korean. Write them into a folder, and import the files or provision the folder:

```sh
kafka-producer-exporter dashboards --output dashboards/ --lang en
```

The Helm chart installs those of one language, with `dashboards.enabled`, as ConfigMaps for the sidecar of Grafana's own
chart.

They are classic JSON (schema version 41), as Grafana 11.6 has it. No Grafana server was available where they are
tested, so **an import into Grafana has not been tried**. Each file passes unchanged through Grafana's own types
(grafana-foundation-sdk 11.6), but for the titles of annotations, which Grafana reads and that library does not know.
[dashboard-proof.md](dashboard-proof.md) shows that each query returns data from a real Prometheus.

- **Variables:** cluster, namespace, service, pod and client. Each of them is optional: a board works where the series
  have only the label `target`. `--set cluster=NAME` changes the label of the Kafka cluster, as for the alert rules.
- **Thresholds** are dashed red lines, and are those of your own alert rules: load the rules
  (`kafka-producer-exporter rules`), and pass the same `--set` to both.
- **Alerts** link to their panel if the rules know your Grafana:
  `rules --set dashboard_base=https://grafana.example.com`. **Panels** link to the runbooks of their alerts:
  `dashboards --set runbook_base=http://EXPORTER:9797/runbooks`.
- **Languages** do not mix: the boards of each have uids and a tag of their own, and link only to each other.
"""


def text() -> str:
    """Return the page."""
    sections = [INTRODUCTION, "## The boards", _boards(), "## Pictures", DRAWN, _pictures()]
    sections += ["## The panel of each alert", _alerts(), "## The names of the operating guide", _guide()]
    sections += ["## In place of Confluent's producer board", CONFLUENT, _confluent()]
    sections += ["## Rules of dashboard-linter that do not apply", LINTER, _exceptions()]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


DRAWN = """\
`python -m dashboards.tour` draws them in Chromium, with Grafana's own components, from a Prometheus that scrapes the
lab: once in health, and once during several faults (records that are too large, a full buffer, fencing, a hanging
transaction, a dead JVM, dead letters, rejected records). State timelines are a stand-in, because Grafana does not
publish that panel. Windows are divided by 20, as in the fault runs."""
CONFLUENT = """\
Its panels, and what shows the same here. Defects that these boards do not have: a unit that says percent for a ratio
of 1, `rate()` of a gauge, a query of another product with an undefined variable, sizes as bytes per second, and
`env="$env"`, without which every panel is empty."""
LINTER = """\
`python -m dashboards` checks the other rules, and more: overlaps, ids, units, legends, and how many lines a graph
draws."""


def _boards() -> str:
    return markdown_table(
        ("Board", "File", "What it is for"),
        [(board.title.en, f"`{board.key}.json`", board.description.en) for board in BOARDS],
    )


def _pictures() -> str:
    rows = [
        (
            board.title.en,
            *(f"[{language}]({_picture(board, language, state)})" for state in STATES for language in LANGUAGES),
        )
        for board in BOARDS
    ]
    heading = ("Board, whole page", *(f"{STATES[state]}, {language}" for state in STATES for language in LANGUAGES))
    shown = [f"![{board.title.en}, {STATES['faults']}](pictures/{board.key}-faults-en.png)" for board in BOARDS]
    return "\n\n".join([markdown_table(heading, rows).rstrip("\n"), *shown])


def _picture(board: Board, language: str, state: str) -> str:
    return f"pictures/{board.key}-{state}-{language}-whole.png"


def _alerts() -> str:
    rows = [(f"`{alert}`", board.title.en, _title(panel)) for alert, board, panel in _by(lambda panel: panel.alerts)]
    return markdown_table(("Alert", "Board", "Panel"), sorted(rows))


def _guide() -> str:
    places = list(_by(lambda panel: panel.guide))
    rows = [
        (f"`{entry.name}`", board.title.en, _title(panel))
        for entry in GUIDE
        for name, board, panel in places
        if name == entry.name
    ]
    return markdown_table(("Name", "Board", "Panel"), rows)


def _confluent() -> str:
    places = list(_by(lambda panel: panel.confluent))
    rows = [
        (row, title, board.title.en, _title(panel))
        for row, titles in confluent.PANELS.items()
        for title in titles
        for name, board, panel in places
        if name == title
    ]
    return markdown_table(("Row there", "Panel there", "Board here", "Panel here"), rows)


def _exceptions() -> str:
    return markdown_table(("Rule", "Why not"), [(f"`{rule}`", reason) for rule, reason in EXCEPTIONS.items()])


def _by(names: Callable[[Panel], Sequence[str]]) -> Iterator[tuple[str, Board, Panel]]:
    return ((name, board, panel) for board in BOARDS for panel in board.panels() for name in names(panel))


def _title(panel: Panel) -> str:
    return filled(panel.title.en)
