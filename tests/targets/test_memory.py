from pathlib import Path

import pytest

from kafka_producer_exporter.targets.memory import MemoryGuard, mbean_bytes, memory_limit, resident_bytes

MIB = 1 << 20


COST = 10_000


def admitted(guard, asked=100_000):
    return sum(guard.admit(COST) for _ in range(asked))


def test_without_a_limit_everything_is_let_in():
    assert admitted(MemoryGuard(None), 1000) == 1000


def test_the_budget_is_what_fits_between_the_process_before_its_first_mbean_and_the_ceiling():
    resident = [10 * MIB]
    guard = MemoryGuard(100 * MIB, resident=lambda: resident[0])
    resident[0] = 20 * MIB

    assert admitted(guard) == 60 * MIB // COST
    assert not guard.admit(COST)

    guard.release(3 * COST)
    resident[0] = 50 * MIB
    assert admitted(guard) == 3


def test_what_is_needed_is_let_in_over_the_budget_and_leaves_less_for_others():
    guard = MemoryGuard(100 * MIB, resident=lambda: 0)

    assert guard.admit(79 * MIB)
    assert guard.admit(5 * MIB, needed=True)
    guard.release(4 * MIB)
    assert not guard.admit(1)


def test_the_budget_shrinks_when_more_is_resident_than_reckoned_and_not_again_for_the_same_peak():
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


def groups_of(tmp_path, text, **limits):
    """A file as /proc/self/cgroup, and a mount where these folders have a limit: ``{"memory/docker": "123"}``."""
    groups, mount = tmp_path / "cgroup", tmp_path / "mount"
    groups.write_text(text)
    for place, limit in limits.items():
        (mount / place).parent.mkdir(parents=True, exist_ok=True)
        (mount / place).write_text(f"{limit}\n")
    return groups, mount


VERSION_1, VERSION_2 = "memory.limit_in_bytes", "memory.max"
NO_LIMIT_1 = 9223372036854771712
FAR = "docker/1f2e"


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        pytest.param("0::/\n", {VERSION_2: 96 * MIB}, 96 * MIB, id="version 2, in a container"),
        pytest.param(
            "0::/\n", {VERSION_2: "max", "memory.high": 90 * MIB}, 90 * MIB, id="version 2, slowed down first"
        ),
        pytest.param("0::/\n", {VERSION_2: "max"}, None, id="version 2, no limit"),
        pytest.param("0::/../other\n", {VERSION_2: 96 * MIB}, 96 * MIB, id="version 2, a group that cannot be seen"),
        pytest.param("0::/a/b\n", {f"a/b/{VERSION_2}": 96 * MIB}, 96 * MIB, id="version 2, on the host"),
        pytest.param(
            "0::/a/b\n", {f"a/{VERSION_2}": 64 * MIB, f"a/b/{VERSION_2}": 96 * MIB}, 64 * MIB, id="version 2, nested"
        ),
        pytest.param(f"4:memory:/{FAR}\n", {f"memory/{VERSION_1}": 96 * MIB}, 96 * MIB, id="version 1, in a container"),
        pytest.param(
            f"3:cpu:/x\n4:blkio,memory:/{FAR}\n0::/\n",
            {f"memory/{VERSION_1}": NO_LIMIT_1, f"memory/{FAR}/{VERSION_1}": 96 * MIB, f"x/{VERSION_2}": 1 * MIB},
            96 * MIB,
            id="both versions, on the host",
        ),
        pytest.param("4:memory:/\n", {f"memory/{VERSION_1}": NO_LIMIT_1}, None, id="version 1, no limit"),
        pytest.param("", {}, None, id="no control groups"),
    ],
)
def test_the_limit_is_the_least_of_the_groups_that_the_process_is_in(tmp_path, groups, files, limit):
    assert memory_limit(*groups_of(tmp_path, groups, **files)) == limit


def test_without_the_files_of_the_kernel_there_is_no_limit(tmp_path):
    assert memory_limit(tmp_path / "cgroup", tmp_path) is None


def test_the_resident_memory_is_that_of_proc():
    kibibytes = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))

    assert abs(resident_bytes() - int(kibibytes.split()[1]) * 1024) < 4 * MIB
