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
