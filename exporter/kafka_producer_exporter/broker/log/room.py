"""The room in memory that the state of transactional ids takes: estimates of its size, and who admits it."""

from typing import Protocol

ID_BYTES = 300
"""The state of a transactional id, its place in a dictionary included, without the text of the id."""
SERIES_BYTES = 11_000
"""The series under one name: counts, labels, and lines of two pages, without the name."""
NAME_COPIES = 60
"""How many copies of a name are in its labels and on two pages."""
KEPT_IDS = 2000
"""As many ids without series of their own are kept, however little memory there is."""
USUAL_NAME_LENGTH = 40


class Room(Protocol):
    """Admits what lasts, by its estimated size in bytes."""

    def admit(self, cost: int, *, needed: bool = False) -> bool:
        """Return whether this fits, and if so take its room. What is *needed* gets more."""

    def release(self, cost: int) -> None:
        """Give back the room of what was admitted."""


class HeldRoom:
    """A part of a room that is given back as a whole in the end."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def admit(self, cost: int, *, needed: bool = False) -> bool:
        """Return whether this fits, and if so take its room."""
        if not self._room.admit(cost, needed=needed):
            return False
        self._held += cost
        return True

    def release(self, cost: int) -> None:
        """Give back a part of what was taken. What was never admitted, because it was needed too much, is ignored."""
        cost = min(cost, self._held)
        self._held -= cost
        self._room.release(cost)

    def release_all(self) -> None:
        """Give back all that was taken."""
        self.release(self._held)


class Unlimited:
    """Admits everything."""

    def admit(self, cost: int, *, needed: bool = False) -> bool:  # noqa: ARG002 - as Room
        """Return True."""
        return True

    def release(self, cost: int) -> None:
        """Do nothing."""


def id_bytes(transactional_id: str) -> int:
    """Return the estimated size of the state of one transactional id."""
    return ID_BYTES + transactional_id.__sizeof__()


def series_bytes(name: str) -> int:
    """Return the estimated size of all series under one name."""
    return SERIES_BYTES + NAME_COPIES * len(name)


class Seats:
    """Room for series. A part of the memory is kept for them, so that many ids do not leave them without any."""

    def __init__(self, room: Room, limit: int) -> None:
        """Reserve room for *limit* names or, if that does not fit, a half of what fits."""
        self._room = room
        self._limit = limit
        self._reserved: int | None = None

    def reserve(self) -> None:
        """Reserve the room, unless that was done: it must happen before the first id takes any."""
        if self._reserved is not None:
            return
        usual = series_bytes("x" * USUAL_NAME_LENGTH)
        names = self._limit
        while names and not self._room.admit(names * usual):
            names //= 2
        self._reserved = names * usual
        if names < self._limit:
            self._take_back(self._reserved // 2)

    def admit(self, name: str) -> bool:
        """Return whether there is room for the series of *name*, and if so take it."""
        cost = series_bytes(name)
        if self._reserved is not None and self._reserved >= cost:
            self._reserved -= cost
            return True
        return self._room.admit(cost)

    def release(self, name: str) -> None:
        """Give the room of the series of *name* back, to other series."""
        self._reserved = (self._reserved or 0) + series_bytes(name)

    def _take_back(self, cost: int) -> None:
        self._reserved = (self._reserved or 0) - cost
        self._room.release(cost)
