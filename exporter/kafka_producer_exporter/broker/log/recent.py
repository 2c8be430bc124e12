"""What happened recently to each transactional id, for a person: equal events are one line."""

from typing import NamedTuple

from kafka_producer_exporter.broker.log.outcomes import AbortReason, Event, EventKind, IdChangeReason, SessionReason

Reason = AbortReason | SessionReason | IdChangeReason


class EventSummary(NamedTuple):
    """Everything that happened to one transactional id for one reason."""

    transactional_id: str
    reason: Reason
    times: int
    first_ms: int
    last_ms: int
    producer_id: int
    """Of the last time, and so is the epoch."""
    epoch: int

    @property
    def kind(self) -> EventKind:
        """What happened. The reason says why."""
        return Event(self.last_ms, self.transactional_id, self.reason, self.producer_id, self.epoch).kind


class RecentEvents:
    """Counts events by transactional id and reason, whatever order they come in."""

    def __init__(self) -> None:
        self._summaries: dict[tuple[str, Reason], EventSummary] = {}

    def add(self, event: Event) -> None:
        """Add an event."""
        key = event.transactional_id, event.reason
        known = self._summaries.get(key)
        if known is None:
            first_ms, times, last = event.at_ms, 1, event
        else:
            first_ms, times = min(known.first_ms, event.at_ms), known.times + 1
            before = Event(known.last_ms, event.transactional_id, event.reason, known.producer_id, known.epoch)
            last = event if event.at_ms >= known.last_ms else before
        self._summaries[key] = EventSummary(*key, times, first_ms, last.at_ms, last.producer_id, last.epoch)

    def rarest_first(self) -> list[EventSummary]:
        """Return the summaries: those of the rarest reasons first and, of one reason, the newest first."""
        totals: dict[Reason, int] = {}
        for one in self._summaries.values():
            totals[one.reason] = totals.get(one.reason, 0) + one.times
        return sorted(
            self._summaries.values(),
            key=lambda one: (totals[one.reason], one.reason, -one.last_ms, one.transactional_id),
        )
