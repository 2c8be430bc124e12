import pytest

from tests.torture.hostile_broker import BadWire

DATA = bytes(range(256)) * 20


def done_by(wire, *, from_target, times=400):
    """Return what became of DATA each time, by what the wire did to it."""
    found = {}
    for _ in range(times):
        before = wire.done.copy()
        pieces = list(wire(DATA, from_target))
        [kind] = wire.done - before
        found.setdefault(kind, []).append(pieces)
    return found


def whole(pieces):
    return b"".join(piece for _, piece in pieces)


def test_the_same_seed_does_the_same():
    one, same, other = (done_by(BadWire(seed=seed), from_target=True) for seed in (1, 1, 2))

    assert one == same != other


def test_bytes_from_the_target_are_delayed_split_cut_flipped_and_repeated():
    found = done_by(BadWire(seed=1), from_target=True)

    assert set(found) == {"delay", "split", "cut", "flip", "repeat", "pass"}
    assert all(whole(pieces) == DATA for kind in ("delay", "split", "pass") for pieces in found[kind])
    assert all(DATA.startswith(whole(pieces)) and pieces[-1] == (0.0, b"") for pieces in found["cut"])
    for [(_, flipped)] in found["flip"]:
        assert sum((one ^ other).bit_count() for one, other in zip(flipped, DATA, strict=True)) == 1
    assert all(len(whole(pieces)) > len(DATA) for pieces in found["repeat"][1:])


@pytest.mark.parametrize("kind", ["flip", "repeat"])
def test_bytes_to_the_target_are_never_wrong(kind):
    assert kind not in done_by(BadWire(seed=1), from_target=False)
