"""Readers that compare a reply with earlier ones, which is 50 times as fast as decoding it.

A Java stream contains its own lengths. A reply that has all the fixed bytes of an earlier one therefore has the same
layout and the same length, and only its numbers differ. A reply that matches no earlier one is decoded, so a template
never causes an error or a wrong number. The random UID at the start of each reply is ignored.
"""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from kafka_producer_exporter.jmx.javastream import LIMITS, BoxedNumber, Continue, Decoder, Limits, NeedMore
from kafka_producer_exporter.jmx.jrmp import REPLY_BODY, REPLY_HEAD, read_reply
from kafka_producer_exporter.jmx.readings import Value
from kafka_producer_exporter.jmx.replies import decode_attribute_list
from kafka_producer_exporter.net.pool import Pool, Reservation

_MAX_TEMPLATES = 4
"""For one list of attributes. With more layouts than that, the layouts do not recur."""
MAX_REPLY_BYTES = 128 << 10
"""A longer reply is not remembered. Those of Kafka's MBeans have up to 30 kB."""
_NUMBER_BYTES = 250
"""What a template needs for a number, beside the bytes of the reply."""
TEMPLATES_BYTES = 4 << 20
"""For all templates of a session. Those of a JVM of any size take some hundred kB, as most of its replies are alike."""


class AttributeValues(NamedTuple):
    """The attributes of one MBean. Replies with equal attributes share one ``attributes`` object."""

    attributes: tuple[str, ...]
    values: Sequence[Value]


class AttributesReader:
    """Reads replies to getAttributes that all ask for the same list of attributes."""

    def __init__(self, requested: Sequence[str] | None = None, *, room: Pool | None = None, limits: Limits = LIMITS):
        """Read only the attributes that are *requested*; None means all. *room* is shared by many readers.

        Without room for another template, replies are decoded, which is slower and gives the same.
        """
        self._requested = None if requested is None else {name: name for name in requested}
        self._room = Reservation(room or Pool(TEMPLATES_BYTES))
        self._limits = limits
        self._templates: list[_Template] = []
        self._known_attributes: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __call__(self, buffer: bytearray, start: int) -> tuple[object, int]:
        """Read one reply. Return AttributeValues or a RemoteFailure, and where the reply ends."""
        available = len(buffer) - start
        for template in self._templates:
            if available >= template.size:
                values = template.match(buffer, start)
                if values is not None:
                    return AttributeValues(template.attributes, values), start + template.size
            else:
                _wait_while_equal(self, template.pieces, template.size, buffer, start)
        return read_reply(buffer, start, self._decode, self._limits)

    def __del__(self) -> None:
        self._room.release()

    def _decode(self, decoder: Decoder) -> AttributeValues:
        attributes, values = decode_attribute_list(decoder, self._requested)
        if len(self._known_attributes) > 4 * _MAX_TEMPLATES:
            self._known_attributes.clear()
        attributes = self._known_attributes.setdefault(attributes, attributes)
        if (
            len(self._templates) < _MAX_TEMPLATES
            and decoder.size <= MAX_REPLY_BYTES
            and _each_number_is_one_value(decoder.boxed_numbers, values)
            and (reply := decoder.read_bytes()).startswith(REPLY_HEAD)
            and self._room.grow_to(self._room.taken + len(reply) + _NUMBER_BYTES * len(decoder.boxed_numbers))
        ):
            self._templates.append(_Template(reply, attributes, values))
        return AttributeValues(attributes, [_plain(value) for value in values])


def _each_number_is_one_value(numbers: Sequence[BoxedNumber], values: Sequence[BoxedNumber | str | None]) -> bool:
    """Return whether each of the *numbers* in a reply is the value of exactly one attribute.

    It is not if a number was sent once and then referred to, or if one is inside a list or a composite value.
    """
    return sorted(number.offset for number in numbers) == [
        value.offset for value in values if isinstance(value, BoxedNumber)
    ]


def _plain(value: BoxedNumber | str | None) -> Value:
    return value.number if isinstance(value, BoxedNumber) else value


