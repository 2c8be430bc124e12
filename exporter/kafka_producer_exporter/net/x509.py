"""The expiry of a certificate in a file, without ssl, which costs 4 MB and parses only certificates of a peer."""

import base64
import binascii
import calendar
import time
from pathlib import Path

from kafka_producer_exporter.net.files import read_small_file

MAX_FILE_BYTES = 1 << 20
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
# Tags of ASN.1 (X.690, 8.1.2): a SEQUENCE, the version of a certificate (RFC 5280, 4.1), and two kinds of time.
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def file_expiry(path: Path) -> float:
    """Return when the first certificate of a PEM file expires, in seconds since 1970: the file's owner's own.

    Raise OSError or ValueError if there is no such file, or no certificate in it.
    """
    _, begin, rest = read_small_file(path, max_bytes=MAX_FILE_BYTES).partition(_BEGIN)
    text, end, _ = rest.partition(_END)
    if not begin or not end:
        raise ValueError("no certificate in PEM")
    try:
        return not_after(base64.b64decode(b"".join(text.split()), validate=True))
    except binascii.Error as error:
        raise ValueError(f"a damaged certificate ({error})") from None


def not_after(certificate: bytes) -> float:
    """Return the end of the validity of a certificate in DER, in seconds since 1970. Raise ValueError."""
    signed = _Reader(_Reader(certificate).take(_SEQUENCE)).take(_SEQUENCE)
    fields = _Reader(signed)
    if fields.next_tag == _VERSION:
        fields.skip()
    for _ in ("serial number", "signature", "issuer"):
        fields.skip()
    validity = _Reader(fields.take(_SEQUENCE))
    validity.skip()  # not before
    tag = validity.next_tag
    text = validity.take(tag).decode("ascii")
    if tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1: years 50 to 99 are those of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no time where the end of the validity should be")
    return float(calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")))


class _Reader:
    """Reads the elements of a DER value one after the other. Every method raises ValueError if it is cut short."""

    def __init__(self, value: bytes) -> None:
        self._rest = value

    @property
    def next_tag(self) -> int:
        """The tag of the next element."""
        if not self._rest:
            raise ValueError("the certificate ends too early")
        return self._rest[0]

    def take(self, tag: int) -> bytes:
        """Return the content of the next element, which must have this *tag*."""
        if self.next_tag != tag:
            raise ValueError(f"the tag {self.next_tag:#x} where {tag:#x} should be")
        return self.skip()

    def skip(self) -> bytes:
        """Return the content of the next element, whatever it is."""
        size, begin = int.from_bytes(self._rest[1:2]), 2
        if size & 0x80:  # the long form: the number of bytes that hold the size
            begin += size & 0x7F
            size = int.from_bytes(self._rest[2:begin])
        end = begin + size
        if len(self._rest) < end:
            raise ValueError("the certificate ends too early")
        content, self._rest = self._rest[begin:end], self._rest[end:]
        return content
