from kafka_producer_exporter.targets.memory import MemoryGuard, mbean_bytes

MIB = 1 << 20
COST = 10_000


def admitted(guard, asked=100_000):
    return sum(guard.admit(COST) for _ in range(asked))


def test_without_a_limit_everything_is_admitted():
    assert admitted(MemoryGuard(None), 1000) == 1000


def test_the_budget_is_the_memory_between_the_start_and_the_ceiling():
    resident = [10 * MIB]
    guard = MemoryGuard(100 * MIB, resident=lambda: resident[0])
    resident[0] = 20 * MIB

    assert admitted(guard) == 60 * MIB // COST
    assert not guard.admit(COST)

    guard.release(3 * COST)
    resident[0] = 50 * MIB
    assert admitted(guard) == 3


def test_a_needed_mbean_is_admitted_over_the_budget_and_leaves_less_for_others():
    guard = MemoryGuard(100 * MIB, resident=lambda: 0)

    assert guard.admit(79 * MIB)
    assert guard.admit(5 * MIB, needed=True)
    guard.release(4 * MIB)
    assert not guard.admit(1)


def test_the_budget_shrinks_when_more_is_resident_than_estimated_and_only_once_per_peak():
    resident = [20 * MIB]
    guard = MemoryGuard(100 * MIB, resident=lambda: resident[0])
    before = admitted(guard)

    resident[0] = 85 * MIB  # over the ceiling, as a peak may be
    guard.check()
    assert guard.generation == 0
    resident[0] = 95 * MIB
    guard.check()
    guard.check()
    guard.release(before * COST)

    assert guard.generation == 1
    assert admitted(guard) == int(60 * MIB / (COST * 1.5))


def test_long_labels_and_many_attributes_cost_more():
    assert mbean_bytes(5, 100) < mbean_bytes(5, 300) < mbean_bytes(50, 300)
