"""The contract of a source of evidence.

A new source is a module of its own, and one line in ``commands/diagnose.py``. It reads what it reads, and names it as
the catalogue does; the rules do not know where a value comes from.
"""

from collections.abc import Mapping
from typing import Protocol

from kafka_producer_exporter.diagnosis.evidence import Reading


class Source(Protocol):
    """Something that shows the metrics of one target or more."""

    is_live: bool
    """Whether time has to pass between two readings. A source that remembers returns an earlier moment first."""
    provides: frozenset[str] | None
    """The names of the metrics that it can have, known after a reading; None if it has whatever the client has."""

    def read(self) -> Mapping[str, Reading]:
        """Return the next of two readings, by what the report calls each target.

        A target that cannot be read is a reading that says why. What the source shows of the brokers has the empty
        name. Raise TransportError if the source itself fails.
        """

    def close(self) -> None:
        """Release what the source holds."""
