import pytest

from kafka_producer_exporter.memory import MemoryBudget

MIB = 1 << 20
COST = 10_000


def admitted(budget, asked=100_000):
    return sum(budget.admit(COST) for _ in range(asked))


def test_without_a_limit_everything_is_admitted():
    assert admitted(MemoryBudget(None), 1000) == 1000


def test_the_budget_is_the_memory_between_the_start_and_the_ceiling():
    resident = [10 * MIB]
    budget = MemoryBudget(100 * MIB, resident=lambda: resident[0])
    resident[0] = 20 * MIB

    assert admitted(budget) == 50 * MIB // COST
    assert not budget.admit(COST)

    budget.release(3 * COST)
    resident[0] = 50 * MIB
    assert admitted(budget) == 3


def test_what_is_needed_is_admitted_beyond_the_ceiling_up_to_another_and_leaves_less_for_others():
    budget = MemoryBudget(100 * MIB, resident=lambda: 0)

    assert budget.admit(69 * MIB)
    assert budget.admit(5 * MIB, needed=True)
    budget.release(4 * MIB)
    assert not budget.admit(1)
    assert not budget.admit(21 * MIB, needed=True)


def test_the_budget_shrinks_when_more_is_resident_than_estimated_and_only_once_per_peak():
    resident = [20 * MIB]
    budget = MemoryBudget(100 * MIB, resident=lambda: resident[0])
    before = admitted(budget)

    resident[0] = 85 * MIB  # over the ceiling, as a peak may be
    budget.check()
    assert budget.generation == 0
    resident[0] = 95 * MIB
    budget.check()
    budget.check()
    budget.release(before * COST)

    assert budget.generation == 1
    assert admitted(budget) == int(50 * MIB / (COST * 1.5))


def test_one_holder_leaves_a_quarter_of_what_is_beyond_the_ceiling_to_others():
    budget = MemoryBudget(100 * MIB, resident=lambda: 50 * MIB)
    own = 0
    while budget.admit(MIB, needed=True, own=own):
        own += MIB

    assert own == 30 * MIB
    assert budget.admit(3 * MIB, needed=True)
    assert not budget.admit(MIB)


def test_memory_that_is_free_goes_back_before_it_counts_as_in_use():
    resident = [20 * MIB]
    tidied = []

    def tidy():
        tidied.append(resident[0])
        resident[0] = 50 * MIB

    budget = MemoryBudget(100 * MIB, resident=lambda: resident[0], tidy=tidy)
    for megabytes in (70, 95, 70):
        resident[0] = megabytes * MIB
        budget.check()

    assert tidied == [95 * MIB]
    assert budget.generation == 0


def test_the_budget_does_not_shrink_without_end_for_memory_that_it_never_admitted():
    resident = [20 * MIB]
    budget = MemoryBudget(100 * MIB, resident=lambda: resident[0])
    admitted(budget, 0)
    assert budget.admit(MIB)
    for megabytes in range(90, 200, 5):
        resident[0] = megabytes * MIB
        budget.check()

    assert budget.admit(20 * MIB)


@pytest.mark.parametrize("limit", [32 * MIB, 64 * MIB, 1024 * MIB])
def test_all_shares_together_leave_a_part_of_the_limit_to_the_kernel(limit):
    budget = MemoryBudget(limit, resident=lambda: 0)
    lasting = admitted(budget, 100_000) * COST

    assert lasting + budget.short_lived.size_bytes + budget.pages_bytes <= 0.951 * limit


def test_a_process_without_a_limit_still_bounds_what_is_short_lived():
    budget = MemoryBudget(None)

    assert budget.short_lived.admit(60 * MIB)
    assert not budget.short_lived.admit(5 * MIB)
    assert budget.pages_bytes == 16 * MIB
