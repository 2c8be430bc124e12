"""Java's modified UTF-8, decoded and encoded."""


def decode_modified_utf8(raw: bytes) -> str:
    """Return the text of java.io.DataInput's modified UTF-8: NUL is two bytes, a character beyond U+FFFF six.

    Half a surrogate pair, which Java allows and no other text can hold, becomes U+FFFD. Raises UnicodeDecodeError.
    """
    if raw.isascii():
        return raw.decode("ascii")
    units = raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")


def encode_utf(text: str) -> bytes:
    """Return a text as its length in two bytes and modified UTF-8; ValueError if that is longer than 65535 bytes."""
    raw = text.encode("utf-8", "surrogatepass")
    if not raw.isascii() or b"\0" in raw:
        units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
        raw = "".join(map(chr, units)).encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
    if len(raw) > 0xFFFF:
        raise ValueError(f"a text of {len(raw)} bytes, Java's limit is 65535")
    return len(raw).to_bytes(2, "big") + raw
