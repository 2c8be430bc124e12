"""Java's modified UTF-8, decoded and encoded."""


def decode_modified_utf8(raw: bytes) -> str:
    """Decode java.io.DataInput's modified UTF-8, in which NUL has two bytes and a character beyond U+FFFF six.

    Half a surrogate pair, which is legal in Java only, becomes U+FFFD. Raise UnicodeDecodeError.
    """
    if raw.isascii():
        return raw.decode("ascii")
    units = raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")


def encode_utf(text: str) -> bytes:
    """Encode a text as two bytes of length and modified UTF-8. Raise ValueError if that is longer than 65535 bytes."""
    raw = text.encode("utf-8", "surrogatepass")
    if not raw.isascii() or b"\0" in raw:
        units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
        raw = "".join(map(chr, units)).encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
    if len(raw) > 0xFFFF:
        raise ValueError(f"the text has {len(raw)} bytes, more than Java's limit of 65535")
    return len(raw).to_bytes(2, "big") + raw
