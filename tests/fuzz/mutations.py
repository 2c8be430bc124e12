"""Damages bytes and texts as a bad wire or a hostile peer would: changed, cut out, repeated, with lengths blown up."""

import random
from collections.abc import Sequence


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
            length = chance.choice((b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\xff\xff", b"\x00", b"\xff"))
            broken[at : at + len(length)] = length
        elif kind == 4:
            del broken[at : at + chance.randrange(1, 9)]
        else:
            piece = broken[at : at + chance.randrange(1, 40)]
            place = chance.randrange(len(broken))
            broken[place:place] = piece
        if not broken:
            return bytearray(b"\x00")
    return broken


def mutated_text(text: str, chance: random.Random, words: Sequence[str]) -> str:
    """Return a damaged copy of *text*, which must not be empty, with some of *words* in it."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(5)
        if kind < 2:
            text = text[:at] + chance.choice(words) + text[at + chance.randrange(3) :]
        elif kind == 2:
            text = text[:at] + text[at + chance.randrange(1, 9) :]
        elif kind == 3:
            text = text[:at] + chr(chance.choice((chance.randrange(128), chance.randrange(0xD800)))) + text[at + 1 :]
        else:
            piece = text[at : at + chance.randrange(1, 40)]
            place = chance.randrange(len(text) + 1)
            text = text[:place] + piece + text[place:]
    return text
