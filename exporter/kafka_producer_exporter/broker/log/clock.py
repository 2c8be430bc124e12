"""What time it is on the brokers, from the times that the coordinators write into the log.

A record that is new when it is read was written a moment ago, by the coordinator's clock. So an exporter whose own
clock is minutes off still knows how old a transaction is, and can tell that its clock is off.
"""

import statistics

KEPT_MS = 300_000
"""The smallest difference of this time, and of as long before it, counts: that of the record that was read soonest."""


class BrokerClock:
    """The brokers' clock, in milliseconds since 1970. Pure: times of our own are of any clock that is never set."""

    def __init__(self) -> None:
        self._since_ms = 0
        self._least: dict[int, int] = {}
        self._least_before: dict[int, int] = {}

    def note(self, partition: int, *, written_ms: int, now_ms: int) -> None:
        """Take in a record of a *partition* that was written at *written_ms* and read *now_ms*, moments later."""
        if now_ms - self._since_ms >= KEPT_MS:
            self._since_ms, self._least_before, self._least = now_ms, self._least, {}
        ahead = now_ms - written_ms
        self._least = {**self._least, partition: min(ahead, self._least.get(partition, ahead))}

    def time_ms(self, now_ms: int) -> int | None:
        """Return the brokers' time *now_ms*; None if no new record has been read yet.

        It is right to within the time from writing a record to reading it, up to half a second. Of brokers that
        disagree, the middle one counts.
        """
        least, before = self._least, self._least_before  # another thread may replace them
        differences = [
            min(least.get(partition, before.get(partition, 0)), before.get(partition, least.get(partition, 0)))
            for partition in least.keys() | before.keys()
        ]
        return now_ms - int(statistics.median(differences)) if differences else None
