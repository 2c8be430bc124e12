"""Kafka's unsigned varints: seven bits to a byte, the lowest first; the highest bit of a byte says that more follow."""


def read_uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned varint at *at*, of up to 32 bits, and the position after it.

    Raise ValueError if it is longer, IndexError if *data* ends within it.
    """
    number = shift = 0
    while shift <= 28:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise ValueError("a varint has more than five bytes")
