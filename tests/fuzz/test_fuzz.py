"""A short run of the fuzzers; ``make fuzz`` is the long one."""

import pytest

from tests.fuzz.decoders import DECODERS
from tests.fuzz.run import run


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.__name__)
def test_damaged_bytes_end_in_nothing_but_the_intended_errors(decoder):
    assert sum(1 for _ in run(decoder, seed=1, executions=1_000)) == 1_000


def test_an_unintended_error_names_the_command_that_repeats_it():
    def broken(chance):
        raise KeyError

    with pytest.raises(AssertionError, match=r"broken --seed 7 --first 3 --executions 1"):
        list(run(broken, seed=7, first=3, executions=1))