class _Template:
    """The fixed bytes of a reply, and where its numbers are."""

    __slots__ = ("_constants", "_fixed", "_layout", "_number_indexes", "attributes", "pieces", "size")

    def __init__(self, reply: bytes, attributes: tuple[str, ...], values: Sequence[BoxedNumber | str | None]) -> None:
        """Take the numbers among *values* as the only bytes of *reply* that may change, from the first to the last."""
        numbers = [value for value in values if isinstance(value, BoxedNumber)]
        layout, fixed, places, position = f">{REPLY_BODY}x", [], [], REPLY_BODY
        for number in numbers:
            layout += f"{number.offset - position}s{number.format}"
            places.append(position)
            fixed.append(reply[position : number.offset])
            position = number.offset + struct.calcsize(f">{number.format}")
        layout += f"{len(reply) - position}s"
        places.append(position)
        fixed.append(reply[position:])
        self._layout = struct.Struct(layout)
        self._fixed = tuple(fixed)
        self.pieces = ((0, REPLY_HEAD), *zip(places, fixed, strict=True))
        self.size = self._layout.size
        self.attributes = attributes
        self._number_indexes = [index for index, value in enumerate(values) if isinstance(value, BoxedNumber)]
        # None means that every value is a number, which is true for nearly every MBean.
        self._constants = None if len(numbers) == len(values) else [_plain(value) for value in values]

    def match(self, buffer: bytearray, start: int) -> Sequence[Value] | None:
        """Return the values of the reply at *start*, or None if it has another layout."""
        parts = self._layout.unpack_from(buffer, start)
        if parts[::2] != self._fixed or not buffer.startswith(REPLY_HEAD, start):
            return None
        numbers = parts[1::2]
        if self._constants is None:
            return numbers
        values = self._constants.copy()
        for index, number in zip(self._number_indexes, numbers, strict=True):
            values[index] = number
        return values


def _wait_while_equal(
    reader: Continue, pieces: Sequence[tuple[int, bytes]], size: int, buffer: bytearray, start: int
) -> None:
    """Raise NeedMore if an incomplete reply may turn out to have *size* bytes and to contain *pieces*.

    It asks for one byte and not for *size*, because the reply may turn out to be another, shorter one.
    """
    comparison = _Comparison(reader, pieces, size)
    if comparison.is_equal_so_far(buffer, start):
        raise NeedMore(len(buffer) - start + 1, comparison)


class _Comparison:
    """Compares a reply with the pieces of an earlier one while it arrives, each byte once."""

    __slots__ = ("_compared", "_index", "_pieces", "_reader", "_size")

    def __init__(self, reader: Continue, pieces: Sequence[tuple[int, bytes]], size: int) -> None:
        self._reader = reader
        self._pieces = pieces
        self._size = size
        self._index = 0
        self._compared = 0

    def __call__(self, buffer: bytearray, start: int) -> tuple[object, int]:
        """Go on. A reply that is complete, or that is another one, goes to the reader from its start."""
        if len(buffer) - start < self._size and self.is_equal_so_far(buffer, start):
            raise NeedMore(len(buffer) - start + 1, self)
        return self._reader(buffer, start)

    def is_equal_so_far(self, buffer: bytearray, start: int) -> bool:
        """Compare the bytes that have arrived since the last call."""
        available = len(buffer) - start
        while self._index < len(self._pieces):
            offset, piece = self._pieces[self._index]
            begin, end = max(self._compared, offset), min(available, offset + len(piece))
            if begin < end and not buffer.startswith(piece[begin - offset : end - offset], start + begin):
                return False
            if available < offset + len(piece):
                break
            self._index += 1
        self._compared = available
        return True


class RepeatedReplyReader:
    """Reads replies most of which equal an earlier one, and then returns the same value again."""

    def __init__(
        self,
        decode: Callable[[Decoder], object],
        *,
        keep: int,
        max_bytes: int = MAX_REPLY_BYTES,
        limits: Limits = LIMITS,
    ) -> None:
        """Decode new replies with *decode*. Remember the last *keep* different replies of up to *max_bytes*."""
        self._decode = decode
        self._keep = keep
        self._max_bytes = max_bytes
        self._limits = limits
        self._known: list[tuple[bytes, object]] = []  # the most recent first

    def __call__(self, buffer: bytearray, start: int) -> tuple[object, int]:
        """Read one reply. Return its decoded value or a RemoteFailure, and where the reply ends."""
        available = len(buffer) - start
        if available >= REPLY_BODY and buffer.startswith(REPLY_HEAD, start):
            body = start + REPLY_BODY
            for index, (known, value) in enumerate(self._known):
                if buffer.startswith(known, body):
                    if index:
                        self._known.insert(0, self._known.pop(index))
                    return value, body + len(known)
                if available < REPLY_BODY + len(known):
                    _wait_while_equal(self, [(REPLY_BODY, known)], REPLY_BODY + len(known), buffer, start)
        return read_reply(buffer, start, self._decode_and_remember, self._limits)

    def _decode_and_remember(self, decoder: Decoder) -> object:
        value = self._decode(decoder)
        if decoder.size <= self._max_bytes and (reply := decoder.read_bytes()).startswith(REPLY_HEAD):
            self._known.insert(0, (reply[REPLY_BODY:], value))
            del self._known[self._keep :]
        return value
