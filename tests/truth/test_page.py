import re

from tests.paths import DOCS
from tests.truth.__main__ import PARTS
from tests.truth.page import HEADER, Section, with_section

FIRST, SECOND = Section("First", "| a |\n", is_good=True), Section("Second", "| b |", is_good=True)


def test_a_section_is_added_and_replaced_and_the_others_stay():
    page = with_section(with_section("", "first", FIRST), "second", SECOND)

    replaced = with_section(page, "first", FIRST._replace(text="| new |"))

    assert replaced == page.replace("| a |", "| new |")
    assert page.startswith(HEADER)
    assert page.index("## First\n\n| a |") < page.index("## Second\n\n| b |")


def test_the_committed_page_has_a_section_of_each_part():
    page = (DOCS / "truth.md").read_text()

    assert page.startswith(HEADER)
    assert all(f"<!-- {name} -->" in page for name in PARTS)


def test_the_broker_view_names_the_runs_that_the_page_reports():
    (command,) = re.findall(r"`python -m tests\.truth counts --seed \d+`", (DOCS / "truth.md").read_text())

    assert command in (DOCS / "broker-view.md").read_text()
