"""The table of JDKs, as ``make jdks`` writes it from pytest's report."""

from tests.jdks import TEST, WAYS, Outcome, outcomes_in, row, with_row

REPORT = f"""<testsuites><testsuite>
<testcase classname="tests.integration.jmx.test_ways_in" name="{TEST}[plain]" time="1"/>
<testcase classname="tests.integration.jmx.test_ways_in" name="{TEST}[password]"><failure message="no"/></testcase>
<testcase classname="tests.integration.jmx.test_contract" name="test_numbers[3.9.2]"><skipped message="no"/></testcase>
</testsuite></testsuites>"""


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_cell_says_yes_only_for_a_test_that_ran_and_passed():
    outcome = Outcome(8, "1.8.0_482", "3.9.2", outcomes_in(REPORT))

    line = row(outcome, date="2026-11-25")

    ways = ["yes", "**no**", *["not run"] * (len(WAYS) - 2)]
    assert cells(line) == ["8", "1.8.0_482", *ways, "**no**", "3.9.2", "2026-11-25"]
    assert not outcome.is_good


def test_a_jdk_on_which_nothing_ran_is_not_good():
    assert cells(row(Outcome(26), date="2026-11-25"))[:3] == ["26", "–", "not run"]
    assert not Outcome(26).is_good


def test_a_run_replaces_its_own_row_and_keeps_the_others_in_order():
    text = with_row(with_row("", "| 11 | a |"), "| 8 | b |")

    text = with_row(text, "| 11 | c |")

    assert [line for line in text.splitlines() if line.startswith(("| 8", "| 1"))] == ["| 8 | b |", "| 11 | c |"]
