"""A short run of the fuzzers; ``make fuzz`` is the long one."""

import pytest

from tests.fuzz import table
from tests.fuzz.decoders import DECODERS
from tests.fuzz.run import run

SLOW = {"sessions": 60, "configurations": 300}
"""Executions of decoders that take more than ten milliseconds for one."""
GOOD_ENDS = ("decoded", "read", "parsed", "Transition", "counted", "accepted", "a token", "loaded")


@pytest.mark.parametrize("name", DECODERS)
def test_damaged_input_ends_in_nothing_but_the_intended_errors(name):
    executions = SLOW.get(name, 1_000)

    report = run(DECODERS[name], seed=7, executions=executions)

    assert report.outcomes.total() == executions
    good = sum(count for outcome, count in report.outcomes.items() if outcome.startswith(GOOD_ENDS))
    assert 0.05 * executions < good < executions, "the damage reaches the end of the decoder, or does none"


def test_an_unintended_error_names_the_command_that_repeats_it():
    def broken(chance):
        raise KeyError

    with pytest.raises(AssertionError, match=r"broken --seed 7 --first 3 --executions 1"):
        run(broken, seed=7, first=3, executions=1)


@pytest.mark.parametrize(
    ("limit", "problem"), [("MAX_SECONDS", "s of CPU time"), ("MAX_GROWTH_BYTES", "more than -1 MB")]
)
def test_an_execution_that_takes_too_much_is_a_finding(monkeypatch, limit, problem):
    monkeypatch.setattr(f"tests.fuzz.run.{limit}", -1)

    with pytest.raises(AssertionError, match=rf"{problem}; repeat it with: .* --first 3 --executions 1"):
        run(lambda chance: "decoded", seed=7, first=3, executions=1)


def test_each_decoder_is_described_and_has_been_run():
    page = table.FILE.read_text(encoding="utf-8")
    rows = table.recorded_rows(page)

    assert list(rows) == list(DECODERS)
    assert [name for name in DECODERS if page.count(f"\n| `{name}` | ") != 2] == []
