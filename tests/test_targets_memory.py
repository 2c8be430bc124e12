from pathlib import Path

from kafka_producer_exporter.targets import memory
from kafka_producer_exporter.targets.memory import MBEAN_BYTES, MemoryGuard, memory_limit, resident_bytes

MIB = 1 << 20


def admitted(guard, asked=100_000):
    return sum(guard.admit() for _ in range(asked))


def test_without_a_limit_everything_is_let_in():
    assert admitted(MemoryGuard(None), 1000) == 1000


def test_the_budget_is_what_fits_between_a_bare_process_and_the_ceiling():
    guard = MemoryGuard(100 * MIB, resident=lambda: 20 * MIB)

    assert admitted(guard) == 60 * MIB // MBEAN_BYTES
    assert not guard.admit()

    guard.release(3)
    assert admitted(guard) == 3


def test_the_budget_shrinks_when_more_is_resident_than_reckoned_and_not_again_for_the_same_peak():
    resident = [20 * MIB]
    guard = MemoryGuard(100 * MIB, resident=lambda: resident[0])
    before = admitted(guard)

    resident[0] = 85 * MIB
    guard.check()
    guard.check()
    guard.release(before)

    assert guard.generation == 1
    assert admitted(guard) == int(60 * MIB / (MBEAN_BYTES * 1.5))


def test_the_limit_is_read_from_either_version_of_cgroups(tmp_path, monkeypatch):
    version_2, version_1 = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    monkeypatch.setattr(memory, "LIMIT_FILES", (version_2, version_1))

    assert memory_limit() is None
    version_1.write_text("9223372036854771712\n")
    assert memory_limit() is None
    version_1.write_text("100663296\n")
    assert memory_limit() == 96 * MIB
    version_2.write_text("max\n")
    assert memory_limit() == 96 * MIB
    version_2.write_text("67108864\n")
    assert memory_limit() == 64 * MIB


def test_the_resident_memory_is_that_of_proc():
    kibibytes = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))

    assert abs(resident_bytes() - int(kibibytes.split()[1]) * 1024) < 4 * MIB
