"""Which names have series of their own, and what is counted under them. See "Names and limits" in ``tracker``."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from kafka_producer_exporter.broker.log.outcomes import Counts
from kafka_producer_exporter.broker.log.records import UNFINISHED, TransactionState
from kafka_producer_exporter.broker.log.room import Room, Seats

OTHER = "other"
"""The name under which all ids over the limit are counted."""

SEAT_IDLE_MS = 600_000
"""An id that was idle for this long may lose its series. By then Prometheus has its last counts."""


class Owner(Protocol):
    """The state of a transactional id, as far as its series are concerned."""

    state: TransactionState
    producer_id: int
    epoch: int
    written_ms: int
    series: "NamedSeries | None"


class NamedSeries:
    """The counts under one name, and the id if it is the only one under this name."""

    __slots__ = ("counts", "is_shared", "name", "owner")

    def __init__(self, name: str) -> None:
        self.name = name
        self.owner: Owner | None = None
        self.is_shared = False
        """True if other ids than that of its name are counted here."""
        self.counts = Counts()


class SeriesTable:
    """The series of all names, at most *limit* of them besides ``other``."""

    def __init__(self, *, limit: int, group_of: Callable[[str], str], room: Room) -> None:
        """*group_of* maps a transactional id to its name. *room* bounds the memory of the series."""
        self._limit = limit
        self._group_of = group_of
        self._seats = Seats(room, limit)
        self._by_name: dict[str, NamedSeries] = {}
        self._ended = Counts()
        self._no_seat_before_ms = 0
        self.folded = 0
        """The number of transactional ids that are counted under ``other``."""

    def __len__(self) -> int:
        """Return the number of names, ``other`` included."""
        return len(self._by_name)

    def all(self) -> Iterable[NamedSeries]:
        """Return the series of every name."""
        return self._by_name.values()

    def totals(self) -> Counts:
        """Return the sum of everything that was ever counted, under names that have lost their series too."""
        totals = Counts()
        for counts in (self._ended, *(series.counts for series in self._by_name.values())):
            totals.add(counts)
        return totals

    def reserve(self) -> None:
        """Reserve room for series, before the first id takes any."""
        self._seats.reserve()

    def name_of(self, transactional_id: str) -> str:
        """Return the name under which an id without series would count now."""
        name = self._group_of(transactional_id)
        return name if name in self._by_name else OTHER

    def assign(
        self,
        transactional_id: str,
        owner: Owner,
        *,
        now_ms: int | None = None,
        pending: Callable[[], Collection[str]] = tuple,
        is_counted_again: bool = False,
    ) -> NamedSeries:
        """Give an id the series of its name, or those of ``other`` if there is no seat.

        A seat is free below the limit. With *now_ms*, the time of the id's record, the id that was idle longest gives
        up its seat, unless it is among the *pending* ones. An id that *is_counted_again* does not count as folded.
        """
        name = self._group_of(transactional_id)
        series = self._by_name.get(name)
        if series is None and (self._has_seat(name) or self._frees_seat(name, now_ms, pending)):
            series = self._by_name[name] = NamedSeries(name)
        elif series is None:
            series = self._other()
            self.folded += not is_counted_again
        if series.name == transactional_id:
            series.owner = owner
        else:
            series.is_shared = True
        owner.series = series
        return series

    def forget(self, owner: Owner) -> None:
        """End the series of an id that is forgotten, if no other id counts there. The totals keep its counts."""
        series = owner.series
        if series is None:
            return
        self.folded -= series.name == OTHER
        if series.owner is owner:
            series.owner = None
            if not series.is_shared:
                self._end(series)

    def _other(self) -> NamedSeries:
        other = self._by_name.setdefault(OTHER, NamedSeries(OTHER))
        other.is_shared = True
        return other

    def _has_seat(self, name: str) -> bool:
        """Return whether there is a free seat, and if so take the room for it."""
        return len(self._by_name) - (OTHER in self._by_name) < self._limit and self._seats.admit(name)

    def _frees_seat(self, name: str, now_ms: int | None, pending: Callable[[], Collection[str]]) -> bool:
        """Take the seat of the id that was idle longest, if it was idle for long enough. Return whether that worked.

        The series of that id end, and what happens to it later counts under ``other``: nothing old is added anywhere,
        because a jump of ``other`` would be an increase that nobody made.
        """
        if now_ms is None or now_ms < self._no_seat_before_ms:
            return False
        kept = pending()
        idle = (
            (owner.written_ms, series, owner)
            for series in self._by_name.values()
            if (owner := series.owner) is not None
            and not series.is_shared
            and owner.state not in UNFINISHED
            and series.name not in kept
        )
        since_ms, series, owner = min(idle, key=lambda one: one[0], default=(now_ms, None, None))
        if series is None or owner is None or now_ms - since_ms < SEAT_IDLE_MS:
            self._no_seat_before_ms = since_ms + SEAT_IDLE_MS  # whatever ends its transaction now is idle no earlier
            return False
        series.owner = None
        self._end(series)
        owner.series = self._other()
        self.folded += 1
        return self._has_seat(name)

    def _end(self, series: NamedSeries) -> None:
        del self._by_name[series.name]
        self._ended.add(series.counts)
        self._seats.release(series.name)
