"""What is asked of a JVM and what comes back: values only."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from kafka_producer_exporter.jmx.objectname import ObjectName

Value = float | int | bool | str | None
"""An attribute's value: a number, a string, or None for anything that is neither (composites, arrays, null)."""


class Selection(NamedTuple):
    """MBeans to read, and which of their attributes.

    ``choose`` is handed an MBean's name and the attributes that its MBeanInfo lists, and returns those to ask for,
    in the order in which they are wanted; an empty answer leaves the MBean unread. It must be pure: its answer is kept
    for as long as the MBean lists the same attributes.
    """

    pattern: str
    choose: Callable[[ObjectName, Sequence[str]], Sequence[str]]


class Reading(NamedTuple):
    """One MBean's attributes at one moment.

    ``attributes`` is one and the same object for all MBeans of one shape, scrape after scrape, so that a reader may
    keep what it made of it. ``values`` is parallel to it.
    """

    name: ObjectName
    attributes: tuple[str, ...]
    values: Sequence[Value]


class Transport(Protocol):
    """Reads MBeans from one JVM. Not thread-safe: one transport for each target."""

    def read(self, selections: Sequence[Selection], *, deadline: float) -> list[Reading]:
        """Return the selected attributes of every MBean that matches.

        ``deadline`` is an instant of ``time.monotonic()``, in seconds. Raises TransportError and nothing else, by the
        deadline. An empty list means that the JVM answered and had no such MBean.
        """

    def forget(self) -> None:
        """Ask every ``choose`` anew at the next read."""

    def close(self) -> None:
        """End the session politely where that takes no waiting. May be called twice; a later read opens a new one."""
