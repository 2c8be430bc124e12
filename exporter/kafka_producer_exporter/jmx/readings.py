"""What to read from a JVM, and what was read: values only."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from kafka_producer_exporter.jmx.objectname import ObjectName

Value = float | int | bool | str | None
"""An attribute's value: a number, a string, or None for anything else (composites, arrays, null)."""


class Selection(NamedTuple):
    """Which MBeans to read, and which of their attributes.

    ``choose`` gets an MBean's name and the attributes that its MBeanInfo lists. It returns the attributes to read, in
    the order in which the caller wants them; if it returns none, the MBean is not read. It must be pure, because its
    result is kept until the MBean lists other attributes or ``Transport.forget`` is called. With None instead of a
    function, only the names are listed.
    """

    pattern: str
    choose: Callable[[ObjectName, Sequence[str]], Sequence[str]] | None
    last: tuple[str, ...] = ()
    """Where a JVM has too many MBeans, those whose name contains one of these texts are left out first.
    Where several are new, they are chosen last."""


class LeftOut(StrEnum):
    """Why an MBean that matches is neither read nor listed."""

    TOO_MANY = "too_many"
    NAME = "name"
    """Its name is too long for a request, or is not an ObjectName."""
    UNREADABLE = "unreadable"
    """The JVM cannot send its attributes or their values. The log says which MBean, and why."""


class Reading(NamedTuple):
    """One MBean's attributes at one moment.

    ``values`` is parallel to ``attributes``. MBeans with equal attributes share one ``attributes`` object, read after
    read, so a caller may keep what it derived from it.
    """

    name: ObjectName
    attributes: tuple[str, ...]
    values: Sequence[Value]


class Transport(Protocol):
    """Reads MBeans from one JVM. Not thread-safe: one transport for each target."""

    def read(self, selections: Sequence[Selection], *, deadline: float) -> list[Reading]:
        """Return the selected attributes of every MBean that matches. An empty list means that the JVM has none.

        *deadline* is an instant of ``time.monotonic()``, in seconds. Raise TransportError, and nothing else, by then.
        """

    @property
    def listed(self) -> Sequence[str]:
        """The names of all MBeans that matched in the last read, whether they were read or not.

        The same object as before means the same names. Names that were left out are missing.
        """

    @property
    def lists_all(self) -> bool:
        """Whether ``listed`` lacks no name for their number, apart from those that a selection wants ``last``."""

    @property
    def left_out(self) -> Mapping[LeftOut, int]:
        """How many MBeans the last read left out, by reason; no zeros."""

    def forget(self) -> None:
        """Forget all results of ``choose``: the next read calls it again for every MBean."""

    def interrupt(self) -> None:
        """Let a read in progress fail soon, if it is waiting for the JVM. May be called from any thread."""

    def close(self) -> None:
        """Log out, so that no session is left in the JVM. Takes up to a second, and never raises.

        May be called twice; a later read logs in again.
        """
