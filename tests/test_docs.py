"""The documents have no dead ends: files, sections, pictures, metrics and alerts that they name exist."""

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.pack import rules
from tests.paths import DOCS, ROOT
from tools.anchors import anchors, prose

PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "dashboards" / "drawing" / "README.md"],
    key=lambda file: file.relative_to(ROOT),
)
SOURCES = sorted(
    file
    for folder in ("alerts", "dashboards", "exporter", "helm", "kustomize", "lab", "tools")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".py", ".yaml", ".tpl", ".md") and "node_modules" not in file.parts
)
"""Whatever may name a page: messages, comments of values and manifests, runbooks."""

LINK = re.compile(r"\]\(([^()\s]+)\)")
CODE = re.compile(r"`[^`]*`")
NAMED = re.compile(r"(?<![\w/.-])((?:docs|README|CONTRIBUTING|CHANGELOG)[\w/.-]*\.md(?:#[\w-]+)?)")


METRIC = re.compile(r"(?<![\w/.:-])(kafka_[a-z0-9_]*[a-z0-9])\b(?![(/*.])")
ALERT = re.compile(r"\bKafka(?:Bootstrap|Broker|Certificate|Clock|Dead|Producer|Topic|Transaction)[A-Z][A-Za-z]+")
NO_METRICS = {
    "kafka_cluster": "a label",
    "kafka_producer_producer_metrics_record_error_total": "a name of jmx_exporter",
    "kafka_streams": "a preset",
    "kafka_version": "a label of Micrometer",
}


def names(files):
    return [str(file.relative_to(ROOT)) for file in files]


def links(page: str) -> list[str]:
    """Return the targets of all links and pictures of a page, but for those in code."""
    return [target for line in prose(page) for target in LINK.findall(CODE.sub(lambda code: "x" * len(code[0]), line))]


@cache
def sections(file: Path) -> frozenset[str]:
    return frozenset(anchors(file.read_text(encoding="utf-8")))


def dead(targets, folder):
    """Yield the targets that lead to no file, or to no section of it."""
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, section = target.partition("#")
        file = (folder / path).resolve() if path else None
        if file is not None and not (file.exists() and file.is_relative_to(ROOT)):
            yield f"{target}: no such file"
        elif file is not None and section and section not in sections(file):
            yield f"{target}: no such section"


@pytest.mark.parametrize("name", names(PAGES))
def test_every_link_of_a_page_leads_somewhere(name):
    file = ROOT / name
    page = file.read_text(encoding="utf-8")
    targets = [f"{file.name}{target}" if target.startswith("#") else target for target in links(page)]

    assert list(dead(targets, file.parent)) == []


def test_every_metric_and_every_alert_that_a_page_names_exists():
    alerts = {alert["alert"] for alert in rules.alerts()}
    pages = {file.name: file.read_text(encoding="utf-8") for file in PAGES if file.name != "CHANGELOG.md"}
    metrics = {metric for page in pages.values() for metric in METRIC.findall(page)}

    assert sorted(metrics - METRICS.keys()) == sorted(NO_METRICS)
    assert [alert for page in pages.values() for alert in ALERT.findall(page) if alert not in alerts] == []


def test_every_page_that_a_source_names_exists():
    found = {
        f"{file.relative_to(ROOT)}: {problem}"
        for file in SOURCES
        for problem in dead(NAMED.findall(file.read_text(encoding="utf-8")), ROOT)
    }

    assert found == set()


def test_every_page_can_be_reached_from_the_readme():
    reached, left = set(), [ROOT / "README.md"]
    while left:
        file = left.pop()
        if file not in reached and file.suffix == ".md" and file.is_file():
            reached.add(file)
            targets = links(file.read_text(encoding="utf-8"))
            left += [(file.parent / target.partition("#")[0]).resolve() for target in targets if ":" not in target]
            if any((file.parent / target).resolve() == DOCS / "adr" for target in targets):
                left += (DOCS / "adr").glob("*.md")  # a link to a folder shows what is in it

    assert [name for name in names(PAGES) if name.startswith("docs/") and ROOT / name not in reached] == []


@pytest.mark.parametrize(
    ("page", "problems"),
    [
        ("[a](docs/metrics.md#delivery) ![b](docs/pictures/overview-faults-en.png)", []),
        ("[a](https://example.org/none.md#x) `[b](none.md)`\n```\n[c](none.md)\n```", []),
        ("[a](docs/none.md)", ["docs/none.md: no such file"]),
        ("[a `b`](docs/metrics.md#deliveries)", ["docs/metrics.md#deliveries: no such section"]),
        ("![a](docs/pictures/none.png)", ["docs/pictures/none.png: no such file"]),
        ("[![a](docs/pictures/none.png)](docs/metrics.md)", ["docs/pictures/none.png: no such file"]),
        ("[a](../outside.md)", ["../outside.md: no such file"]),
    ],
)
def test_a_dead_link_is_noticed(page, problems):
    assert list(dead(links(page), ROOT)) == problems


def test_the_picture_of_the_architecture_is_self_contained_and_names_real_modules():
    text = (DOCS / "pictures" / "data-paths.svg").read_text(encoding="utf-8")
    titles = re.findall(r'class="title"[^>]*>([^<]+)<', text)
    modules = [title for title in titles if "/" in title]

    ElementTree.fromstring(text)
    assert re.findall(r"<(?:title|desc) id=|prefers-color-scheme: (?:dark)", text) == [
        "<title id=",
        "<desc id=",
        "prefers-color-scheme: dark",
    ]
    assert re.findall(r"(?:href|src)=|<script|@import|url\((?!#)", text) == []
    assert len(modules) == 10
    assert [module for module in modules if not (ROOT / "exporter" / "kafka_producer_exporter" / module).exists()] == []
