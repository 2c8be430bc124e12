"""Damages bytes as a bad wire or a hostile peer would: bytes changed, lengths blown up, pieces removed or repeated."""

import random


def mutated(data: bytes, chance: random.Random) -> bytearray:
    """Return a damaged copy of *data*, which must not be empty."""
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(broken))
        kind = chance.randrange(6)
        if kind < 2:
            broken[at] = chance.randrange(256)
        elif kind == 2:
            broken[at] = chance.randrange(0x70, 0x7F)  # another tag of a Java stream
        elif kind == 3:
            broken[at : at + 4] = chance.choice((b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\xff\xff"))
        elif kind == 4:
            del broken[at : at + chance.randrange(1, 9)]
        else:
            piece = broken[at : at + chance.randrange(1, 40)]
            place = chance.randrange(len(broken))
            broken[place:place] = piece
        if not broken:
            return bytearray(b"\x00")
    return broken
