"""The tables of the README name what the tests really run with."""

import re

from lab import broker
from lab.fetch import PARTS_FILE
from tests.jdks import WAYS
from tests.paths import DOCS, ROOT
from tests.recordings import VERSIONS

CONTRACT = ROOT / "tests" / "integration" / "jmx" / "test_contract.py"


def table(head):
    """Return the rows of the table whose first column has this heading, as (first cell, second, third)."""
    lines = (ROOT / "README.md").read_text().split(f"| {head} | how | command |\n")[1].splitlines()[1:]
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def first_cell(rows, *, command, how=""):
    return next(first for first, second, third in rows if command in third and second.startswith(how)).split(", ")


def test_each_listed_jdk_has_passed_every_way_in_and_the_contract_test():
    rows = re.findall(
        r"^\| (\d+) \| \S+ \| (.*) \| [\d.]+ \| [\d-]+ \|$", (DOCS / "compatibility.md").read_text(), re.MULTILINE
    )
    good = [version for version, cells in rows if cells.split(" | ") == ["yes"] * (len(WAYS) + 1)]

    assert first_cell(table("JDK of the producer"), command="`make jdks`") == good
    assert {int(version) for version in good} >= {8, 11, 21, 25, 26}


def test_the_listed_clients_are_the_recorded_ones_and_those_of_the_contract_test():
    rows = table("Kafka client (Java)")
    live = re.findall(r'"([\d.]+)"', re.search(r"^VERSIONS = \((.*)\)$", CONTRACT.read_text(), re.MULTILINE)[1])

    assert first_cell(rows, command="`make integration`") == live
    assert sorted(first_cell(rows, command="`make fast`")) == VERSIONS


def test_the_listed_broker_is_the_only_one_that_the_lab_has():
    fetched = re.findall(r'"kafka-broker-([\d.]+)"', PARTS_FILE.read_text())

    assert {first for first, *_ in table("Kafka broker")} == {broker.VERSION} == set(fetched)
